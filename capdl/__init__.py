# SPDX-License-Identifier: Apache-2.0
"""capDL for nie: what a system consists of, checked, planned and made into an image."""

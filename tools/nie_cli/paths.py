# SPDX-License-Identifier: Apache-2.0
"""Where things are: the checkout, what is built from it, and the cache that outlives it."""
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
TARGET = BUILD / "target"
NATIVE = BUILD / "native"
LAYOUT = NATIVE / "tools" / "guest_layout" / "guest-layout"
SYSTEMS = ROOT / "configs" / "systems"
PLATFORMS = ROOT / "configs" / "platforms"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nie"
KERNEL_SERIES = ("6.1", "6.12", "6.18")


def kernel(series):
    return CACHE / "kernels" / series / "Image"

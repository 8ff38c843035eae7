# SPDX-License-Identifier: Apache-2.0
import pytest

from guest_files import newest_kernel

pytestmark = pytest.mark.skipif(not __import__("shutil").which("dpkg"), reason="no dpkg to compare versions with")
PACKAGES = [
    ("linux-image-6.1.0-9-cloud-arm64", "6.1.27-1"),
    ("linux-image-6.1.0-47-cloud-arm64", "6.1.170-1"),
    ("linux-image-6.1.0-48-cloud-arm64-unsigned", "6.1.171-1"),
    ("linux-image-6.1.0-49-arm64", "6.1.172-1"),
    ("linux-image-6.12.9+bpo-cloud-arm64", "6.12.9-1~bpo12+1"),
    ("linux-image-6.12.85+deb12-cloud-arm64", "6.12.85-1~bpo12+1"),
    ("linux-image-6.12.85+deb12-cloud-arm64-dbg", "6.12.99-1"),
    ("linux-image-cloud-arm64", "6.12.99-1"),
]


def test_newest_of_each_series():
    assert newest_kernel(PACKAGES, "6.1")[0] == "linux-image-6.1.0-47-cloud-arm64"
    assert newest_kernel(PACKAGES, "6.12")[0] == "linux-image-6.12.85+deb12-cloud-arm64"
    assert newest_kernel(PACKAGES, "6.13") is None

# SPDX-License-Identifier: Apache-2.0
"""The bare-metal guests know nothing of nie: QEMU's `virt` machine boots them as they are."""
import pytest
from conftest import CPUS

import paths


@pytest.mark.parametrize("cpu", CPUS)
def test_hello(plain, cpu):
    lines = plain(paths.TARGET / "guests" / "hello.img", cpu=cpu, memory="16M", limit=30)
    assert "hello: memory 0x40000000, 16 MiB" in lines
    assert "hello: 5 timer interrupts" in lines
    assert lines[-1] == "hello: done"


def test_marker(plain):
    lines = plain(paths.TARGET / "guests" / "marker.img", memory="16M", limit=30)
    assert lines[-1].startswith("marker: ") and lines[-1].endswith(" KiB filled")

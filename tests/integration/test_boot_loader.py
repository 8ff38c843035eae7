# SPDX-License-Identifier: Apache-2.0
"""Debian's U-Boot for QEMU's `virt` as a guest, unchanged: to its prompt, twice, and from there into Linux."""
import pexpect
import pytest
from conftest import ROOT

import paths

SWITCH = "\x1d"
MIB = 1 << 20
# The guest's initrd is a Linux kernel and, behind it, that one's initramfs.
PAYLOAD, ROOM = 0x40200000, 64 * MIB
SYSTEM = f"""\
machine: {{{{platform: qemu-virt, cores: 2}}}}
guests:
  boot: {{{{kernel: "{{cache}}/u-boot.bin", load: 0, initrd: payload, memory: 256 MiB, vcpus: 2, flash: 2 MiB}}}}
"""


@pytest.fixture
def prompt(tmp_path):
    """U-Boot at its prompt, and what to say for booting Linux."""
    kernel, initramfs = paths.kernel("6.12").read_bytes(), (paths.TARGET / "initramfs.cpio.gz").read_bytes()
    assert len(kernel) <= ROOM
    (tmp_path / "payload").write_bytes(kernel.ljust(ROOM, b"\0") + initramfs)
    (tmp_path / "loader.yaml").write_text(SYSTEM.format(cache=paths.CACHE))
    child = pexpect.spawn(str(ROOT / "tools" / "nie"), ["run", str(tmp_path / "loader.yaml"), "--cores", "2", "--interactive"],
                          cwd=str(ROOT), timeout=90, encoding="utf-8", codec_errors="replace")
    child.delaybeforesend = 0.2
    child.expect("U-Boot 20")
    child.send(SWITCH)
    child.expect("Hit any key to stop autoboot")
    child.send(" ")
    child.expect("=> ")
    yield child, f"booti {PAYLOAD:x} {PAYLOAD + ROOM:x}:{len(initramfs):x} $fdtcontroladdr"
    child.close(force=True)


def test_to_linux(prompt):
    session, boot = prompt
    session.send("reset\r")
    session.expect("boot: restarted, measurement as before")
    session.expect("Hit any key to stop autoboot")
    session.send(" ")
    session.expect("=> ")
    session.send("bdinfo\r")
    session.expect(r"-> start\s*= 0x0*40000000\s")
    session.expect(r"-> size\s*= 0x0*10000000\s")
    session.expect("=> ")
    session.send("setenv bootargs console=ttyAMA0\r")
    session.expect("=> ")
    session.send(boot + "\r")
    session.expect("Starting kernel")
    session.expect(r"Linux version 6\.12\.")
    session.expect("nie: cpus 2")
    session.expect("nie: done")
    session.expect("exits by reason")
    session.expect(pexpect.EOF)
    session.wait()
    assert session.exitstatus == 0

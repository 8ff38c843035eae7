# SPDX-License-Identifier: Apache-2.0
"""`tools/nie debug`: gdb knows the VMM's symbols, and what the kernel keeps, by name."""
import re
import subprocess

import paths
import pytest

STOP = ["hbreak guest_left", "continue"]  # the guest ran and has ended; it is not destroyed yet


def debug(*commands):
    words = [word for command in (*STOP, *commands) for word in ("-x", command)]
    result = subprocess.run([str(paths.ROOT / "tools" / "nie"), "debug", "minimal", "--batch", *words], cwd=paths.ROOT,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200)
    assert "guest_left (" in result.stdout, result.stdout
    return result.stdout


@pytest.fixture(scope="module")
def places():
    """Addresses, the same in each run: of the guest, its vCPU, the task's VSpace."""
    text = debug("nie guests")
    guest = re.search(r"guest at (0x\w+): ended, VMID \d+\n    vCPU 0 at (0x\w+): \w+, on no core", text)
    task = re.search(r"task at (0x\w+): building, VMID \d+\n    vCPU 0 at 0x\w+: on, on core 0", text)
    assert guest and task, text
    return guest[1], guest[2], task[1]


def test_what_is_where(places):
    guest, vcpu, task = places
    text = debug(f"nie walk {guest} 0x40200000", f"nie walk {guest} 0x9000000", f"nie walk {task} 0x1000000", f"nie vcpu {vcpu}",
                 f"nie granule {guest}", "nie granule 0x40200000", "nie granule 4096", f"nie vcpu {task}", "nie nonsense")
    walks = re.findall(r"^0x\w+, (\w+)$", text, re.MULTILINE)
    assert walks == ["RWX", "RX"] and "nothing is mapped here" in text
    assert f"guest's vCPU 0 of the VSpace at {guest}" in text and "    x0  0000000084000008" in text  # its last call: SYSTEM_OFF
    assert ": vspace" in text and "0x40200000: kernel" in text
    assert "0x1000 is not RAM" in text and f"{task} is a granule of state vspace, not vcpu" in text
    assert "nie granule, guests, vcpu, caps, walk, space or symbols" in text


def test_capabilities(places):
    text = debug("python import live_state", "python m = Machine()",
                 "python gdb.execute('nie caps ' + hex(m.address(m.state.index('cnode'))))")
    assert re.search(r"^ +24: device 0x9000000, 12 bits \(RWXC\)", text, re.MULTILINE), text
    assert re.search(r"^ +64: untyped 0x\w+, 24 bits \(RWXC\), depth 1", text, re.MULTILINE)


def test_a_guest_by_its_symbols():
    """It is stopped at a function of its own, its lines are shown, and then the kernel's."""
    commands = ["nie space", "nie symbols gamma", "hbreak guest_main", "continue", "nie space", "info symbol $pc", "info line *$pc",
                "delete", "nie symbols kernel", "hbreak exit_to_runner", "continue", "nie space", "info symbol $pc", "nie symbols alpha"]
    words = [word for command in commands for word in ("-x", command)]
    result = subprocess.run([str(paths.ROOT / "tools" / "nie"), "debug", "minimal", "--batch", *words], cwd=paths.ROOT,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200)
    text = result.stdout
    spaces = re.findall(r"^EL.*$", text, re.MULTILINE)
    assert len(spaces) == 3 and spaces[0].startswith("EL0, task vmm, VMID ") and spaces[2] == "EL2, the kernel", text
    assert re.fullmatch(r"EL1, guest gamma, VMID \d+, VSpace at 0x\w+", spaces[1])
    assert "symbols of gamma" in text and "guest_main in section .text" in text, text
    assert re.search(r'Line \d+ of ".*hello\.c"', text) and "exit_to_runner" in text
    assert "nie symbols: kernel or gamma, not alpha" in text


def test_symbols_of_a_guest_that_is_not_there():
    result = subprocess.run([str(paths.ROOT / "tools" / "nie"), "debug", "minimal", "--batch", "--guest-symbols", "alpha=x.elf"],
                            cwd=paths.ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200)
    assert result.returncode == 1 and "--guest-symbols alpha=x.elf: give GUEST=FILE" in result.stdout

# SPDX-License-Identifier: Apache-2.0
"""What must hold for as long as the machine runs (tests/hostile/endure), on 1 core counting instructions, and on 4."""
import functools
import random
import re
import subprocess

import pytest

from conftest import ROOT, capdl, machine
from paths import TARGET

MODEL = ROOT / "docs" / "security-model.md"
VMIDS = 254  # of 8 bits; 0 and the initial task's are taken
LONGEST = ("retype", "revoke", "delete-cnode", "kill", "map", "donate")


@functools.cache
def endure(folder, cores, seed=None, kicks=False):
    image = folder / "endure.img"
    if seed is not None or kicks:
        kernel = folder / "kernel.bin" if (folder / "kernel.bin").is_file() else TARGET / "kernel/arch/arm64/kernel.bin"
        word = "kicks" if kicks else f"seed {seed}"
        image = folder / f"endure-{word.replace(' ', '-')}.img"
        image.write_bytes(capdl.image.join(kernel, TARGET / "tests/hostile/endure.elf", f"{word}\n".encode()))
    hardware = machine.Machine(str(image), "max", cores, 1 << 30, icount=cores == 1 or kicks)
    result = subprocess.run(hardware.command(interactive=False), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, timeout=600)
    lines = result.stdout.decode(errors="replace").splitlines()
    found = {}
    for line in lines:
        if match := re.fullmatch(r"endure: ([a-z-]+)((?: \d+)+)", line.strip()):
            found[match[1]] = [int(number) for number in match[2].split()]
    said = "\n".join(lines[-30:])
    assert "end" in found and not any("FAILED" in line for line in lines), f"{said}\n--seed {found.get('churn-seed')}"
    assert found["cores"] == [cores]
    return found


@pytest.fixture
def endured(kernel_folder, request):
    """endured(cores): what the machine reported; booted once for each number of cores."""
    return functools.partial(endure, kernel_folder or TARGET, seed=request.config.getoption("--seed"))


def bound(words):
    """A number of instructions that the security model promises."""
    found = re.findall(rf"(\d[\d,]*) instructions for {words}", MODEL.read_text())
    assert len(found) == 1, f"{MODEL.name} says {len(found)} times how many instructions for {words}"
    return int(found[0].replace(",", ""))


def check_churn(found):
    assert found["churn-rounds"] == [330], "more than there are VMIDs"
    assert found["churn-missing"] == [0], f"with --seed {found['churn-seed'][0]}"
    assert found["bounded-missing"] == [0]
    assert sum(found["churn-ends"]) == 330 and min(found["churn-ends"]) >= 25, found["churn-ends"]
    # By reason, as in kernel/api/nie.yaml: deadline, mmio, fault, wfi, cpu_on, system_off, system_reset.
    assert all(found["churn-exits"][reason] > 5 for reason in (2, 4, 5, 6, 8, 10, 11)), found["churn-exits"]


@pytest.mark.parametrize("cores", [1, 4])
def test_memory_comes_back(endured, cores, request):
    found = endured(cores)
    check_churn(found)
    wanted = request.config.getoption("--seed")
    assert wanted in (None, found["churn-seed"][0])


@pytest.mark.parametrize("cores", [1, 2, 4])
@pytest.mark.parametrize("time", [1, 2, 3])
def test_memory_comes_back_again(cores, time):
    """With --full only: other guests, ended in other ways. `--seed N` of this folder's tests plays one again."""
    seed = random.randrange(1, 1 << 32)
    print(f"seed {seed}")
    found = endure(TARGET, cores, seed)
    assert found["churn-seed"] == [seed | 1]
    check_churn(found)


@pytest.mark.parametrize("cores", [1, 4])
def test_vmids_come_back(endured, cores):
    first, again, missing = endured(cores)["vmids"]
    assert first == again == VMIDS and missing == 0


@pytest.mark.parametrize("cores", [1, 4])
def test_a_task_finds_nothing_of_a_guest(endured, cores):
    """Rounds; registers of the runner that changed; registers of a new task that were not zero; guest's marks."""
    assert endured(cores)["registers"] == [50, 0, 0, 0]


def test_hypercalls_are_bounded(endured):
    found = endured(1)
    assert found["frequency"] == [10**9], "a tick is an instruction"
    assert found["bytes"][0] > 900 << 20
    most = {name: found[f"longest-{name}"][1] for name in LONGEST}
    print(most)
    assert all(found[f"longest-{name}"][0] > 50 for name in LONGEST if name != "donate")
    donate = most.pop("donate")
    assert 0 < max(most.values()) <= bound("any other"), most
    assert 0 < donate <= bound("a donation with content")


def test_deadlines_are_served_in_between(endured):
    """Turns of 200 microseconds while a task destroys 1 GiB: how late the latest ended."""
    turns, late, rounds = endured(1)["deadlines"]
    assert rounds == 4 and turns > 100
    assert late <= bound("any other")


def test_other_cores_are_served_in_between(endured):
    """While one core makes and destroys all memory, a second one's deadlines and a third one's kicks of a fourth."""
    size, calls, wakes, kicks, *_ = endured(4)["between"]
    assert size > 900 << 20 and calls > 1000
    assert wakes >= 20 and kicks >= 20
    assert endured(4)["between-missing"] == [0]


def test_a_kick_is_bounded(kernel_folder):
    """Instructions of both cores from the call of vcpu_kick until the runner of a vCPU that computes has its core back, nobody else in
    the kernel; of a task that sleeps, until it goes on. What other cores may do first is one hypercall each: above."""
    found = endure(kernel_folder or TARGET, 4, kicks=True)
    assert found["frequency"] == [10**9], "a tick is an instruction"
    task, guest = found["kick-ticks"]
    print(task, guest)
    assert 100 < task <= bound("a kick") and 100 < guest <= bound("a kick")


def test_every_kick_arrives(endured):
    """One at a time: to a task that waits, to a guest that computes, and to one while another core keeps the kernel busy."""
    sent, *lost = endured(4)["kicks"]
    assert sent == 200 and lost == [0, 0, 0], "the first kicks that were lost, of each kind"

# SPDX-License-Identifier: Apache-2.0
"""A VMM with all of host-vmm's capabilities attacks its guests; a line of its output for each attack."""
import pytest
import yaml

from conftest import ROOT

ONE_CORE, ALL_CORES = 267, 278  # attacks; eleven need a second core
FLAWS = ("change one bit of a guest's memory before it is sealed", "donate a guest's pages in another order",
         "donate a guest's pages to each other's places", "donate one page of a guest with other rights",
         "start a guest four bytes later", "start a guest with another device tree",
         "give a guest's second vCPU another number", "have a guest expect more memory", "make a guest debuggable",
         "show a guest another CPU")
MACHINES = [("max", 1), ("max", 4), ("neoverse-n1", 1), ("neoverse-n1", 4)]


def judge(run, cores):
    broken = [line for line in run.lines if line.endswith("BROKEN") or "FAILED" in line]
    assert not broken, "\n".join(broken)
    assert run.status == 0 and run.counts is not None, "\n".join(run.lines[-30:])
    attacks, held, failed, checks = run.counts
    assert [int(number) for number, _, _ in run.attacks] == list(range(1, attacks + 1))
    assert (held, failed, checks) == (attacks, 0, 0)
    assert attacks == (ALL_CORES if cores > 1 else ONE_CORE)
    assert len({what for _, what, _ in run.attacks}) == attacks, "two attacks are the same"


@pytest.mark.parametrize(("cpu", "cores"), MACHINES)
def test_every_attack_fails(assault, cpu, cores):
    judge(assault(cpu, cores), cores)


@pytest.mark.parametrize(("cpu", "cores"), MACHINES)
def test_memory_of_a_running_guest_cannot_be_read(assault, cpu, cores):
    """Every page: a fault at the very address, or an error."""
    run = assault(cpu, cores)
    assert f"hostile: {cores} core{'s' * (cores > 1)}, guests of 576 pages" in run.lines
    for what in ("read", "write", "execute"):
        assert run.how(f"{what} every page of a running guest where we had it mapped") == \
            "576 pages, each a fault at its address"
    assert run.how("map every donated frame at another address") == "65 frames, each mapped, argument 1"


@pytest.mark.parametrize(("cpu", "cores"), MACHINES)
def test_memory_of_a_dead_guest_is_zero(assault, cpu, cores):
    run = assault(cpu, cores)
    assert "marker: 2256 KiB filled" in run.lines
    assert run.how("read every page of a guest that powered itself off") == "576 pages, each a fault"
    for what in ("kill it, map every frame and look for its marker",
                 "revoke it, make frames of all its memory, vCPUs and tables too",
                 "delete a vCPU full of secrets, and read its memory"):
        assert run.how(what) == "0 words are not zero"
    # A page that it gave up itself, too; and what comes later is zero.
    assert run.how("read a page that a guest gave up") == "0 words are not zero"
    assert run.how("donate a page to an active guest, not zero") == "it reads 0x0"


@pytest.mark.parametrize(("cpu", "cores"), MACHINES)
def test_no_exit_shows_a_register(assault, cpu, cores):
    """Every exit reason of kernel/api/nie.yaml was looked at with all registers full of secrets."""
    run = assault(cpu, cores)
    reasons = len(yaml.safe_load((ROOT / "kernel/api/nie.yaml").read_text())["exits"])
    assert run.how("find an exit that nobody looked at") == f"reasons {(2 << reasons) - 2:#x} seen"
    looks = [text for _, text, _ in run.attacks if "registers seen" in text]
    assert len(looks) >= reasons and all(" 0 registers seen" in text for text in looks)


@pytest.mark.parametrize(("cpu", "cores"), MACHINES)
def test_a_guest_reads_the_measurement_that_its_vmm_sees(assault, cpu, cores):
    run = assault(cpu, cores)
    seen = run.how("change the measurement of an active guest").split()[2]
    assert run.how("tell a guest another measurement than we see") == f"it reads {seen} itself"
    others = {run.how(what).split()[1].rstrip(",") for what in FLAWS}
    assert len(others | {seen}) == len(FLAWS) + 1, "each flaw measures differently"


@pytest.mark.parametrize("cpu", ["max", "neoverse-n1", "cortex-a72"])
@pytest.mark.parametrize("cores", [1, 2, 3, 4])
@pytest.mark.parametrize("repetition", [1, 2, 3])
def test_again(assault, cpu, cores, repetition):
    """With --full only."""
    judge(assault(cpu, cores, repetition), cores)

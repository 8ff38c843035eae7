# SPDX-License-Identifier: Apache-2.0
"""A VMM with all of host-vmm's capabilities attacks its guests; a line of its output for each attack."""
import pytest

ONE_CORE, ALL_CORES = 212, 216  # attacks; four need a second core
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


@pytest.mark.parametrize("cpu", ["max", "neoverse-n1", "cortex-a72"])
@pytest.mark.parametrize("cores", [1, 2, 3, 4])
@pytest.mark.parametrize("repetition", [1, 2, 3])
def test_again(assault, cpu, cores, repetition):
    """With --full only."""
    judge(assault(cpu, cores, repetition), cores)

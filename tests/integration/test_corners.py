# SPDX-License-Identifier: Apache-2.0
"""Corners of the architecture, each tested by a guest that knows nothing of nie (tests/guests): it passes in QEMU's plain
`virt` machine and as it is under nie, on every CPU model, all guests at once."""
import functools
import re
from pathlib import Path

import pytest
import yaml

import paths

SYSTEM = Path(__file__).parent / "systems" / "corners.yaml"
GUESTS = yaml.safe_load(SYSTEM.read_text())["guests"]
CPUS = ("max", "neoverse-n1", "neoverse-v1", "cortex-a57", "cortex-a72", "cortex-a76")
# Fewer checks than this, and the guest has not tested its corner.
CHECKS = {"psci": 150, "timer": 680, "gic": 340, "cpu": 45, "fp": 6, "map": 100}


@pytest.fixture(scope="session")
def corners(boot):
    return functools.cache(lambda cpu, icount: boot(SYSTEM, cpu, cores=2, limit=150, icount=icount))


def failures(name, lines):
    """What a guest's output says against it; empty: it passed."""
    found = [line for line in lines if "FAILED" in line or "exception" in line]
    last = re.fullmatch(rf"{name}: (\d+) checks, 0 failed", lines[-1]) if lines else None
    if not last or int(last[1]) < CHECKS[name]:
        found.append(f"ends with {lines[-1:]}, not with at least {CHECKS[name]} checks and no failure")
    return found


@pytest.mark.parametrize("cpu", CPUS)
@pytest.mark.parametrize("guest", GUESTS)
def test_plain(plain, guest, cpu):
    lines = plain(paths.TARGET / "guests" / f"{guest}.img", cpu=cpu, memory="16M", cores=GUESTS[guest].get("vcpus", 1),
                  limit=60, icount=True)
    assert failures(guest, lines) == []


# On every model in instruction time, so that a busy build host makes nobody late; on two on a thread for each core.
@pytest.mark.parametrize(("cpu", "icount"), [*((cpu, True) for cpu in CPUS), ("max", False), ("cortex-a72", False)])
@pytest.mark.parametrize("guest", GUESTS)
def test_under_nie(corners, guest, cpu, icount):
    run = corners(cpu, icount)
    assert run.outcome.problem is None, run.tail()
    assert run.ended()[guest] == "off", run.tail()
    assert failures(guest, run.of(guest)) == []


@pytest.mark.parametrize("cpu", CPUS)
def test_interfaces_are_there(corners, cpu):
    lines = corners(cpu, True).of("psci")
    assert "psci: version 0x10001" in lines and "psci: SMCCC version 0x10002" in lines
    # These two have a random number generator (FEAT_RNG).
    assert ("psci: TRNG version 0x10000" if cpu in ("max", "neoverse-v1") else "psci: no TRNG") in lines


def test_a_failure_is_seen():
    assert failures("psci", ["FAILED: CPU_ON", "psci: 150 checks, 1 failed"])
    assert failures("psci", ["psci: 3 checks, 0 failed"]) and failures("psci", [])
    assert not failures("psci", ["psci: 150 checks, 0 failed"])

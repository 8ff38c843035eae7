# SPDX-License-Identifier: Apache-2.0
"""Guests that attack from EL1. Each survives what it does to itself, ends alone by its last act, and the kernel and
the neighbour do not notice."""
import re
from pathlib import Path

import pytest

from conftest import CPUS

SYSTEM = Path(__file__).parent / "systems" / "hostile-guest.yaml"
CLASSES = {"call immediates": 131072, "call functions": 12000, "ID registers": 2048, "control and tables": 2048,
           "PAuth keys and LOR": 2048, "GIC mask and PSTATE": 1024, "faults and RAS": 6144, "PMU, SPE and trace": 2048,
           "memory attributes, MPAM": 2048, "implementation defined": 2048, "GIC and vectors": 1024,
           "thread IDs, AMU, SCXTNUM": 2048, "timers": 2048, "implementation defined 15": 2048, "debug": 32768,
           "GIC writes": 1000, "extensions and traps": 30, "maintenance": 8000, "event storms": 1800,
           "WFI storms": 2000, "stage 1 tables": 2000, "returns to each mode": 31, "accesses": 400}
# A PMU, LOR or EL2 register that answered would be a hole; these spaces have nothing for a guest.
ALL_REFUSED = ("PMU, SPE and trace", "implementation defined", "implementation defined 15")


def tallies(lines):
    found = (re.fullmatch(r"hostile: (.+): (\d+) tried, (\d+) refused", line) for line in lines)
    return {m[1]: (int(m[2]), int(m[3])) for m in found if m}


@pytest.mark.parametrize("cpu", CPUS)
def test_hostile_guests_end_alone(boot, cpu):
    run = boot(SYSTEM, cpu=cpu)
    assert run.outcome.problem is None, run.tail()
    ended = run.ended()
    assert ended.pop("neighbour") == "off", run.tail()
    assert set(ended.values()) == {"fault"}, run.tail()
    assert "hello: done" in run.of("neighbour")
    assert not any("FAILED" in line for line in run.lines), run.tail()
    lines = run.of("hostile")
    assert "hostile: survived" in lines, run.tail()
    counts = tallies(lines)
    assert {name for name, least in CLASSES.items() if counts.get(name, (0, 0))[0] < least} == set(), counts
    for name in ALL_REFUSED:
        tried, refused = counts[name]
        assert tried == refused, (name, counts[name])
    for name in (f"last{n}" for n in range(1, 11)):
        assert run.of(name)[-1] == f"hostile: last act {name[4:]}", run.of(name)

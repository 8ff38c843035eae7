# SPDX-License-Identifier: Apache-2.0
"""A guest that misbehaves ends alone: the others finish, and the report says what happened."""
from pathlib import Path

import pytest

FAULTY = Path(__file__).parent / "systems" / "faulty.yaml"


@pytest.mark.parametrize("cpu, cores", [("max", 1), ("max", 4), ("neoverse-n1", 4), ("cortex-a72", 1)])
def test_faulty_guests_end_alone(boot, cpu, cores):
    run = boot(FAULTY, cpu, cores)
    assert run.outcome.problem is None, run.tail()
    assert run.ended() == {"good": "off", "crash": "fault", "garbage": "fault", "marker": "off", "loop": "timeout"}
    assert "hello: done" in run.of("good")
    assert any(line.endswith("KiB filled") for line in run.of("marker"))
    details = {guest["name"]: guest["detail"] for guest in run.outcome.report["guests"]}
    assert details["crash"] == "vCPU 0: instruction fetch at 0x123456000, where there is no memory"
    # An undefined instruction goes to the vectors, which are where VBAR_EL1 points after reset: at nothing.
    assert details["garbage"] == ("vCPU 0: instruction fetch at 0x200, where there is no memory; "
                                  "`virt` has flash there: give it `flash`")
    assert details["loop"] == "after 6 seconds"

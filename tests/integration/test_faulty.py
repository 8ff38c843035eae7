# SPDX-License-Identifier: Apache-2.0
"""A guest that misbehaves ends alone: the others finish, and the report says what happened."""
from pathlib import Path

import pytest

FAULTY = Path(__file__).parent / "systems" / "faulty.yaml"


@pytest.mark.parametrize("cores", [1, 4])
def test_faulty_guests_end_alone(boot, cores):
    run = boot(FAULTY, cores=cores)
    assert run.outcome.problem is None, run.tail()
    assert run.ended() == {"good": "off", "crash": "crash", "garbage": "crash", "marker": "off",
                           "loop": "timeout"}
    assert "hello: done" in run.of("good")
    assert any(line.endswith("KiB filled") for line in run.of("marker"))
    details = {guest["name"]: guest.get("detail") for guest in run.outcome.report["guests"]}
    assert details["crash"] and details["garbage"] and details["loop"]

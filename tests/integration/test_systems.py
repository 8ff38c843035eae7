# SPDX-License-Identifier: Apache-2.0
"""Each system of configs/systems boots, and its guests end as it says; demo, assigned and realm have tests of their own."""
import paths
import pytest
import systems

NAMES = sorted(path.stem for path in paths.SYSTEMS.glob("*.yaml") if path.stem not in ("demo", "assigned", "realm"))


@pytest.mark.parametrize("name", NAMES)
def test_system(boot, name):
    description = systems.find(name)
    run = boot(name, cores=description.cores, limit=150)
    assert run.outcome.problem is None, run.tail()
    assert run.ended() == description.expected(), run.tail()
    if name == "shared":
        for guest in ("speaker", "listener"):
            assert "letters: 100 letters and answers" in run.of(guest)
        assert "write that its memory does not allow" in run.tail()
    if name == "smp":
        assert run.outcome.report["guests"][0]["vcpus"] == 4


def test_there_are_enough_examples():
    assert len(NAMES) >= 6

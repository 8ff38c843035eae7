# SPDX-License-Identifier: Apache-2.0
"""A guest that asks for a reset starts again, from the same files with the same measurement, while others go on."""
from pathlib import Path

import pytest

RESET = Path(__file__).parent / "systems" / "reset.yaml"


@pytest.fixture(scope="module", params=[1, 2], ids=["1-core", "2-cores"])
def run(boot, request):
    return boot(RESET, cores=request.param)


def guests(run):
    return {guest["name"]: guest for guest in run.outcome.report["guests"]}


def test_restarted_as_often_as_described(run):
    assert run.outcome.problem is None, run.tail()
    assert run.ended() == {"reset": "reset", "once": "reset", "linux": "reset", "neighbour": "off"}, run.tail()
    assert {name: guest["restarts"] for name, guest in guests(run).items()} == {
        "reset": 3, "once": 0, "linux": 1, "neighbour": 0}


def test_nothing_is_left_of_an_earlier_life(run):
    assert run.of("reset") == ["reset: 0 pages with a mark"] * 4, run.tail()


def test_measurement_stays(run):
    # host-vmm compares; a difference would end the guest by "error".
    assert sum("reset: restarted, measurement as before" in line for line in run.lines) == 3, run.tail()
    assert sum("linux: restarted, measurement as before" in line for line in run.lines) == 1


def test_linux_boots_twice(run):
    lines = run.of("linux")
    assert lines.count("nie: rebooting") == 2, run.tail()
    assert sum("Booting Linux on physical CPU 0x0" in line for line in lines) == 2
    assert sum("reboot: Restarting system" in line for line in lines) == 2


def test_neighbour_goes_on(run):
    assert any(line.startswith("share: ") for line in run.of("neighbour")), run.tail()

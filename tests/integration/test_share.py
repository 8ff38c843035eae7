# SPDX-License-Identifier: Apache-2.0
"""Cores are divided by weight: a guest that never waits costs the others its share, no more."""
from pathlib import Path

import pytest

SHARE = Path(__file__).parent / "systems" / "share.yaml"


def rounds(run, guest):
    lines = [line for line in run.of(guest) if line.startswith("share: ")]
    assert len(lines) == 1, run.tail()
    return int(lines[0].split()[1])


def test_shares(boot):
    run = boot(SHARE, cores=2, icount=True)
    assert run.outcome.problem is None, run.tail()
    assert rounds(run, "heavy") / rounds(run, "light") == pytest.approx(3, rel=0.1)
    assert rounds(run, "first") / rounds(run, "second") == pytest.approx(1, rel=0.05)
    for guest in run.outcome.report["guests"]:
        # Three turns of 5 ms of the heavy guest and one of its own, and as much for having been away.
        assert guest["longest_wait_us"] <= 40000, run.outcome.report


def test_cores_that_are_not_there(boot):
    """The pair that is pinned to core 1 uses core 0: all four share it."""
    run = boot(SHARE, cores=1, icount=True)
    assert run.outcome.problem is None, run.tail()
    assert sum("has none of the cores" in line for line in run.lines) == 2
    assert rounds(run, "heavy") / rounds(run, "first") == pytest.approx(3, rel=0.1)

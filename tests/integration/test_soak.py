# SPDX-License-Identifier: Apache-2.0
"""The demo many times in a row on every machine: what happens seldom. The console of the run that failed is kept."""
from conftest import CPUS

import paths

LOGS = paths.BUILD / "tests" / "soak"


def pytest_generate_tests(metafunc):
    times = metafunc.config.getoption("--times")
    metafunc.parametrize("cpu, cores, attempt", [(cpu, cores, attempt) for cpu in CPUS for cores in (1, 4)
                                                 for attempt in range(1, times + 1)])


def test_demo(boot, cpu, cores, attempt):
    run = boot("demo", cpu, cores)
    log = LOGS / f"{cpu}-{cores}-{attempt}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("\n".join(run.lines) + "\n")
    assert run.outcome.problem is None, f"{run.outcome.problem}: {log}"
    assert run.ended() == {"alpha": "off", "beta": "off", "gamma": "off"}, log
    for guest in ("alpha", "beta"):
        assert "nie: done" in run.of(guest), log
    log.unlink()

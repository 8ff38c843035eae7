# SPDX-License-Identifier: Apache-2.0
"""Realm-aware guests: the measurement they read is the one that a host computes from their files, memory that they
give up comes back zero, and they see their policy."""
import functools
from pathlib import Path

import pytest
from conftest import CPUS

import build
import measure
import systems

SEALED = Path(__file__).parent / "systems" / "sealed.yaml"


@pytest.fixture(scope="session")
def sealed(boot):
    return functools.cache(lambda cpu: boot(SEALED, cpu))


@pytest.fixture(scope="session")
def computed(tmp_path_factory):
    """{guest: measurement} of the system's files, made a second time."""
    image = build.image(systems.find(str(SEALED)), out=tmp_path_factory.mktemp("computed"))
    return {guest: measure.of_guest(image.parent, guest) for guest in ("closed", "open", "linux")}


@pytest.mark.parametrize("cpu", CPUS)
def test_measurement_is_what_the_host_computes(sealed, computed, cpu):
    run = sealed(cpu)
    assert run.outcome.problem is None, run.tail()
    assert run.ended() == {"closed": "off", "open": "off", "linux": "off"}
    for guest in ("closed", "open"):
        # Before and after it gave memory up: that is no part of how it was built.
        seen = [line.split()[-1] for line in run.of(guest) if line.startswith("sealed: measurement ")]
        assert seen == [computed[guest]] * 2, run.tail()
    reported = {guest["name"]: guest["measurement"] for guest in run.outcome.report["guests"]}
    assert reported == computed
    assert len(set(computed.values())) == 3


@pytest.mark.parametrize("cpu", CPUS)
def test_guest_sees_its_policy(sealed, cpu):
    run = sealed(cpu)
    assert "sealed: ipa bits 39, hash algorithm 0, policy 0" in run.of("closed"), run.tail()
    assert "sealed: ipa bits 39, hash algorithm 0, policy 1" in run.of("open"), run.tail()


@pytest.mark.parametrize("cpu", CPUS)
def test_memory_given_up_comes_back_zero(sealed, cpu):
    run = sealed(cpu)
    exits = {guest["name"]: guest["exits"] for guest in run.outcome.report["guests"]}
    for guest in ("closed", "open"):
        assert "sealed: 4 MiB given up, and back as zeroes" in run.of(guest), run.tail()
        assert "sealed: done" in run.of(guest)
        # Two frames given up, 512 granules a call; both expected again in one; each fetched by a fault.
        assert exits[guest]["ipa_state"] == 3 and exits[guest]["fault"] == 2
    assert "ipa_state" not in exits["linux"]


def test_measure_command(nie, tmp_path):
    result = nie("measure", SEALED, "closed")
    assert result.returncode == 0, result.stderr
    assert len(bytes.fromhex(result.stdout.splitlines()[-1])) == 32
    result = nie("measure", SEALED, "nobody")
    assert result.returncode != 0 and "nobody" in result.stderr and len(result.stderr.splitlines()) == 1

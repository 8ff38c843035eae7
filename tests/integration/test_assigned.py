# SPDX-License-Identifier: Apache-2.0
"""Guests with devices of their own: a disk, a network card, and a device that reaches for what is not its guest's."""
import functools
import hashlib
import re

import pytest

import build
import measure
import paths
import systems


@pytest.fixture(scope="session")
def assigned(boot):
    return functools.cache(lambda: boot("assigned", limit=400))


def test_all_end_as_they_should(assigned):
    run = assigned()
    assert run.outcome.problem is None, run.tail()
    assert run.ended() == {"storage": "off", "network": "off", "attacker": "off"}
    for guest in ("storage", "network"):
        assert "nie: done" in run.of(guest), run.tail()
        assert not any("DMA" in line or "timeout" in line for line in run.of(guest) if "nie-dmesg" in line), run.tail()


def test_disk(assigned):
    """Made, written, read back from the device itself."""
    lines = assigned().of("storage")
    expected = hashlib.sha256((paths.CACHE / "busybox").read_bytes() * 8).hexdigest()
    assert f"nie: wrote {expected}" in lines, assigned().tail()
    assert [line for line in lines if line.startswith(f"nie: read {expected} of ")]
    counts = [re.split(r" +", line.strip())[1] for line in lines if "nvme0q0" in line]
    assert len(counts) == 1 and int(counts[0]) > 10, "it used interrupts"


def test_network(assigned):
    """A file from the TFTP server of QEMU's own network."""
    lines = assigned().of("network")
    data = (paths.CACHE / "busybox").read_bytes()
    assert f"nie: fetched {hashlib.sha256(data).hexdigest()} of {len(data)} bytes" in lines, assigned().tail()
    assert "3 packets transmitted, 3 packets received, 0% packet loss" in lines


def test_attacker_is_refused_and_told_on(assigned):
    run = assigned()
    assert "edu: the device copies memory" in run.of("attacker"), run.tail()
    assert "edu: done" in run.of("attacker")
    said = [line.partition("] ")[2] for line in run.lines if "its device" in line]
    refused = "attacker: its device 00:03.0, stream 24, may not write {}: nothing is mapped there"
    # Faults that come faster than the VMM looks are told as one.
    assert said[0] == refused.format("0x41000000"), said
    assert set(said[1:-1]) <= {refused.format(address) for address in ("0x9000000", "0x60000000")}, said
    total = re.fullmatch(r"attacker: its device 00:03.0 was refused (\d+) times", said[-1])
    assert total and 3 <= int(total[1]) <= 6, "three accesses, and QEMU may translate each twice"


def test_devices_are_measured(assigned, tmp_path_factory):
    image = build.image(systems.find("assigned"), out=tmp_path_factory.mktemp("computed"))
    reported = {guest["name"]: guest["measurement"] for guest in assigned().outcome.report["guests"]}
    assert reported == {name: measure.of_guest(image.parent, name) for name in ("storage", "network", "attacker")}

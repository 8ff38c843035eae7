# SPDX-License-Identifier: Apache-2.0
"""Debian's 6.18, unchanged, as a realm guest: it finds RSI, shares what it wants shared and nothing else, works as any
Linux guest does, and has the measurement that its files say."""
import functools
import re

import build
import measure
import pytest
import systems

MIB = 1 << 20
BARE = """\
machine: {platform: qemu-virt, cores: 1}
guests: {sharer: {kernel: "guest:sharer", memory: 16 MiB, realm: 2 MiB}}
"""
TIGHT = """\
machine: {platform: qemu-virt, cores: 1}
guests:
  tight: {kernel: debian-6.18, initrd: initramfs, bootargs: console=ttyAMA0, memory: 128 MiB, realm: 4 MiB, expect: error}
"""


@pytest.fixture(scope="session")
def realm(boot):
    return functools.cache(lambda: boot("realm", cores=2, limit=400, silence=200))


def reported(run):
    assert run.outcome.problem is None, run.tail()
    return {guest["name"]: guest for guest in run.outcome.report["guests"]}


def test_linux_works(realm):
    run = realm()
    lines = run.of("private")
    assert reported(run)["private"]["end"] == "off", run.tail()
    assert any(line.endswith("RME: Using RSI version 1.0") for line in lines), run.tail()
    assert "nie: cpus 2" in lines and "nie: forked 200" in lines and lines.count("nie: done") == 1
    # A refusal of what it asked for is a warning of its own.
    said = [line for line in lines if line.startswith("nie-dmesg")]
    assert not [line for line in said if re.search("WARN|[Ff]ailed|realm|RSI|swiotlb|DMA", line)], said


def test_it_shares_what_it_wants(realm):
    guests = reported(realm())
    # Bounce buffers of 64 MiB that need not begin at 2 MiB, and the pools for atomic allocations.
    assert 64 * MIB <= guests["private"]["given_memory"] <= 72 * MIB
    assert 8 * MIB <= guests["again"]["given_memory"] <= 16 * MIB
    assert guests["private"]["exits"]["ipa_state"] >= 32  # 2 MiB a call


def test_reset_is_the_same_guest(realm):
    run = realm()
    assert reported(run)["again"]["end"] == "reset" and reported(run)["again"]["restarts"] == 1, run.tail()
    assert "again: restarted, measurement as before" in run.of("nie")
    assert run.of("again").count("nie: rebooting") == 2
    assert len([line for line in run.of("again") if line.endswith("RME: Using RSI version 1.0")]) == 2


def test_measurement_is_what_the_host_computes(realm, tmp_path_factory):
    image = build.image(systems.find("realm"), out=tmp_path_factory.mktemp("computed"))
    for name, guest in reported(realm()).items():
        assert guest["measurement"] == measure.of_guest(image.parent, name)


def test_single_pages(boot, tmp_path):
    """Linux has no device here that would use what it shares."""
    file = tmp_path / "bare.yaml"
    file.write_text(BARE)
    run = boot(file, cores=1, icount=True)
    guest = reported(run)["sharer"]
    assert run.of("sharer") == ["sharer: this went by way of the shared half", "sharer: done"], run.tail()
    assert guest["given_memory"] == 2 * MIB and guest["exits"]["ipa_state"] == 6


def test_more_than_it_may_share(boot, tmp_path):
    file = tmp_path / "tight.yaml"
    file.write_text(TIGHT)
    guest = reported(boot(file, cores=1))["tight"]
    assert guest["end"] == "error" and guest["detail"] == "it shares more than 4 MiB: give its `realm` more"

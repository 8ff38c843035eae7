# SPDX-License-Identifier: Apache-2.0
"""The demo: two Debian kernels and a bare-metal guest, on every CPU model, on one core and on four."""
import functools
import hashlib
import json
import re

import pytest
from conftest import CPUS

import paths

GUESTS = {"alpha": ("6.1", 1), "beta": ("6.12", 2)}
VCPUS = 4  # of all three guests
SLICE_NANOSECONDS = 5_000_000
MACHINES = [(cpu, cores) for cpu in CPUS for cores in (1, 4)]


@pytest.fixture(scope="session")
def demo(boot):
    return functools.cache(lambda cpu, cores: boot("demo", cpu, cores))


@pytest.fixture(scope="session")
def demo_icount(boot):
    return functools.cache(lambda cpu, cores: boot("demo", cpu, cores, icount=True))


@pytest.fixture(params=MACHINES, ids=lambda m: f"{m[0]}-{m[1]}", scope="session")
def on(request):
    return request.param


def test_every_guest_powers_off(demo, on):
    run = demo(*on)
    assert run.outcome.problem is None, run.tail()
    assert run.ended() == {"alpha": "off", "beta": "off", "gamma": "off"}


def test_boot_line_names_the_cores(demo, on):
    run = demo(*on)
    assert any(re.match(rf"nie: EL2 kernel on qemu-virt, {on[1]} cores?, ", line) for line in run.lines), run.tail()


def test_private_memory_and_vcpus(demo, on):
    guests = {guest["name"]: guest for guest in demo(*on).outcome.report["guests"]}
    assert {name: guests[name]["vcpus"] for name in guests} == {"alpha": 1, "beta": 2, "gamma": 1}
    assert {name: guests[name]["private_memory"] >> 20 for name in guests} == {"alpha": 256, "beta": 256, "gamma": 16}
    assert all(guest["exits"] and all(count >= 0 for count in guest["exits"].values()) for guest in guests.values())


@pytest.mark.parametrize("guest", GUESTS)
def test_linux_does_its_work(demo, on, guest):
    series, vcpus = GUESTS[guest]
    run = demo(*on)
    lines = run.of(guest)
    work = (paths.CACHE / "busybox").read_bytes() * 16
    for expected in (f"nie: cpus {vcpus}",
                     f"nie: sha256 {hashlib.sha256(work).hexdigest()} of {len(work)} bytes",
                     "nie: forked 200", "nie: parallel 2000 2000 2000 2000", "nie: done"):
        assert expected in lines, run.tail()
    assert any(line.startswith(f"Linux (none) {series}.") for line in lines)
    assert sum(line.startswith("processor") for line in lines) == vcpus


@pytest.mark.parametrize("guest", GUESTS)
def test_no_warning_that_native_does_not_print(demo_icount, linux_native, on, guest):
    """Both in instruction time: how busy the build host is must not matter (a kernel warns when it was kept waiting)."""
    series, vcpus = GUESTS[guest]
    run = demo_icount(*on)
    assert run.outcome.problem is None and run.ended()[guest] == "off", run.tail()
    assert "nie: done" in run.of(guest), run.tail()
    allowed = warnings(linux_native(series, on[0], vcpus))
    assert warnings(line for line in run.of(guest) if not is_a_late_interrupt(line, on[1])) - allowed == set()


def is_a_late_interrupt(line, cores):
    """A timer interrupt's handler that found its next event past three times says so. Where vCPUs share a core that is what it means to
    wait one's turn, at most three times the other vCPUs' slices and its own."""
    took = re.search(r"hrtimer: interrupt took (\d+) ns", line)
    return bool(took) and cores < VCPUS and int(took[1]) <= 3 * VCPUS * SLICE_NANOSECONDS


def warnings(lines):
    """Kernel messages of level 4 and below, without times and numbers."""
    found = [line.removeprefix("nie-dmesg: ") for line in lines if line.startswith("nie-dmesg: ")]
    return {re.sub(r"0x[0-9a-f]+|\d+", "#", re.sub(r"^<\d>\[ *[\d.]+\] ", "", line)) for line in found}


def test_bare_metal_guest_sees_its_memory_and_timer(demo, on):
    lines = demo(*on).of("gamma")
    assert "hello: memory 0x40000000, 16 MiB" in lines
    assert "hello: 5 timer interrupts" in lines
    assert "hello: done" in lines


def test_command_and_json(nie, tmp_path):
    result = nie("demo", "--json", tmp_path / "report.json")
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr
    assert "@nie-report" not in result.stdout
    for word in ("guest", "vCPUs", "private memory", "exits by reason", "ended"):
        assert word in result.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["passed"] is True and report["problems"] == []
    assert {guest["name"]: guest["end"] for guest in report["guests"]} == {
        "alpha": "off", "beta": "off", "gamma": "off"}


def test_other_kernel_for_the_linux_guests(nie, tmp_path):
    result = nie("demo", "--guest-kernel", paths.kernel("6.12"), "--json", tmp_path / "report.json")
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr
    assert not re.search(r"Linux \(none\) 6\.1\.", result.stdout)
    assert len(re.findall(r"Linux \(none\) 6\.12\.", result.stdout)) == 2

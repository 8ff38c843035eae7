# SPDX-License-Identifier: Apache-2.0
"""Real kernels under load: several CPUs, hotplug, suspend to idle, their clock, large and little memory, eight at once."""
import functools
import re
from pathlib import Path

import pytest
from conftest import CPUS
from test_corners import CPUS as ALL_CPUS

SYSTEMS = Path(__file__).parent / "systems"
KERNELS = {"old": "6.1", "mid": "6.12", "new": "6.18"}


def reported(run):
    assert run.outcome.problem is None, run.tail()
    return {guest["name"]: guest for guest in run.outcome.report["guests"]}


def interrupts(lines, name):
    """The last such line of /proc/interrupts, summed up over CPUs."""
    line = next(line for line in reversed(lines) if re.match(r" *\d+: ", line) and line.endswith(name))
    return sum(int(word) for word in line.split(":", 1)[1].split("GIC")[0].split())


@pytest.fixture(scope="module")
def load(boot):
    return functools.cache(lambda cpu, cores, icount: boot(SYSTEMS / "load.yaml", cpu, cores, limit=1200, silence=600, icount=icount))


def machines(full):
    """(CPU, cores, whether in instruction time)"""
    if not full:
        return [("max", 4, False)]
    return [*((cpu, 4, True) for cpu in ALL_CPUS), *((cpu, cores, False) for cpu in CPUS for cores in (1, 2, 4, 8))]


def pytest_generate_tests(metafunc):
    if "on" in metafunc.fixturenames:
        metafunc.parametrize("on", machines(metafunc.config.getoption("--full")), ids=lambda m: f"{m[0]}-{m[1]}{'-icount' * m[2]}")


@pytest.mark.parametrize("guest", KERNELS)
def test_load(load, on, guest):
    run = load(*on)
    assert reported(run)[guest]["end"] == "off", run.tail()
    lines = run.of(guest)
    assert any(re.search(rf"Linux version {re.escape(KERNELS[guest])}\.", line) for line in lines), run.tail()
    assert "nie: pipes 32000 of 8" in lines, run.tail()
    assert "nie: sleeps 25 of 8" in lines
    for cpu in (1, 2, 3):
        assert lines.count(f"nie: cpu{cpu} 0 1") == 2
    assert "nie: online 0-3" in lines
    back = [int(line.split()[-2]) for line in lines if line.startswith("nie: suspended to idle, back after ")]
    assert len(back) == 1 and 3 <= back[0] < 60, run.tail()  # the alarm is set for 4 s; hosts may be busy
    assert "nie: done" in lines
    assert not any(re.search("stall|lockup|hung", line) for line in lines)


@pytest.mark.parametrize("guest", KERNELS)
def test_interrupts_seen_are_those_injected(load, on, guest):
    """What /proc/interrupts counted, against what host-vmm saw acknowledged. The line itself is printed by way of that
    interrupt, and so is the rest: some come later."""
    run = load(*on)
    seen, injected = interrupts(run.of(guest), "uart-pl011"), reported(run)[guest]["uart_interrupts"]
    after = 1 + next(i for i, line in enumerate(reversed(run.of(guest))) if line.endswith("uart-pl011"))
    print(*on, guest, "interrupts injected", injected, "seen", seen, "longest wait us", reported(run)[guest]["longest_wait_us"])
    assert 0 < seen <= injected <= seen + 8 * after, (seen, injected, after)


def test_clock(boot):
    """A minute of a guest's clock, in instruction time, is a minute of the machine's counter."""
    run = boot(SYSTEMS / "clock.yaml", cores=2, icount=True)
    assert reported(run)["watch"]["end"] == "off", run.tail()
    stamps = [line.split()[2:] for line in run.of("watch") if line.startswith("nie: clock ")]
    machine, guest = ([float(stamp[i]) for stamp in stamps] for i in (0, 1))
    assert len(stamps) == 2 and machine[1] - machine[0] >= 60, run.tail()
    assert guest[1] - guest[0] == pytest.approx(machine[1] - machine[0], abs=0.05)


def test_memory(boot):
    run = boot(SYSTEMS / "big.yaml", limit=600, silence=200)
    guests = reported(run)
    assert {name: guest["end"] for name, guest in guests.items()} == {"large": "off", "other": "off", "little": "off"}
    assert guests["large"]["private_memory"] == 2 << 30
    totals = {name: next(int(line.split()[1]) for line in run.of(name) if line.startswith("MemTotal"))
              for name in ("large", "little")}
    assert 1900 << 10 < totals["large"] < 2 << 20 and 60 << 10 < totals["little"] < 96 << 10
    written = {name: next(int(line.split()[2]) for line in run.of(name) if line.startswith("nie: memory "))
               for name in ("large", "little")}
    assert written["large"] > 500 and written["little"] > 10, run.tail()
    assert any(line.startswith("marker: ") for line in run.of("other"))


def soak(boot, seconds, **options):
    # Quiet: eight kernels that print their boot at once through a UART, unpreemptibly, on a few cores of a host that emulates, are
    # at it for longer than the 20 s after which Linux's watchdog complains.
    settings = {f"{guest}.bootargs": f"console=ttyAMA0 quiet nie.soak={seconds}" for guest in "abcdefgh"}
    run = boot(SYSTEMS / "eight.yaml", limit=seconds + 900, silence=seconds + 200, settings=settings, **options)
    for name, guest in reported(run).items():
        lines = run.of(name)
        assert guest["end"] == "off" and "nie: done" in lines, (name, run.tail())
        said = [line for line in lines if "soak" in line or re.search("stall|lockup|hung|blocked for", line)]
        assert any(re.fullmatch(r"nie: soak [1-9]\d* rounds, 0 complaints", line) for line in lines), (name, said, run.tail())
        assert not any("FAILED" in line for line in lines), run.tail()
    print({name: guest["longest_wait_us"] for name, guest in reported(run).items()})


def test_eight_guests(boot, request):
    if not request.config.getoption("--full"):
        pytest.skip("10 minutes: --full")
    soak(boot, 600)


def test_soak(boot, request):
    if not request.config.getoption("--full"):
        pytest.skip("30 minutes: --full")
    soak(boot, 1800)

# SPDX-License-Identifier: Apache-2.0
"""`top`: a system in QEMU, live in the terminal: guests, vCPUs, exits a second by reason, memory; and the console's last lines."""
import sys
import tempfile
import threading
import time
from collections import deque
from pathlib import Path

import build
import devices
import launch
import live_state
import machine
import report
import stream
import systems
import top_sample
from say import Failure, say

LINES = 8  # of the console
REASONS = 7  # columns: those with the most exits


class Console:
    """The last lines of what the machine prints."""

    def __init__(self):
        self.lines, self.line = deque(maxlen=LINES), b""

    def write(self, data):
        *whole, self.line = (self.line + data).split(b"\n")
        for line in whole:
            text = stream.ANSI.sub(b"", line).decode(errors="replace").strip("\r")
            self.lines.append("".join(c for c in text if c.isprintable()))


def rates(now, before, seconds):
    """{reason: exits a second} of two counts; a guest that began anew keeps counting."""
    return {reason: (count - before.get(reason, 0)) / seconds for reason, count in now.items()}


def number(rate):
    return f"{rate:,.0f}" if rate >= 0.5 else ""


def columns(sample):
    """The reasons that have the most exits in all, so that columns keep their places; the others are summed."""
    total = {}
    for guest in sample.guests:
        for reason, count in guest.exits().items():
            total[reason] = total.get(reason, 0) + count
    return sorted(sorted(total, key=lambda reason: (-total[reason], reason))[:REASONS])


def row_of(exits, before, seconds, reasons):
    each = rates(exits, before, seconds)
    rest = sum(rate for reason, rate in each.items() if reason not in reasons)
    return [number(sum(each.values())), *(number(each.get(reason, 0)) for reason in reasons), number(rest),
            f"{sum(exits.values()):,}" if exits else ""]


def table(sample, before, seconds, vcpus=True):
    """Guests with their vCPUs below them."""
    from rich.table import Table

    old = {g.name: g for g in before.guests} if before else {}
    reasons = columns(sample)
    result = Table(expand=True, box=None, header_style="reverse", pad_edge=False)
    for name in ("guest", "state"):
        result.add_column(name, no_wrap=True)
    for name in ("MiB", "exits/s", *reasons, "others", "exits"):
        result.add_column(name, justify="right", no_wrap=True)
    for guest in sample.guests:
        previous = old.get(guest.name)
        again = f", {guest.restarts} restarts" if guest.restarts else ""
        result.add_row(guest.name, guest.state + again, mib(guest.private),
                       *row_of(guest.exits(), previous.exits() if previous else {}, seconds, reasons), style="bold")
        for vcpu in guest.vcpus if vcpus else []:
            known = next((v for v in previous.vcpus if v.index == vcpu.index), None) if previous else None
            where = f"core {vcpu.core}" if vcpu.core is not None else "waits" if vcpu.power == "on" else vcpu.power
            result.add_row(f"  vCPU {vcpu.index}", where, "",
                           *row_of(vcpu.exits, known.exits if known else {}, seconds, reasons), style="dim")
    return result


def mib(count):
    return f"{count / (1 << 20):,.1f}".removesuffix(".0")


def memory_line(memory):
    return "memory in MiB: " + ", ".join(f"{what} {mib(count)}" for what, count in memory.items())


def screen(title, sample, before, seconds, lines, height):
    """vCPUs are left out where the terminal is too low for them, then lines of the console."""
    from rich.console import Group
    from rich.rule import Rule
    from rich.text import Text

    parts = [Text(title, style="bold")]
    if sample:
        rows = len(sample.guests) + sum(len(guest.vcpus) for guest in sample.guests)
        vcpus = rows + len(parts) + 5 + LINES <= height
        parts += [Text(memory_line(sample.memory)), Text(), table(sample, before, seconds, vcpus)]
        height -= rows if vcpus else len(sample.guests)
    room = max(height - len(parts) - 3, 0)
    last = list(lines)[-room:] if room else []
    return Group(*parts, Text(), Rule("console", align="left"), *(Text(line, no_wrap=True, overflow="ellipsis") for line in last))


class Watcher(threading.Thread):
    """Samples the machine and draws, until told to stop or until the machine is gone."""

    def __init__(self, source, folder, live, title, console, interval):
        super().__init__(daemon=True)
        self.source, self.folder, self.live = source, folder, live
        self.title, self.console, self.interval = title, console, interval
        self.ended = threading.Event()
        self.problem = None
        self.samples = 0

    def run(self):
        try:
            self.watch()
        except (OSError, EOFError, ValueError):
            pass  # the machine is gone
        except Exception as error:  # a thread's would be lost
            self.problem = error

    def watch(self):
        reader = top_sample.Reader(live_state.Monitor(self.folder / "monitor"), self.folder)
        started = time.monotonic()
        before, then = None, started
        while not self.ended.wait(self.interval if before else 0.2):
            sample, now = self.source.sample(reader), time.monotonic()
            self.samples += 1
            self.live.update(screen(f"{self.title}, {now - started:.0f} s", sample, before, max(now - then, 1e-3), self.console.lines,
                                    self.live.console.height), refresh=True)
            before, then = sample, now


def run(options):
    from rich.console import Console as Terminal
    from rich.live import Live

    if not sys.stdout.isatty():
        raise Failure("top draws on a terminal: its output cannot go elsewhere; tools/nie run has a report for machines (--json)")
    if options.interval < 0.1:
        raise Failure(f"--interval {options.interval}: give a number of seconds from 0.1 on")
    system = systems.find(options.system)
    launch.check_machine(options, system)
    settings = {} if options.cores == system.cores else {"machine.cores": options.cores}
    image = build.system(system, settings)
    source = top_sample.Source(image, system, options.cores, build.tree("target", system.ram))
    title = f"{system.name} on QEMU, -cpu {options.cpu}, {options.cores} core{'s' * (options.cores > 1)}; Ctrl-C ends it"
    console = Console()
    with tempfile.TemporaryDirectory(prefix="nie-top-") as name:
        folder = Path(name)
        extra = [*devices.arguments(system, folder), "-qmp", f"unix:{folder}/monitor,server=on,wait=off"]
        hardware = machine.Machine(image, options.cpu, options.cores, system.memory, system.platform["qemu"]["machine"], extra=extra)
        with Live(screen(title, None, None, 1, ["starting"], LINES + 4), console=Terminal(), screen=True, auto_refresh=False) as live:
            watcher = Watcher(source, folder, live, title, console, options.interval)
            watcher.start()
            outcome = machine.run(hardware, limit=options.limit, silence=options.silence, output=console, quiet=True)
            watcher.ended.set()
            watcher.join(timeout=10)
    if watcher.problem:
        raise Failure(f"top: {type(watcher.problem).__name__}: {watcher.problem}")
    return conclude(outcome, system)


def conclude(outcome, system):
    if outcome.report:
        report.show(outcome.report, system.expected())
    if outcome.problem == "interrupted":
        say(f"{system.name}: stopped after {outcome.seconds:.0f} s")
        return 0
    if outcome.problem and not (outcome.problem == machine.NO_REPORT and system.own_vmm):
        raise Failure(outcome.problem)
    say(f"{system.name}: the machine turned itself off after {outcome.seconds:.0f} s")
    return 0

# SPDX-License-Identifier: Apache-2.0
"""Runs a system image in QEMU: console passed through, never a silent hang."""
import os
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

from requirements import QEMU
from say import Failure, say
from stream import Stream

try:
    import termios
except ImportError:
    termios = None

NO_REPORT = "the machine powered off without a report: its last lines above say why"
ICOUNT = ["-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01,clock=vm"]


@dataclass
class Machine:
    image: str
    cpu: str = "max"
    cores: int = 4
    memory: int = 2 << 30
    machine: str = "virt,virtualization=on,gic-version=3,iommu=smmuv3"
    icount: bool = False  # virtual time: an instruction is a nanosecond, idle time is skipped
    extra: list = field(default_factory=list)

    def command(self, interactive):
        # With mux, QEMU's own escapes work: Ctrl-A x ends it.
        console = "stdio,id=console,signal=off" + (",mux=on" if interactive else "")
        kind = self.machine + (",dtb-randomness=off" if self.icount else "")
        command = [QEMU, "-M", kind, "-cpu", self.cpu, "-smp", str(self.cores),
                   "-m", f"{self.memory >> 20}M", "-display", "none", "-nic", "none", "-no-reboot",
                   "-chardev", console, "-serial", "chardev:console", "-kernel", str(self.image),
                   *(ICOUNT if self.icount else []), *self.extra]
        return command + (["-mon", "chardev=console"] if interactive else ["-monitor", "none"])


@dataclass
class Outcome:
    report: dict = None
    problem: str = None  # one line; None: the machine powered off by itself after its report
    seconds: float = 0.0


class Terminal:
    """The user's terminal in raw mode, whatever happens given back as it was. Output stays cooked."""

    def __init__(self, enabled):
        self.enabled = enabled

    def __enter__(self):
        if self.enabled:
            self.saved = termios.tcgetattr(sys.stdin)
            raw = termios.tcgetattr(sys.stdin)
            raw[0] &= ~(termios.ICRNL | termios.IXON | termios.BRKINT | termios.ISTRIP)
            raw[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, raw)
        return self

    def __exit__(self, *exception):
        if self.enabled:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self.saved)


def has_terminal():
    return termios is not None and sys.stdin.isatty()


def run(machine, interactive=False, limit=600, silence=60, output=None, quiet=False):
    """Boot `machine`; end after `limit` seconds, or after `silence` seconds without a byte (interactive: never)."""
    try:
        process = subprocess.Popen(machine.command(interactive), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   stdin=subprocess.PIPE if interactive else subprocess.DEVNULL,
                                   start_new_session=True)
    except OSError as error:
        raise Failure(f"{QEMU}: {error.strerror}: run tools/nie setup") from None
    stream, started = Stream(), time.monotonic()

    def show(data):
        if output:
            output.write(data)
        if not quiet:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()

    def end_on_signal(number, frame):
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, end_on_signal)
    problem = None
    try:
        with Terminal(interactive), selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if interactive:
                selector.register(sys.stdin, selectors.EVENT_READ)
            last = started
            while problem is None:
                now = time.monotonic()
                if not interactive and now - started > limit:
                    problem = f"not finished after {limit} s: stopped"
                elif not interactive and now - last > silence:
                    problem = f"nothing printed for {silence} s: stopped"
                ended = False
                for key, _ in selector.select(timeout=0.5):
                    data = os.read(key.fd, 65536)
                    if key.fileobj is process.stdout:
                        last = time.monotonic()
                        ended = not data
                        show(stream.feed(data))
                    elif data:
                        process.stdin.write(data)
                        process.stdin.flush()
                if ended:
                    break
    except KeyboardInterrupt:
        problem = "interrupted"
    except BrokenPipeError:
        pass  # the machine ended while a key was on its way
    finally:
        signal.signal(signal.SIGTERM, previous)
        stop(process)
    stream.end_line()
    if problem is None and process.returncode:
        problem = f"QEMU ended with status {process.returncode}: its message is above"
    if stream.fault:
        problem = f"the kernel reports: {stream.fault}"
    elif problem is None and stream.report_error:
        problem = f"the VMM's report cannot be read: {stream.report_error}"
    elif problem is None and stream.report is None:
        problem = NO_REPORT
    return Outcome(stream.report, problem, time.monotonic() - started)


def stop(process):
    try:
        process.wait(timeout=2 if process.stdout.closed else 0.2)
    except subprocess.TimeoutExpired:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdout, process.stdin):
        if pipe:
            try:
                pipe.close()
            except BrokenPipeError:
                pass

# SPDX-License-Identifier: Apache-2.0
"""What comes out of the machine's console: passed through, except for the report line, which is kept.

Only what starts a line counts: the VMM lets no guest start one so (userland/host-vmm/console.c)."""
import json
import re

REPORT = b"@nie-report "
ANSI = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")
# The kernel's report (kernel/arch/arm64/panic.c): a fault at EL2, a failed check, a task that crashed.
FAULT = re.compile(rb"nie: (?P<what>(stopped: |the task of core ).*)")
LONGEST_LINE = 64 * 1024


class Stream:
    def __init__(self):
        self.line = bytearray()
        self.shown = 0  # bytes of the line; 0 while it may be, or is, the report
        self.too_long = False  # the line's start is gone: what is left of it means nothing
        self.report = None
        self.report_error = None
        self.fault = None

    def feed(self, data):
        """Take bytes from the console; return those to show."""
        show = bytearray()
        for part in data.splitlines(keepends=True):
            self.line += part
            is_report = not self.too_long and REPORT.startswith(self.line[:len(REPORT)])
            if not is_report:
                show += self.line[self.shown:]
                self.shown = len(self.line)
            # A carriage return and its newline may come apart.
            if part.endswith(b"\n") or (not is_report and part.endswith(b"\r")):
                self.end_line()
            elif self.shown > LONGEST_LINE:
                self.line.clear()
                self.shown = 0
                self.too_long = True
        return bytes(show)

    def end_line(self):
        """Also to be called when the console closes."""
        line = bytes(self.line).rstrip()
        whole = not self.too_long
        self.line.clear()
        self.shown = 0
        self.too_long = False
        if not whole:
            return
        if line.startswith(REPORT):
            self.take_report(line[len(REPORT):])
        elif self.fault is None and (match := FAULT.match(line)):
            self.fault = match["what"].decode(errors="replace")

    def take_report(self, text):
        if self.report is not None:
            self.report_error = "two report lines"
            return
        try:
            report = json.loads(text)
            for guest in report["guests"]:
                for name, kind in (("name", str), ("vcpus", int), ("private_memory", int), ("exits", dict),
                                   ("end", str)):
                    if not isinstance(guest[name], kind):
                        raise ValueError(f"`{name}` of a guest is not a {kind.__name__}")
            self.report = report
        except (ValueError, KeyError, TypeError) as error:
            self.report_error = f"{type(error).__name__}: {error}"

# SPDX-License-Identifier: Apache-2.0
"""What this command says about itself: one style, and one way to fail."""
import shutil
import sys
import time


class Failure(Exception):
    """Ends the command with one line on stderr that names the thing and the remedy."""

    def __init__(self, message, status=1):
        super().__init__(message)
        self.status = status


def say(message):
    print(f"nie: {message}", flush=True)


class Progress:
    """One line that changes on a terminal; elsewhere a line each time another tenth is done."""

    def __init__(self, title):
        self.title = title
        self.terminal = sys.stdout.isatty()
        self.tenth = -1
        self.started = time.monotonic()

    def update(self, percent, detail=""):
        text = f"nie: {self.title}: {percent:3.0f} % {detail}"
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            print("\r\x1b[K" + text[:width], end="", flush=True)
        elif int(percent) // 10 > self.tenth:
            self.tenth = int(percent) // 10
            print(text, flush=True)

    def done(self, result="done"):
        clear = "\r\x1b[K" if self.terminal else ""
        print(f"{clear}nie: {self.title}: {result} ({time.monotonic() - self.started:.0f} s)", flush=True)

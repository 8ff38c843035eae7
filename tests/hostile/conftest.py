# SPDX-License-Identifier: Apache-2.0
"""Boots the hostile VMM and reads its lines. The target build is up to date when these tests run."""
import functools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "nie_cli"))

import build  # noqa: E402
import machine  # noqa: E402
import systems  # noqa: E402

SYSTEM = Path(__file__).parent / "hostile.yaml"
LIMIT = 300  # seconds; on an idle machine a run takes about five
ATTACK = re.compile(r"attack (\d+): (.*): (held|BROKEN)")
COUNTS = re.compile(r"hostile: (\d+) attacks, (\d+) held, (\d+) broken; (\d+) checks failed")


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="every CPU model, with 1 to 4 cores, three times")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--full"):
        items[:] = [item for item in items if item.originalname != "test_again"]


class Assault:
    """One boot."""

    def __init__(self, output, status):
        self.output, self.status = output, status
        self.lines = [line.strip() for line in output.splitlines()]
        self.attacks = [match.groups() for line in self.lines if (match := ATTACK.fullmatch(line))]
        counts = [match for line in self.lines if (match := COUNTS.fullmatch(line))]
        self.counts = tuple(map(int, counts[0].groups())) if len(counts) == 1 else None

    def how(self, what):
        """How the one attack that begins with `what` failed."""
        found = [text for _, text, _ in self.attacks if text.startswith(what)]
        assert len(found) == 1, f"{len(found)} attacks begin with {what!r}"
        return found[0].removeprefix(what).removeprefix(": ")


@pytest.fixture(scope="session")
def assault(tmp_path_factory):
    """assault(cpu, cores): its image is made once for each number of cores."""
    @functools.cache
    def image(cores):
        description = systems.find(str(SYSTEM))
        settings = {} if cores == description.cores else {"machine.cores": cores}
        return description, build.image(description, settings, tmp_path_factory.mktemp("hostile"))

    @functools.cache
    def run(cpu, cores, repetition=0):
        description, file = image(cores)
        command = machine.Machine(file, cpu, cores, description.memory,
                                  description.platform["qemu"]["machine"]).command(interactive=False)
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, env=os.environ)
        try:
            output, _ = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            output += f"\nstopped after {LIMIT} s\n".encode()
        return Assault(output.decode(errors="replace"), process.returncode)
    return run

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
sys.path[:0] = [str(ROOT), str(ROOT / "tools" / "nie_cli")]

import capdl.image  # noqa: E402
import build  # noqa: E402
import machine  # noqa: E402
import systems  # noqa: E402

SYSTEM = Path(__file__).parent / "hostile.yaml"
LIMIT = 300  # seconds; on an idle machine a run takes about five
ATTACK = re.compile(r"attack (\d+): (.*): (held|BROKEN)")
COUNTS = re.compile(r"hostile: (\d+) attacks, (\d+) held, (\d+) broken; (\d+) checks failed")


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="every CPU model, with 1 to 4 cores, three times")
    parser.addoption("--seed", type=int, metavar="N", help="of the endurance test, as it was printed")
    parser.addoption("--kernel", type=Path, metavar="FOLDER", help="its kernel.bin, kernel.elf and endure.img instead")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--full"):
        items[:] = [item for item in items if item.originalname not in ("test_again", "test_memory_comes_back_again")]


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
def kernel_folder(request):
    """Where another kernel than the built one is: mutate.py says so. None: the built one."""
    return request.config.getoption("--kernel")


@pytest.fixture(scope="session")
def image_with(kernel_folder, tmp_path_factory):
    """image_with(cores): the system's description and image, made once for each number of cores."""
    @functools.cache
    def make(cores):
        description = systems.find(str(SYSTEM))
        settings = {} if cores == description.cores else {"machine.cores": cores}
        file = build.image(description, settings, tmp_path_factory.mktemp("hostile"))
        if kernel_folder:
            task, archive = file.parent / "capdl-init.elf", (file.parent / "archive.bin").read_bytes()
            file.write_bytes(capdl.image.join(kernel_folder / "kernel.bin", task, archive))
        return description, file
    return make


@pytest.fixture(scope="session")
def assault(image_with):
    """assault(cpu, cores)"""
    @functools.cache
    def run(cpu, cores, repetition=0):
        description, file = image_with(cores)
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

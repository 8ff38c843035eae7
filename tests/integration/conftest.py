# SPDX-License-Identifier: Apache-2.0
"""Systems booted in QEMU. The target build is up to date when these tests run (tools/nie test does that)."""
import functools
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "nie_cli"))

import build  # noqa: E402
import devices  # noqa: E402
import machine  # noqa: E402
import paths  # noqa: E402
import stream  # noqa: E402
import systems  # noqa: E402

CPUS = ("max", "neoverse-n1", "cortex-a72")


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="every CPU model and number of cores, and the long runs")
    parser.addoption("--times", type=int, default=0, help="test_soak.py: the demo so often in a row on every machine")


def pytest_ignore_collect(collection_path, config):
    return True if collection_path.name == "test_soak.py" and not config.getoption("--times") else None


class Run:
    """One boot: its lines without colours, its report, what went wrong."""

    def __init__(self, outcome, output):
        self.outcome = outcome
        text = stream.ANSI.sub(b"", output).decode(errors="replace")
        self.lines = [line.rstrip() for line in re.split(r"\r*\n", text)]

    def of(self, guest):
        """What a guest printed."""
        prefix = f"[{guest}] "
        return [line[len(prefix):] for line in self.lines if line.startswith(prefix)]

    def ended(self):
        return {guest["name"]: guest["end"] for guest in self.outcome.report["guests"]}

    def tail(self):
        return f"{self.outcome.problem}\n" + "\n".join(self.lines[-40:])


@pytest.fixture(scope="session")
def boot(tmp_path_factory):
    """boot(system, cpu, cores): a system by name or YAML file; its image is made once for each number of cores."""
    @functools.cache
    def image(system, cores, settings):
        description = systems.find(system)
        if description.ram:
            build.preset("target", ram=description.ram)
        settings = dict(settings) | ({} if cores == description.cores else {"machine.cores": cores})
        return description, build.image(description, settings, tmp_path_factory.mktemp(description.name))

    def run(system, cpu="max", cores=4, limit=300, silence=90, icount=False, settings=None):
        description, file = image(str(system), cores, tuple((settings or {}).items()))
        extra = devices.arguments(description, tmp_path_factory.mktemp("devices"))
        output = io.BytesIO()
        hardware = machine.Machine(file, cpu, cores, description.memory, description.platform["qemu"]["machine"],
                                   icount, extra)
        outcome = machine.run(hardware, limit=limit, silence=silence, output=output, quiet=True)
        return Run(outcome, output.getvalue())
    return run


@pytest.fixture(scope="session")
def plain():
    """plain(kernel, ...): what runs in QEMU's `virt` machine without nie prints."""
    def run(kernel, *options, cpu="max", memory="256M", cores=1, limit=120, icount=False):
        command = ["qemu-system-aarch64", "-M", "virt,gic-version=3", "-cpu", cpu, "-smp", str(cores), "-m", memory,
                   "-display", "none", "-nic", "none", "-serial", "stdio", "-monitor", "none", "-no-reboot",
                   "-kernel", str(kernel), *options, *(machine.ICOUNT if icount else [])]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=limit)
        assert result.returncode == 0, result.stdout.decode(errors="replace")
        lines = result.stdout.decode(errors="replace").splitlines()
        # Of a guest that sleeps before its end, in instruction time: QEMU's own words, wherever they fall.
        return [line for line in lines if "warning: icount sleep disabled" not in line]
    return run


@pytest.fixture(scope="session")
def linux_native(plain):
    """linux_native(series, cpu, cores): the same kernel and initramfs without nie, in instruction time."""
    @functools.cache
    def run(series, cpu, cores):
        return plain(paths.kernel(series), "-initrd", str(paths.TARGET / "initramfs.cpio.gz"),
                     "-append", "console=ttyAMA0", cpu=cpu, cores=cores, icount=True)
    return run


@pytest.fixture(scope="session")
def nie():
    """nie(arguments...): the command itself."""
    def run(*arguments, timeout=600):
        return subprocess.run([str(ROOT / "tools" / "nie"), *map(str, arguments)], cwd=ROOT, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=timeout)
    return run

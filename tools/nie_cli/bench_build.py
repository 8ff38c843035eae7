# SPDX-License-Identifier: Apache-2.0
"""How long building and the demo take on this machine: seconds, which no test is about; and what they take of its
processors, which hardly depends on what else runs."""
import os
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import build
import machine
import systems
from paths import CACHE, ROOT
from say import Failure, say

TOUCHED = ROOT / "kernel" / "core" / "isolation" / "map.c"


def timed(function):
    """(seconds, seconds of the processors in programs that it ran), and what it returned."""
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    result = function()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (time.monotonic() - started, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime), result


def command(words):
    result = subprocess.run(words, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        raise Failure(f"{' '.join(map(str, words[:3]))}: " + " / ".join(result.stdout.splitlines()[-3:]))


def touched(path, function):
    """What `function` takes after a change of the file, which keeps its time."""
    before = path.stat()
    os.utime(path)
    try:
        return function()
    finally:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def measure():
    description = systems.find("demo")
    with tempfile.TemporaryDirectory(prefix="nie-build-") as name:
        folder = Path(name)
        configure = ["cmake", "--preset", "target", "-B", name, f"-DNIE_CACHE={CACHE}"]
        make, kernel = ["cmake", "--build", name], folder / "kernel" / "arch" / "arm64" / "kernel.elf"
        result = {"clean build of all targets": timed(lambda: (command(configure), command(make)))[0]}
        written = kernel.stat().st_mtime_ns
        result["build after a change of one kernel file"] = touched(TOUCHED, lambda: timed(lambda: command(make)))[0]
        if kernel.stat().st_mtime_ns == written:
            raise Failure(f"a change of {TOUCHED.name} did not build the kernel again")
    build.target()
    result["the demo's image"], image = timed(lambda: build.image(description))
    result["the demo's image, MiB"] = image.stat().st_size / 2**20
    demo = machine.Machine(image, memory=description.memory, machine=description.platform["qemu"]["machine"])
    taken, outcome = timed(lambda: machine.run(demo, limit=900, silence=300, quiet=True))
    if outcome.problem:
        raise Failure(f"the demo: {outcome.problem}")
    result["the demo, from start to power off"] = taken
    return result


def show(result):
    say(f"on {os.cpu_count()} cores, {os.getloadavg()[0]:.1f} of them busy at the end:")
    for name, value in result.items():
        say(f"  {name}: " + (f"{value[0]:.1f} s, of processors {value[1]:.1f} s" if isinstance(value, tuple) else f"{value:.1f}"))

# SPDX-License-Identifier: Apache-2.0
"""How long building and the demo take on this machine: seconds, which no test is about."""
import os
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


def seconds(command):
    started = time.monotonic()
    result = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        raise Failure(f"{' '.join(map(str, command[:3]))}: " + " / ".join(result.stdout.splitlines()[-3:]))
    return time.monotonic() - started


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
        result = {"clean build of all targets, s": seconds(configure) + seconds(make)}
        written = kernel.stat().st_mtime_ns
        result["build after a change of one kernel file, s"] = touched(TOUCHED, lambda: seconds(make))
        if kernel.stat().st_mtime_ns == written:
            raise Failure(f"a change of {TOUCHED.name} did not build the kernel again")
    build.target()
    started = time.monotonic()
    image = build.image(description)
    result["the demo's image, s"] = time.monotonic() - started
    result["the demo's image, MiB"] = image.stat().st_size / 2**20
    outcome = machine.run(machine.Machine(image, memory=description.memory, machine=description.platform["qemu"]["machine"]),
                          limit=900, silence=300, quiet=True)
    if outcome.problem:
        raise Failure(f"the demo: {outcome.problem}")
    result["the demo, from start to power off, s"] = outcome.seconds
    return result


def show(result):
    say(f"on {os.cpu_count()} cores, {os.getloadavg()[0]:.1f} of them busy at the end:")
    for name, value in result.items():
        say(f"  {name}: {value:.1f}")

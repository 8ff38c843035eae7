# SPDX-License-Identifier: Apache-2.0
"""Builds what CMake's presets describe, and a system's image from its description."""
import subprocess
import sys
import time

from paths import BUILD, CACHE, LAYOUT, ROOT
from say import Failure, say


def preset(name, *targets, ram=None):
    """Configure and build one of the two trees; `ram`: for a machine with so much instead of the platform's."""
    started = time.monotonic()
    folder = tree(name, ram)
    say(f"building {folder.name}")
    configure = ["cmake", "--preset", name, f"-DNIE_CACHE={CACHE}"]
    if ram:
        configure += ["-B", str(folder), f"-DNIE_RAM_SIZE={ram >> 20} MiB"]
    result = subprocess.run(configure, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        sys.stdout.write(result.stdout)
        raise Failure(f"configuring the {folder.name} build failed: CMake's message is above; "
                      f"if the machine changed, run tools/nie clean")
    build = ["cmake", "--build", str(folder)]
    for target in targets:
        build += ["--target", target]
    if subprocess.run(build, cwd=ROOT).returncode:
        raise Failure(f"the {folder.name} build failed: the compiler's message is above")
    say(f"built {folder.name} ({time.monotonic() - started:.0f} s)")


def target(ram=None):
    """What images are made from, and the program that says how host-vmm would lay a guest out."""
    preset("target", ram=ram)
    preset("native", "guest-layout")


def system(description, settings=None, out=None):
    """The image of a system, everything it is made from built first."""
    target(description.ram)
    return image(description, settings, out)


def tree(name, ram=None):
    """RAM's size is a constant of the kernel (docs/decisions/0002-memory.md): a folder for each."""
    return BUILD / (f"{name}-{ram >> 20}M" if ram else name)


def image(description, settings=None, out=None):
    """Only the image: the target build is up to date."""
    settings = settings or {}
    folder = tree("target", description.ram)
    out = out or folder / "systems" / (description.name + ("-custom" if settings else ""))
    command = [sys.executable, "-m", "capdl.build", "--system", str(description.path), "--build", str(folder),
               "--cache", str(CACHE), "--out", str(out), "--layout", str(LAYOUT)]
    for name, value in settings.items():
        command += ["--set", f"{name}={value}"]
    result = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    sys.stdout.write(result.stdout)
    if result.returncode:
        # Its one line already names the file and the remedy.
        lines = result.stderr.strip().splitlines() or [f"capdl.build ended with status {result.returncode}"]
        if any(line.startswith("Traceback") for line in lines):
            sys.stderr.write(result.stderr)
        raise Failure(lines[-1].removeprefix("error: "))
    say(f"{description.name}: {out}/{description.name}.cdl describes it, {out}/nie.img is the image")
    return out / "nie.img"

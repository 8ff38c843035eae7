# SPDX-License-Identifier: Apache-2.0
"""`measure`: what a guest's measurement will be, computed from its files and the system's description."""
import json
import subprocess
import sys
import tempfile

import build
import systems
from paths import LAYOUT, ROOT
from say import Failure


def of_guest(folder, guest):
    """`folder` has a system's guests.bin; the native build is up to date."""
    result = subprocess.run([sys.executable, "-m", "capdl.measure", "--blob", str(folder / "guests.bin"),
                             "--layout", str(LAYOUT), guest],
                            cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if result.returncode:
        lines = result.stderr.strip().splitlines() or [f"capdl.measure ended with status {result.returncode}"]
        raise Failure(lines[-1].removeprefix("error: "))
    return result.stdout.strip()


def layout(folder, guest):
    """Where host-vmm puts a guest, as tools/guest_layout says."""
    with tempfile.NamedTemporaryFile() as tree:
        result = subprocess.run([str(LAYOUT), str(folder / "guests.bin"), guest, tree.name], text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
    if result.returncode:
        raise Failure(result.stderr.strip())
    return json.loads(result.stdout)


def run(options):
    system = systems.find(options.system)
    if options.guest not in system.guests:
        raise Failure(f"no guest {options.guest} in {system.name}: it has {', '.join(system.guests)}")
    image = build.system(system)
    print(of_guest(image.parent, options.guest))
    return 0

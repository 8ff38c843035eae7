# SPDX-License-Identifier: Apache-2.0
"""`view`: pictures of a system, from what was built for it."""
import subprocess
import sys
from pathlib import Path

import build
import systems
from paths import BUILD, ROOT, TARGET
from say import Failure, say


def run(options):
    system = systems.find(options.system)
    out = Path(options.out).absolute() if options.out else BUILD / "view"
    image = build.system(system)
    result = subprocess.run([sys.executable, "-m", "capdl.view", "--system", str(image.with_name(f"{system.name}.cdl")),
                             "--build", str(TARGET), "--out", str(out)], cwd=ROOT, text=True, stderr=subprocess.PIPE)
    if result.returncode:
        raise Failure((result.stderr.strip().splitlines() or ["capdl.view failed"])[-1].removeprefix("error: "))
    say(f"open {out}/{system.name}.html; its pictures are {system.name}-*.svg beside it")
    return 0

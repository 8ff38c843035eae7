# SPDX-License-Identifier: Apache-2.0
"""Builds what CMake's presets describe, and a system's image from its description."""
import subprocess
import sys
import time

from paths import CACHE, ROOT
from say import Failure, say


def preset(name, *targets):
    """Configure and build one of the two trees."""
    started = time.monotonic()
    say(f"building {name}")
    configure = ["cmake", "--preset", name, f"-DNIE_CACHE={CACHE}"]
    result = subprocess.run(configure, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        sys.stdout.write(result.stdout)
        raise Failure(f"configuring the {name} build failed: CMake's message is above; "
                      f"if the machine changed, run tools/nie clean")
    build = ["cmake", "--build", str(ROOT / "build" / name)]
    for target in targets:
        build += ["--target", target]
    if subprocess.run(build, cwd=ROOT).returncode:
        raise Failure(f"the {name} build failed: the compiler's message is above")
    say(f"built {name} ({time.monotonic() - started:.0f} s)")

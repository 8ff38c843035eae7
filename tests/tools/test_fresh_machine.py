# SPDX-License-Identifier: Apache-2.0
"""On a fresh machine the command starts before any of Debian's Python packages is there."""
import subprocess
from pathlib import Path

CLI = Path(__file__).resolve().parents[2] / "tools" / "nie_cli"


def test_standard_library_is_enough_to_begin():
    # -S: no site-packages, so nothing that set-up installs.
    run = subprocess.run(["/usr/bin/python3", "-S", str(CLI), "help"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "setup" in run.stdout

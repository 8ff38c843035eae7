# SPDX-License-Identifier: Apache-2.0
"""The steps of docs/writing-a-vmm.md: built, run as the page says, and as short as it says."""
import os
import subprocess

import paths
import pytest

EXAMPLES = paths.ROOT / "examples" / "vmm"


def run(system, cwd=paths.ROOT, limit=120):
    result = subprocess.run([str(paths.ROOT / "tools" / "nie"), "run", str(system), "--cores", "1", "--limit", str(limit)],
                            cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            timeout=limit + 120, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    assert result.returncode == 0, result.stdout
    return [line.rstrip() for line in result.stdout.splitlines()]


def test_console():
    lines = run(EXAMPLES / "1-console.yaml")
    assert "Hello from EL0." in lines
    assert any(line.startswith("Slot 32: 8192 KiB of untyped memory at 0x") for line in lines)


def test_guest():
    lines = run(EXAMPLES / "2-guest.yaml")
    said = [line for line in lines if line.startswith(("one:", "Hello"))]
    assert said == ["one: 4 MiB that this task can no longer read.", "Hello from a guest that its VMM cannot look into.",
                    "one: it turned itself off; 4352 KiB are free again."]


def test_linux():
    lines = run(EXAMPLES / "3-linux.yaml")
    assert "linux: 256 MiB that this task can no longer read." in lines
    assert "nie: done" in lines  # the guest's own /init, tests/guests/linux
    assert "linux: it turned itself off; 262400 KiB are free again." in lines


@pytest.mark.parametrize("file, most", [("1-console.c", 40), ("2-guest.c", 200), ("3-linux.c", 250)])
def test_short(file, most):
    assert len((EXAMPLES / file).read_text().splitlines()) <= most

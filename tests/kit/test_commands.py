# SPDX-License-Identifier: Apache-2.0
"""`view`, `dump` and `docs` as a user runs them, and what they say of bad input."""
import subprocess

import paths
import pytest


def nie(*words):
    return subprocess.run([str(paths.ROOT / "tools" / "nie"), *map(str, words)], cwd=paths.ROOT, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=200)


def test_view(tmp_path):
    result = nie("view", "minimal", "--out", tmp_path)
    assert result.returncode == 0, result.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"minimal{end}" for end in (
        "-addresses.svg", "-authority.svg", "-memory.svg", "-owners.svg", ".html")]
    assert "gamma" in (tmp_path / "minimal.html").read_text()


def test_dump(tmp_path):
    result = nie("dump", "minimal", "--cores", 1, "--out", tmp_path / "built.cdl")
    assert result.returncode == 0 and "as built is as specified" in result.stdout, result.stderr
    assert "\t\t24: console (RWXC)" in (tmp_path / "built.cdl").read_text()


@pytest.mark.parametrize("words, message", [
    (("view", "nosuch"), "no system nosuch"), (("dump", "nosuch"), "no system nosuch"), (("debug", "nosuch"), "no system nosuch"),
    (("view", "none.yaml"), "No such file"), (("view", "minimal", "--out", "/proc/x"), "/proc/x: "),
    (("dump", "minimal", "--cores", "0"), "--cores 0: qemu-virt has 1 to 8"), (("dump", "minimal", "--cores", "9"), "has 1 to 8"),
    (("dump", "minimal", "--cores", "1", "--out", "/proc/x"), "--out /proc/x: "),
    (("debug", "minimal", "--cores", "99", "--batch"), "--cores 99: qemu-virt has 1 to 8"), (("docs", "x"), "unrecognized arguments: x"),
    (("measure", "minimal", "alpha"), "no guest alpha in minimal: it has gamma"), ((), "COMMAND")])
def test_bad_input(words, message):
    result = nie(*words)
    assert result.returncode != 0
    errors = [line for line in result.stderr.splitlines() if line.startswith("nie: error: ")]
    assert len(errors) == 1 and message in errors[0] and "Traceback" not in result.stderr, result.stderr

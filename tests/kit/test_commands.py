# SPDX-License-Identifier: Apache-2.0
"""`view`, `dump` and `docs` as a user runs them, and what they say of bad input."""
import subprocess

import paths


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


def test_bad_input(tmp_path):
    for words in (("view", "nosuch"), ("dump", "nosuch"), ("debug", "nosuch"), ("view", tmp_path / "none.yaml")):
        result = nie(*words)
        assert result.returncode != 0
        assert len([line for line in result.stderr.splitlines() if line.startswith("nie: error: ")]) == 1, result.stderr

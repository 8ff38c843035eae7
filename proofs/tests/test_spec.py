# SPDX-License-Identifier: Apache-2.0
"""The specification: its theorems stand without axioms, and each falls when the model is broken on purpose."""
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import coverage_table
import theories
import yaml

MUTANTS = yaml.safe_load((Path(__file__).parent / "model_mutants.yaml").read_text())


@pytest.fixture(scope="session")
def compiled(folder):
    theories.prepare(folder)
    theories.compile_all(folder)
    return folder


def test_nothing_is_admitted():
    for name in theories.FILES:
        if name != "Api":
            text = re.sub(r"\(\*.*?\*\)", "", theories.source(name, None).read_text(), flags=re.S)
            word = re.search(r"\b(Admitted|admit|Axiom|Parameter|Conjecture|Hypothesis|bypass_check)\b", text)
            assert not word, f"{name}.v has {word[0]}"


def test_no_theorem_rests_on_an_axiom(compiled):
    for theorem, answer in theories.assumptions(compiled).items():
        assert answer == "Closed under the global context", f"{theorem} rests on {answer}"


def test_the_checker_agrees(compiled, full):
    """coqchk checks the compiled proofs again, with a kernel of its own; with --full, Coq's own library too."""
    names = [f"Nie.{name}" for name in theories.FILES if name not in ("Extract",)]
    result = subprocess.run(["coqchk", "-silent", "-o", "-R", ".", "Nie", *([] if full else ["-norec"]), *names], cwd=compiled, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert result.returncode == 0, result.stdout[-2000:]
    assert re.search(r"\* Axioms:\s*<none>", result.stdout), result.stdout[-2000:]


def test_the_table_is_current():
    assert coverage_table.current(), "proofs/spec/README.md: run proofs/spec/coverage_table.py"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m["name"])
def test_a_broken_model_breaks_a_theorem(mutant, compiled, full, tmp_path):
    if not full and not mutant.get("always"):
        pytest.skip("only with --full")
    again = theories.built_on(mutant["file"])
    theories.prepare(tmp_path)
    for name in theories.FILES:
        if name not in again:
            shutil.copy(compiled / f"{name}.vo", tmp_path)
    path = tmp_path / f"{mutant['file']}.v"
    text = path.read_text()
    assert text.count(mutant["old"]) == 1, f"{mutant['file']}.v does not have `old` once: follow the source"
    path.write_text(text.replace(mutant["old"], mutant["new"]))
    with pytest.raises(theories.Broken) as broken:
        theories.compile_all(tmp_path, [name for name in again if name != "Extract"])
    assert theories.theorem_at(broken.value.name, broken.value.line) == mutant["theorem"], str(broken.value)

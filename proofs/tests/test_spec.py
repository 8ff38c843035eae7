# SPDX-License-Identifier: Apache-2.0
"""The specification: its theorems stand without axioms, and each falls when the model is broken on purpose."""
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import coverage_table
import printed
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


def test_what_frama_c_proves_is_what_coq_prints(compiled):
    assert printed.OUTPUT.read_text() == printed.printed(compiled), "proofs/c/spec.h: run proofs/spec/printed.py"


def test_every_calls_checks_are_the_errors_of_the_interface_in_its_order(compiled):
    """Order.v says it of every call (`every_call_checks_in_order`); here past Coq: the lists that it computes, against kernel/api/nie.yaml."""
    calls = yaml.safe_load(theories.INTERFACE.read_text())["calls"]
    source = theories.source("Order", None).read_text()
    numbered = dict((call, head) for head, call in re.findall(r"\| (\w+(?: _)*) => number_(\w+)", source))
    assert set(numbered) == {call["name"] for call in calls}, "Order.v names other calls"
    world = "(mkWorld (mkKern (init GFree) (init vs_none) (init false) 0 (init vcpu_none) (mkStreams (init 0) (init 0) (init fault_none)) (init core_none) (init false)) " \
            "(mkCaps (init None) [] (init 0) (init 0) false) 0 0 None)"
    lines = ["From Nie Require Import Order Capabilities."]
    lines += [f"Eval vm_compute in map code (call_guards {world} ({numbered[call['name']].replace('_', '0')}))." for call in calls]
    (compiled / "Lists.v").write_text("\n".join(lines) + "\n")
    answers = re.findall(r"= (\[.*?\])\s*: list", theories.coqc(compiled, "Lists"), re.S)
    assert len(answers) == len(calls)
    errors = {error["name"]: number for number, error in enumerate(yaml.safe_load(theories.INTERFACE.read_text())["errors"])}
    for call, answer in zip(calls, answers):
        argument = {a["name"]: n for n, a in enumerate(call.get("args", []), 1)}
        expected = [(errors[error], argument[name]) for error, name, _ in call["errors"]]
        assert [tuple(map(int, pair)) for pair in re.findall(r"\(\s*(\d+),\s*(\d+)\)", answer)] == expected, call["name"]


def test_printed_answers_are_the_errors_of_the_interface_in_its_order():
    """The printer's text against kernel/api/nie.yaml, past Coq: each status names the last errors of its call, and all that are not about
    capabilities."""
    calls = {call["name"].upper(): [f"NIE_{call['name']}_{error}_{argument}".upper() for error, argument, _ in call["errors"]]
             for call in yaml.safe_load(theories.INTERFACE.read_text())["calls"]}
    text, seen = printed.OUTPUT.read_text(), 0
    for block in text.split("/*@ "):
        if status := re.match(r"logic integer (\w+)_status\{L\}", block):
            names = re.findall(r"\? (NIE_\w+) :", block)
            names += re.findall(rf"{status[1]}_exists\{{L\}}\([^)]*\) ==> answer == (NIE_\w+)\) &&", text)
            errors = next(e for call, e in calls.items() if names[0] in e)
            assert names == errors[-len(names):], names
            assert all(re.search(r"_(BAD_SLOT|EMPTY|WRONG_TYPE|NO_RIGHT|BAD_VALUE)_", e) for e in errors[:-len(names)]), errors
            seen += 1
    assert seen >= 14


# Printed, but no contract in proofs/c says it of the C yet. A contract that does is to be taken from this list.
NOT_STATED_OF_THE_C = {"attach", "detach", "debug"}


def test_contracts_state_the_printed_answers_and_writes():
    """Each call of the specification has its function proved to answer by the printed status, and to write what is printed."""
    contracts = "".join(path.read_text() for path in sorted((theories.ROOT / "proofs" / "c").glob("*.acsl")))
    text = printed.OUTPUT.read_text()
    unstated = set()
    for name in re.findall(r"logic integer (\w+)_status\{L\}", text):
        used = f"{name}_answers{{Pre}}(" if f"predicate {name}_answers" in text else f"{name}_status("
        if not re.search(rf"ensures in_order: [^;]*\b{re.escape(used)}", contracts):
            unstated.add(name)
    assert unstated == NOT_STATED_OF_THE_C, "which calls' answers no contract states has changed"
    for name in re.findall(r"predicate (\w+)_done\{L, K\}", text):
        stated = f"ensures done: \\result == NIE_OK ==> {name}_done{{Pre, Here}}(" in contracts
        assert stated != (name in NOT_STATED_OF_THE_C), f"a contract says {name}_done, or none does"


def test_nothing_is_believed_of_the_c_without_a_theorem():
    """`admit` in a contract stands below the name of the theorem that it rests on, an axiom has its theorem's name; nothing else is
    taken for true."""
    known = {theorem for _, theorem in theories.theorems()}
    for path in sorted((theories.ROOT / "proofs" / "c").glob("*")):
        if path.suffix not in (".acsl", ".h"):
            continue
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines, 1):
            if axiom := re.search(r"\baxiom (\w+)", line):
                assert axiom[1] in known, f"{path}:{number}: an axiom that no theorem of that name says"
            if re.search(r"\badmit\b", line):
                theorem = re.search(r"# theorem (\w+)", lines[number - 2])
                assert theorem and theorem[1] in known, f"{path}:{number}: admits what no theorem says: # theorem NAME above it"


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

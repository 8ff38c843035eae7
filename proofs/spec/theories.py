# SPDX-License-Identifier: Apache-2.0
"""Compiles the specification in a folder of its own."""
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
INTERFACE = ROOT / "kernel" / "api" / "nie.yaml"
# In order, and what they need; Api.v is generated from the interface file. Extract.v writes model.ml.
NEEDS = {"State": [], "Api": [], "Outcome": ["State", "Api"], "Streams": ["Outcome"], "Calls": ["Streams"], "Exits": ["Calls"],
         "Debug": ["Exits"], "Interrupts": ["Exits"], "Chains": ["Interrupts"], "Derivation": [], "Capabilities": ["Chains", "Debug", "Derivation"],
         "Order": ["Capabilities"], "Invariant": ["State"], "Meanwhile": ["Invariant"], "Safety": ["Meanwhile", "Calls"], "Devices": ["Safety"],
         "Running": ["Safety", "Chains", "Debug"], "Reachable": ["Devices", "Running"], "Machine": ["Reachable"], "Security": ["Machine"], "Integrity": ["Security"], "Policy": ["Integrity"], "Authority": ["Policy", "Capabilities"],
         "Encode": ["State"], "Counting": [], "Language": ["Chains", "Debug", "Encode"], "Contracts": ["Language"], "Print": ["Contracts"],
         "Bounds": ["Reachable"], "Printed": ["Contracts", "Bounds"], "PrintedRuns": ["Printed"], "Written": ["PrintedRuns"], "Extract": ["Chains", "Debug", "Encode"]}
FILES = list(NEEDS)
THEOREM = re.compile(r"^(?:Theorem|Corollary) (\w+)", re.M)


class Broken(Exception):
    def __init__(self, name, line, text):
        super().__init__(f"{name}.v, line {line}: {text}")
        self.name, self.line = name, line


def coqc(folder, name):
    result = subprocess.run(["coqc", "-q", "-w", "none", "-R", ".", "Nie", f"{name}.v"], cwd=folder, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        line = re.search(r"line (\d+)", result.stdout)
        raise Broken(name, int(line[1]) if line else 0, " ".join(result.stdout.split())[-300:])
    return result.stdout


def generate(folder, interface=INTERFACE):
    subprocess.run([sys.executable, str(HERE / "generate.py"), str(interface), str(folder / "Api.v")], check=True)


def source(name, folder):
    return (folder if name == "Api" else HERE) / f"{name}.v"


def prepare(folder, interface=INTERFACE):
    folder.mkdir(parents=True, exist_ok=True)
    generate(folder, interface)
    for name in FILES:
        if name != "Api":
            shutil.copy(HERE / f"{name}.v", folder)


def compile_all(folder, names=None):
    for name in names or FILES:
        coqc(folder, name)


def built_on(name):
    """The files that are to be compiled again when this one changes, itself included."""
    changed = {name}
    for other, needs in NEEDS.items():
        if changed & set(needs):
            changed.add(other)
    return [other for other in FILES if other in changed]


def theorems():
    """(file, theorem) of each theorem, in order."""
    return [(name, theorem) for name in FILES if name != "Api" for theorem in THEOREM.findall(source(name, None).read_text())]


def assumptions(folder):
    """What Coq says that each theorem rests on, by its name."""
    lines = [f"From Nie Require {name}." for name in FILES if name not in ("Api", "Extract")]
    names = theorems()
    lines += [f"Print Assumptions {name}.{theorem}." for name, theorem in names]
    (folder / "Assumptions.v").write_text("\n".join(lines) + "\n")
    answers = re.findall(r"Closed under the global context|Axioms:\n(?:.+\n?)+", coqc(folder, "Assumptions"))
    if len(answers) != len(names):
        raise Broken("Assumptions", 0, f"{len(answers)} answers for {len(names)} theorems")
    return {theorem: answer for (_, theorem), answer in zip(names, answers)}


def theorem_at(name, line):
    """The theorem, lemma or definition of a file in which a line is."""
    text = "\n".join(source(name, None).read_text().splitlines()[:line])
    found = re.findall(r"^(?:Theorem|Corollary|Lemma|Definition|Fixpoint) (\w+)", text, re.M)
    return found[-1] if found else "?"

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes proofs/c/spec.h: the specification of Contracts.v as Print.v prints it for Frama-C. The suite `spec` compares them."""
import re
import tempfile
from pathlib import Path

import theories

OUTPUT = theories.ROOT / "proofs" / "c" / "spec.h"
HEADER = ("/* SPDX-License-Identifier: Apache-2.0 */\n"
          "/* Printed from proofs/spec/Contracts.v by proofs/spec/printed.py: do not edit. What calls answer and write, L before\n"
          " * and K after the call; Printed.v proves that it is what the theorems are about. */\n\n")


def needed(name="Print"):
    """The files that the printer is made of, in order."""
    found = {name}
    for other in reversed(theories.FILES):
        if other in found:
            found |= set(theories.NEEDS[other])
    return [other for other in theories.FILES if other in found]


def printed(folder):
    """From a folder in which the needed files are compiled."""
    contracts = theories.source("Contracts", None).read_text()
    parts = 1 + len(re.search(r"Definition specs := \[(.*?)\]", contracts, re.S)[1].split(";"))
    (folder / "Text.v").write_text("From Nie Require Import Print.\nOpen Scope string_scope.\n" +
                                   "".join(f'Eval vm_compute in nth {i} text "".\n' for i in range(parts + 1)))
    answers = re.findall(r'^\s*= "(.*?)"(?:%string)?\s*: string$', theories.coqc(folder, "Text"), re.S | re.M)
    if len(answers) != parts + 1 or not all(answers[:-1]) or answers[-1]:
        raise theories.Broken("Print", 0, "no text")
    return HEADER + "".join(answers).replace('""', '"')


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        theories.prepare(folder)
        theories.compile_all(folder, needed())
        OUTPUT.write_text(printed(folder))


if __name__ == "__main__":
    main()

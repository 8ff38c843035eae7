#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The interface file as Coq definitions, for the specification: generate.py nie.yaml Api.v"""
import sys
from pathlib import Path

import yaml


def definitions(api):
    yield "(* Generated from kernel/api/nie.yaml by generate.py: do not edit. *)"
    yield "From Coq Require Import ZArith List String. Import ListNotations. Local Open Scope string_scope. Local Open Scope Z_scope."
    for number, error in enumerate(api["errors"]):
        yield f"Definition err_{error['name']} : Z := {number}."
    for number, kind in enumerate(api["object_types"], 1):
        yield f"Definition type_{kind['name']} : Z := {number}."
    for number, reason in enumerate(api["exits"], 1):
        yield f"Definition exit_{reason['name']} : Z := {number}."
    for right in api["rights"]:
        yield f"Definition right_{right['name']} : Z := {2 ** right['bit']}."
    for number, call in enumerate(api["calls"]):
        arguments = {argument["name"]: n for n, argument in enumerate(call.get("args", []), 1)}
        for name, n in arguments.items():
            yield f"Definition {call['name']}_{name} : Z := {n}."
        errors = "; ".join(f"(err_{error}, {call['name']}_{argument})" for error, argument, _ in call["errors"])
        yield f"Definition number_{call['name']} : Z := {number}."
        yield f"Definition errors_{call['name']} : list (Z * Z) := [{errors}]."
        names = "; ".join(f'"NIE_{call["name"]}_{error}_{argument}"'.upper() for error, argument, _ in call["errors"])
        yield f"Definition names_{call['name']} : list string := [{names}]."
    yield f"Definition errors_by_number : list (list (Z * Z)) := [{'; '.join('errors_' + call['name'] for call in api['calls'])}]."
    for what, kind, empty in (("errors", "list (Z * Z)", "[]"), ("names", "list string", "[]")):
        cases = " else ".join(f'if String.eqb call "{call["name"]}" then {what}_{call["name"]}' for call in api["calls"])
        yield f"Definition {what}_of (call : string) : {kind} := {cases} else {empty}."


def main():
    source, output = map(Path, sys.argv[1:])
    text = "\n".join(definitions(yaml.safe_load(source.read_text()))) + "\n"
    if not output.exists() or output.read_text() != text:
        output.write_text(text)


main()

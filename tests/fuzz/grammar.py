#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The fuzzer's grammar, from the interface file: grammar.py nie.yaml OUTPUT. For each hypercall, what kind of value
each argument is, and which types of capability it may name."""
import sys
from pathlib import Path

import yaml

# Arguments that are no slot, by name. An argument that is neither here nor a slot is a mistake: say what it is.
KINDS = {
    "index": "INDEX", "to_index": "INDEX_TO", "from_index": "INDEX", "rights": "RIGHTS", "type": "TYPE",
    "size_bits": "SIZE", "count": "COUNT", "ipa": "IPA", "level": "LEVEL", "entry": "ADDRESS", "argument": "ANY",
    "stack": "ADDRESS", "deadline": "TIME", "reply": "ANY", "list1": "LIST", "list2": "LIST", "list3": "LIST",
    "flags": "FLAGS", "policy": "FLAGS", "what": "FLAGS", "at": "DEBUG", "value": "ANY",
}
ALIASES = {"cspace": "cnode", "slot": ""}


def types_named(argument, api):
    """Object types whose name is the argument's, or ends with it: `frame` is private_frame and shared_frame."""
    name = ALIASES.get(argument["name"], argument["name"])
    return [t["name"] for t in api["object_types"] if t["name"] == name or t["name"].endswith("_" + name) or not name]


def kind_of(call, argument, api):
    kind = argument.get("kind")
    if kind == "cnode":
        return "PLACE", ["cnode"]
    if kind == "slot":
        types = types_named(argument, api)
        if not types:
            sys.exit(f"grammar: call {call['name']}: no object type for the slot {argument['name']}: see ALIASES")
        return "SLOT", types
    # The index of vcpu_configure is a number, not a slot.
    if argument["name"] == "index" and not any(a.get("kind") == "cnode" for a in call["args"]):
        return "NUMBER", []
    if argument["name"] not in KINDS:
        sys.exit(f"grammar: call {call['name']}: what is {argument['name']}? Name its kind in {Path(__file__).name}")
    return KINDS[argument["name"]], []


def line(call, api):
    arguments = []
    for argument in call.get("args", []):
        kind, types = kind_of(call, argument, api)
        mask = " | ".join(f"1u << NIE_TYPE_{t.upper()}" for t in types) or "0"
        arguments.append(f"{{KIND_{kind}, {mask}}}")
    return (f"\t{{NIE_CALL_{call['name'].upper()}, {len(arguments)}, {int(bool(call.get('switches')))}, "
            f"{{{', '.join(arguments) or '{0, 0}'}}}}},")


def main(source, output):
    api = yaml.safe_load(Path(source).read_text())
    text = ["/* SPDX-License-Identifier: Apache-2.0 */", "/* Generated from kernel/api/nie.yaml by tests/fuzz/grammar.py. */",
            "static const struct grammar grammar[] = {", *(line(call, api) for call in api["calls"]), "};", ""]
    Path(output).write_text("\n".join(text))


if __name__ == "__main__":
    main(*sys.argv[1:])

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Check the interface file and render its templates: generate.py nie.yaml OUTDIR [TEMPLATE...]"""

import pathlib
import re
import sys
import textwrap

import jinja2
import yaml

HERE = pathlib.Path(__file__).resolve().parent
OUTPUTS = {
    "api.h": "nie/api.h",
    "stubs.h": "nie/stubs.h",
    "names.h": "nie/names.h",
    "calls.h": "nie/calls.h",
    "dispatch.c": "nie/dispatch.c",
    "statuses.h": "nie/statuses.h",
    "api.md": "nie/api.md",
    "nie.7": "man/man7/nie.7",
    "call.2": "man/man2",  # one file for each call
}
ARGUMENT_REGISTERS = 7
RESULT_REGISTERS = 7
SECTIONS = {
    "constants": {"name", "value", "doc"},
    "errors": {"name", "doc"},
    "object_types": {"name", "doc"},
    "rights": {"name", "bit", "doc"},
    "exits": {"name", "doc", "results", "reply"},
    "run_flags": {"name", "bit", "width", "doc"},
    "calls": {"name", "doc", "args", "results", "errors", "switches", "core", "rare"},
}
KINDS = {"slot", "cnode"}


class Mistake(Exception):
    pass


def require(condition, where, message):
    if not condition:
        raise Mistake(f"{where}: {message}")


def unique(names, where, what):
    seen = set()
    for name in names:
        require(name not in seen, where, f"{what} '{name}' is there twice: rename or remove one")
        seen.add(name)


def check_name(name, where):
    good = isinstance(name, str) and name.isidentifier() and name == name.lower()
    require(good, where, f"'{name}' is not a name: use lower-case letters, digits and _")


def check_entry(entry, allowed, where):
    require(isinstance(entry, dict), where, f"'{entry}' is not a mapping with a name")
    require("name" in entry, where, "an entry has no name")
    check_name(entry["name"], where)
    for key in entry:
        require(key in allowed, f"{where} '{entry['name']}'", f"unknown key '{key}': use {', '.join(sorted(allowed))}")


def check_bits(entry, where):
    bit, width = entry.get("bit"), entry.get("width", 1)
    require(isinstance(bit, int) and bit >= 0 and bit + width <= 64, f"{where} '{entry['name']}'",
            "its bits do not lie in 63 to 0")


def check_call(call, errors):
    where = f"call '{call['name']}'"
    args = call.setdefault("args", [])
    results = call.setdefault("results", [])
    require(len(args) <= ARGUMENT_REGISTERS, where, f"has {len(args)} arguments: at most {ARGUMENT_REGISTERS}")
    require(len(results) <= RESULT_REGISTERS, where, f"has {len(results)} results: at most {RESULT_REGISTERS}")
    for entry in args:
        check_entry(entry, {"name", "kind", "doc"}, where + " argument")
        require(entry.get("kind", "slot") in KINDS, where,
                f"argument '{entry['name']}' has unknown kind '{entry.get('kind')}': use {' or '.join(sorted(KINDS))}")
    for entry in results:
        check_entry(entry, {"name", "doc"}, where + " result")
    names = [a["name"] for a in args]
    unique(names, where, "argument")
    unique([r["name"] for r in results], where, "result")
    checked = []
    for error in call.get("errors", []):
        require(isinstance(error, list) and len(error) == 3, where, f"error {error} is not [error, argument, when]")
        kind, argument, _ = error
        require(kind in errors and kind not in ("ok", "bad_call"), where,
                f"unknown error '{kind}': add it to 'errors' or correct it")
        require(argument in names, where, f"error '{kind}' names '{argument}', which is no argument of the call")
        checked.append(f"{kind} {argument}")
    unique(checked, where, "error")


def check(api):
    require(isinstance(api, dict), "interface", "is not a mapping of sections")
    for key in api:
        require(key in SECTIONS or key == "boot", "interface", f"unknown section '{key}'")
    for section, allowed in SECTIONS.items():
        require(isinstance(api.get(section), list), "interface", f"section '{section}' is missing or is no list")
        for entry in api[section]:
            check_entry(entry, allowed, section)
        unique([entry["name"] for entry in api[section]], section, "name")
    for entry in api["constants"]:
        require(isinstance(entry.get("value"), int), f"constant '{entry['name']}'", "its value is not a number")
    for section in ("rights", "run_flags"):
        for entry in api[section]:
            check_bits(entry, section)
    errors = [e["name"] for e in api["errors"]]
    require(errors[:2] == ["ok", "bad_call"], "errors", "must begin with 'ok' and 'bad_call'")
    for entry in api["exits"]:
        require(len(entry.setdefault("results", [])) <= 3, f"exit '{entry['name']}'", "has more than 3 results")
    for call in api["calls"]:
        check_call(call, errors)
    boot = api.get("boot", {})
    for key in ("slots", "registers", "addresses"):
        require(key in boot, "boot", f"'{key}' is missing")
    for slot in boot["slots"]:
        check_entry(slot, {"name", "at", "doc"}, "boot slots")
    unique([s["name"] for s in boot["slots"]], "boot slots", "name")
    unique([s["at"] for s in boot["slots"]], "boot slots", "slot")


def prepare(api):
    """Add what the templates would otherwise compute: numbers, register places, statuses."""
    for number, error in enumerate(api["errors"]):
        error["number"] = number
    numbers = {e["name"]: e["number"] for e in api["errors"]}
    documents = {e["name"]: e["doc"] for e in api["errors"]}
    for section in ("object_types", "exits", "calls"):
        for number, entry in enumerate(api[section], 1):
            entry["number"] = number
    for entry in api["exits"]:
        # A result is written as a bare name or as {name: meaning}.
        entry["results"] = [{"name": r, "doc": ""} if isinstance(r, str)
                            else {"name": next(iter(r)), "doc": next(iter(r.values()))} for r in entry["results"]]
        entry.setdefault("reply", "")
    for call in api["calls"]:
        for entry in call["args"] + call["results"]:
            entry.setdefault("doc", "")
            entry.setdefault("kind", "")
        call.setdefault("core", False)
        call.setdefault("rare", False)
        call.setdefault("switches", False)
        places = {a["name"]: i for i, a in enumerate(call["args"], 1)}
        call["statuses"] = [
            {"name": f"NIE_{call['name']}_{kind}_{argument}".upper(), "error": kind, "argument": argument,
             "value": numbers[kind] | places[argument] << 8, "when": when, "doc": documents[kind]}
            for kind, argument, when in call.get("errors", [])]
        # The kernel writes the results of a call that switches when the caller is resumed.
        call["handler_results"] = bool(call["results"]) and not call["switches"]
    unique([s["name"] for c in api["calls"] for s in c["statuses"]], "calls", "status")
    api["rights_all"] = sum(1 << r["bit"] for r in api["rights"])
    return api


MEANINGS = {"ipa": "intermediate physical address in bytes", "index": "slot in that CNode",
            "to_index": "slot in that CNode", "from_index": "slot in that CNode",
            "list2": "list register 2, as list1", "list3": "list register 3, as list1"}
PLACES = {"slot": "a slot of the caller's CSpace", "cnode": "the CNode of a place; 0: the caller's own CSpace"}


def describe(api, examples):
    """Add what the manual says of each call: summary, prototype, arguments with the rights they need, example."""
    for call in api["calls"]:
        call["summary"] = call["doc"].split(". ")[0].split(": ")[0].rstrip(".:")
        call["prototype"] = prototype(call)
        call["example"] = examples.get(call["name"], "")
        call["related"] = [c["name"] for c in api["calls"] if c is not call and related(call, c)]
        for entry in call["args"]:
            needed = [s["when"].removeprefix("no ") for s in call["statuses"]
                      if s["error"] == "no_right" and s["argument"] == entry["name"] and s["when"].startswith("no ")]
            said = [PLACES.get(entry["kind"], ""), entry["doc"] or MEANINGS.get(entry["name"], ""), f"needs {needed[0]}" if needed else ""]
            entry["meaning"] = "; ".join(filter(None, said)) or entry["name"]


def related(call, other):
    """Calls of one object: vspace_*, cap_*, irq_*; map and its like."""
    family = {"map": "m", "unmap": "m", "map_table": "m", "donate": "m", "expect_ram": "m", "run": "v", "wait": "v"}
    return family.get(call["name"], call["name"].split("_")[0]) == family.get(other["name"], other["name"].split("_")[0])


def prototype(call):
    parameters = [f"uint64_t\xa0{a['name']}" for a in call["args"]]
    if len(call["results"]) == 1:
        parameters.append(f"uint64_t\xa0*{call['results'][0]['name']}")
    elif call["results"]:
        parameters.append(f"struct\xa0nie_{call['name']}_results\xa0*results")
    return "\n".join(textwrap.wrap(f"uint64_t nie_{call['name']}({', '.join(parameters) or 'void'});", 78,
                                   subsequent_indent=" " * 8)).replace("\xa0", " ")


def read_examples(path):
    """{call: body of example_CALL}, of examples.c beside the interface file, if there is one."""
    if not path.is_file():
        return {}
    bodies = re.findall(r"^u64 example_(\w+)\(void\)\n\{\n(.*?)^\}", path.read_text(), re.DOTALL | re.MULTILINE)
    return {name: textwrap.dedent(body).rstrip().expandtabs(8) for name, body in bodies}


def roff(text):
    """Text as troff wants it: backslashes, hyphens, and lines that would be requests."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.splitlines())


def literal(value):
    return f"{value:#x}" if value > 0xffff else str(value)


def comment(lines, indent=""):
    wrapped = [w for line in lines for w in textwrap.wrap(line, 100 - len(indent))]
    if len(wrapped) == 1:
        return f"{indent}/* {wrapped[0]} */"
    return "\n".join([f"{indent}/*"] + [f"{indent} * {line}" for line in wrapped] + [f"{indent} */"])


def documented(entry):
    return comment([entry["doc"]], "\t")


def call_comment(call):
    entries = call["args"] + (call["results"] if len(call["results"]) == 1 else [])
    return comment([call["doc"]] + [f"{e['name']}: {e['doc']}" for e in entries if e["doc"]])


def render(api, outdir, wanted):
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE / "templates"), trim_blocks=True,
                                     lstrip_blocks=True, keep_trailing_newline=True,
                                     undefined=jinja2.StrictUndefined)
    environment.filters.update(literal=literal, call_comment=call_comment, documented=documented, roff=roff)
    for name in wanted:
        template, path = environment.get_template(name + ".j2"), outdir / OUTPUTS[name]
        if name == "call.2":
            for call in api["calls"]:
                write(path / f"nie_{call['name']}.2", template.render(call=call))
        else:
            write(path, template.render(api))


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.read_text() != text:  # else all would be compiled again
        path.write_text(text)


def main(arguments):
    if len(arguments) < 2 or any(t not in OUTPUTS for t in arguments[2:]):
        print(f"usage: generate.py INTERFACE.yaml OUTDIR [{'|'.join(OUTPUTS)} ...]", file=sys.stderr)
        return 2
    source, outdir = pathlib.Path(arguments[0]), pathlib.Path(arguments[1])
    try:
        api = yaml.safe_load(source.read_text())
        check(api)
        prepare(api)
        describe(api, read_examples(source.with_name("examples.c")))
        render(api, outdir, arguments[2:] or list(OUTPUTS))
    except (Mistake, OSError) as problem:
        print(f"{source}: {problem}", file=sys.stderr)
        return 1
    except yaml.YAMLError as problem:
        print(f"{source}: not YAML: {' '.join(str(problem).split())}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

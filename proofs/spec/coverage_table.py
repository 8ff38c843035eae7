#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the table of README.md: what of the kernel's interface the specification covers. From its sources, never by hand."""
import re
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
README = HERE / "README.md"
BEGIN, END = "<!-- coverage_table.py -->\n", "<!-- end -->\n"
# The model's operation for the isolation half of a call. A call without one, or with several, is named too.
HALVES = {"map": ["MapPrivate", "MapShared", "MapDevice"], "unmap": ["UnmapPrivate", "UnmapShared", "UnmapDevice"],
          "map_table": ["MapTable"], "donate": ["Donate"], "expect_ram": ["ExpectRam"], "vspace_activate": ["Activate"],
          "vspace_kill": ["VspaceKill"], "vcpu_configure": ["Configure"],
          "run": ["Runs"], "stream_attach": ["StreamAttach"], "stream_detach": ["StreamDetach"], "stream_fault": ["StreamFault"],
          "retype": ["CnodeMake", "TableMake", "VcpuMake", "FrameMake", "VspaceMake"],
          "cap_delete": ["CnodeDestroy", "TableDestroy", "FrameDestroy", "VspaceDestroy", "VcpuDestroy"],
          "cap_revoke": ["CnodeDestroy", "TableDestroy", "FrameDestroy", "VspaceDestroy", "VcpuDestroy"]}


def text(name):
    return (HERE / name).read_text()


def called(operation):
    """As the lockstep calls it: MapPrivate is map_private."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


# Calls of which Exits.v has the checks alone.
REGISTERS = {"core_start": "core_start_guards", "vcpu_debug": "debug_guards"}
LOCKSTEP_NAMES = {"configure": "vcpu_configure", "activate": "activate", "runs": "run"}


def rows():
    operations = set(re.findall(r"(\w+) \(", re.search(r"Inductive op :=\n(.*?)\.\n", text("Reachable.v"), re.S)[1]))
    orders = set(re.findall(r"^Theorem (\w+)_order", text("Order.v"), re.M))
    lockstep = set(re.findall(r'"(\w+)" \d+ \[', (HERE.parent / "lockstep/lockstep.ml").read_text()))
    for call in yaml.safe_load((ROOT / "kernel/api/nie.yaml").read_text())["calls"]:
        halves = HALVES.get(call["name"], [])
        missing = set(halves) - operations
        if missing:
            raise SystemExit(f"{call['name']}: Reachable.v has no {min(missing)}")
        beside = [h for h in halves if LOCKSTEP_NAMES.get(called(h), called(h)) in lockstep]
        yield call["name"], halves, call["name"] in orders, len(beside) == len(halves) and bool(halves)


def table():
    lines = ["| hypercall | its isolation half in the model | invariant kept | order of its errors proved | beside the C |",
             "| --- | --- | --- | --- | --- |"]
    exits = text("Exits.v")
    beside_c = set(re.findall(r'"(\w+)" \d+ \[', (HERE.parent / "lockstep/lockstep.ml").read_text()))
    for name, halves, order, beside in rows():
        if name in REGISTERS:
            if f"Definition {REGISTERS[name]} " not in exits:
                raise SystemExit(f"{name}: Exits.v has no {REGISTERS[name]}")
            lines.append(f"| {name} | its checks | - | {'yes' if order else '-'} | {'yes' if name in beside_c else '-'} |")
            continue
        lines.append(f"| {name} | {', '.join(halves) or '-'} | {'yes' if halves else '-'} | {'yes' if order else '-'} | "
                     f"{'yes' if beside else '-'} |")
    lines.append("| (guest) RSI_IPA_STATE_SET | RipasSet | yes | - | yes |")
    lines.append(f"| (guest) traps, PSCI, RSI_VERSION, RSI_FEATURES, RSI_IPA_STATE_GET | Traps | yes | - | {'yes' if 'trap' in beside_c else '-'} |")
    return "\n".join(lines) + "\n"


def rewritten():
    old = README.read_text()
    before, rest = old.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END)[1]


def current():
    return README.read_text() == rewritten()


if __name__ == "__main__":
    README.write_text(rewritten())

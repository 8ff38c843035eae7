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
          "vcpu_kick": ["Kick"], "vcpu_debug": ["Debugs"], "wait": ["Settles"], "core_start": ["CoreStart"],
          "irq_bind": ["IrqBind"], "irq_poll": ["IrqPoll"], "irq_ack": ["IrqAck"],
          "run": ["Runs", "Settles"], "stream_attach": ["StreamAttach"], "stream_detach": ["StreamDetach"], "stream_fault": ["StreamFault"],
          "retype": ["CnodeMake", "TableMake", "VcpuMake", "FrameMake", "VspaceMake"],
          "cap_delete": ["CnodeDestroy", "TableDestroy", "FrameDestroy", "VspaceDestroy", "VcpuDestroy", "IrqEnd"],
          "cap_revoke": ["CnodeDestroy", "TableDestroy", "FrameDestroy", "VspaceDestroy", "VcpuDestroy", "IrqEnd"]}


def text(name):
    return (HERE / name).read_text()


def called(operation):
    """As the lockstep calls it: MapPrivate is map_private."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


# Operations that change nothing: functions of Interrupts.v; and what is an event of Machine.v alone.
LOOKS = {"IrqPoll": "irq_pending"}
EVENTS = {"vspace_measurement": "Measured"}
LOCKSTEP_NAMES = {"configure": "vcpu_configure", "activate": "activate", "runs": "run", "kick": "vcpu_kick", "debugs": "vcpu_debug", "settles": "wait"}


def rows():
    operations = set(re.findall(r"(\w+) \(", re.search(r"Inductive op :=\n(.*?)\.\n", text("Reachable.v"), re.S)[1]))
    orders = set(re.findall(r"=> number_(\w+)", text("Order.v")))   # of every_call_checks_in_order
    lockstep = in_lockstep()
    for call in yaml.safe_load((ROOT / "kernel/api/nie.yaml").read_text())["calls"]:
        halves = HALVES.get(call["name"], [])
        missing = set(halves) - operations - set(LOOKS)
        missing |= {h for h in LOOKS if f"Definition {LOOKS[h]} " not in text("Interrupts.v")}
        if missing:
            raise SystemExit(f"{call['name']}: Reachable.v has no {min(missing)}")
        beside = [h for h in halves if LOCKSTEP_NAMES.get(called(h), called(h)) in lockstep]
        yield call["name"], halves, call["name"] in orders, len(beside) == len(halves) and bool(halves)


def in_lockstep():
    return {name for part in ("lockstep", "chains", "both") for name in
            re.findall(r'"(\w+)" \d+ ?(?:\[|i\b|args)', (HERE.parent / f"lockstep/{part}.ml").read_text())}


def table():
    lines = ["| hypercall | its isolation half in the model | invariant kept | all its errors, in order | beside the C |",
             "| --- | --- | --- | --- | --- |"]
    for name, halves, order, beside in rows():
        half = ", ".join(halves)
        if name in EVENTS:
            if f"| {EVENTS[name]} (" not in text("Machine.v"):
                raise SystemExit(f"{name}: Machine.v has no {EVENTS[name]}")
            half = f"{EVENTS[name]} (an event)"
        lines.append(f"| {name} | {half or '-'} | {'yes' if halves else '-'} | {'yes' if order else '-'} | {'yes' if beside else '-'} |")
    lines.append("| (guest) RSI_IPA_STATE_SET | RipasSet | yes | - | yes |")
    lines.append(f"| (guest) traps, PSCI, SMCCC, TRNG, all of RSI | Traps | yes | - | {'yes' if 'trap' in in_lockstep() else '-'} |")
    lines.append(f"| (hardware) interrupts, deadlines, kicks: chains unwind | Settles | yes | - | {'yes' if 'interrupt' in in_lockstep() else '-'} |")
    return "\n".join(lines) + "\n"


def rewritten():
    old = README.read_text()
    before, rest = old.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END)[1]


def current():
    return README.read_text() == rewritten()


if __name__ == "__main__":
    README.write_text(rewritten())

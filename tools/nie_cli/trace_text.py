# SPDX-License-Identifier: Apache-2.0
"""Events of a trace (trace_records.py) in words: names from kernel/api/nie.yaml, and a line for each."""
import re

import trace_records
from paths import ROOT

CORE = ROOT / "kernel" / "core" / "isolation"
NEVER = (1 << 64) - 1
# ESR_EL2.EC (Arm ARM D24.2.40)
CLASSES = {0x00: "undefined", 0x01: "wfx", 0x07: "floating point", 0x18: "system register", 0x20: "instruction abort",
           0x24: "data abort", 0x32: "single step", 0x3C: "brk"}
NUMBERED = ("irq", "core", "stream")  # capabilities whose object is a number


def guest_calls():
    """{function: name}, as the kernel's sources define them: PSCI, SMCCC, TRNG, RSI."""
    found = {}
    for file in ("psci.c", "rsi.c", "trng.c"):
        for name, value in re.findall(r"^#define ((?:PSCI|SMCCC|TRNG|RSI)_[A-Z_0-9]+) (0x[0-9a-f]{8})u$",
                                      (CORE / file).read_text(), re.MULTILINE):
            found[int(value, 16)] = name
    return found


def number(value):
    return "never" if value == NEVER else str(value) if value < 4096 else f"{value:#x}"


class Words:
    """`owners`: ownership.Owners; `init`: the initial task's vCPU."""

    def __init__(self, interface, owners, ram_base, init):
        self.calls = dict(enumerate(interface["calls"], 1))
        self.exits = dict(enumerate(interface["exits"], 1))
        self.errors = [e["name"] for e in interface["errors"]]
        self.types = ["nothing", *(t["name"] for t in interface["object_types"])]
        self.rights = [r["name"] for r in interface["rights"]]
        self.flags = interface["run_flags"]
        self.guest_calls = guest_calls()
        self.owner, self.ram_base, self.init = owners.of, ram_base, init
        self.vcpus = {}  # granule: (owner, index), from vcpu_configure
        self.configure = next(n for n, c in self.calls.items() if c["name"] == "vcpu_configure")

    def learn(self, event):
        """A vCPU has a name from when it is configured."""
        if event.kind == "call" and event.number == self.configure and event.results and event.results[0] == 0:
            vcpu = event.slots[0].object
            self.vcpus[vcpu] = (self.owner(vcpu) or "task", event.words[2])

    def who(self, granule):
        """(owner, vCPU) as the trace names them."""
        if granule == trace_records.NO_GRANULE:
            return "nobody", ""
        if granule in self.vcpus:
            owner, index = self.vcpus[granule]
            return owner, f"vCPU {index}"
        return ("init", "vCPU 0") if granule == self.init else (self.owner(granule) or "task", f"vCPU at {self.address(granule):#x}")

    def name(self, granule):
        return " ".join(filter(None, self.who(granule)))

    def address(self, granule):
        return self.ram_base + granule * 4096

    def letters(self, bits):
        return "".join(letter for bit, letter in enumerate("RWXC") if bits >> bit & 1) or "none"

    def slot(self, slot):
        if slot.number == 0:
            return "no slot"
        if slot.kind == 0:
            return "empty"
        kind = self.types[slot.kind] if slot.kind < len(self.types) else f"type {slot.kind}"
        where = number(slot.object) if kind in NUMBERED else f"{slot.object * 4096 if kind == 'device' else self.address(slot.object):#x}"
        whose = self.name(slot.object) if kind == "vcpu" and slot.object in self.vcpus else \
            self.owner(slot.object) if kind not in (*NUMBERED, "device") else None
        return f"{kind} {where}" + (f" of {whose}" if whose else "") + f" {self.letters(slot.rights)}"

    def value(self, name, value):
        if name == "type":
            return self.types[value] if value < len(self.types) else number(value)
        if name == "rights" and value < 1 << len(self.rights):
            return self.letters(value)
        if name == "flags":
            return "|".join(f["name"] if f.get("width", 1) == 1 else f"{f['name']}:{value >> f['bit'] & (1 << f['width']) - 1}"
                            for f in self.flags if value >> f["bit"] & (1 << f.get("width", 1)) - 1) or "0"
        return number(value)

    def status(self, call, status):
        error = self.errors[status & 0xFF] if status & 0xFF < len(self.errors) else number(status)
        place = status >> 8 & 0xFF
        names = [a["name"] for a in call.get("args", [])] if call else []
        return error + (f" {names[place - 1]}" if 0 < place <= len(names) else "")

    def call(self, event):
        """-> name, {argument: text}, {result: text}."""
        call = self.calls.get(event.number)
        if call is None:
            return f"call {number(event.number)}", {}, {"status": self.status(None, event.results[0])} if event.results else {}
        arguments = {}
        for i, a in enumerate(call.get("args", [])):
            text = self.value(a["name"], event.words[i])
            whole = i in event.slots and not (a.get("kind") == "cnode" and event.words[i] == 0)
            arguments[a["name"]] = f"{text} [{self.slot(event.slots[i])}]" if whole else text
        results = {}
        if event.results:
            results["status"] = self.status(call, event.results[0])
            if event.results[0] == 0 and not call.get("switches"):
                results |= {r["name"]: self.value(r["name"], event.results[1 + i]) for i, r in enumerate(call.get("results", []))}
        return call["name"], arguments, results

    def exit(self, event):
        """-> reason, {detail: text}."""
        known = self.exits.get(event.number)
        if known is None:
            return f"exit {event.number}", {}
        value, *details = event.words
        names = [r if isinstance(r, str) else next(iter(r)) for r in known.get("results", [])]
        found = {name: number(details[i]) for i, name in enumerate(names)}
        found |= {f"list{i + 1}": number(word) for i, word in enumerate(details[3:6]) if word}
        for bit, name in ((8, "timer_pending"), (9, "timer_active")):
            if value >> bit & 1:
                found[name] = "1"
        if value >> 16 & 31:
            found["ended"] = str(value >> 16 & 31)
        return known["name"], found

    def guest(self, event):
        function = event.number & 0xFFFFFFFF
        known = self.guest_calls.get(function) or self.guest_calls.get(function & ~0x40000000)
        arguments = {f"x{i}": number(word) for i, word in enumerate(event.words[1:8], 1) if word}
        results = {f"x{i}": number(word) for i, word in enumerate(event.results[:4])} if event.results else {}
        return known or f"function {function:#x}", arguments, results

    def trap(self, event):
        kind = event.number >> 26 & 63
        far, hpfar = event.words
        found = {"esr": f"{event.number:#x}"}
        if kind in (0x20, 0x24):
            found |= {"far": f"{far:#x}", "hpfar": f"{hpfar:#x}"}
        return CLASSES.get(kind, f"exception class {kind:#x}"), found


def listed(values):
    return ", ".join(f"{name}={text}" for name, text in values.items())


def line(words, event):
    if event.kind == "call":
        name, arguments, results = words.call(event)
        status = f" -> {results.pop('status')}" if results else " -> " if event.results else ""
        return f"{name}({listed(arguments)}){status}" + (f" {listed(results)}" if results else "")
    if event.kind == "exit":
        name, details = words.exit(event)
        whose = f" of {words.name(event.ran)}" if event.ran != trace_records.NO_GRANULE else ""
        return f"exit{whose}: {name} {listed(details)}".rstrip()
    if event.kind == "guest":
        name, arguments, results = words.guest(event)
        return f"{name}({listed(arguments)})" + (f" -> {listed(results)}" if results else "")
    if event.kind == "interrupt":
        return f"interrupt {event.number}"
    name, details = words.trap(event)
    return f"trap {name} {listed(details)}"


def write(events, words, unit, path):
    """-> number of lines. Time is in seconds, or in instructions."""
    count = 0
    with open(path, "w") as file:
        for event in events:
            if event.kind == "on":
                continue
            time = f"{event.start / 1e9:13.6f}" if unit == "ns" else f"{event.start:>13}"
            file.write(f"{time} core {event.core} {words.name(event.vcpu)}: {line(words, event)}\n")
            words.learn(event)
            count += 1
    return count

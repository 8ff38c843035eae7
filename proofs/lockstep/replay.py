#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A trace of a running kernel (docs/tracing.md) as what replay.ml asks the model: replay.py trace.bin

What is a matter of capabilities is done here, since the model has none: which objects a retype made and where, which mapping
a capability remembers, what ends with a cap_delete or cap_revoke. The kernel's answers that are about capabilities are not asked of the model."""
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools" / "nie_cli"))

import trace_records  # noqa: E402

INTERFACE = yaml.safe_load((ROOT / "kernel" / "api" / "nie.yaml").read_text())
CALLS = {number: call for number, call in enumerate(INTERFACE["calls"], 1)}
ERRORS = [e["name"] for e in INTERFACE["errors"]]
UNTYPED, CNODE, PRIVATE, SHARED, TABLE, TASK, GUEST, VCPU, DEVICE = range(1, 10)
FIRST_EXIT_OFF = [n for n, e in enumerate(INTERFACE["exits"], 1) if e["name"] in ("system_off", "system_reset")]
# Errors before these are about capabilities (Order.v).
CAPABILITIES = {"map": 9, "map_table": 7, "donate": 9, "expect_ram": 4, "vspace_activate": 4, "vcpu_configure": 13}
RSI_IPA_STATE_SET = 0xC4000197
NONE = 0xFFFFFFFF
VCPU_GRANULES = {CNODE: None, TABLE: 1, TASK: 2, GUEST: 2, VCPU: 1}


@dataclass(eq=False)
class Cap:
    kind: int
    object: int
    size_bits: int = 12
    parent: object = None
    origin: bool = False    # made by retype: the object ends with it
    used: int = 0           # of an untyped
    mapping: tuple = None   # (kind, frame, vspace, ipa)
    children: list = field(default_factory=list)


class Replay:
    def __init__(self, out):
        self.out, self.caps, self.not_asked, self.serial = out, {}, Counter(), 0
        self.known = set()  # granules of objects that the model has

    def say(self, *words):
        print(*words, file=self.out)

    def cap(self, slot):
        """The capability in a slot; one that boot made is met here first."""
        known = self.caps.get(slot.number)
        if known is None or (known.kind, known.object) != (slot.kind, slot.object):
            known = self.caps[slot.number] = Cap(slot.kind, slot.object)
        self.meet(known)
        return known

    def meet(self, cap):
        if cap.object in self.known or cap.kind not in (PRIVATE, SHARED, TABLE, TASK, GUEST, VCPU):
            return
        self.known.add(cap.object)
        if cap.kind in (TASK, GUEST):
            self.say("boot", cap.object, int(cap.kind == GUEST))
        elif cap.kind == VCPU:
            self.say("vcpu", cap.object)
        elif cap.kind == TABLE:
            self.say("table", cap.object)
        else:
            self.say("frame", cap.object, 0, int(cap.kind == PRIVATE))

    # ---- capabilities ----
    def place(self, number, cap, parent):
        self.caps[number] = cap
        cap.parent = parent
        if parent is not None:
            parent.children.append(cap)

    def retype(self, e):
        untyped, kind, bits, count = self.caps.get(e.slots[0].number), e.words[1], e.words[2], e.words[5]
        if untyped is None:
            untyped = self.caps[e.slots[0].number] = Cap(UNTYPED, e.slots[0].object, 40)
        size = 1 << bits - 12
        used = untyped.used if untyped.children else 0
        for i in range(count):
            used = -(-used // size) * size
            cap = Cap(kind, untyped.object + used, bits, origin=True)
            used += size
            self.place(e.slots[4].number + i, cap, untyped)
            if kind != UNTYPED:
                self.known.add(cap.object)
            self.begin(cap, size)
        untyped.used = used

    def begin(self, cap, size):
        if cap.kind == CNODE:
            self.say("cnode", cap.object, size)
        elif cap.kind in (PRIVATE, SHARED):
            self.say("frame", cap.object, int(size > 1), int(cap.kind == PRIVATE))
        elif cap.kind in (TASK, GUEST):
            self.say("vspace", cap.object, int(cap.kind == GUEST))
        elif cap.kind in (TABLE, VCPU):
            self.say({TABLE: "table", VCPU: "vcpu"}[cap.kind], cap.object)

    def gone(self, cap):
        """A capability is deleted, after what is derived from it."""
        for child in list(cap.children):
            self.gone(child)
        if cap.parent is not None:
            cap.parent.children.remove(cap)
        for number in [n for n, c in self.caps.items() if c is cap]:
            del self.caps[number]
        if cap.mapping and not cap.origin:
            kind, *where = cap.mapping
            self.say({PRIVATE: "forget_private", SHARED: "forget_shared", DEVICE: "forget_device"}[kind], *(where[:1] if kind == PRIVATE else where))
        if cap.origin and cap.kind != UNTYPED:
            if cap.mapping and cap.kind == SHARED:
                self.say("forget_shared", *cap.mapping[1:])
            self.say("destroy", cap.object)
            self.known.discard(cap.object)

    # ---- calls ----
    def asked(self, name, status):
        """Whether an answer is the isolation layer's."""
        if status == 0:
            return True
        error, argument = ERRORS[status & 0xFF], status >> 8
        call = next(c for c in CALLS.values() if c["name"] == name)
        names = [a["name"] for a in call["args"]]
        if [error, names[argument - 1]] in [f[:2] for f in call["errors"][:CAPABILITIES[name]]]:
            self.not_asked[name, error] += 1
            return False
        return True

    def call(self, e):
        name = CALLS[e.number]["name"] if e.number in CALLS else "?"
        status = e.results[0] if e.results else None
        handler = getattr(self, "on_" + name, None)
        if name == "run" and (status is None or status == 0):
            self.say("core", e.slots[0].object, e.core)
        if status is None or handler is None:
            if name not in ("run", "wait"):
                self.not_asked[name, "not in the model"] += 1
            return
        handler(e, status)

    def on_cap_info(self, e, status):
        if status == 0 and e.results[1] == UNTYPED:
            cap = self.cap(e.slots[0])
            cap.size_bits, cap.used = e.results[3], (1 << e.results[3] - 12) - e.results[5] // 4096

    def on_cap_copy(self, e, status):
        if status == 0:
            source = self.cap(e.slots[3])
            self.place(e.slots[1].number, Cap(source.kind, source.object, source.size_bits), source)

    def on_cap_move(self, e, status):
        if status == 0:
            self.caps[e.slots[1].number] = self.cap(e.slots[3])
            del self.caps[e.slots[3].number]

    def on_retype(self, e, status):
        if status == 0:
            self.retype(e)

    def on_cap_revoke(self, e, status):
        if status == 0 and e.results[1] == 0 and e.slots[1].kind:
            for child in list(self.cap(e.slots[1]).children):
                self.gone(child)

    def on_cap_delete(self, e, status):
        if status == 0 and e.results[1] == 0 and e.slots[1].kind:
            self.gone(self.cap(e.slots[1]))

    def on_map(self, e, status):
        if not self.asked("map", status):
            return
        frame, vspace = self.cap(e.slots[0]), self.cap(e.slots[1])
        if ERRORS[status & 0xFF] == "mapped" and frame.kind != PRIVATE:
            self.not_asked["map", "mapped"] += 1   # the capability has its one mapping
            return
        kind = {PRIVATE: "map_private", SHARED: "map_shared", DEVICE: "map_device"}[frame.kind]
        self.say(kind, frame.object, vspace.object, e.words[2], e.words[3], status)
        if status == 0:
            frame.mapping = (frame.kind, frame.object, vspace.object, e.words[2])

    def on_unmap(self, e, status):
        frame = self.cap(e.slots[0])
        if status and ERRORS[status & 0xFF] != "not_mapped":
            return
        if frame.kind == PRIVATE and frame.origin:
            self.say("unmap_private", frame.object, status)
        elif frame.mapping and frame.kind in (SHARED, DEVICE):
            self.say({SHARED: "unmap_shared", DEVICE: "unmap_device"}[frame.kind], *frame.mapping[1:], status)
        else:
            self.not_asked["unmap", "mapped by boot, or by no capability"] += 1
        if status == 0:
            frame.mapping = None

    def on_map_table(self, e, status):
        if self.asked("map_table", status):
            self.say("map_table", self.cap(e.slots[0]).object, self.cap(e.slots[1]).object, e.words[2], e.words[3], status)

    def on_donate(self, e, status):
        if self.asked("donate", status):
            frame = self.cap(e.slots[0])
            self.say("donate", frame.object, self.cap(e.slots[1]).object, e.words[2], e.words[3], status)
            if status == 0:
                frame.mapping = (PRIVATE, frame.object, e.slots[1].object, e.words[2])

    def on_expect_ram(self, e, status):
        if self.asked("expect_ram", status):
            self.say("expect_ram", self.cap(e.slots[0]).object, *e.words[1:4], status)

    def on_vspace_activate(self, e, status):
        if self.asked("vspace_activate", status):
            self.say("vspace_activate", self.cap(e.slots[0]).object, e.words[1], status)

    def on_vcpu_configure(self, e, status):
        if self.asked("vcpu_configure", status):
            vspace = self.cap(e.slots[1])
            cspace = NONE if vspace.kind == GUEST else e.slots[3].object
            self.say("vcpu_configure", self.cap(e.slots[0]).object, vspace.object, e.words[2], cspace, *e.words[4:7], status)

    def on_vspace_kill(self, e, status):
        if status == 0:
            self.say("vspace_kill", self.cap(e.slots[0]).object, e.results[1])

    def take(self, e):
        if e.kind == "call":
            self.call(e)
        elif e.kind == "exit" and e.ran != trace_records.NO_GRANULE:
            self.say("core", e.ran, NONE)
            if e.number in FIRST_EXIT_OFF:
                self.say("off", e.ran)
        elif e.kind == "guest" and e.number & 0xFFFFFFFF == RSI_IPA_STATE_SET and e.results:
            self.say("ripas", e.vcpu, *e.words[1:4], e.results[0], e.results[1])


def script(trace, out):
    """The lines for replay.ml; returns what was not asked of the model, counted."""
    replay = Replay(out)
    for event in trace_records.story(trace_records.read(Path(trace)), INTERFACE):
        replay.take(event)
    return replay.not_asked


if __name__ == "__main__":
    for (name, why), count in sorted(script(sys.argv[1], sys.stdout).items()):
        print(f"not asked of the model: {name}: {why}: {count}", file=sys.stderr)

# SPDX-License-Identifier: Apache-2.0
"""Description -> System, or the first thing that is wrong with it."""
from capdl import memory, model
from capdl.capabilities import Capabilities
from capdl.problem import Problem, size_text
from capdl.resolve import Names
from capdl.system import (ALL_RIGHTS, BLOCK, BOOT_SLOTS, EXECUTE, GIB, LETTERS, PAGE, READ, Link, Mapping,
                          Slot, Start,
                          System, originals_needed)

ENTRIES = 512
DEEPEST = 63  # DEPTH_MAX of kernel/include/nie/slot.h
# What an entry of each table covers, and the level of the table that may stand in it.
SPAN = {"pud": GIB, "pd": BLOCK, "pt": PAGE}
BELOW = {"pud": ("pd", 2), "pd": ("pt", 3)}


class Checker:
    def __init__(self, description, platform, files, cores):
        self.names = Names(description, platform, files, cores)
        self.platform = platform
        self.description = description
        self.system = System(objects=self.names.objects)
        self.parents = {}    # table -> (parent, slot)
        self.reached = {}    # private frame -> table that maps it
        self.vcpus = {}      # (VSpace, index) -> vCPU
        self.slot_of = {}    # id(Entry) -> Slot
        self.first = []      # said to be derived from untyped memory

    def run(self):
        self.interrupts()
        self.capabilities = Capabilities(self.names, self.description)
        for obj in self.names.objects:
            entries = self.capabilities.of.get(id(obj), {})
            if obj.type == "cnode":
                self.cnode(obj, entries)
            elif obj.type == "pud":
                self.table(obj, obj, 0, entries)
            elif obj.type == "vcpu":
                self.vcpu(obj, entries)
        for obj in self.names.objects:
            if obj.type in ("pd", "pt") and self.capabilities.of.get(id(obj)) and id(obj) not in self.parents:
                raise Problem(f"{obj.name} maps something but is in no VSpace: put it into a "
                              f"{'pud' if obj.type == 'pd' else 'pd'}", obj.where)
        self.derivation()
        self.handover()
        return self.system

    def derivation(self):
        """Which capability made its object, and how deep the tree below it is."""
        for slot in self.system.slots:
            if slot.parent is not None:
                slot.parent = self.slot_of[id(slot.parent)]
        made_by = {}
        for slot in self.system.slots:
            if slot.rights == ALL_RIGHTS and slot.parent is None:
                made_by.setdefault(id(slot.object), slot)
        for slot in self.first:
            if made_by.get(id(slot.object)) is not slot:
                raise Problem(f"slot {slot.index} of {slot.cnode.name}: not this capability of {slot.object.name} is "
                              f"derived from {slot.object.parent.name}, but the first one with all rights", slot.where)
        for slot in self.system.slots:
            depth_of(slot, made_by)
            if slot.depth > DEEPEST:
                raise Problem(f"slot {slot.index} of {slot.cnode.name}: {slot.object.name} is derived {slot.depth} deep, "
                              f"{DEEPEST} are possible", slot.where)

    def interrupts(self):
        """Arrays and entries without a number take the numbers that follow."""
        seen, following = {}, 0
        for number, ref in self.description.irq_maps:
            for intid, obj in enumerate(self.names.all(ref), following if number is None else number):
                following = intid + 1
                if obj.type != "irq":
                    raise Problem(f"irq maps: {obj.name} is a {obj.type}, not an irq", ref.where)
                if intid not in self.platform.irqs:
                    raise Problem(f"{obj.name}: no interrupt {intid} on {self.platform.name}; there: "
                                  f"{', '.join(map(str, self.platform.irqs)) or 'none'}", ref.where)
                if intid in seen or obj.intid:
                    raise Problem(f"{obj.name}: interrupt {intid} and irq object go together once", ref.where)
                seen[intid] = obj
                obj.intid = intid
        for obj in self.names.objects:
            if obj.type == "irq" and not obj.intid:
                raise Problem(f"{obj.name} has no number: add it to 'irq maps'", obj.where)

    def table(self, vspace, table, base, entries):
        for slot, entry in entries.items():
            obj, cap = entry.object, entry.cap
            if not isinstance(slot, int) or slot >= ENTRIES:
                raise Problem(f"{table.name}: slot {slot}: a table has slots 0 to {ENTRIES - 1}", cap.where)
            ipa = base + slot * SPAN[table.type]
            below, level = BELOW.get(table.type, (None, 0))
            if obj.type == below:
                self.link(vspace, table, obj, ipa, level, cap)
            elif obj.type == "frame" and obj.size == SPAN[table.type]:
                self.mapping(vspace, obj, ipa, entry)
            else:
                allowed = " or ".join(filter(None, (f"a {below}" if below else "", {
                    "pud": "", "pd": "a frame of 2M", "pt": "a frame of 4k"}[table.type])))
                what = f"a frame of {size_text(obj.size)}" if obj.type == "frame" else f"a {obj.type}"
                raise Problem(f"{obj.name}: {what} in {table.name}, a {table.type}, which takes {allowed}",
                              cap.where)

    def link(self, vspace, parent, table, ipa, level, cap):
        if cap.rights is not None:
            raise Problem(f"{table.name}: a table is linked without rights", cap.where)
        if id(table) in self.parents:
            raise Problem(f"{table.name} is linked twice: in {self.parents[id(table)]} and {parent.name}",
                          cap.where)
        self.parents[id(table)] = parent.name
        self.system.links.append(Link(table, vspace, ipa, level))
        self.table(vspace, table, ipa, self.capabilities.of.get(id(table), {}))

    def mapping(self, vspace, frame, ipa, entry):
        rights, cap = entry.rights & ~LETTERS["C"], entry.cap
        if not rights & READ:
            raise Problem(f"{frame.name} at {ipa:#x} of {vspace.name}: a mapping needs at least R", cap.where)
        if frame.device:
            if cap.rights and rights & EXECUTE:
                raise Problem(f"{frame.name} at {ipa:#x} of {vspace.name}: device registers cannot be "
                              f"executed: drop X", cap.where)
            rights &= ~EXECUTE
        if frame.private:
            if id(frame) in self.reached:
                raise Problem(f"{frame.name} is private and mapped twice: at {self.reached[id(frame)]} and "
                              f"{ipa:#x} of {vspace.name}; map it once or declare it shared", cap.where)
            self.reached[id(frame)] = f"{ipa:#x} of {vspace.name}"
        self.system.mappings.append(Mapping(frame, vspace, ipa, rights))

    def cnode(self, cnode, entries):
        for slot, entry in entries.items():
            obj, cap, rights = entry.object, entry.cap, entry.rights
            if not isinstance(slot, int) or not 1 <= slot < 1 << cnode.decl.bits:
                raise Problem(f"{cnode.name}: slot {slot} for {obj.name}: it has slots 1 to "
                              f"{(1 << cnode.decl.bits) - 1}", cap.where)
            obj.caps += 1
            if obj.type == "stream" and obj.caps > 1 and not cap.copy:
                raise Problem(f"{obj.name}: a device has one owner; it is placed twice", cap.where)
            if obj.type == "ut" and obj.caps > 1:
                raise Problem(f"{obj.name}: untyped memory has one capability; it is placed twice", cap.where)
            if obj.type == "ut" and rights != ALL_RIGHTS:
                raise Problem(f"{obj.name}: untyped memory is given with all rights or not at all", cap.where)
            copied = entry.parent is not None and entry.parent.object is obj
            self.slot_of[id(entry)] = Slot(cnode, slot, obj, rights, cap.where, entry.parent if copied else None)
            self.system.slots.append(self.slot_of[id(entry)])
            if entry.parent is not None and not copied:
                self.first.append(self.slot_of[id(entry)])

    def vcpu(self, vcpu, entries):
        configured = "entry" in vcpu.decl.numbers
        where = next(iter(entries.values())).where if entries else vcpu.where
        if not configured and entries:
            raise Problem(f"{vcpu.name} has a VSpace or CSpace but no entry: give it an entry", where)
        for slot, entry in entries.items():
            obj, cap = entry.object, entry.cap
            wanted = {"vspace": "pud", "cspace": "cnode"}.get(slot)
            if wanted is None:
                raise Problem(f"{vcpu.name}: slot {slot}: a vCPU has the slots vspace and cspace", cap.where)
            if obj.type != wanted:
                raise Problem(f"{vcpu.name}: its {slot} is {obj.name}, a {obj.type}; a {wanted} is needed",
                              cap.where)
        if not configured:
            return
        for slot in ("vspace", "cspace"):
            if slot not in entries:
                raise Problem(f"{vcpu.name} has an entry but no {slot}", where)
        start = Start(vcpu, entries["vspace"].object, entries["cspace"].object)
        other = self.vcpus.setdefault((id(start.vspace), index_of(vcpu)), vcpu)
        if other is not vcpu:
            raise Problem(f"{vcpu.name} and {other.name} are both vCPU {index_of(vcpu)} of "
                          f"{start.vspace.name}", where)
        self.system.starts.append(start)

    def handover(self):
        given = self.description.handover
        wanted = {"start": model.Ref, "cnode": model.Ref, "reclaim": int, "leftover": int, "originals": int}
        at = self.description.file
        for name in given:
            if name not in wanted:
                raise Problem(f"{at}: handover: no '{name}'; there are {', '.join(wanted)}")
        for name, kind in wanted.items():
            if name not in given:
                raise Problem(f"{at}: handover: '{name}' is missing")
            if not isinstance(given[name], kind):
                raise Problem(f"{at}: handover: {name} must be "
                              f"{'a number' if kind is int else 'the name of an object'}")
        system = self.system
        system.start, system.cnode = self.names.one(given["start"]), self.names.one(given["cnode"])
        if not any(s.vcpu is system.start for s in system.starts):
            raise Problem(f"handover: start: {system.start.name} is not a vcpu with an entry",
                          given["start"].where)
        if system.cnode.type != "cnode":
            raise Problem(f"handover: cnode: {system.cnode.name} is a {system.cnode.type}",
                          given["cnode"].where)
        system.reclaim, system.leftover = given["reclaim"], given["leftover"]
        system.originals = given["originals"]
        self.ranges(given["cnode"].where)

    def ranges(self, where):
        system = self.system
        slots = 1 << system.cnode.decl.bits
        ranges = [("reclaim", system.reclaim, BOOT_SLOTS), ("leftover", system.leftover, BOOT_SLOTS),
                  ("originals", system.originals, originals_needed(system))]
        ranges += [(s.object.name, s.index, 1) for s in system.slots if s.cnode is system.cnode]
        for name, first, count in ranges:
            if first < 1 or first + count > slots:
                raise Problem(f"handover: {name} needs slots {first} to {first + count - 1} of "
                              f"{system.cnode.name}, which has 1 to {slots - 1}", where)
        ranges = sorted((r for r in ranges if r[2]), key=lambda r: r[1])
        for (name, first, count), (other, start, _) in zip(ranges, ranges[1:]):
            if first + count > start:
                raise Problem(f"handover: {name} (slots {first} to {first + count - 1}) overlaps {other} "
                              f"(slot {start}) in {system.cnode.name}", where)


def depth_of(slot, made_by):
    """Set it for a slot and all that it is derived from."""
    chain = []
    while not slot.depth:
        chain.append(slot)
        if slot.parent is None:
            break
        slot = slot.parent
    for slot in reversed(chain):
        # What the kernel gives at boot is a root.
        own = memory.nesting(slot.object) + 1 if slot.object.made else 0
        copied = made_by.get(id(slot.object)) is not slot
        slot.depth = slot.parent.depth + 1 if slot.parent else own + copied


def index_of(vcpu):
    return vcpu.decl.numbers.get("index", 0)


def check(description, platform, files, cores, pieces):
    """`files`: size of each file of the archive. `pieces`: free RAM at boot, as (address, size)."""
    system = Checker(description, platform, files, cores).run()
    memory.place(system, pieces)
    return system

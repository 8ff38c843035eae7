# SPDX-License-Identifier: Apache-2.0
"""Description -> System, or the first thing that is wrong with it."""
from capdl import memory, model
from capdl.problem import Problem, size_text
from capdl.resolve import Names
from capdl.system import (ALL_RIGHTS, BLOCK, BOOT_SLOTS, EXECUTE, GIB, LETTERS, PAGE, READ, Link, Mapping,
                          Slot, Start,
                          System, originals_needed)

ENTRIES = 512
# What an entry of each table covers, and the level of the table that may stand in it.
SPAN = {"pud": GIB, "pd": BLOCK, "pt": PAGE}
BELOW = {"pud": ("pd", 2), "pd": ("pt", 3)}


def rights_of(cap):
    if cap.rights is None:
        return ALL_RIGHTS
    bits = 0
    for letter in cap.rights:
        if letter not in LETTERS or bits & LETTERS[letter]:
            raise Problem(f"{cap.ref}: rights ({cap.rights}): use each of R, W, X and C at most once",
                          cap.where)
        bits |= LETTERS[letter]
    return bits


class Checker:
    def __init__(self, description, platform, files, cores):
        self.names = Names(description, platform, files, cores)
        self.platform = platform
        self.description = description
        self.system = System(objects=self.names.objects)
        self.containers = {}
        self.parents = {}    # table -> (parent, slot)
        self.reached = {}    # private frame -> table that maps it

    def run(self):
        self.interrupts()
        for container in self.description.caps:
            obj = self.names.one(container.ref)
            if obj.type not in ("pud", "pd", "pt", "cnode", "vcpu"):
                raise Problem(f"{obj.name}: a {obj.type} holds no capabilities", container.where)
            if id(obj) in self.containers:
                raise Problem(f"{obj.name} has two blocks of capabilities: join them", container.where)
            self.containers[id(obj)] = self.entries(obj, container)
        for obj in self.names.objects:
            entries = self.containers.get(id(obj), {})
            if obj.type == "cnode":
                self.cnode(obj, entries)
            elif obj.type == "pud":
                self.table(obj, obj, 0, entries)
            elif obj.type == "vcpu":
                self.vcpu(obj, entries)
        for obj in self.names.objects:
            if obj.type in ("pd", "pt") and self.containers.get(id(obj)) and id(obj) not in self.parents:
                raise Problem(f"{obj.name} maps something but is in no VSpace: put it into a "
                              f"{'pud' if obj.type == 'pd' else 'pd'}", obj.where)
        self.handover()
        return self.system

    def interrupts(self):
        seen = {}
        for intid, ref in self.description.irq_maps:
            obj = self.names.one(ref)
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

    def entries(self, holder, container):
        """slot -> (object, cap), arrays spread over consecutive slots."""
        entries, following = {}, 0
        for cap in container.caps:
            slot = following if cap.slot is None else cap.slot
            for obj in self.names.all(cap.ref):
                if slot in entries:
                    raise Problem(f"{holder.name}: slot {slot} is given to {entries[slot][0].name} and "
                                  f"{obj.name}",
                                  cap.where)
                entries[slot] = (obj, cap)
                if isinstance(slot, int):
                    slot += 1
            following = slot if isinstance(slot, int) else following
        return entries

    def table(self, vspace, table, base, entries):
        for slot, (obj, cap) in entries.items():
            if not isinstance(slot, int) or slot >= ENTRIES:
                raise Problem(f"{table.name}: slot {slot}: a table has slots 0 to {ENTRIES - 1}", cap.where)
            ipa = base + slot * SPAN[table.type]
            below, level = BELOW.get(table.type, (None, 0))
            if obj.type == below:
                self.link(vspace, table, obj, ipa, level, cap)
            elif obj.type == "frame" and obj.size == SPAN[table.type]:
                self.mapping(vspace, table, obj, ipa, cap)
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
        self.table(vspace, table, ipa, self.containers.get(id(table), {}))

    def mapping(self, vspace, table, frame, ipa, cap):
        rights = rights_of(cap) & ~LETTERS["C"]
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
        for slot, (obj, cap) in entries.items():
            if not isinstance(slot, int) or not 1 <= slot < 1 << cnode.decl.bits:
                raise Problem(f"{cnode.name}: slot {slot} for {obj.name}: it has slots 1 to "
                              f"{(1 << cnode.decl.bits) - 1}", cap.where)
            rights = rights_of(cap)
            obj.caps += 1
            if obj.type == "ut" and obj.caps > 1:
                raise Problem(f"{obj.name}: untyped memory has one capability; it is placed twice", cap.where)
            if obj.type == "ut" and rights != ALL_RIGHTS:
                raise Problem(f"{obj.name}: untyped memory is given with all rights or not at all", cap.where)
            self.system.slots.append(Slot(cnode, slot, obj, rights, cap.where))

    def vcpu(self, vcpu, entries):
        configured = "entry" in vcpu.decl.numbers
        where = next(iter(entries.values()))[1].where if entries else vcpu.where
        if not configured and entries:
            raise Problem(f"{vcpu.name} has a VSpace or CSpace but no entry: give it an entry", where)
        for slot, (obj, cap) in entries.items():
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
        start = Start(vcpu, entries["vspace"][0], entries["cspace"][0])
        for other in self.system.starts:
            if other.vspace is start.vspace and index_of(other.vcpu) == index_of(vcpu):
                raise Problem(f"{vcpu.name} and {other.vcpu.name} are both vCPU {index_of(vcpu)} of "
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


def index_of(vcpu):
    return vcpu.decl.numbers.get("index", 0)


def check(description, platform, files, cores, pieces):
    """`files`: size of each file of the archive. `pieces`: free RAM at boot, as (address, size)."""
    system = Checker(description, platform, files, cores).run()
    memory.place(system, pieces)
    return system

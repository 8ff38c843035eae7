# SPDX-License-Identifier: Apache-2.0
"""Which capability is in which slot of which object: arrays spread, names and copies followed, and who is
derived from whom."""
from dataclasses import dataclass

from capdl import model
from capdl.problem import Problem
from capdl.resolve import chosen
from capdl.system import ALL_RIGHTS, LETTERS, Object

HOLDERS = ("pud", "pd", "pt", "cnode", "vcpu")
NO_RIGHT = {"G": "grant: the kernel has no IPC", "P": "grant reply: the kernel has no IPC"}
REFUSED = {
    "asid": "the kernel gives each VSpace its VMID: leave it out",
    "reply": "the kernel has no IPC", "master_reply": "the kernel has no IPC",
    "ports": "it is hardware of x86", "mapping": "a frame in a table is mapped, one in a CNode is not: leave it out",
    "core": "there is no such control capability: a core is an object of its own",
}


@dataclass(slots=True)
class Entry:
    holder: Object
    slot: int | str
    object: Object
    cap: model.Cap
    rights: int
    parent: "Entry | None" = None

    @property
    def where(self):
        return self.cap.where

    def __str__(self):
        return f"({self.holder.name}, {self.slot})"


def rights_bits(cap, letters):
    bits = 0
    for letter in letters:
        if letter in NO_RIGHT:
            raise Problem(f"{cap.ref}: right {letter} ({NO_RIGHT[letter]}): leave it out", cap.where)
        if letter not in LETTERS or bits & LETTERS[letter]:
            raise Problem(f"{cap.ref}: rights ({letters}): use each of R, W, X and C at most once", cap.where)
        bits |= LETTERS[letter]
    return bits


def rights_of(cap):
    """What it asks for."""
    bits = ALL_RIGHTS if cap.rights is None else rights_bits(cap, cap.rights)
    for name, value in cap.params:
        if name == "masked":
            bits &= rights_bits(cap, value)
    return bits


def check_params(obj, cap):
    for name, value in cap.params:
        if name == "masked":
            continue
        if name in REFUSED:
            raise Problem(f"{cap.ref}: {name}: {REFUSED[name]}", cap.where)
        if name == "badge":
            if value:
                raise Problem(f"{cap.ref}: badge {value}: nie has no endpoint that would show it: leave it out", cap.where)
        elif name in ("guard", "guard_size"):
            check_guard(obj, cap, name, value)
        elif name in ("cached", "uncached"):
            if obj.type != "frame" or obj.device != (name == "uncached"):
                raise Problem(f"{cap.ref}: {name}: RAM is mapped cached and device registers are not: leave it out",
                              cap.where)
        else:
            raise Problem(f"{cap.ref}: a capability has no '{name}'", cap.where)


def check_guard(obj, cap, name, value):
    if obj.type != "cnode":
        raise Problem(f"{cap.ref}: {name}: only a cnode has a guard", cap.where)
    # A slot's number is compared as a whole: that is a guard of zeroes over all the other bits.
    if value not in ((0,) if name == "guard" else (0, 64 - obj.decl.bits)):
        raise Problem(f"{cap.ref}: {name} {value}: CNodes of nie have one level: a slot's number is all there is, "
                      f"so guard is 0 and guard_size 0 or {64 - obj.decl.bits}", cap.where)


class Capabilities:
    """`of[id(object)]`: its slots, {slot: Entry}."""

    def __init__(self, names, description):
        self.names = names
        self.of = {}
        self.named = {}    # name of a capability -> where it is: [(holder, slot)]
        self.blocks = []   # (holder, Container)
        self.defined = {}  # name -> Cap or CapName
        self.spread = {}   # name -> in how many containers its block is
        self.ordinal = {}  # id(copy) -> which of the capabilities it copies
        self.read(description)
        for holder, container in self.blocks:
            self.lay_out(holder, container)
        for name, entry in self.defined.items():
            if isinstance(entry, model.CapName):
                self.named[name] = [(self.names.one(entry.at.container), entry.at.slot)]
        for entry in [e for slots in self.of.values() for e in slots.values() if e.object is None]:
            self.follow(entry, ())
        self.derive(description.cdt)

    def read(self, description):
        for entry in description.caps:
            if isinstance(entry, model.CapName):
                self.define(entry.name, entry)
                continue
            holders = self.names.all(entry.ref)
            for cap in entry.caps:
                if cap.name:
                    self.define(cap.name.name, cap)
                    self.spread[cap.name.name] = len(holders)
            for holder in holders:
                if holder.type not in HOLDERS:
                    raise Problem(f"{holder.name}: a {holder.type} holds no capabilities", entry.where)
                if id(holder) in self.of:
                    raise Problem(f"{holder.name} has two blocks of capabilities: join them", entry.where)
                self.of[id(holder)] = {}
                self.blocks.append((holder, entry))

    def define(self, name, what):
        other = self.defined.setdefault(name, what)
        if other is not what:
            raise Problem(f"two capabilities are called {name}, the first on line {other.where.line}", what.where)

    def count(self, ref, seen=()):
        """How many capabilities a copy makes, before it is known where they are."""
        what = self.defined.get(ref.name)
        if what is None:
            raise Problem(f"<{ref}>: no capability is called {ref.name}", ref.where)
        if ref.name in seen:
            raise Problem(f"<{ref}>: {ref.name} is a copy of itself", ref.where)
        if isinstance(what, model.CapName):
            total = 1
        else:
            each = self.count(what.ref, (*seen, ref.name)) if what.copy else len(self.names.all(what.ref))
            total = self.spread[ref.name] * each
        return len(self.choose(ref, range(total)))

    @staticmethod
    def choose(ref, things):
        if ref.ranges is None:
            if len(things) != 1:
                raise Problem(f"{ref.name} is the name of {len(things)} capabilities: write {ref.name}[] or "
                              f"{ref.name}[0]", ref.where)
            return list(things)
        return chosen(ref, list(things), "capabilities")

    def lay_out(self, holder, container):
        slots, following = self.of[id(holder)], 0
        for cap in container.caps:
            slot = following if cap.slot is None else cap.slot
            objects = [None] * self.count(cap.ref) if cap.copy else self.names.all(cap.ref)
            rights = rights_of(cap)
            for number, obj in enumerate(objects):
                if slot in slots:
                    other = slots[slot]
                    raise Problem(f"{holder.name}: slot {slot} is given to "
                                  f"{other.object.name if other.object else other.cap.ref} and "
                                  f"{obj.name if obj else cap.ref}", cap.where)
                if cap.params and obj:
                    check_params(obj, cap)
                slots[slot] = Entry(holder, slot, obj, cap, rights)
                if cap.copy:
                    self.ordinal[id(slots[slot])] = number
                if cap.name:
                    self.named.setdefault(cap.name.name, []).append((holder, slot))
                if isinstance(slot, int):
                    slot += 1
                elif len(objects) > 1:
                    raise Problem(f"{holder.name}: slot {slot} is given to {len(objects)} objects", cap.where)
            following = slot if isinstance(slot, int) else following

    def entry_at(self, holder, slot, what, where):
        entry = self.of.get(id(holder), {}).get(slot)
        if entry is None:
            raise Problem(f"{what}: there is no capability in slot {slot} of {holder.name}", where)
        return entry

    def places(self, ref):
        return self.choose(ref, self.named[ref.name])

    def follow(self, entry, seen):
        """Find what a copy is a copy of."""
        if entry.object is not None:
            return
        cap = entry.cap
        if id(entry) in seen:
            raise Problem(f"<{cap.ref}>: {cap.ref} is a copy of itself", cap.where)
        holder, slot = self.places(cap.ref)[self.ordinal[id(entry)]]
        source = self.entry_at(holder, slot, f"<{cap.ref}>", cap.where)
        self.follow(source, (*seen, id(entry)))
        if cap.rights is not None and entry.rights & ~source.rights:
            raise Problem(f"<{cap.ref}>: rights ({cap.rights}) are more than {source} has", cap.where)
        entry.object = source.object
        entry.rights &= source.rights
        check_params(entry.object, cap)
        if entry.holder.type == "cnode" and source.holder.type == "cnode":
            entry.parent = source

    def entry_of(self, at):
        """The capability that a slot reference or a name means."""
        if isinstance(at, model.SlotRef):
            return self.entry_at(self.names.one(at.container), at.slot, at, at.container.where)
        self.count(at)
        places = self.places(at)
        if len(places) != 1:
            raise Problem(f"{at} names {len(places)} capabilities where one is needed", at.where)
        return self.entry_at(*places[0], at, at.where)

    def derive(self, cdt):
        for slots in list(self.of.values()):
            for entry in slots.values():
                if entry.cap.parent is not None:
                    self.set_parent(entry, self.entry_of(entry.cap.parent), entry.where, entry.cap.copy)
        stack = list(reversed(cdt))
        while stack:
            tree = stack.pop()
            parent = self.entry_of(tree.parent)
            for child in tree.children:
                self.set_parent(self.entry_of(child.parent), parent, child.where, False)
            stack += reversed(tree.children)

    def set_parent(self, child, parent, where, again):
        for entry in (child, parent):
            if entry.holder.type != "cnode":
                raise Problem(f"{entry} of {entry.object.name} is in a {entry.holder.type}: only capabilities in "
                              f"CNodes are derived from one another", where)
        if child.object is not parent.object and child.object.parent is not parent.object:
            raise Problem(f"{child} of {child.object.name} cannot be derived from {parent} of {parent.object.name}: "
                          f"only a copy, or what is made from untyped memory, can", where)
        if child.object is parent.object and child.rights & ~parent.rights:
            raise Problem(f"{child} of {child.object.name} has more rights than {parent}, which it is derived from",
                          where)
        if child.parent not in (None, parent) and not again:
            raise Problem(f"{child} of {child.object.name} is derived from both {child.parent} and {parent}", where)
        child.parent = parent
        above = parent
        while above:
            if above is child:
                raise Problem(f"{child} of {child.object.name} is derived from itself", where)
            above = above.parent

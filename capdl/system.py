# SPDX-License-Identifier: Apache-2.0
"""A checked system: every object by itself, and what is done with it."""
from dataclasses import dataclass, field

from capdl.problem import NOWHERE, Where

READ, WRITE, EXECUTE, CONTROL = 1, 2, 4, 8
ALL_RIGHTS = READ | WRITE | EXECUTE | CONTROL
LETTERS = {"R": READ, "W": WRITE, "X": EXECUTE, "C": CONTROL}
PAGE = 1 << 12
BLOCK = 1 << 21
GIB = 1 << 30
BOOT_SLOTS = 64  # most slots of image_untyped, and of free_untyped


@dataclass(eq=False, slots=True)
class Object:
    name: str  # with its index: ram[3]
    decl: object
    type: str
    size_bits: int  # 0: not made of memory
    parent: "Object | None" = None  # the untyped it is made from
    element: int = 0
    intid: int = 0
    caps: int = 0  # in CNodes
    where: Where = NOWHERE

    @property
    def size(self):
        return 1 << self.size_bits

    @property
    def made(self):
        """By retype; otherwise the kernel gives it at boot."""
        return self.type not in ("irq", "core", "stream") and not self.device

    @property
    def device(self):
        return self.type == "frame" and "paddr" in self.decl.numbers

    @property
    def private(self):
        return self.type == "frame" and not self.device and not self.decl.shared

    @property
    def fills(self):
        return self.decl.fills


@dataclass
class Link:
    """A table in a VSpace."""
    table: Object
    vspace: Object
    ipa: int
    level: int


@dataclass
class Mapping:
    frame: Object
    vspace: Object
    ipa: int
    rights: int


@dataclass
class Start:
    """A vCPU that is configured."""
    vcpu: Object
    vspace: Object
    cspace: Object


@dataclass(eq=False, slots=True)
class Slot:
    cnode: Object
    index: int
    object: Object
    rights: int
    where: Where = NOWHERE
    parent: "Slot | None" = None  # of the same object; otherwise derived from the capability that made it
    depth: int = 0


@dataclass
class System:
    objects: list = field(default_factory=list)
    links: list = field(default_factory=list)
    mappings: list = field(default_factory=list)
    starts: list = field(default_factory=list)
    slots: list = field(default_factory=list)
    start: Object | None = None  # the vCPU that gets the core
    cnode: Object | None = None  # that gets what is left
    reclaim: int = 0   # first of BOOT_SLOTS slots for image_untyped
    leftover: int = 0  # first of BOOT_SLOTS slots for free_untyped
    originals: int = 0  # first slot for the capabilities that the description places nowhere


def originals_needed(system):
    """Objects whose first capability (made by retype) the description places nowhere, and second
    mappings, each of which needs a capability of its own."""
    placed = {id(s.object) for s in system.slots if s.rights == ALL_RIGHTS and s.parent is None}
    homeless = [o for o in system.objects if id(o) not in placed]
    mapped = [id(m.frame) for m in system.mappings]
    return len(homeless) + len(mapped) - len(set(mapped))

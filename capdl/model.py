# SPDX-License-Identifier: Apache-2.0
"""A capDL description as written: declarations, arrays unexpanded. Places in files do not count
when two are compared."""
from dataclasses import dataclass, field

from capdl.problem import NOWHERE, Where

FILE_DATA = "CDL_FrameFill_FileData"


def place():
    return field(default=NOWHERE, compare=False, repr=False)


@dataclass(slots=True)
class Ref:
    """NAME; with ranges, elements of an array: NAME[2, 5..7, 9..]. No ranges between the brackets: all."""
    name: str
    ranges: tuple | None = None  # of (first, last), both included; None at an open end
    where: Where = place()

    @property
    def whole(self):
        return self.ranges == ()

    def __str__(self):
        return self.name if self.ranges is None else f"{self.name}[{', '.join(map(range_text, self.ranges))}]"


def range_text(part):
    first, last = part
    if first == last and first is not None:
        return str(first)
    return f"{'' if first is None else first}..{'' if last is None else last}"


def all_of(name, where=NOWHERE):
    return Ref(name, (), where)


def element(name, first, last=None):
    return Ref(name, ((first, first if last is None else last),))


@dataclass
class Fill:
    """Copy `length` bytes, or what the file has left, from a file of the archive into a frame."""
    offset: int
    length: int
    file: str
    file_offset: int
    step: int = 0  # array element i starts `i * step` further into the file
    kind: str = FILE_DATA
    where: Where = place()


@dataclass
class Decl:
    name: str
    type: str
    count: int | None = None  # None: a single object, not an array
    bits: int | None = None
    size: int | None = None
    shared: bool = False
    numbers: dict = field(default_factory=dict)  # other parameters: a number, a word, or a list of numbers
    fills: list = field(default_factory=list)
    children: list = field(default_factory=list)  # of an untyped: Decl or Ref
    above: list = field(default_factory=list)  # of a qualified name: the Refs before its last part
    comment: str = field(default="", compare=False)
    where: Where = place()


@dataclass(slots=True)
class SlotRef:
    """A capability by its place: (container, slot)."""
    container: Ref
    slot: int | str

    def __str__(self):
        return f"({self.container}, {self.slot})"


@dataclass(slots=True)
class Cap:
    slot: int | str | None  # None: the slot after the previous one
    ref: Ref                # an object; of a copy, the name of a capability
    rights: str | None = None  # None: all
    where: Where = place()
    name: Ref | None = None    # what this capability is called
    copy: bool = False
    params: tuple = ()         # (name, value), in order
    parent: "SlotRef | Ref | None" = None  # - child_of


@dataclass
class Container:
    ref: Ref
    caps: list = field(default_factory=list)
    where: Where = place()


@dataclass
class CapName:
    """NAME = (container, slot)."""
    name: str
    at: SlotRef
    where: Where = place()


@dataclass
class Derived:
    """One entry of the cdt: a capability and what is derived from it."""
    parent: SlotRef | Ref
    children: list = field(default_factory=list)  # of Derived
    where: Where = place()


@dataclass
class Description:
    objects: list = field(default_factory=list)
    caps: list = field(default_factory=list)  # Container or CapName
    irq_maps: list = field(default_factory=list)  # (INTID or None, Ref)
    cdt: list = field(default_factory=list)
    handover: dict = field(default_factory=dict)  # name -> int or Ref
    file: str = field(default="", compare=False)

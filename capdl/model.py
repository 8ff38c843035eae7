# SPDX-License-Identifier: Apache-2.0
"""A capDL description as written: declarations, arrays unexpanded. Places in files do not count
when two are compared."""
from dataclasses import dataclass, field

from capdl.problem import NOWHERE, Where

FILE_DATA = "CDL_FrameFill_FileData"


def place():
    return field(default=NOWHERE, compare=False, repr=False)


@dataclass
class Ref:
    """NAME, NAME[first], NAME[first..last], or NAME[] for a whole array."""
    name: str
    first: int | None = None
    last: int | None = None
    whole: bool = False
    where: Where = place()

    def __str__(self):
        if self.whole:
            return f"{self.name}[]"
        if self.first is None:
            return self.name
        last = "" if self.last is None else f"..{self.last}"
        return f"{self.name}[{self.first}{last}]"


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
    numbers: dict = field(default_factory=dict)
    fills: list = field(default_factory=list)
    children: list = field(default_factory=list)  # of an untyped: Decl or Ref
    comment: str = field(default="", compare=False)
    where: Where = place()


@dataclass
class Cap:
    slot: int | str | None  # None: the slot after the previous one
    ref: Ref
    rights: str | None = None  # None: all
    where: Where = place()


@dataclass
class Container:
    ref: Ref
    caps: list = field(default_factory=list)
    where: Where = place()


@dataclass
class Description:
    objects: list = field(default_factory=list)
    caps: list = field(default_factory=list)
    irq_maps: list = field(default_factory=list)  # (INTID, Ref)
    handover: dict = field(default_factory=dict)  # name -> int or Ref
    file: str = field(default="", compare=False)

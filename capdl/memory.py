# SPDX-License-Identifier: Apache-2.0
"""Which memory the kernel leaves free at boot, and which objects are made from what.

Untyped memory is only ever used upwards, so objects are made in descending size: every piece stays
aligned for what is still to come and nothing is wasted. The initial task does the same with what it
finds; this is the rehearsal, so that too little memory is known before boot."""
from dataclasses import dataclass

from capdl.problem import Problem, size_text
from capdl.system import BLOCK, PAGE


def round_up(value, to):
    return -(-value // to) * to


def aligned_pieces(start, end):
    """The largest aligned powers of two, as kernel/core/boot.c cuts them."""
    while start < end:
        size = PAGE
        while start % (size * 2) == 0 and start + size * 2 <= end:
            size *= 2
        yield start, size
        start += size


def free_pieces(platform, kernel_size, task_size, archive_size):
    """Free RAM at boot: all but the kernel, the initial task, the archive and the block of the
    initial task's objects."""
    ram_end = platform.ram_base + platform.ram_size
    kernel_end = round_up(platform.image + kernel_size, PAGE)
    task = round_up(kernel_end, BLOCK)
    archive_end = round_up(task + round_up(task_size, BLOCK) + archive_size, BLOCK)
    objects_end = archive_end + BLOCK
    if objects_end >= ram_end:
        raise Problem(f"the image needs {size_text(objects_end - platform.ram_base)} of RAM and "
                      f"{platform.name} has {size_text(platform.ram_size)}: leave out a guest, or give "
                      f"smaller kernels")
    # Addresses count from the start of RAM: the kernel aligns granule numbers.
    base = platform.ram_base
    pieces = []
    for start, end in ((base, platform.image), (kernel_end, task), (objects_end, ram_end)):
        pieces += aligned_pieces(start - base, end - base)
    return [(base + start, size) for start, size in pieces]


@dataclass
class Piece:
    address: int
    size: int
    used: int = 0

    @property
    def left(self):
        return self.size - self.used


def order(system):
    """Objects in the order in which they are made; parents come before their children, since a child
    is never larger than its parent and sorting is stable."""
    made = [o for o in system.objects if o.made]
    depth = {id(o): nesting(o) for o in made}
    return sorted(made, key=lambda o: (depth[id(o)], -o.size_bits))


def nesting(obj):
    count = 0
    while obj.parent:
        obj, count = obj.parent, count + 1
    return count


def best(pieces, size):
    """Of the pieces with room, the one with the least left; of those, the first."""
    fitting = [p for p in pieces if p.left >= size]
    return min(fitting, key=lambda p: p.left) if fitting else None


def place(system, free):
    """Object -> address, in the order in which objects are made."""
    pieces = [Piece(address, size) for address, size in free]
    inside = {}
    addresses = {}
    total = sum(o.size for o in system.objects if o.made and not o.parent)
    piece, size = None, 0
    for obj in order(system):
        choice = [inside[id(obj.parent)]] if obj.parent else pieces
        # The piece with the least left is still that after it gave some, as long as the size is the same.
        if obj.parent or obj.size != size or piece is None or piece.left < size:
            piece, size = best(choice, obj.size), 0 if obj.parent else obj.size
        if piece is None and obj.parent:
            raise Problem(f"{obj.name}: {size_text(obj.size)} needed, {size_text(choice[0].left)} left in "
                          f"{obj.parent.name}: give {obj.parent.name} more bits", obj.where)
        if piece is None:
            left = sum(p.left for p in pieces)
            raise Problem(f"{obj.name}: {size_text(obj.size)} needed in one piece, the largest of "
                          f"{size_text(left)} left has {size_text(max((p.left for p in pieces), default=0))} "
                          f"(all objects: {size_text(total)}, free RAM: "
                          f"{size_text(sum(size for _, size in free))}): ask for less memory", obj.where)
        addresses[id(obj)] = piece.address + piece.used
        if obj.type == "ut":
            inside[id(obj)] = Piece(piece.address + piece.used, obj.size)
        piece.used += obj.size
    return addresses

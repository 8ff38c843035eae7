# SPDX-License-Identifier: Apache-2.0
"""The allocation: inside free memory, aligned, disjoint; and the steps: each object once, in order."""
import random

import pytest

from capdl import memory, plan
from capdl.problem import Problem
from capdl.system import ALL_RIGHTS, originals_needed
from texts import GOOD

MIB = 1 << 20


def random_text(seed):
    r = random.Random(seed)
    uts = "".join(f"u{i} = ut ({r.randint(12, 27)} bits)\n" for i in range(r.randint(0, 6)))
    frames = "".join(f"f{i}[{r.randint(1, 60)}] = frame "
                     f"({r.choice(('4k', '2M'))}{r.choice(('', ', shared'))})\n"
                     for i in range(r.randint(0, 6)))
    nested = "n = ut (24 bits) { a[3] = frame (2M) b[9] = pt c = ut (20 bits) { e[4] = vcpu } "
    nested += "g = cnode (12 bits) }\n"
    return GOOD.replace("cn = cnode (10", uts + frames + nested + "cn = cnode (12")


def spans(system, addresses):
    return sorted((addresses[id(o)], o.size, o) for o in system.objects if o.made and not o.parent)


@pytest.mark.parametrize("seed", range(20))
def test_allocation(checked, pieces, seed):
    system = checked(random_text(seed))
    addresses = memory.place(system, pieces)
    assert len(addresses) == sum(o.made for o in system.objects)
    for o in system.objects:
        if o.made:
            assert addresses[id(o)] % o.size == 0
        if o.parent:
            start = addresses[id(o.parent)]
            assert start <= addresses[id(o)] and addresses[id(o)] + o.size <= start + o.parent.size
    top = spans(system, addresses)
    for (start, size, _), (following, _, _) in zip(top, top[1:]):
        assert start + size <= following
    for start, size, _ in top:
        assert any(base <= start and start + size <= base + length for base, length in pieces)


@pytest.mark.parametrize("seed", range(20))
def test_retype_only_moves_upwards(checked, pieces, seed):
    """Within each piece and each parent, objects come in the order of their addresses."""
    system = checked(random_text(seed))
    addresses = memory.place(system, pieces)
    last = {}
    for o in memory.order(system):
        home = id(o.parent) if o.parent else next(b for b, n in pieces if b <= addresses[id(o)] < b + n)
        assert addresses[id(o)] >= last.get(home, 0)
        last[home] = addresses[id(o)] + o.size
        if o.parent:
            assert id(o.parent) in addresses and last.get(id(o.parent)) is not None


def test_all_memory_can_be_given(checked, board, pieces):
    """What is left after the small objects can be given to the last byte: no waste to alignment."""
    system = checked(GOOD)
    addresses = memory.place(system, pieces)
    used = sum(o.size for o in system.objects if o.made and not o.parent)
    assert len({a for a in addresses.values()}) >= len(addresses) - 1  # `inside` starts where `m` does
    rest = sum(size for _, size in pieces) - used
    text = "".join(f"r{bit} = ut ({bit} bits)\n" for bit in range(12, 31) if rest >> bit & 1 and bit < 30)
    more = checked(GOOD.replace("cn = cnode", text + "cn = cnode"))
    assert memory.place(more, pieces)


def test_free_pieces(board):
    pieces = memory.free_pieces(board, 5 * MIB + 5, 1, 3 * MIB)
    assert all(size & (size - 1) == 0 and (a - board.ram_base) % size == 0 for a, size in pieces)
    kernel_end = board.image + 5 * MIB + 4096
    task = board.image + 6 * MIB
    end = task + 2 * MIB + 4 * MIB + 2 * MIB  # the task, the archive, the initial task's objects
    free = sorted(pieces)
    assert sum(s for a, s in free if a < board.image) == board.image - board.ram_base
    assert sum(s for a, s in free if board.image <= a < task) == task - kernel_end
    assert sum(s for a, s in free if a >= task) == board.ram_base + board.ram_size - end
    assert min(a for a, _ in free if a >= task) == end


def test_image_that_fills_the_machine(board):
    with pytest.raises(Problem, match="the image needs 2.0 GiB of RAM and board has 2 GiB"):
        memory.free_pieces(board, 5 * MIB, 1, board.ram_size - 8 * MIB)


def test_steps(checked):
    system = checked(GOOD)
    p = plan.make(system)
    made = [i for r in p.runs for i in range(r["first"], r["first"] + r["count"])]
    assert made == list(range(p.made)) and len(p.objects) == len(system.objects)
    # A level-2 table before the level-3 table below it.
    assert [link["level"] for link in p.links] == [2, 3]
    # Every object's own capability moves exactly once, and no slot is used twice.
    moved = [s["object"] for s in p.places if s["move"]]
    assert sorted(moved) == list(range(len(p.objects)))
    slots = [(s["cnode"], s["index"]) for s in p.places]
    slots += [(p.cnode, m["home"]) for m in p.mappings if m["home"] != plan.NONE]
    assert len(set(slots)) == len(slots)
    # Copies are made before the original goes away.
    kinds = [s["move"] for s in p.places]
    assert kinds == sorted(kinds)
    by_name = {o.name: s for s in p.places for o in [p.objects[s["object"]]] if not s["move"]}
    assert by_name["c0"]["rights"] == 8 and by_name["inside"]["rights"] == 1
    assert p.next_slot - system.originals == originals_needed(system)
    # The second mapping of a shared frame has a capability of its own.
    assert [m["home"] != plan.NONE for m in p.mappings if p.objects[m["object"]].name == "both"] == [False,
                                                                                                     True]
    assert [(f["offset"], f["file_offset"]) for f in p.fills] == [(0, 0), (0, 1024), (0, 2048)]


def test_c_tables(checked):
    text = plan.c_tables(plan.make(checked(GOOD)), "x.cdl")
    assert '{"code[1]", NIE_TYPE_PRIVATE_FRAME, 12, 0x0ul}' in text
    assert '{"both", NIE_TYPE_SHARED_FRAME, 12, 0x0ul}' in text
    assert '{"uart", NIE_TYPE_DEVICE, 12, 0x9000000ul}' in text
    assert '{"i", NIE_TYPE_IRQ, 0, 0x21ul}' in text
    assert ALL_RIGHTS == 15

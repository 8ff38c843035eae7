# SPDX-License-Identifier: Apache-2.0
"""A checked system as the steps that the initial task takes, and these as C tables."""
import pathlib
from dataclasses import dataclass, field

import jinja2

from capdl import memory
from capdl.checker import index_of
from capdl.problem import Problem, Where
from capdl.system import ALL_RIGHTS, BLOCK, PAGE

KIND = {"ut": "UNTYPED", "cnode": "CNODE", "pud": "TASK_VSPACE", "pd": "TABLE", "pt": "TABLE", "vcpu": "VCPU",
        "irq": "IRQ", "core": "CORE", "stream": "STREAM"}
NONE = "SPEC_NONE"
TEMPLATES = pathlib.Path(__file__).with_name("templates")


def kind(obj):
    if obj.type != "frame":
        return KIND[obj.type]
    return "DEVICE" if obj.device else "SHARED_FRAME" if obj.decl.shared else "PRIVATE_FRAME"


def address(obj):
    """What cap_info says of an object that the kernel gives at boot."""
    return obj.intid or obj.decl.numbers.get("paddr", obj.decl.numbers.get("id", obj.decl.numbers.get("index", 0)))


@dataclass
class Plan:
    objects: list = field(default_factory=list)  # made ones in order of making, then given ones
    number: dict = field(default_factory=dict)
    made: int = 0
    runs: list = field(default_factory=list)     # retype: first object, count, parent
    files: list = field(default_factory=list)
    fills: list = field(default_factory=list)
    links: list = field(default_factory=list)
    mappings: list = field(default_factory=list)  # and where the capability of a second mapping goes
    starts: list = field(default_factory=list)
    places: list = field(default_factory=list)   # copies, then moves, CNodes last
    start: int = 0
    cnode: int = 0
    reclaim: int = 0
    leftover: int = 0
    next_slot: int = 0  # first unused slot of the CNode from `originals` on


def runs(plan):
    """Neighbours that one retype can make."""
    previous = None
    for index, obj in enumerate(plan.objects[:plan.made]):
        same = previous and (obj.decl, obj.parent) == (previous.decl, previous.parent)
        if same:
            plan.runs[-1]["count"] += 1
        else:
            plan.runs.append({"first": index, "count": 1,
                              "parent": plan.number[id(obj.parent)] if obj.parent else NONE})
        previous = obj


def fills(plan):
    for index, obj in enumerate(plan.objects):
        for fill in obj.fills:
            if fill.file not in plan.files:
                plan.files.append(fill.file)
            plan.fills.append({"object": index, "offset": fill.offset, "length": fill.length,
                               "file": plan.files.index(fill.file),
                               "file_offset": fill.file_offset + obj.element * fill.step})


def mappings(plan, system):
    seen = set()
    for m in system.mappings:
        home = NONE
        if id(m.frame) in seen:
            home, plan.next_slot = plan.next_slot, plan.next_slot + 1
        seen.add(id(m.frame))
        plan.mappings.append({"object": plan.number[id(m.frame)], "vspace": plan.number[id(m.vspace)],
                              "ipa": m.ipa,
                              "rights": m.rights, "home": home})


def places(plan, system):
    copies, moves, placed = [], [], set()
    for s in system.slots:
        move = s.rights == ALL_RIGHTS and s.parent is None and id(s.object) not in placed
        if move:
            placed.add(id(s.object))
        place = {"cnode": plan.number[id(s.cnode)], "index": s.index, "object": plan.number[id(s.object)],
                 "rights": s.rights, "move": move, "from_cnode": NONE, "from_index": 0}
        if s.parent is not None:
            place |= {"from_cnode": plan.number[id(s.parent.cnode)], "from_index": s.parent.index}
        (moves if move else copies).append((s, place))
    # What a copy is derived from is there before it, or still with the initial task.
    moved = {id(s) for s, _ in moves}
    for s, place in copies:
        if s.parent is not None and id(s.parent) in moved:
            place |= {"from_cnode": NONE, "from_index": 0}
    copies = [place for _, place in sorted(copies, key=lambda c: c[0].depth)]
    moves = [place for _, place in moves]
    for index, obj in enumerate(plan.objects):
        if id(obj) not in placed:
            moves.append({"cnode": plan.cnode, "index": plan.next_slot, "object": index, "rights": ALL_RIGHTS,
                          "move": True, "from_cnode": NONE, "from_index": 0})
            plan.next_slot += 1
    plan.places = copies + moves


def make(system):
    plan = Plan()
    plan.objects = memory.order(system)
    plan.made = len(plan.objects)
    plan.objects += [o for o in system.objects if not o.made]
    plan.number = {id(obj): index for index, obj in enumerate(plan.objects)}
    plan.start, plan.cnode = plan.number[id(system.start)], plan.number[id(system.cnode)]
    plan.reclaim, plan.leftover, plan.next_slot = system.reclaim, system.leftover, system.originals
    runs(plan)
    fills(plan)
    # A level-2 table is linked before the level-3 tables under it.
    for link in sorted(system.links, key=lambda entry: entry.level):
        plan.links.append({"object": plan.number[id(link.table)], "vspace": plan.number[id(link.vspace)],
                           "ipa": link.ipa, "level": link.level})
    mappings(plan, system)
    for s in system.starts:
        numbers = s.vcpu.decl.numbers
        plan.starts.append({"vcpu": plan.number[id(s.vcpu)], "vspace": plan.number[id(s.vspace)],
                            "cspace": plan.number[id(s.cspace)], "index": index_of(s.vcpu),
                            "entry": numbers["entry"], "argument": numbers.get("argument", 0),
                            "stack": numbers.get("stack", 0)})
    places(plan, system)
    return plan


# The CNode that kernel/core/boot.c makes for the initial task, and what it puts there.
BOOT_CNODE_SLOTS = 1 << 13
BOOT_FIRST_FRAME = 384  # slots.frames of kernel/api/nie.yaml
BOOT_TABLES = 3
SPARE_SLOTS = 4  # userland/capdl-init/main.c


def check_slots(plan, task_size, archive_size, file):
    """Every object is in a slot of the initial task until it is given away."""
    taken = BOOT_FIRST_FRAME + memory.round_up(task_size, PAGE) // PAGE + BOOT_TABLES + SPARE_SLOTS
    left = BOOT_CNODE_SLOTS - taken - memory.round_up(archive_size, BLOCK) // BLOCK
    copies = sum(1 for m in plan.mappings if m["home"] != NONE)
    cnodes = sum(1 for o in plan.objects if o.type == "cnode")
    needed = plan.made + copies + cnodes
    if needed > left:
        obj = plan.objects[max(left - copies - cnodes, 0)]
        raise Problem(f"{obj.name} is one object too many: {needed} slots needed for {plan.made} objects, {copies} second "
                      f"mappings and {cnodes} CNodes, {left} left in the initial task's CNode: describe fewer objects, "
                      f"or larger frames", obj.where if obj.where.file else Where(file))


def c_tables(plan, source):
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES),
                                     undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
                                     keep_trailing_newline=True)
    environment.globals.update(kind=kind, address=address)
    environment.filters["hex"] = lambda value: f"{value:#x}ul"
    return environment.get_template("spec.c.j2").render(plan=plan, source=source)

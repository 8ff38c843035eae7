# SPDX-License-Identifier: Apache-2.0
"""What the initial task should leave behind, and what it did: capabilities and mappings, by their places.

Both are the same kind of thing, so that they can be compared and printed alike: for each CNode its slots, for each VSpace
its pages. `state` is a live_state.State (tools/nie_cli): the kernel's own tables, read from outside."""
import struct
from dataclasses import dataclass

import yaml

from capdl import memory, plan
from capdl.plan import NONE, address, kind
from capdl.system import ALL_RIGHTS, BLOCK, LETTERS, PAGE

SLOT = struct.Struct("<4BIIIQII")
ORIGIN = 0x80
READ, WRITE, EXECUTE_NEVER = 1 << 6, 1 << 7, 1 << 54  # of a stage-2 leaf (Arm ARM D8.3.2)
TARGET = 0xFFFFFFFFF000


@dataclass(frozen=True)
class Cap:
    kind: str
    size_bits: int
    at: int      # address, INTID, number of a core, StreamID
    rights: int
    depth: int   # in the derivation tree


@dataclass(frozen=True)
class Page:
    at: int
    size: int
    rights: str


@dataclass
class Built:
    cnodes: dict  # name -> {slot: Cap}
    spaces: dict  # name -> {ipa: Page}


def letters(rights):
    return "".join(letter for letter, bit in LETTERS.items() if rights & bit)


def types(interface):
    """Numbers of object types, as kernel/api/nie.yaml counts them."""
    return {number: t["name"] for number, t in enumerate(yaml.safe_load(interface.read_text())["object_types"], 1)}


def given_at(obj, addresses):
    return addresses[id(obj)] if obj.made else address(obj)


def original(obj, addresses):
    depth = memory.nesting(obj) + 1 if obj.made else 0
    return Cap(kind(obj).lower(), obj.size_bits if obj.made or obj.device else 0, given_at(obj, addresses), ALL_RIGHTS, depth)


def boot_untypeds(board, kernel_size, task_size, archive_size):
    """In the order in which kernel/core/boot.c cuts them: of the image, and of free memory; (address, size)."""
    base = board.ram_base
    task = memory.round_up(board.image + kernel_size, BLOCK)
    archive = task + memory.round_up(task_size, BLOCK)
    objects = memory.round_up(archive + archive_size, BLOCK)
    image = [(objects, BLOCK)]
    for start, end in ((task, archive), (archive, objects)):
        image += [(base + at, size) for at, size in memory.aligned_pieces(start - base, end - base)]
    return image, memory.free_pieces(board, kernel_size, task_size, archive_size)


def specified(system, board, kernel_size, task_size, archive_size, cores):
    """`cores`: that the machine has; the others' slots stay empty."""
    image, free = boot_untypeds(board, kernel_size, task_size, archive_size)
    addresses, steps = memory.place(system, free), plan.make(system)
    depths = {(id(s.cnode), s.index): s.depth for s in system.slots}
    cnodes = {o.name: {} for o in steps.objects if o.type == "cnode"}
    for place in steps.places:
        cnode, obj = steps.objects[place["cnode"]], steps.objects[place["object"]]
        if obj.type == "core" and address(obj) >= cores:
            continue
        cap = original(obj, addresses)
        if not place["move"]:
            cap = Cap(cap.kind, cap.size_bits, cap.at, place["rights"], depths[id(cnode), place["index"]])
        cnodes[cnode.name][place["index"]] = cap
    rest = cnodes[system.cnode.name]
    for m in steps.mappings:
        if m["home"] != NONE:
            cap = original(steps.objects[m["object"]], addresses)
            rest[m["home"]] = Cap(cap.kind, cap.size_bits, cap.at, ALL_RIGHTS, cap.depth + 1)
    for first, pieces in ((system.reclaim, image), (system.leftover, free)):
        for number, (at, size) in enumerate(pieces):
            rest[first + number] = Cap("untyped", size.bit_length() - 1, at, ALL_RIGHTS, 0)
    spaces = {o.name: {} for o in steps.objects if o.type == "pud"}
    for m in system.mappings:
        spaces[m.vspace.name][m.ipa] = Page(given_at(m.frame, addresses), m.frame.size, letters(m.rights))
    return Built(cnodes, spaces), {(cap.kind, cap.at): obj.name for obj in steps.objects
                                   for cap in [original(obj, addresses)]}, addresses


def found(system, addresses, state, type_names):
    base = state.kernel.ram_base
    cnodes, spaces = {}, {}
    for obj in system.objects:
        if obj.type == "cnode":
            cnodes[obj.name] = slots_of(state, (addresses[id(obj)] - base) // PAGE, obj.size, type_names)
        elif obj.type == "pud":
            spaces[obj.name] = {
                ipa: Page(entry & TARGET, size, ("R" if entry & READ else "") + ("W" if entry & WRITE else "")
                          + ("" if entry & EXECUTE_NEVER else "X"))
                for ipa, size, entry in state.walk((addresses[id(obj)] - base) // PAGE + 1)}
    return Built(cnodes, spaces)


def slots_of(state, granule, size, type_names):
    if state.state[granule] != "cnode":
        return {}
    data = b"".join(state.page(granule + i) for i in range(size // PAGE))
    caps = {}
    for index in range(1, len(data) // SLOT.size):
        number, rights, bits, depth, obj, *_ = SLOT.unpack_from(data, index * SLOT.size)
        if number:
            name = type_names[number]
            at = obj if name in ("irq", "core", "stream") else obj * PAGE + (0 if name == "device" else state.kernel.ram_base)
            caps[index] = Cap(name, bits, at, rights & ~ORIGIN, depth)
    return caps


def differences(wanted, real, names):
    """Lines that name the object and both sides."""
    lines = []
    for what, left, right in (("CNode", wanted.cnodes, real.cnodes), ("VSpace", wanted.spaces, real.spaces)):
        for holder in left:
            for at in sorted(set(left[holder]) | set(right[holder])):
                one, two = left[holder].get(at), right[holder].get(at)
                if one != two:
                    place = f"slot {at}" if what == "CNode" else f"{at:#x}"
                    lines.append(f"{what} {holder}, {place}: specified {shown(one, names)}, built {shown(two, names)}")
    return lines


def shown(thing, names):
    if thing is None:
        return "nothing"
    if isinstance(thing, Page):
        return f"a page of {thing.size:#x} bytes at {thing.at:#x} ({thing.rights})"
    name = names.get((thing.kind, thing.at), "")
    return f"{thing.kind} {name} {thing.at:#x}, {thing.size_bits} bits ({letters(thing.rights)}), depth {thing.depth}".replace("  ", " ")


def text_of(built, names, heading):
    """As capDL text: what is there, under the names of the description where it has one."""
    objects, caps = {}, []
    for holder, slots in built.cnodes.items():
        caps.append(f"\t{holder} {{")
        for index, cap in sorted(slots.items()):
            # A root of untyped memory starts where the first object of it does.
            known = names.get((cap.kind, cap.at)) if cap.depth or cap.kind != "untyped" else None
            name = known or f"{cap.kind}_{cap.at:x}_{cap.size_bits}"
            objects[name] = declaration(name, cap)
            caps.append(f"\t\t{index}: {name} ({letters(cap.rights)})")
        caps.append("\t}")
    maps = []
    for holder, pages in built.spaces.items():
        maps.append(f"-- {holder}")
        maps += [f"--   {ipa:#x}: {page.size:#x} bytes at {page.at:#x} ({page.rights})" for ipa, page in sorted(pages.items())]
    lines = [f"-- {line}" for line in heading] + ["arch aarch64", "", "objects {"]
    lines += [objects[name] for name in sorted(objects) if "[" not in name]
    arrays = {}
    for name in objects:
        if "[" in name:
            base, _, index = name.rstrip("]").partition("[")
            arrays.setdefault(base, []).append((int(index), objects[name]))
    for base, elements in sorted(arrays.items()):
        _, line = min(elements)
        lines.append(line.replace(f"{base}[0]", f"{base}[{max(elements)[0] + 1}]"))
    return "\n".join([*lines, "}", "", "caps {", *caps, "}", "", *maps]) + "\n"


def declaration(name, cap):
    what = {"untyped": f"ut ({cap.size_bits} bits)", "cnode": f"cnode ({cap.size_bits - 5} bits)",
            "private_frame": f"frame ({'4k' if cap.size_bits == 12 else '2M'})",
            "shared_frame": f"frame ({'4k' if cap.size_bits == 12 else '2M'}, shared)", "table": "pt", "task_vspace": "pud",
            "device": f"frame (4k, paddr: {cap.at:#x})", "core": f"core (index: {cap.at})"}.get(cap.kind, cap.kind)
    return f"\t{name} = {what} -- {cap.at:#x}"

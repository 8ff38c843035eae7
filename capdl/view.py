# SPDX-License-Identifier: Apache-2.0
"""Pictures of a system: who owns which memory, who may do what, what is where. From what was built:

    python3 -m capdl.view --system OUT/NAME.cdl --build build/target --out DIR

Made: NAME.html, all by itself, and NAME-memory.svg, NAME-owners.svg, NAME-authority.svg, NAME-addresses.svg."""
import argparse
import pathlib
import sys
from dataclasses import dataclass, field

import jinja2

from capdl import archive, fdt, image, memory, parser
from capdl.build import Build, read_bytes, read_text, system_platform
from capdl.checker import check
from capdl.plan import kind
from capdl.problem import Problem, Where, size_text
from capdl.svg import Picture, colour
from capdl.system import LETTERS, PAGE
from capdl.vmm_space import BLOB_FILE

WIDTH, LEFT = 1080, 110
ROWS = 16
# What a guest of host-vmm sees (userland/host-vmm/platform.h).
GUEST_DEVICES = [(0x08000000, 0x10000, "GIC distributor"), (0x080A0000, 0xF60000, "GIC redistributors"),
                 (0x09000000, 0x1000, "PL011"), (0x09010000, 0x1000, "PL031")]
GUEST_RAM = 0x40000000


@dataclass
class Guest:
    name: str
    memory: int
    vcpus: int
    shared: list = field(default_factory=list)  # (name, ipa, bytes, rights)


@dataclass
class Span:
    start: int
    size: int
    owner: str
    what: str


@dataclass
class Scene:
    """All that is drawn."""
    name: str
    platform: object
    guests: list = field(default_factory=list)
    spans: list = field(default_factory=list)    # all RAM, by address
    totals: dict = field(default_factory=dict)   # owner -> {kind: bytes}
    held: list = field(default_factory=list)     # (CNode, group of objects, owner, kind, count, rights)
    bound: list = field(default_factory=list)    # (vCPU, slot, object)
    maps: dict = field(default_factory=dict)     # VSpace -> [(ipa, bytes, what, rights)]

    @property
    def names(self):
        return [guest.name for guest in self.guests]


def guests_of(blob):
    found = []
    for name, node in fdt.parse(blob)["guests"].items():
        shared = [(region, fdt.number(entry["ipa"]), fdt.cells(entry["slots"])[1] * PAGE,
                   letters(fdt.number(entry["rights"]))) for region, entry in node.get("shared", {}).items()]
        found.append(Guest(name, fdt.number(node["memory"]), fdt.number(node["vcpus"]), shared))
    return found


def letters(rights):
    return "".join(letter for letter, bit in LETTERS.items() if rights & bit) or "none"


def owner_of(name, guests):
    base = name.partition("[")[0]
    for guest in guests:
        if base.startswith((f"{guest}_ram", f"{guest}_objects")):
            return guest
    return "shared" if base.endswith("_shared") else "vmm"


def label_of(obj):
    return kind(obj).lower().replace("_", " ")


def use_of(obj, owner, names):
    """What memory is for: a guest's untypeds become its RAM and its objects."""
    if owner not in names:
        return label_of(obj)
    return "RAM" if obj.name.startswith(f"{owner}_ram") else "guest objects"


def merged(spans):
    found = []
    for span in sorted(spans, key=lambda s: s.start):
        last = found[-1] if found else None
        if last and (last.owner, last.what) == (span.owner, span.what) and last.start + last.size == span.start:
            last.size += span.size
        else:
            found.append(Span(span.start, span.size, span.owner, span.what))
    return found


def with_free(spans, start, end):
    found = []
    for span in spans:
        if span.start > start:
            found.append(Span(start, span.start - start, "free", "free: given to the VMM"))
        found.append(span)
        start = span.start + span.size
    return found + ([Span(start, end - start, "free", "free: given to the VMM")] if end > start else [])


def scene_of(name, system, board, guests, kernel_size, packed_size, pieces):
    scene = Scene(name, board, guests)
    names = scene.names
    addresses = memory.place(system, pieces)
    spans = [Span(addresses[id(o)], o.size, owner_of(o.name, names), f"{o.name.partition('[')[0]} ({label_of(o)})")
             for o in system.objects if o.made and not o.parent]
    kernel_end = memory.round_up(board.image + kernel_size, PAGE)
    task = memory.round_up(kernel_end, memory.BLOCK)
    objects_end = memory.round_up(task + memory.BLOCK + packed_size, memory.BLOCK) + memory.BLOCK
    spans += [Span(board.image, kernel_end - board.image, "kernel", "kernel: code, data, granule table"),
              Span(task, objects_end - task, "initial task", "initial task and its archive: given back after boot")]
    scene.spans = with_free(merged(spans), board.ram_base, board.ram_base + board.ram_size)
    for obj in system.objects:
        if obj.made and not obj.parent:
            owner = owner_of(obj.name, names)
            use, of = use_of(obj, owner, names), scene.totals.setdefault(owner, {})
            of[use] = of.get(use, 0) + obj.size
    groups = {}
    for slot in system.slots:
        base = slot.object.name.partition("[")[0]
        key = (slot.cnode.name, base, owner_of(base, names), label_of(slot.object), letters(slot.rights))
        groups.setdefault(key, []).append(slot.index)
    scene.held = [(*key[:4], len(indices), key[4], min(indices)) for key, indices in groups.items()]
    scene.bound = [(s.vcpu.name, s.vspace.name, s.cspace.name) for s in system.starts]
    for m in sorted(system.mappings, key=lambda m: m.ipa):
        rows = scene.maps.setdefault(m.vspace.name, [])
        base = m.frame.name.partition("[")[0]
        if rows and rows[-1][2] == base and rows[-1][0] + rows[-1][1] == m.ipa and rows[-1][3] == letters(m.rights):
            rows[-1] = (rows[-1][0], rows[-1][1] + m.frame.size, base, rows[-1][3])
        else:
            rows.append((m.ipa, m.frame.size, base, letters(m.rights)))
    for guest in guests:
        scene.maps[guest.name] = [(base, size, what, "emulated") for base, size, what in GUEST_DEVICES]
        scene.maps[guest.name].append((GUEST_RAM, guest.memory, "RAM", "private"))
        scene.maps[guest.name] += [(ipa, size, f"shared: {region}", rights) for region, ipa, size, rights in guest.shared]
    return scene


def memory_picture(scene):
    """RAM by address, to scale: rows of one size, one below the other."""
    made = Picture(WIDTH, f"{scene.name}: physical memory, to scale")
    base, size = scene.platform.ram_base, scene.platform.ram_size
    row, scale = size // ROWS, (WIDTH - LEFT - 10) / (size // ROWS)
    y, skipped = 6 - 25, 0
    for number in range(ROWS):
        start = base + number * row
        if any(s.owner == "free" and s.start <= start and start + row <= s.start + s.size for s in scene.spans):
            skipped += 1
            continue
        if skipped:
            made.text(LEFT, y + 36, f"{size_text(skipped * row)} free", kind="dim")
        y += 25 + (20 if skipped else 0)
        skipped = 0
        made.text(LEFT - 8, y + 14, f"{start:#x}", "end", "dim")
        for span in scene.spans:
            begin, end = max(span.start, start), min(span.start + span.size, start + row)
            if begin < end:
                tip = f"{span.owner}: {span.what}, {size_text(span.size)} at {span.start:#x}"
                made.box(LEFT + (begin - start) * scale, y, (end - begin) * scale, 19, colour(span.owner, scene.names), tip,
                         span.owner if span.owner != "free" else "", "#ccc" if span.owner == "free" else "none")
    rest = f"; {size_text(skipped * row)} free behind it" if skipped else ""
    made.text(LEFT, y + 37, f"a row is {size_text(row)}{rest}", kind="dim")
    return made


def bar(made, y, name, parts, scale, fill):
    made.text(LEFT - 8, y + 13, name, "end", tip=f"{name}: {size_text(sum(parts.values()))}")
    x = LEFT
    for number, (what, size) in enumerate(sorted(parts.items(), key=lambda p: -p[1])):
        made.box(x, y, size * scale, 17, fill, f"{name}: {what}, {size_text(size)}", what if number == 0 else "", "#fff")
        x += size * scale
    made.text(x + 6, y + 13, size_text(sum(parts.values())), kind="dim")


def owners_picture(scene):
    """How much each has, to one scale; and what is not a guest's RAM by kind, to a scale of its own."""
    made = Picture(WIDTH, f"{scene.name}: memory by owner, to scale")
    largest = max(sum(parts.values()) for parts in scene.totals.values())
    scale, y = (WIDTH - LEFT - 90) / largest, 4
    order = ["vmm", "shared", *scene.names]
    for owner in [o for o in order if o in scene.totals]:
        bar(made, y, owner, scene.totals[owner], scale, colour(owner, scene.names))
        y += 22
    kinds = {}
    for owner, parts in scene.totals.items():
        for what, size in parts.items():
            if what not in ("untyped", "RAM"):
                kinds.setdefault(what, {})[owner] = size
    made.text(LEFT, y + 22, "By kind, without guests' RAM and untyped memory, to a larger scale:", kind="dim")
    y += 30
    top = max((sum(parts.values()) for parts in kinds.values()), default=1)
    for what, parts in sorted(kinds.items(), key=lambda k: -sum(k[1].values())):
        made.text(LEFT - 8, y + 13, what, "end")
        x = LEFT
        for owner, size in parts.items():
            width = size * (WIDTH - LEFT - 90) / top
            made.box(x, y, width, 17, colour(owner, scene.names), f"{what} of {owner}: {size_text(size)}", owner, "#fff")
            x += width
        made.text(x + 6, y + 13, size_text(sum(parts.values())), kind="dim")
        y += 22
    return made


def authority_picture(scene):
    """CNodes on the left, what they hold on the right, a line for each group of capabilities."""
    made = Picture(WIDTH, f"{scene.name}: who may do what")
    order = {name: number for number, name in enumerate(["vmm", "shared", *scene.names])}
    rows = sorted(scene.held, key=lambda h: (order.get(h[2], 0), h[6]))
    places, y = {}, 10
    for _, base, owner, what, count, _, _ in rows:
        if base not in places:
            text = base if count == 1 else f"{base}[{count}]"
            made.box(560, y, 190, 17, colour(owner, scene.names), f"{text}: {what}, of {owner}", text, "#fff")
            made.text(760, y + 13, what, kind="dim")
            places[base] = y + 8.5
            y += 21
    cnodes = sorted({h[0] for h in rows})
    step = max(60, y / (len(cnodes) + 1))
    at = {cnode: (number + 1) * step for number, cnode in enumerate(cnodes)}
    for cnode in cnodes:
        made.box(230, at[cnode] - 14, 150, 28, colour("vmm", scene.names), f"{cnode}: a CNode, what a task may ask for", cnode)
    for number, (vcpu, vspace, cspace) in enumerate(scene.bound):
        y_vcpu = at.get(cspace, 40) + number * 44 - 20 * (len(scene.bound) - 1)
        made.box(20, y_vcpu - 14, 140, 28, "#7a5ea8", f"{vcpu}: a vCPU that runs in {vspace} with {cspace}", vcpu)
        if cspace in at:
            made.edge(160, y_vcpu, 230, at[cspace], f"{vcpu} has the CSpace {cspace}", "#7a5ea8")
    for cnode, base, owner, _, count, rights, first in rows:
        where = f"slot {first}" if count == 1 else f"slots from {first}, {count} of them"
        made.edge(380, at[cnode], 560, places[base], f"{cnode} holds {base} ({rights}) in {where}",
                  colour(owner, scene.names))
    return made


def addresses_picture(scene):
    """A column for each address space, four abreast: ranges by address, not to scale."""
    made = Picture(WIDTH, f"{scene.name}: address maps")
    column, top, bottom = WIDTH / 4, 0, 0
    for number, (space, rows) in enumerate(scene.maps.items()):
        if number % 4 == 0:
            top, bottom = bottom + 8, bottom
        x, y = number % 4 * column, top
        owner = space if space in scene.names else "vmm"
        made.text(x + 4, y + 14, space, tip=f"address space of {space}")
        y += 20
        for ipa, size, what, rights in rows:
            text = f"{ipa:#x} {what}"
            made.box(x + 4, y, column - 14, 17, colour("shared" if what.startswith("shared") else owner, scene.names),
                     f"{space}: {what}, {size_text(size)} from {ipa:#x}, {rights}",
                     text if len(text) < 36 else text[:35] + "\u2026", "#fff")
            y += 19
        bottom = max(bottom, y + 6)
    made.grow(bottom)
    return made


PICTURES = (("memory", "Physical memory", memory_picture), ("owners", "Who has how much", owners_picture),
            ("authority", "Who may do what", authority_picture), ("addresses", "What is where", addresses_picture))


def page(scene):
    """-> {file: text}."""
    drawn = {name: (title, draw(scene).render()) for name, title, draw in PICTURES}
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(pathlib.Path(__file__).with_name("templates")),
                                     undefined=jinja2.StrictUndefined, autoescape=True)
    legend = [(owner, colour(owner, scene.names)) for owner in ("kernel", "initial task", "vmm", "shared", *scene.names)
              if owner != "shared" or "shared" in scene.totals]
    html = environment.get_template("view.html.j2").render(scene=scene, drawn=drawn, legend=legend,
                                                           ram=size_text(scene.platform.ram_size))
    return {f"{scene.name}.html": html} | {f"{scene.name}-{name}.svg": svg for name, (_, svg) in drawn.items()}


def load(path, build):
    """The scene of what capdl.build made."""
    board = system_platform(build.facts["platform"], build, Where())
    packed = read_bytes(path.with_name("archive.bin"))
    entries = archive.entries(packed)
    kernel_size = build.file("kernel").stat().st_size
    pieces = memory.free_pieces(board, kernel_size, image.TASK_LIMIT, len(packed))
    system = check(parser.parse(read_text(path), path.name), board, {n: size for n, (_, size) in entries.items()},
                   board.cores, pieces)
    offset, size = entries.get(BLOB_FILE, (0, 0))
    guests = guests_of(packed[offset:offset + size]) if size else []
    return scene_of(path.stem, system, board, guests, kernel_size, len(packed), pieces)


def main():
    made = argparse.ArgumentParser(prog="capdl.view", description=__doc__.splitlines()[0])
    made.add_argument("--system", type=pathlib.Path, required=True, help="NAME.cdl, archive.bin beside it")
    made.add_argument("--build", type=pathlib.Path, required=True)
    made.add_argument("--out", type=pathlib.Path, required=True, help="folder for what is made")
    options = made.parse_args()
    try:
        files = page(load(options.system, Build(options.build)))
        options.out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (options.out / name).write_text(text)
    except Problem as problem:
        sys.exit(f"error: {problem}")
    except OSError as error:
        sys.exit(f"error: {error.filename or options.out}: {error.strerror}")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""Description -> capDL text that parses to an equal Description."""
from capdl import model

ADDRESSES = ("paddr", "entry", "argument", "stack")


def size_text(size):
    return f"{size >> 20}M" if size % (1 << 20) == 0 else f"{size >> 10}k"


def fill_text(fill):
    step = f" +{fill.step}" if fill.step else ""
    return f'{{{fill.offset} {fill.length} {fill.kind} "{fill.file}" {fill.file_offset}{step}}}'


def params_text(decl):
    params = []
    if decl.bits is not None:
        params.append(f"{decl.bits} bits")
    if decl.size is not None:
        params.append(size_text(decl.size))
    if decl.shared:
        params.append("shared")
    params += [f"{k}: {hex(v) if k in ADDRESSES else v}" for k, v in decl.numbers.items()]
    if decl.fills:
        params.append(f"fill: [{' '.join(fill_text(f) for f in decl.fills)}]")
    return f" ({', '.join(params)})" if params else ""


def object_lines(decl, indent):
    pad = "\t" * indent
    if decl.comment:
        yield f"{pad}-- {decl.comment}"
    count = "" if decl.count is None else f"[{decl.count}]"
    line = f"{pad}{decl.name}{count} = {decl.type}{params_text(decl)}"
    if not decl.children:
        yield line
        return
    yield line + " {"
    for child in decl.children:
        if isinstance(child, model.Ref):
            yield f"{pad}\t{child}"
        else:
            yield from object_lines(child, indent + 1)
    yield pad + "}"


def cap_text(cap):
    slot = "" if cap.slot is None else f"{cap.slot}: "
    rights = "" if cap.rights is None else f" ({cap.rights})"
    return f"{slot}{cap.ref}{rights}"


def lines(d, heading):
    yield from (f"-- {text}" for text in heading)
    yield from ("arch aarch64", "", "objects {")
    for decl in d.objects:
        yield from object_lines(decl, 1)
    yield from ("}", "", "caps {")
    for container in d.caps:
        yield f"\t{container.ref} {{"
        yield from (f"\t\t{cap_text(cap)}" for cap in container.caps)
        yield "\t}"
    yield "}"
    if d.irq_maps:
        yield from ("", "irq maps {")
        yield from (f"\t{intid}: {ref}" for intid, ref in d.irq_maps)
        yield "}"
    if d.handover:
        yield from ("", "handover {")
        yield from (f"\t{name}: {value}" for name, value in d.handover.items())
        yield "}"


def text_of(d, heading=()):
    return "\n".join(lines(d, heading)) + "\n"

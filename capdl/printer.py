# SPDX-License-Identifier: Apache-2.0
"""Description -> capDL text that parses to an equal Description."""
from capdl import model

ADDRESSES = ("paddr", "entry", "argument", "stack")


def size_text(size):
    for unit, letter in ((1 << 30, "G"), (1 << 20, "M")):
        if size and size % unit == 0:
            return f"{size // unit}{letter}"
    return f"{size >> 10}k"


def fill_text(fill):
    step = f" +{fill.step}" if fill.step else ""
    return f'{{{fill.offset} {fill.length} {fill.kind} "{fill.file}" {fill.file_offset}{step}}}'


def param_text(name, value):
    if name == "pci_device":
        return "{}:{}.{}".format(*value)
    if name == "ports":
        return f"{value >> 10}k ports"
    return f"{name}: {hex(value) if name in ADDRESSES and isinstance(value, int) else value}"


def params_text(decl):
    params = []
    if decl.bits is not None:
        params.append(f"{decl.bits} bits")
    if decl.size is not None:
        params.append(size_text(decl.size))
    if decl.shared:
        params.append("shared")
    params += [param_text(name, value) for name, value in decl.numbers.items()]
    if decl.fills:
        params.append(f"fill: [{' '.join(fill_text(f) for f in decl.fills)}]")
    return f" ({', '.join(params)})" if params else ""


def object_lines(decl, indent):
    pad = "\t" * indent
    if decl.comment:
        yield f"{pad}-- {decl.comment}"
    count = "" if decl.count is None else f"[{decl.count}]"
    above = "".join(f"{ref}/" for ref in decl.above)
    line = f"{pad}{above}{decl.name}{count} = {decl.type}{params_text(decl)}"
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


def cap_param_text(name, value):
    if value is True:
        return name
    if name == "asid":
        return f"asid: ({value[0]}, {value[1]})"
    if name == "ports":
        return f"ports: [{', '.join(map(model.range_text, value))}]"
    return f"{name}: {value}"


def cap_text(cap):
    slot = "" if cap.slot is None else f"{cap.slot}: "
    name = "" if cap.name is None else f"{cap.name} = "
    params = ([] if cap.rights is None else [cap.rights]) + [cap_param_text(*p) for p in cap.params]
    end = f" ({', '.join(params)})" if params else ""
    end += "" if cap.parent is None else f" - child_of {cap.parent}"
    return f"{slot}{name}{f'<{cap.ref}>' if cap.copy else cap.ref}{end}"


def caps_lines(entry):
    if isinstance(entry, model.CapName):
        yield f"\t{entry.name} = {entry.at}"
        return
    yield f"\t{entry.ref} {{"
    yield from (f"\t\t{cap_text(cap)}" for cap in entry.caps)
    yield "\t}"


def derived_lines(entry, indent):
    pad = "\t" * indent
    if not entry.children:
        yield f"{pad}{entry.parent}"
        return
    yield f"{pad}{entry.parent} {{"
    for child in entry.children:
        yield from derived_lines(child, indent + 1)
    yield pad + "}"


def lines(d, heading):
    yield from (f"-- {text}" for text in heading)
    yield from ("arch aarch64", "", "objects {")
    for decl in d.objects:
        yield from object_lines(decl, 1)
    yield from ("}", "", "caps {")
    for entry in d.caps:
        yield from caps_lines(entry)
    yield "}"
    if d.irq_maps:
        yield from ("", "irq maps {")
        yield from (f"\t{'' if intid is None else f'{intid}: '}{ref}" for intid, ref in d.irq_maps)
        yield "}"
    if d.cdt:
        yield from ("", "cdt {")
        for entry in d.cdt:
            yield from derived_lines(entry, 1)
        yield "}"
    if d.handover:
        yield from ("", "handover {")
        yield from (f"\t{name}: {value}" for name, value in d.handover.items())
        yield "}"


def text_of(d, heading=()):
    return "\n".join(lines(d, heading)) + "\n"

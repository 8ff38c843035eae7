# SPDX-License-Identifier: Apache-2.0
"""Names, types and parameters of a description: its declarations become single objects."""
from capdl import model
from capdl.problem import Problem, size_text
from capdl.system import BLOCK, PAGE, Object

MOST_ELEMENTS = 65536
VSPACE_VCPUS = 8
CNODE_BITS = (7, 15)   # log2 of its slots; smaller ones get a whole granule
UNTYPED_BITS = (12, 40)

# type: what may be said of it, and what must be
PARAMETERS = {
    "ut": ({"bits"}, {"bits"}),
    "cnode": ({"bits"}, {"bits"}),
    "frame": ({"size", "shared", "paddr", "fill"}, {"size"}),
    "pud": (set(), set()),
    "pd": (set(), set()),
    "pt": (set(), set()),
    "vcpu": ({"index", "entry", "argument", "stack"}, set()),
    "irq": (set(), set()),
    "core": ({"index"}, {"index"}),
}
FIXED_BITS = {"pud": 13, "pd": 12, "pt": 12, "vcpu": 12, "irq": 0, "core": 0}


def given_parameters(decl):
    names = set(decl.numbers)
    names |= {"bits"} if decl.bits is not None else set()
    names |= {"size"} if decl.size is not None else set()
    names |= {"shared"} if decl.shared else set()
    names |= {"fill"} if decl.fills else set()
    return names


def need(condition, decl, message):
    if not condition:
        raise Problem(f"{decl.name}: {message}", decl.where)


def check_bits(decl, low, high, what):
    need(low <= decl.bits <= high, decl, f"{decl.bits} bits: {what} has {low} to {high}")


def check_fill(decl, fill, files):
    element = decl.count or 1
    need(fill.kind == model.FILE_DATA, decl, f"fill {fill.kind} is not known: only {model.FILE_DATA} is")
    need(fill.length > 0 and fill.offset + fill.length <= decl.size, decl,
         f"fill of {fill.length} bytes at {fill.offset} does not fit its {size_text(decl.size)} frame")
    need(fill.file in files, decl,
         f'file "{fill.file}" is not in the archive; there: {", ".join(sorted(files)) or "none"}')
    last = fill.file_offset + (element - 1) * fill.step
    need(last < files[fill.file], decl,
         f'fill starts at byte {last} of "{fill.file}", which has {files[fill.file]}')


def check_frame(decl, platform, files):
    need(decl.size in (PAGE, BLOCK), decl, f"a frame of {size_text(decl.size)}: frames are 4k or 2M")
    if "paddr" in decl.numbers:
        paddr = decl.numbers["paddr"]
        need(decl.count is None, decl, "an array of device pages: declare each by itself")
        need(not decl.shared and not decl.fills, decl, "a device page is neither shared nor filled")
        need(paddr % decl.size == 0, decl, f"paddr {paddr:#x} is not aligned to {size_text(decl.size)}")
        need(decl.size == PAGE and paddr in platform.device_pages, decl,
             f"no device page at paddr {paddr:#x} on {platform.name}; there: "
             f"{', '.join(f'{p:#x}' for p in platform.device_pages) or 'none'}")
    ranges = sorted((f.offset, f.offset + f.length) for f in decl.fills)
    for fill in decl.fills:
        check_fill(decl, fill, files)
    for (_, end), (start, _) in zip(ranges, ranges[1:]):
        need(end <= start, decl, f"two fills overlap at byte {start}")


def check_declaration(decl, platform, files, cores):
    need(decl.type in PARAMETERS, decl, f"no object type '{decl.type}'; there are {', '.join(PARAMETERS)}")
    allowed, required = PARAMETERS[decl.type]
    given = given_parameters(decl)
    for name in sorted(given - allowed):
        raise Problem(f"{decl.name}: a {decl.type} has no '{name}'", decl.where)
    for name in sorted(required - given):
        raise Problem(f"{decl.name}: a {decl.type} needs its {name}", decl.where)
    need(decl.count is None or 1 <= decl.count <= MOST_ELEMENTS, decl,
         f"an array of {decl.count} elements: 1 to {MOST_ELEMENTS} are possible")
    need(not decl.children or decl.type == "ut", decl, f"a {decl.type} has no children; only ut has")
    need(not decl.children or decl.count is None, decl, "an array of untypeds has no children")
    if decl.type == "ut":
        check_bits(decl, *UNTYPED_BITS, "untyped memory")
    elif decl.type == "cnode":
        need(0 <= decl.bits <= CNODE_BITS[1], decl, f"{decl.bits} bits: a CNode has at most {CNODE_BITS[1]}")
    elif decl.type == "frame":
        check_frame(decl, platform, files)
    elif decl.type == "vcpu":
        check_vcpu(decl)
    elif decl.type == "core":
        index = decl.numbers["index"]
        need(decl.count is None, decl, "an array of cores: declare each by itself")
        need(index < cores, decl, f"core {index}: the machine has {cores}, numbered from 0")


def check_vcpu(decl):
    numbers = decl.numbers
    need(numbers.get("index", 0) < VSPACE_VCPUS, decl,
         f"index {numbers.get('index')}: a VSpace has {VSPACE_VCPUS} vCPUs, numbered from 0")
    need("entry" in numbers or not numbers, decl,
         "an index, argument or stack but no entry: give the entry, or nothing")
    need(numbers.get("entry", 0) % 4 == 0, decl, f"entry {numbers.get('entry', 0):#x} is not a multiple of 4")
    need(numbers.get("stack", 0) % 16 == 0, decl,
         f"stack {numbers.get('stack', 0):#x} is not a multiple of 16")
    need("entry" not in numbers or decl.count is None, decl,
         "an array of vCPUs with one entry: declare each by itself")


def size_bits(decl):
    if decl.type == "ut":
        return decl.bits
    if decl.type == "cnode":
        return max(decl.bits, CNODE_BITS[0]) + 5  # 32 bytes a slot
    if decl.type == "frame":
        return decl.size.bit_length() - 1
    return FIXED_BITS[decl.type]


class Names:
    """All objects by name."""

    def __init__(self, description, platform, files, cores):
        self.objects = []
        self.by_name = {}
        self.file = description.file
        owners = []
        for decl in description.objects:
            self.declare(decl, None, platform, files, cores, owners)
        for ref, owner in owners:
            for obj in self.all(ref):
                self.adopt(obj, owner, ref)
        self.check_paddr()

    def declare(self, decl, parent, platform, files, cores, owners):
        if decl.name in self.by_name:
            raise Problem(f"{decl.name} is declared twice, first on line "
                          f"{self.by_name[decl.name][0].where.line}",
                          decl.where)
        check_declaration(decl, platform, files, cores)
        names = [decl.name] if decl.count is None else [f"{decl.name}[{i}]" for i in range(decl.count)]
        made = [Object(name, decl, decl.type, size_bits(decl), element=i, where=decl.where)
                for i, name in enumerate(names)]
        self.by_name[decl.name] = made
        self.objects += made
        for obj in made if parent else ():
            self.adopt(obj, parent, decl)
        for child in decl.children:
            if isinstance(child, model.Ref):
                owners.append((child, made[0]))
            else:
                self.declare(child, made[0], platform, files, cores, owners)

    @staticmethod
    def adopt(obj, parent, what):
        if not obj.made:
            raise Problem(f"{obj.name}: a {'device page' if obj.device else obj.type} is not made of memory, "
                          f"so it cannot be a child of {parent.name}", what.where)
        if obj.parent:
            raise Problem(f"{obj.name} is a child of both {obj.parent.name} and {parent.name}", what.where)
        ancestor = parent
        while ancestor:
            if ancestor is obj:
                raise Problem(f"{obj.name} is a child of itself", what.where)
            ancestor = ancestor.parent
        obj.parent = parent

    def check_paddr(self):
        seen = {}
        for obj in self.objects:
            if obj.device:
                other = seen.setdefault(obj.decl.numbers["paddr"], obj)
                if other is not obj:
                    raise Problem(f"{obj.name} overlaps {other.name}: both are the device page at "
                                  f"{obj.decl.numbers['paddr']:#x}; declare it once", obj.where)
            if obj.type == "core":
                other = seen.setdefault(("core", obj.decl.numbers["index"]), obj)
                if other is not obj:
                    raise Problem(f"{obj.name} and {other.name} are both core {obj.decl.numbers['index']}",
                                  obj.where)

    def all(self, ref):
        """The objects that a reference names."""
        if ref.name not in self.by_name:
            raise Problem(f"{ref.name} is not declared", ref.where)
        objects = self.by_name[ref.name]
        is_array = objects[0].decl.count is not None
        if not is_array:
            if ref.whole or ref.first is not None:
                raise Problem(f"{ref}: {ref.name} is not an array; write {ref.name}", ref.where)
            return objects
        if ref.whole:
            return objects
        if ref.first is None:
            raise Problem(f"{ref.name} is an array of {len(objects)}: write {ref.name}[] or {ref.name}[0]",
                          ref.where)
        last = ref.first if ref.last is None else ref.last
        if last < ref.first or last >= len(objects):
            raise Problem(f"{ref}: {ref.name} has {len(objects)} elements, 0 to {len(objects) - 1}",
                          ref.where)
        return objects[ref.first:last + 1]

    def one(self, ref):
        objects = self.all(ref)
        if len(objects) != 1:
            raise Problem(f"{ref} names {len(objects)} objects where one is needed", ref.where)
        return objects[0]

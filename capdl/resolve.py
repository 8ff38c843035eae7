# SPDX-License-Identifier: Apache-2.0
"""Names, types and parameters of a description: its declarations become single objects."""
from capdl import model
from capdl.problem import Problem, size_text
from capdl.system import BLOCK, PAGE, Object

MOST_ELEMENTS = 1 << 20
VSPACE_VCPUS = 8
CNODE_BITS = (7, 15)   # log2 of its slots; smaller ones get a whole granule
UNTYPED_BITS = (12, 40)

# type: what may be said of it, and what must be
PARAMETERS = {
    "ut": ({"bits"}, set()),
    "cnode": ({"bits"}, {"bits"}),
    "frame": ({"size", "shared", "paddr", "fill"}, {"size"}),
    "pud": (set(), set()),
    "pd": (set(), set()),
    "pt": (set(), set()),
    "vcpu": ({"index", "entry", "argument", "stack"}, set()),
    "irq": (set(), set()),
    "core": ({"index"}, {"index"}),
    "stream": ({"id"}, {"id"}),
}
# Objects and capabilities of seL4 that nie has not, and what to do instead.
NO_SCHEDULER = "the kernel has no scheduler: the task that runs a vCPU says for how long"
NO_IPC = "the kernel has no IPC: tasks share frames and kick each other's vCPUs"
NO_PC = "it is hardware of x86"
NO_THREAD = "a vcpu runs tasks as well as guests: declare a vcpu"
REFUSED = {
    "tcb": NO_THREAD, "ep": NO_IPC, "notification": NO_IPC, "rtreply": NO_IPC, "sc": NO_SCHEDULER,
    "sched_control": NO_SCHEDULER, "domain": NO_SCHEDULER,
    "asid_pool": "the kernel gives each VSpace its VMID: leave it out",
    "asid_control": "the kernel gives each VSpace its VMID: leave it out",
    "pgd": "IPAs have 39 bits, so tables have three levels: the root is a pud",
    "irq_control": "each interrupt is an object of its own: declare an irq",
    "arm_irq": "an interrupt has the trigger and target that the platform gives it: declare an irq",
    "arm_sgi_signal": NO_IPC, "sgi_signal": NO_IPC,
    "arm_smc": "firmware is called by the kernel alone: leave it out",
    "io_ports": NO_PC, "io_ports_control": NO_PC, "io_device": NO_PC, "io_pt": NO_PC, "io_space_master": NO_PC,
    "ioapic_irq": NO_PC, "msi_irq": NO_PC, "pml4": NO_PC, "pdpt": NO_PC,
}
NO_SMMU_OBJECT = "a device is a stream (id: N), and what it reaches is the VSpace that a task attaches it to: declare a stream"
REFUSED |= {name: NO_SMMU_OBJECT for name in ("arm_io_device", "arm_sid", "arm_cb", "arm_sid_control", "arm_cb_control")}
FIXED_BITS = {"pud": 13, "pd": 12, "pt": 12, "vcpu": 12, "irq": 0, "core": 0, "stream": 0}


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
    if decl.type in REFUSED:
        raise Problem(f"{decl.name}: nie has no {decl.type}: {REFUSED[decl.type]}", decl.where)
    need(decl.type in PARAMETERS, decl, f"no object type '{decl.type}'; there are {', '.join(PARAMETERS)}")
    allowed, required = PARAMETERS[decl.type]
    given = given_parameters(decl)
    for name in sorted(given - allowed):
        need((decl.type, name) != ("ut", "paddr"), decl,
             "untyped memory at an address: nie takes the smallest free piece that holds it, so that an image fits "
             "machines with more or less RAM: leave paddr out")
        raise Problem(f"{decl.name}: a {decl.type} has no '{name}'", decl.where)
    for name, value in decl.numbers.items():
        need(isinstance(value, int), decl, f"{name}: {value} is not a number")
    for name in sorted(required - given):
        raise Problem(f"{decl.name}: a {decl.type} needs its {name}", decl.where)
    need(decl.count is None or 1 <= decl.count <= MOST_ELEMENTS, decl,
         f"an array of {decl.count} elements: 1 to {MOST_ELEMENTS} are possible")
    need(not decl.children or decl.type == "ut", decl, f"a {decl.type} has no children; only ut has")
    need(not decl.children or decl.count is None, decl,
         f"an array of untypeds has no children; one of its elements can, after this: {decl.name}[0] = ut {{ ... }}")
    if decl.type == "ut":
        need(decl.bits is not None or decl.count is None, decl, "an array of untypeds needs its bits")
        if decl.bits is not None:
            check_bits(decl, *UNTYPED_BITS, "untyped memory")
    elif decl.type == "cnode":
        need(0 <= decl.bits <= CNODE_BITS[1], decl, f"{decl.bits} bits: a CNode has at most {CNODE_BITS[1]}")
    elif decl.type == "frame":
        check_frame(decl, platform, files)
    elif decl.type == "vcpu":
        check_vcpu(decl)
    elif decl.type == "stream":
        streams = [f.stream for f in platform.functions]
        need(decl.count is None, decl, "an array of streams: declare each by itself")
        need(decl.numbers["id"] in streams, decl,
             f"no stream {decl.numbers['id']} on {platform.name}; there: {', '.join(map(str, streams)) or 'none'}")
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
        return decl.bits or 0  # 0: Names.fit() finds out
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
        self.platform, self.files, self.cores = platform, files, cores
        self.owners = []  # (Ref, what owns it, where that is said)
        for decl in description.objects:
            self.declare(decl, None)
        for ref, owner in self.owners:
            parent = owner if isinstance(owner, Object) else self.one(owner)
            for obj in self.all(ref):
                self.adopt(obj, parent, ref)
        self.fit()
        self.check_paddr()

    def declare(self, decl, parent):
        if decl.name in self.by_name:
            made = self.again(decl)
        else:
            check_declaration(decl, self.platform, self.files, self.cores)
            names = [decl.name] if decl.count is None else [f"{decl.name}[{i}]" for i in range(decl.count)]
            made = [Object(name, decl, decl.type, size_bits(decl), element=i, where=decl.where)
                    for i, name in enumerate(names)]
            self.by_name[decl.name] = made
            self.objects += made
        for obj in made if parent else ():
            self.adopt(obj, parent, decl)
        self.qualified(decl)
        for child in decl.children:
            if isinstance(child, model.Ref):
                self.owners.append((child, made[0]))
            else:
                self.declare(child, made[0])

    def again(self, decl):
        """NAME[i] = ut { ... }: children of an element of an array of untypeds that is declared already."""
        first = self.by_name[decl.name]
        if decl.type != "ut" or first[0].type != "ut" or decl.count is None or first[0].decl.count is None:
            raise Problem(f"{decl.name} is declared twice, first on line {first[0].where.line}", decl.where)
        if given_parameters(decl):
            raise Problem(f"{decl.name}[{decl.count}]: its size is given on line {first[0].where.line}: leave it out "
                          f"here", decl.where)
        return self.all(model.Ref(decl.name, ((decl.count, decl.count),), decl.where))

    def qualified(self, decl):
        """a/b/c = ...: c is made from b, b from a."""
        chain = [*decl.above, model.Ref(decl.name, None if decl.count is None else (), decl.where)]
        self.owners += [(below, above) for above, below in zip(chain, chain[1:])]

    @staticmethod
    def adopt(obj, parent, what):
        if parent.type != "ut":
            raise Problem(f"{parent.name}: a {parent.type} has no children; only ut has", what.where)
        if not obj.made:
            raise Problem(f"{obj.name}: a {'device page' if obj.device else obj.type} is not made of memory, "
                          f"so it cannot be a child of {parent.name}", what.where)
        if obj.parent is parent:
            return
        if obj.parent:
            raise Problem(f"{obj.name} is a child of both {obj.parent.name} and {parent.name}", what.where)
        ancestor = parent
        while ancestor:
            if ancestor is obj:
                raise Problem(f"{obj.name} is a child of itself", what.where)
            ancestor = ancestor.parent
        obj.parent = parent

    def fit(self):
        """Untyped memory without a size gets the least that its children fit into. They are made largest first, so
        none of it is lost to alignment."""
        children = {}
        for obj in self.objects:
            if obj.parent:
                children.setdefault(id(obj.parent), []).append(obj)

        def bits(obj):
            if not obj.size_bits and obj.type == "ut":
                needed = sum(1 << bits(child) for child in children.get(id(obj), ()))
                if not needed:
                    raise Problem(f"{obj.name}: untyped memory without children needs its bits", obj.where)
                obj.size_bits = (needed - 1).bit_length()
            return obj.size_bits

        for obj in self.objects:
            bits(obj)

    def check_paddr(self):
        seen = {}
        for obj in self.objects:
            if obj.device:
                other = seen.setdefault(obj.decl.numbers["paddr"], obj)
                if other is not obj:
                    raise Problem(f"{obj.name} overlaps {other.name}: both are the device page at "
                                  f"{obj.decl.numbers['paddr']:#x}; declare it once", obj.where)
            if obj.type == "stream":
                other = seen.setdefault(("stream", obj.decl.numbers["id"]), obj)
                if other is not obj:
                    raise Problem(f"{obj.name} and {other.name} are both stream {obj.decl.numbers['id']}: a device has one "
                                  f"owner; declare it once", obj.where)
            if obj.type == "core":
                other = seen.setdefault(("core", obj.decl.numbers["index"]), obj)
                if other is not obj:
                    raise Problem(f"{obj.name} and {other.name} are both core {obj.decl.numbers['index']}",
                                  obj.where)

    def all(self, ref):
        """The objects that a reference names."""
        objects = self.by_name.get(ref.name)
        if objects is None:
            reason = f"; nie has no {ref.name}: {REFUSED[ref.name]}" if ref.name in REFUSED else ""
            raise Problem(f"{ref.name} is not declared{reason}", ref.where)
        if objects[0].decl.count is None:
            if ref.ranges is not None:
                raise Problem(f"{ref}: {ref.name} is not an array; write {ref.name}", ref.where)
            return objects
        if ref.ranges is None:
            raise Problem(f"{ref.name} is an array of {len(objects)}: write {ref.name}[] or {ref.name}[0]",
                          ref.where)
        return chosen(ref, objects, "elements")

    def one(self, ref):
        objects = self.all(ref)
        if len(objects) != 1:
            raise Problem(f"{ref} names {len(objects)} objects where one is needed", ref.where)
        return objects[0]


def chosen(ref, things, what):
    """What the ranges of a reference select."""
    if ref.ranges == ():
        return things
    found = []
    for first, last in ref.ranges:
        first, last = first or 0, len(things) - 1 if last is None else last
        if last < first or last >= len(things):
            raise Problem(f"{ref}: {ref.name} has {len(things)} {what}, 0 to {len(things) - 1}", ref.where)
        found += things[first:last + 1]
    return found

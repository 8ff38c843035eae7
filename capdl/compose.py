# SPDX-License-Identifier: Apache-2.0
"""A person's system (SystemSource) -> the capDL description of the VMM, and what guests.bin tells it."""
from capdl import blob
from capdl.memory import round_up
from capdl.model import Cap, Container, Decl, Description, Fill, Ref, all_of
from capdl.platform import FUNCTION_PAGES
from capdl.problem import NOWHERE, Problem, size_text
from capdl.sizes import powers_of_two
from capdl.system import BLOCK, BOOT_SLOTS, GIB, LETTERS, PAGE
from capdl.vmm_space import BLOB_AT, BLOB_FILE, CONSOLE_AT, DEVICES_AT, DEVICE_STEP, RTC_AT, WINDOW, Tables, program

# The VMM's CNode: these slots, the guests' untypeds, what is left at boot, the capabilities that are
# placed nowhere else, and free slots.
CSPACE, VSPACE, VCPUS, CORES, CONSOLE, CONSOLE_IRQ, RTC, MEMORY, GUESTS = 1, 2, 8, 16, 24, 25, 26, 32, 64
CNODE_BITS = (12, 15)
MOST_MEMORY_PIECES = GUESTS - MEMORY
# For a guest's VSpace, vCPUs and tables; and slots for them.
GUEST_OBJECTS = 256 << 10
GUEST_SLOTS = 64
BANK_SIZE, BANK_SLOTS = 1 << 20, 32767
SPARE_SLOTS = 1024
SHARED_HALF = 1 << 38  # of a guest's IPAs


def untyped(name, size, where, comment=""):
    """Untyped memory of any size: powers of two."""
    return [Decl(f"{name}{i}", "ut", bits=piece.bit_length() - 1, where=where, comment="" if i else comment)
            for i, piece in enumerate(powers_of_two(size))]


class Slots:
    """What the VMM's CNode holds."""

    def __init__(self):
        self.caps = []
        self.made = 0  # first capabilities of their objects

    def give(self, first, decls):
        """-> the slots of these objects."""
        self.caps += [Cap(first + i, Ref(decl.name)) for i, decl in enumerate(decls)]
        self.made += len(decls)
        return list(range(first, first + len(decls)))


def banks(guest):
    """CNodes of its own for a realm guest's frames, of 4 KiB (host-vmm, frames.c)."""
    return -(-guest.memory // PAGE // BANK_SLOTS) if guest.realm else 0


def objects_size(guest):
    """A realm guest has a table more for each 2 MiB."""
    tables = round_up(guest.memory // BLOCK * PAGE, GUEST_OBJECTS) if guest.realm else 0
    return GUEST_OBJECTS + tables + banks(guest) * BANK_SIZE


def slots_of(guest):
    """Of the VMM's CNode (guest.c): a frame or a table for each 2 MiB."""
    return (guest.memory + 2 * guest.flash + guest.realm) // BLOCK + banks(guest) + GUEST_SLOTS


def guest_memory(source, platform, slots):
    """-> untypeds, {guest: its slots}, first slot after them."""
    decls, given, slot = [], {}, GUESTS
    for guest in source.guests:
        if guest.memory > platform.ram_size:
            raise Problem(f"{guest.name}.memory: {size_text(guest.memory)} asked for, {platform.name} has "
                          f"{size_text(platform.ram_size)} in all: ask for less", guest.memory_where)
        plural = "s" if guest.vcpus > 1 else ""
        made = untyped(f"{guest.name}_ram", guest.memory, guest.memory_where,
                       f"{guest.name}: {guest.kernel.value}, {guest.vcpus} vCPU{plural}")
        made += untyped(f"{guest.name}_objects", objects_size(guest), guest.where)
        if guest.flash:
            made += untyped(f"{guest.name}_flash", 2 * guest.flash, guest.where)
        if guest.realm:
            made += untyped(f"{guest.name}_given", guest.realm, guest.where, "what it may share with its VMM")
        given[guest.name] = slots.give(slot, made)
        slot += len(made)
        decls += made
    return decls, given, slot


def shared_memory(source, slots, slot):
    """-> frames, {guest: its regions}, first slot after them. Each guest has capabilities of its own, which say where
    the frames are mapped in it; regions have the same place in the shared half of all guests."""
    decls, given, ipa = [], {guest.name: [] for guest in source.guests}, SHARED_HALF
    for region in source.shared:
        count = region.size // PAGE
        decl = Decl(f"{region.name}_shared", "frame", count, size=PAGE, shared=True, where=region.where,
                    comment=f"shared by {', '.join(region.rights)}")
        decls.append(decl)
        for guest, rights in region.rights.items():
            slots.caps.append(Cap(slot, all_of(decl.name), rights))
            given[guest].append({"name": region.name, "slots": (slot, count), "ipa": ipa,
                                 "rights": sum(LETTERS[letter] for letter in rights)})
            slot += count
        ipa += round_up(region.size, BLOCK)
    return decls, given, slot


def devices(source, platform, slots, slot, tables):
    """PCI functions of guests: registers that the VMM maps, a stream and an interrupt. -> objects, irq maps,
    {guest: its devices}, slot of the SMMU's interrupt, first slot after all."""
    decls, maps, given, owner = [], [], {guest.name: [] for guest in source.guests}, {}
    for guest, address in ((guest, address) for guest in source.guests for address in guest.devices):
        function = platform.function(address.value)
        if function is None:
            there = ", ".join(f.address for f in platform.functions) or "none: it has no SMMU"
            raise Problem(f"{guest.name}.devices: no PCI function {address.value} can be assigned on {platform.name}; "
                          f"there: {there}", address.where)
        if address.value in owner:
            raise Problem(f"{guest.name}.devices: {address.value} is {owner[address.value]}'s already: a device has one "
                          f"owner", address.where)
        owner[address.value] = guest.name
        name, at = f"pci_{function.stream}", DEVICES_AT + (len(owner) - 1) * DEVICE_STEP
        pages = [function.config, *range(function.window, function.window + FUNCTION_PAGES * PAGE, PAGE)]
        for number, page in enumerate(pages):
            decls.append(Decl(f"{name}_page{number}", "frame", size=PAGE, numbers={"paddr": page}, where=address.where,
                              comment=f"{guest.name}: {address.value}" if number == 0 else ""))
            tables.map(decls[-1].name, None, PAGE, at + number * PAGE, "RW")
        handed = [Decl(f"{name}_stream", "stream", numbers={"id": function.stream}, where=address.where),
                  Decl(f"{name}_irq", "irq", where=address.where)]
        maps.append((function.irq, Ref(f"{name}_irq")))
        stream, irq = slots.give(slot, handed)
        slot += len(handed)
        decls += handed
        given[guest.name].append({"number": function.stream, "stream": stream, "irq": irq, "intid": function.irq,
                                  "config": at, "bars": at + PAGE, "window": function.window})
    if not owner:
        return decls, maps, given, 0, slot
    decls.append(Decl("smmu_irq", "irq"))
    maps.append((platform.smmu_irq, Ref("smmu_irq")))
    slots.give(slot, decls[-1:])
    return decls, maps, given, slot, slot + 1


def vcpus(cores, flat):
    first = Decl("vmm_vcpu0", "vcpu", numbers={"index": 0, "entry": flat.entry, "argument": BLOB_AT})
    return [first] + [Decl(f"vmm_vcpu{i}", "vcpu") for i in range(1, cores)]


def blob_frames(size, tables):
    count = -(-size // BLOCK)
    if BLOB_AT + count * BLOCK > WINDOW[0]:
        raise Problem(f"the guests' files need {count * BLOCK // GIB} GiB, {(WINDOW[0] - BLOB_AT) // GIB} "
                      f"GiB are possible: give smaller kernels")
    tables.map("guests_bin", count, BLOCK, BLOB_AT, "R")
    return Decl("guests_bin", "frame", count, size=BLOCK, fills=[Fill(0, BLOCK, BLOB_FILE, 0, BLOCK)],
                comment="a device tree that describes the guests, and their files")


def cnode_bits(slots):
    bits = max(slots.bit_length(), CNODE_BITS[0])
    if bits > CNODE_BITS[1]:
        raise Problem(f"the guests' memory needs {slots} slots in the VMM's CNode, {1 << CNODE_BITS[1]} are "
                      f"possible: give guests less memory")
    return bits


def compose(source, platform, cores, flat, guest_files, data):
    """`guest_files`: {guest: (kernel, initrd, device tree)}, names in `data`, {name: bytes}. -> description, guests.bin,
    its device tree's source."""
    slots, tables = Slots(), Tables()
    memory = untyped("vmm_memory", source.vmm_memory, source.vmm_where, "host-vmm's own tables and the like")
    if len(memory) > MOST_MEMORY_PIECES:
        raise Problem(f"vmm.memory: it falls into {len(memory)} powers of two, {MOST_MEMORY_PIECES} are "
                      f"possible: use a rounder size", source.vmm_where)
    cspace = Decl("vmm_cspace", "cnode", comment="host-vmm")
    runners = vcpus(cores, flat)
    console = Decl("console", "frame", size=PAGE, numbers={"paddr": platform.console})
    tables.map("console", None, PAGE, CONSOLE_AT, "RW")
    console_irq = Decl("console_irq", "irq")
    clock = []
    if platform.rtc is not None:
        clock = [Decl("clock", "frame", size=PAGE, numbers={"paddr": platform.rtc})]
        tables.map("clock", None, PAGE, RTC_AT, "R")
    core_decls = [Decl(f"core{i}", "core", numbers={"index": i}) for i in range(cores)]
    code = program(tables, flat)
    vmm = {"cspace": CSPACE, "vspace": VSPACE, "console": CONSOLE_AT, "console_irq": CONSOLE_IRQ,
           "window": WINDOW,
           "rtc": RTC_AT if clock else 0}
    slots.give(CSPACE, [cspace])
    slots.give(VSPACE, tables.objects[:1])
    vmm["vcpus"], vmm["cores"] = slots.give(VCPUS, runners), slots.give(CORES, core_decls)
    slots.give(CONSOLE, [console])
    slots.give(CONSOLE_IRQ, [console_irq])
    slots.give(RTC, clock)
    vmm["memory"] = slots.give(MEMORY, memory)
    guest_decls, untypeds, after = guest_memory(source, platform, slots)
    shared_decls, regions, after = shared_memory(source, slots, after)
    device_decls, device_irqs, given_devices, vmm["smmu_irq"], after = devices(source, platform, slots, after, tables)
    reclaim = round_up(after, BOOT_SLOTS)
    leftover, originals = reclaim + BOOT_SLOTS, reclaim + 2 * BOOT_SLOTS
    vmm["reclaim"], vmm["leftover"] = (reclaim, BOOT_SLOTS), (leftover, BOOT_SLOTS)

    guests = [{"name": g.name, "kernel": guest_files[g.name][0], "initrd": guest_files[g.name][1],
               "dtb": guest_files[g.name][2],
               "bootargs": g.bootargs, "memory": g.memory, "vcpus": g.vcpus, "format": g.format,
               "load": g.load, "limit": g.limit, "debuggable": g.debuggable, "host_cpu": g.cpu == "host", "flash": g.flash, "realm": g.realm,
               "weight": g.weight, "cpus": g.cpus, "restarts": g.restarts,
               "untyped": untypeds[g.name], "regions": regions[g.name], "devices": given_devices[g.name]}
              for g in source.guests]
    vmm["free_slots"] = (0, 0)
    _, blob_size = blob.layout(blob.tree_size(vmm, guests, data), data)
    frames = blob_frames(blob_size, tables)

    objects = [cspace] + tables.objects + code + runners + memory + [frames, console, console_irq]
    objects += clock + core_decls
    objects += guest_decls + shared_decls + device_decls
    homeless = sum(decl.count or 1 for decl in objects) - slots.made
    free = originals + homeless
    cspace.bits = cnode_bits(free + sum(map(slots_of, source.guests)) + SPARE_SLOTS)
    vmm["free_slots"] = (free, (1 << cspace.bits) - free)
    packed, tree = blob.pack(vmm, guests, data)

    description = Description(objects=objects, irq_maps=[(platform.console_irq, Ref("console_irq")), *device_irqs])
    description.caps = list(tables.containers.values())
    description.caps.append(Container(Ref("vmm_vcpu0"),
                                      [Cap("vspace", Ref("vmm_vspace")), Cap("cspace", Ref("vmm_cspace"))]))
    description.caps.append(Container(Ref("vmm_cspace"), slots.caps))
    description.handover = {"start": Ref("vmm_vcpu0"), "cnode": Ref("vmm_cspace"), "reclaim": reclaim,
                            "leftover": leftover, "originals": originals}
    for decl in objects:
        if decl.where is NOWHERE:
            decl.where = source.vmm_where
    return description, packed, tree

# SPDX-License-Identifier: Apache-2.0
"""Commands for gdb (`tools/nie debug`), about the machine as the kernel keeps it. Memory is read by physical address, whatever
address space the stopped core is in.

    nie granule ADDRESS       what a granule is, and whose
    nie guests                VSpaces and their vCPUs
    nie vcpu ADDRESS          saved registers of a vCPU, where it is, and what it waits for
    nie caps ADDRESS          capabilities in a CNode
    nie walk ADDRESS IPA      translation of an IPA in a VSpace, level by level
    nie space                 whose address space this core is in: the kernel's, a task's or a guest's
    nie symbols NAME          symbols of the kernel, or of a guest in their place: both may have the same addresses"""
import pathlib
import struct
import sys

import gdb

TOOLS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOOLS / "nie_cli"), str(TOOLS.parent)]

import live_state  # noqa: E402
import ownership  # noqa: E402
from capdl import asbuilt  # noqa: E402
from paths import ROOT, TARGET  # noqa: E402

KERNEL = live_state.Kernel(TARGET / "kernel" / "arch" / "arm64" / "kernel.elf", TARGET / "generated" / "nie" / "platform.h")
TYPES = asbuilt.types(ROOT / "kernel" / "api" / "nie.yaml")
PAGE = 4096
NONE = 0xFFFFFFFF
LIFE = ("building", "active", "ended", "dying", "dead")
POWER = ("unconfigured", "off", "on", "crashed")


def fields(structure):
    """{member: (offset, size, size of an element)}."""
    found = {}
    for member in gdb.lookup_type(f"struct {structure}").fields():
        kind = member.type.strip_typedefs()
        found[member.name] = (member.bitpos // 8, kind.sizeof, kind.target().sizeof if kind.code == gdb.TYPE_CODE_ARRAY else kind.sizeof)
    return found


FACTS = globals().get("NIE_FACTS", {"guests": {}, "owners": [], "vmm": "", "kernel": ""})  # tools/nie_cli/debug.py
OWNERS = ownership.Owners(FACTS["owners"])
# Now: later a guest's symbols may stand in the kernel's place.
FIELDS = {structure: fields(structure) for structure in ("vcpu", "vspace")}


def field(data, structure, name):
    """One of a kernel structure, by the kernel's own symbols."""
    at, size, step = FIELDS[structure][name]
    values = [int.from_bytes(data[at + i:at + i + step], "little") for i in range(0, size, step)]
    return values if size > step else values[0]


def physical(address, size):
    """QEMU's own extension of the protocol: reads of physical memory."""
    gdb.execute("maintenance packet Qqemu.PhyMemMode:1", to_string=True)
    try:
        return bytes(gdb.selected_inferior().read_memory(address, size))
    finally:
        gdb.execute("maintenance packet Qqemu.PhyMemMode:0", to_string=True)


def state_of(vcpu):
    core = field(vcpu, "vcpu", "core")
    return f"{POWER[field(vcpu, 'vcpu', 'power')]}, {f'on core {core}' if core != NONE else 'on no core'}"


class Machine(live_state.State):
    """A State that reads what it is asked for, no more."""

    def __init__(self):
        self.kernel = KERNEL
        self.state = [live_state.STATES[value] for value in self.bytes_at("granule_state", KERNEL.granules)]
        self.owner = struct.unpack(f"<{KERNEL.granules}I", self.bytes_at("granule_owner", 4 * KERNEL.granules))
        self.place = struct.unpack(f"<{KERNEL.granules}I", self.bytes_at("granule_place", 4 * KERNEL.granules))

    def bytes_at(self, symbol, size):
        return physical(self.kernel.symbols[symbol], size)

    def page(self, granule):
        return physical(self.address(granule), PAGE)

    def address(self, granule):
        return self.kernel.ram_base + granule * PAGE

    def at(self, text, wanted=None):
        address = int(gdb.parse_and_eval(text))
        granule = self.granule_of(address // PAGE * PAGE)
        if granule is None:
            raise gdb.GdbError(f"{address:#x} is not RAM: that begins at {self.kernel.ram_base:#x}")
        if wanted and self.state[granule] != wanted:
            raise gdb.GdbError(f"{address:#x} is a granule of state {self.state[granule]}, not {wanted}")
        return granule


class Nie(gdb.Command):
    __doc__ = __doc__

    def __init__(self):
        super().__init__("nie", gdb.COMMAND_DATA)

    def invoke(self, argument, _):
        words = gdb.string_to_argv(argument)
        action = getattr(self, words[0], None) if words and not words[0].startswith("_") else None
        if action is None or words[0] in dir(gdb.Command):
            raise gdb.GdbError("nie granule, guests, vcpu, caps, walk, space or symbols: help nie says more")
        try:
            action(Machine(), *words[1:])
        except TypeError:
            raise gdb.GdbError(f"nie {words[0]}: help nie says which arguments it takes") from None

    def granule(self, machine, text):
        granule = machine.at(text)
        first = machine.speaker(granule)
        owner, place = machine.owner[first], machine.place[first]
        line = f"granule {granule}, {machine.address(granule):#x}: {machine.state[granule]}"
        if first != granule:
            line += f" of the {machine.state[first]} at {machine.address(first):#x}"
        if machine.state[first] == "private":
            where = f"mapped at IPA {(place & live_state.PAGE_MASK) * PAGE:#x} of the VSpace at {machine.address(owner):#x}"
            line += f", {'mapped nowhere' if owner == NONE else where}"
        elif machine.state[first] == "shared":
            line += f", {owner} mappings"
        print(line)

    def guests(self, machine):
        for granule, guest in machine.vspaces():
            data = machine.page(granule)
            print(f"{'guest' if guest else 'task'} at {machine.address(granule):#x}: {LIFE[field(data, 'vspace', 'life')]}, "
                  f"VMID {field(data, 'vspace', 'vmid')}")
            for index, vcpu in enumerate(field(data, "vspace", "vcpu")):
                if vcpu != NONE:
                    print(f"    vCPU {index} at {machine.address(vcpu):#x}: {state_of(machine.page(vcpu))}")

    def vcpu(self, machine, text):
        granule = machine.at(text, "vcpu")
        data = machine.page(granule)
        x = field(data, "vcpu", "x")
        vspace = field(data, "vcpu", "vspace")
        print(f"{'guest' if field(data, 'vcpu', 'guest') else 'task'}'s vCPU {field(data, 'vcpu', 'index')} of "
              f"{f'the VSpace at {machine.address(vspace):#x}' if vspace != NONE else 'no VSpace'}: {state_of(data)}")
        for first in range(0, 31, 4):
            print("    " + "  ".join(f"x{n:<2} {x[n]:016x}" for n in range(first, min(first + 4, 31))))
        print(f"    pc  {field(data, 'vcpu', 'pc'):016x}  pstate {field(data, 'vcpu', 'pstate'):08x}")

    def caps(self, machine, text):
        granule = machine.at(text, "cnode")
        size = PAGE
        while granule * PAGE + size < machine.kernel.ram_size and machine.state[granule + size // PAGE] == "tail":
            size += PAGE
        for index, cap in asbuilt.slots_of(machine, granule, size, TYPES).items():
            print(f"{index:6}: {asbuilt.shown(cap, {})}")

    def walk(self, machine, text, ipa):
        granule, ipa = machine.at(text, "vspace"), int(gdb.parse_and_eval(ipa))
        table = granule + 1
        for level in (1, 2, 3):
            span = 1 << (12 + 9 * (3 - level))
            entry, = struct.unpack_from("<Q", machine.page(table), ipa // span % 512 * 8)
            print(f"level {level}, entry {ipa // span % 512} of the table at {machine.address(table):#x}: {entry:#018x}")
            if not entry & 1:
                print({0: "nothing is mapped here", 4: "destroyed: what was here is gone for good",
                       8: "memory is expected here, and none was donated yet"}.get(entry, "nothing is mapped here"))
                return
            if level == 3 or not entry & 2:
                rights = ("R" if entry & asbuilt.READ else "") + ("W" if entry & asbuilt.WRITE else "")
                rights += "" if entry & asbuilt.EXECUTE_NEVER else "X"
                print(f"{(entry & asbuilt.TARGET) + ipa % span:#x}, {rights}")
                return
            table = machine.granule_of(entry & asbuilt.TARGET)

    def space(self, machine):
        level = int(gdb.parse_and_eval("$cpsr")) >> 2 & 3
        if level == 2:
            print("EL2, the kernel")
            return
        root = machine.granule_of(int(gdb.parse_and_eval("$VTTBR_EL2")) & asbuilt.TARGET)
        if root is None or machine.state[root] != "root":
            raise gdb.GdbError("VTTBR_EL2 names no VSpace: the kernel has not started a task yet")
        data = machine.page(root - 1)
        kind = "guest" if field(data, "vspace", "guest") else "task"
        print(f"EL{level}, {kind} {OWNERS.of(root - 1) or ''}, VMID {field(data, 'vspace', 'vmid')}, VSpace at {machine.address(root - 1):#x}")

    def symbols(self, machine, name):
        global shown
        known = FACTS["guests"]
        if name != "kernel" and name not in known:
            raise gdb.GdbError(f"nie symbols: kernel{''.join(f' or {guest}' for guest in known)}, not {name}; "
                               "tools/nie debug --guest-symbols gives others")
        if shown != "kernel":
            gdb.execute(f"remove-symbol-file {known[shown][0]}", to_string=True)
        if name == "kernel":
            gdb.execute(f"symbol-file {FACTS['kernel']}", to_string=True)
        else:
            gdb.execute("symbol-file", to_string=True)
            file, offset = known[name]
            gdb.execute(f"add-symbol-file {file} -o {offset:#x}", to_string=True)
        shown = name
        print(f"symbols of {name}")


shown = "kernel"
Nie()

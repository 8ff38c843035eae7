# SPDX-License-Identifier: Apache-2.0
"""Commands for gdb (`tools/nie debug`), about the machine as the kernel keeps it. Memory is read by physical address, whatever
address space the stopped core is in.

    nie granule ADDRESS       what a granule is, and whose
    nie guests                VSpaces and their vCPUs
    nie vcpu ADDRESS          saved registers of a vCPU, where it is, and what it waits for
    nie caps ADDRESS          capabilities in a CNode
    nie walk ADDRESS IPA      translation of an IPA in a VSpace, level by level"""
import pathlib
import struct
import sys

import gdb

TOOLS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOOLS / "nie_cli"), str(TOOLS.parent)]

import live_state  # noqa: E402
from capdl import asbuilt  # noqa: E402
from paths import ROOT, TARGET  # noqa: E402

KERNEL = live_state.Kernel(TARGET / "kernel" / "arch" / "arm64" / "kernel.elf", TARGET / "generated" / "nie" / "platform.h")
TYPES = asbuilt.types(ROOT / "kernel" / "api" / "nie.yaml")
PAGE = 4096
NONE = 0xFFFFFFFF
LIFE = ("building", "active", "ended", "dying", "dead")
POWER = ("unconfigured", "off", "on", "crashed")


def field(data, structure, name):
    """One of a kernel structure, by the kernel's own symbols."""
    kind = gdb.lookup_type(f"struct {structure}")
    found = next(f for f in kind.fields() if f.name == name)
    size = found.type.sizeof
    at = found.bitpos // 8
    if found.type.strip_typedefs().code == gdb.TYPE_CODE_ARRAY:
        step = found.type.strip_typedefs().target().sizeof
        return [int.from_bytes(data[at + i:at + i + step], "little") for i in range(0, size, step)]
    return int.from_bytes(data[at:at + size], "little")


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
            raise gdb.GdbError("nie granule, guests, vcpu, caps or walk: help nie says more")
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


Nie()

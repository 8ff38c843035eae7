# SPDX-License-Identifier: Apache-2.0
"""The kernel's state, read from outside: a dump of RAM and the symbols of kernel.elf. Nothing in the
kernel helps, so nothing in the kernel can make it look better than it is."""
import json
import mmap
import re
import struct
import time

import qemu_socket
from elftools.elf.elffile import ELFFile

GRANULE = 4096
NONE = 0xffffffff
BLOCK = 512
STATES = ("free", "kernel", "cnode", "table", "vspace", "root", "vcpu", "private", "shared", "tail")
AT_EL2 = {"kernel", "cnode", "table", "vspace", "root", "vcpu"}
FRAME_BLOCK = 0x80000000
PAGE_MASK = 0x7ffffff  # IPA / 4096 of 39-bit addresses, in a private frame's place
SHARED_HALF = 1 << 38
ADDRESS = 0xfffffffff000
WINDOW = 511 << 30


class Monitor:
    """QEMU's machine protocol, as much as a dump needs."""

    def __init__(self, path, limit=20):
        self.socket = qemu_socket.connect(path, limit)
        self.file = self.socket.makefile("rw")
        self.file.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        for line in self.file:
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']['desc']}")
        raise EOFError("the machine ended")


class Kernel:
    """Where kernel.elf keeps what is looked at."""

    def __init__(self, elf, platform_header):
        with open(elf, "rb") as file:
            table = ELFFile(file).get_section_by_name(".symtab")
            self.symbols = {s.name: s["st_value"] for s in table.iter_symbols() if s.name}
        text = platform_header.read_text()
        # `view`: where EL2 sees RAM's kernel objects.
        self.ram_base, self.ram_size, self.cores, self.view = (
            int(re.search(rf"#define {name} (\w+?)(ul)?\n", text).group(1), 0)
            for name in ("RAM_BASE", "RAM_SIZE", "NIE_MAX_CORES", "RAM_VIEW_BASE"))
        self.granules = self.ram_size // GRANULE


class State:
    """One moment of a stopped machine."""

    def __init__(self, kernel, ram):
        self.kernel = kernel
        self.ram = ram
        self.state = [STATES[value] for value in self.bytes_at("granule_state", kernel.granules)]
        self.owner = struct.unpack(f"<{kernel.granules}I", self.bytes_at("granule_owner", 4 * kernel.granules))
        self.place = struct.unpack(f"<{kernel.granules}I", self.bytes_at("granule_place", 4 * kernel.granules))

    def bytes_at(self, symbol, size):
        offset = self.kernel.symbols[symbol] - self.kernel.ram_base
        return self.ram[offset:offset + size]

    def page(self, granule):
        return self.ram[granule * GRANULE:(granule + 1) * GRANULE]

    def granule_of(self, address):
        """None: not RAM."""
        granule, rest = divmod(address - self.kernel.ram_base, GRANULE)
        return granule if 0 <= granule < self.kernel.granules and not rest else None

    def speaker(self, granule):
        """The first granule of the object that this one is the tail of."""
        while self.state[granule] == "tail":
            granule -= 1
        return granule

    def walk(self, root, level=1, base=0):
        """(address, size, entry) of each leaf of a translation table whose levels are 1 to 3."""
        span = 1 << (12 + 9 * (3 - level))
        for index, entry in enumerate(struct.unpack("<512Q", self.page(root))):
            at = base + index * span
            if entry & 1 and level < 3 and entry & 2:
                yield from self.walk(self.granule_of(entry & ADDRESS), level + 1, at)
            elif entry & 1:
                yield at, span, entry

    def el2_mappings(self, core):
        """(virtual address, granule) of all RAM that EL2 of this core maps."""
        root = self.granule_of(self.kernel.symbols["mmu_roots"] + core * GRANULE)
        for at, span, entry in self.walk(root):
            first = self.granule_of(entry & ADDRESS)
            if first is not None:
                yield from ((at + i * GRANULE, first + i) for i in range(span // GRANULE))

    def vspaces(self):
        """(granule, is a guest's) of each VSpace."""
        for granule, state in enumerate(self.state):
            if state == "vspace":
                yield granule, struct.unpack_from("<I", self.page(granule))[0] != 0

    def count(self, state):
        return self.state.count(state)


def problems_at_el2(state):
    """Secret hiding: what EL2 maps is the kernel and its objects. The windows are closed whenever
    nobody holds the kernel lock."""
    found = []
    for core in range(state.kernel.cores):
        for at, granule in state.el2_mappings(core):
            kind = state.state[state.speaker(granule)]
            if at >= WINDOW:
                found.append(f"core {core}: the window at {at:#x} shows granule {granule} ({kind})")
            elif kind not in AT_EL2:
                found.append(f"core {core}: EL2 maps granule {granule} ({kind})")
    return found


def problems_of_mappings(state):
    """The translation tables and the granule table say the same, both ways."""
    found, private, shared = [], {}, {}
    for vspace, guest in state.vspaces():
        for ipa, span, entry in state.walk(vspace + 1):
            frame = state.granule_of(entry & ADDRESS)
            if frame is None:
                if guest:
                    found.append(f"guest {vspace}: IPA {ipa:#x} is not RAM")
                continue
            kind = state.state[frame]
            if span != (BLOCK if state.place[frame] & FRAME_BLOCK else 1) * GRANULE:
                found.append(f"VSpace {vspace}: IPA {ipa:#x} maps granule {frame} with another size than it has")
            if kind == "private":
                private.setdefault(frame, []).append(vspace)
                if state.owner[frame] != vspace or state.place[frame] & PAGE_MASK != ipa // GRANULE:
                    found.append(f"VSpace {vspace}: IPA {ipa:#x} maps granule {frame}, whose entry says otherwise")
                if guest and ipa >= SHARED_HALF:
                    found.append(f"guest {vspace}: private granule {frame} in the shared half")
            elif kind == "shared":
                shared[frame] = shared.get(frame, 0) + 1
                if guest and ipa < SHARED_HALF:
                    found.append(f"guest {vspace}: shared granule {frame} in the private half")
            else:
                found.append(f"VSpace {vspace}: IPA {ipa:#x} maps granule {frame} ({kind})")
    for granule, kind in enumerate(state.state):
        if kind == "private":
            mapped = [state.owner[granule]] if state.owner[granule] != NONE else []
            if private.get(granule, []) != mapped:
                found.append(f"private granule {granule}: owner {mapped}, mapped in {private.get(granule, [])}")
        if kind == "shared" and shared.get(granule, 0) != state.owner[granule]:
            found.append(f"shared granule {granule}: count {state.owner[granule]}, mappings {shared.get(granule, 0)}")
    return found


def problems_of_free_memory(state):
    zero = bytes(GRANULE)
    return [f"free granule {granule} is not zero" for granule, kind in enumerate(state.state)
            if kind == "free" and state.page(granule) != zero]


def problems(state):
    return problems_at_el2(state) + problems_of_mappings(state) + problems_of_free_memory(state)


def capture(monitor, kernel, folder, tries=600):
    """Stop the machine at a moment when nobody holds the kernel lock, and read it."""
    path = folder / "ram"
    lock = kernel.symbols["kernel_lock_taken"]
    for _ in range(tries):
        monitor.ask("stop")
        monitor.ask("pmemsave", val=lock, size=4, filename=str(path))
        if path.read_bytes() == bytes(4):
            monitor.ask("pmemsave", val=kernel.ram_base, size=kernel.ram_size, filename=str(path))
            with open(path, "rb") as file:
                state = State(kernel, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            path.unlink()
            return state
        monitor.ask("cont")
        time.sleep(0.05)
    raise AssertionError("the kernel lock is never free")

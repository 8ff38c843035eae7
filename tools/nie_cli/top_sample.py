# SPDX-License-Identifier: Apache-2.0
"""What `top` shows, read from a running machine's memory: memory and vCPUs from the kernel's own tables, exits from the
counters that host-vmm keeps for its report. Nothing in the machine helps, or notices."""
import re
import struct
from dataclasses import dataclass, field

import debug_info
import live_state
import ownership
import yaml
from live_state import BLOCK, FRAME_BLOCK, GRANULE, NONE, STATES
from paths import ROOT

PAGE = 4096
LIFE = ("building", "active", "ended", "dying", "dead")     # enum vspace_life
PHASES = ("new", "building", "running", "ending", "gone")  # enum guest_phase
POWER = ("unconfigured", "off", "on", "crashed")           # enum vcpu_power
STATE = {name: number for number, name in enumerate(STATES)}


def named(names, number):
    """Memory that is being written may hold anything."""
    return names[number] if number < len(names) else "?"


@dataclass
class Vcpu:
    index: int
    power: str
    core: int | None          # that it is on
    exits: dict = field(default_factory=dict)  # reason: count; empty: the VMM keeps none


@dataclass
class Guest:
    name: str
    state: str                # host-vmm's phase, or how it ended; with another VMM its VSpace's life
    private: int              # bytes that it has
    vcpus: list
    restarts: int = 0

    def exits(self):
        total = {}
        for vcpu in self.vcpus:
            for reason, count in vcpu.exits.items():
                total[reason] = total.get(reason, 0) + count
        return total


@dataclass
class Sample:
    guests: list
    memory: dict  # what: bytes; all of RAM


class Reader:
    """Reads the physical memory of a machine through its monitor, whether it runs or not."""

    def __init__(self, monitor, folder):
        self.monitor, self.path = monitor, folder / "piece"

    def read(self, address, size):
        self.monitor.ask("pmemsave", val=address, size=size, filename=str(self.path))
        return self.path.read_bytes()


class HostVmm:
    """The counters of host-vmm. `pages`: its address space."""

    def __init__(self, elf, pages, reasons):
        self.info, self.pages, self.reasons = debug_info.DebugInfo(elf), pages, reasons

    def read(self, reader, address, size):
        """By the VMM's addresses, in pieces that are contiguous in memory."""
        data = b""
        while len(data) < size:
            at = address + len(data)
            base, page = next((b, p) for b in (at // PAGE * PAGE, at // (PAGE * BLOCK) * PAGE * BLOCK) if (p := self.pages.get(b)))
            length, end = page.size - (at - base), base + page.size
            while length < size - len(data) and (p := self.pages.get(end)) and p.at == page.at + end - base:
                length, end = length + p.size, end + p.size
            data += reader.read(page.at + at - base, min(length, size - len(data)))
        return data

    def text(self, reader, address):
        return self.read(reader, address, 32).split(b"\0")[0].decode(errors="replace") if address else ""

    def guests(self, reader):
        """{name: (state, restarts, [exits of each vCPU])}."""
        info = self.info
        config = self.read(reader, info.symbol("config"), info.size("config"))
        vmm = self.read(reader, info.symbol("vmm"), info.size("vmm"))
        count, = struct.unpack_from("<I", config, info.offset("config", "guests"))
        found = {}
        for i in range(count):
            one = info.offset("config", "guest") + i * info.size("guest_config") + info.offset("guest_config", "name")
            name = self.text(reader, struct.unpack_from("<Q", config, one)[0])
            if name:
                found[name] = self.guest(reader, vmm, info.offset("vmm", "guest") + i * info.size("guest"))
        return found

    def guest(self, reader, vmm, at):
        info = self.info

        def number(member, kind="<I"):
            return struct.unpack_from(kind, vmm, at + info.offset("guest", member))[0]

        phase, end = number("phase"), number("end", "<Q")
        state = named(PHASES, phase)
        if end and state in ("ending", "gone"):
            state = self.text(reader, end)
        exits = []
        for v in range(min(number("vcpus"), 8)):
            first = at + info.offset("guest", "vcpu") + v * info.size("vcpu") + info.offset("vcpu", "exits")
            counts = [struct.unpack_from("<Q", vmm, first + 8 * n)[0] for n in range(1, len(self.reasons) + 1)]
            exits.append({reason: count for reason, count in zip(self.reasons, counts) if count})
        return state, number("restarts"), exits


class Source:
    """Everything about one image that reading needs."""

    def __init__(self, image, description, cores, tree):
        elf = tree / "kernel" / "arch" / "arm64" / "kernel.elf"
        self.facts = live_state.Kernel(elf, tree / "generated" / "nie" / "platform.h")
        self.info = debug_info.DebugInfo(elf)
        self.owners, pages = ownership.planned(image, description, cores, self.facts.ram_base)
        interface = yaml.safe_load((ROOT / "kernel" / "api" / "nie.yaml").read_text())
        self.vmm = None if description.own_vmm else HostVmm(tree / "userland" / "host-vmm" / "host-vmm.elf", pages,
                                                            [e["name"] for e in interface["exits"]])
        self.names = list(description.guests)

    def field(self, page, structure, member, index=0):
        return struct.unpack_from("<I", page, self.info.offset(structure, member) + 4 * index)[0]

    def table(self, reader, symbol, kind):
        data = reader.read(self.facts.symbols[symbol], self.facts.granules * struct.calcsize(kind))
        return memoryview(data).cast(kind) if kind != "B" else data

    def page(self, reader, granule):
        return reader.read(self.facts.ram_base + granule * GRANULE, PAGE)

    def sample(self, reader):
        states = self.table(reader, "granule_state", "B")
        owner, place = self.table(reader, "granule_owner", "I"), self.table(reader, "granule_place", "I")
        memory, private = {}, {}
        for match in re.finditer(bytes([STATE["private"]]), states, re.DOTALL):
            first = match.start()
            size = (BLOCK if place[first] & FRAME_BLOCK else 1) * GRANULE
            private[owner[first]] = private.get(owner[first], 0) + size
        counted = {name: states.count(bytes([number])) * GRANULE for name, number in STATE.items()}
        vspaces = [m.start() for m in re.finditer(bytes([STATE["vspace"]]), states)]
        guests = self.guests(reader, vspaces, private)
        memory["guests"] = sum(g.private for g in guests)
        memory["free"], memory["kernel"] = counted["free"], counted["kernel"]
        memory["kernel objects"] = sum(counted[name] for name in ("cnode", "table", "vspace", "root", "vcpu"))
        memory["tasks and shared"] = self.facts.ram_size - sum(memory.values())
        return Sample(guests, memory)

    def guests(self, reader, vspaces, private):
        counters = self.vmm.guests(reader) if self.vmm else {}
        found = {}
        for vspace in vspaces:
            page = self.page(reader, vspace)
            if not self.field(page, "vspace", "guest"):
                continue
            name = self.owners.of(vspace) or f"guest {vspace}"
            vcpus = []
            for index in range(8):
                granule = self.field(page, "vspace", "vcpu", index)
                if granule < self.facts.granules:
                    data = self.page(reader, granule)
                    core, power = self.field(data, "vcpu", "core"), self.field(data, "vcpu", "power")
                    vcpus.append(Vcpu(index, named(POWER, power), None if core == NONE else core))
            found[name] = Guest(name, named(LIFE, self.field(page, "vspace", "life")), private.get(vspace, 0), vcpus)
        for name, (state, restarts, exits) in counters.items():
            guest = found.setdefault(name, Guest(name, "", 0, [Vcpu(i, "off", None) for i in range(len(exits))]))
            guest.state, guest.restarts = state, restarts
            for vcpu in guest.vcpus:
                vcpu.exits = exits[vcpu.index] if vcpu.index < len(exits) else {}
        order = {name: i for i, name in enumerate(self.names)}
        return sorted(found.values(), key=lambda g: (order.get(g.name, len(order)), g.name))

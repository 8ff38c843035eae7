# SPDX-License-Identifier: Apache-2.0
"""The VMM's VSpace: which frames stand where, and the translation tables for them."""
from capdl.memory import round_up
from capdl.model import Cap, Container, Decl, Fill, Ref, all_of, element
from capdl.system import BLOCK, GIB, PAGE

CONSOLE_AT = 0x00800000
RTC_AT = 0x00801000
DEVICES_AT, DEVICE_STEP = 0x00810000, 0x20000  # of each function its configuration space, then its registers
VMM_BASE = 0x01000000
BLOB_AT = 0x80000000
WINDOW = (0x200000000, 0x200000000)  # address and size of what stays free
VMM_FILE, BLOB_FILE = "host-vmm", "guests.bin"


class Tables:
    """Translation tables of the VMM, made when something is mapped."""

    def __init__(self):
        self.objects, self.containers = [], {}
        self.root = self.container("vmm_vspace", "pud")

    def container(self, name, kind):
        self.objects.append(Decl(name, kind))
        self.containers[name] = Container(Ref(name))
        return self.containers[name]

    def level2(self, gib):
        name = f"vmm_gib{gib}"
        if name not in self.containers:
            self.root.caps.append(Cap(gib, Ref(name)))
            self.container(name, "pd")
        return self.containers[name]

    def level3(self, ipa):
        name = f"vmm_mib{ipa >> 20}"
        if name not in self.containers:
            self.level2(ipa // GIB).caps.append(Cap(ipa % GIB // BLOCK, Ref(name)))
            self.container(name, "pt")
        return self.containers[name]

    def map(self, name, count, size, ipa, rights):
        """An array of frames (`count`), or a single one (None), in one run of slots per table."""
        done, total = 0, count or 1
        while done < total:
            at = ipa + done * size
            table, span = (self.level3(at), BLOCK) if size == PAGE else (self.level2(at // GIB), GIB)
            here = min(total - done, (span - at % span) // size)
            table.caps.append(Cap(at % span // size, part(name, count, done, here), rights))
            done += here


def part(name, count, first, length):
    if count is None:
        return Ref(name)
    if length == count:
        return all_of(name)
    return element(name, first, first + length - 1)


def program(tables, flat):
    """Frames for the VMM's ELF: code, data, zeroed memory."""
    objects = []
    filled = round_up(len(flat.data), PAGE)
    for name, start, end, rights in (("vmm_code", 0, flat.text_size, "RX"),
                                     ("vmm_data", flat.text_size, max(filled, flat.text_size), "RW"),
                                     ("vmm_bss", max(filled, flat.text_size), flat.size, "RW")):
        count = (end - start) // PAGE
        if count == 0:
            continue
        fills = [] if name == "vmm_bss" else [Fill(0, PAGE, VMM_FILE, start, PAGE)]
        objects.append(Decl(name, "frame", count, size=PAGE, fills=fills))
        tables.map(name, count, PAGE, flat.base + start, rights)
    return objects

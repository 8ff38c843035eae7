# SPDX-License-Identifier: Apache-2.0
"""`run --trace`: what goes in and out of EL2, written down by a plugin of QEMU (tools/trace) while the system runs, then
decoded. The kernel is the one that always runs; which of its instructions are looked at is found in kernel.elf."""
import struct
from dataclasses import dataclass
from pathlib import Path

import build
import debug_info
import live_state
import ownership
import yaml
from elftools.elf.elffile import ELFFile
from paths import BUILD, ROOT
from say import Failure, say

INTERFACE = ROOT / "kernel" / "api" / "nie.yaml"
RECORDER = BUILD / "native" / "tools" / "trace" / "trace-recorder.so"
VECTOR_SYNC, VECTOR_IRQ = 0x400, 0x480  # from a lower level in AArch64 (Arm ARM D1.3.1); AArch32's follow
AARCH32 = 0x200
ERET = 0xD69F03E0
STXR, STXR_MASK = 0x88007C00, 0xFFE0FC00        # of a word: Rs 20:16, Rn 9:5, Rt 4:0
READ_IAR1, READ_IAR1_MASK = 0xD538CC00, 0xFFFFFFE0  # MRS Xt, ICC_IAR1_EL1


@dataclass
class Kernel:
    """What the recorder has to know of kernel.elf."""
    ram_base: int
    view: int
    lock: int
    vectors: int
    cspace: int  # its offset in struct vcpu
    code: dict   # address: instruction

    def hooks(self):
        found = [f"{kind}={self.vectors + at + more:#x}" for more in (0, AARCH32)
                 for kind, at in (("sync", VECTOR_SYNC), ("irq", VECTOR_IRQ))]
        for address, word in self.code.items():
            if word == ERET:
                found.append(f"eret={address:#x}")
            elif word & STXR_MASK == STXR:
                found.append(f"locked={address + 4:#x}/{word >> 16 & 31}/{word >> 5 & 31}")
            elif word & READ_IAR1_MASK == READ_IAR1:
                found.append(f"ack={address + 4:#x}/{word & 31}")
        return found


def read_kernel(folder):
    path = folder / "kernel" / "arch" / "arm64" / "kernel.elf"
    facts = live_state.Kernel(path, folder / "generated" / "nie" / "platform.h")
    code = {}
    with open(path, "rb") as file:
        elf = ELFFile(file)
        end = facts.symbols["text_end"]
        for section in elf.iter_sections():
            start = section["sh_addr"]
            if section["sh_flags"] & 4 and section["sh_type"] == "SHT_PROGBITS" and start < end:  # executable
                words = struct.unpack(f"<{section['sh_size'] // 4}I", section.data()[:section["sh_size"] // 4 * 4])
                code |= {start + 4 * i: word for i, word in enumerate(words)}
        return Kernel(facts.ram_base, facts.view, facts.symbols["kernel_lock_taken"], facts.symbols["vectors"],
                      debug_info.DebugInfo(path).offset("vcpu", "cspace"), code)


def kinds(interface):
    """For each hypercall a letter for each argument: s a slot, c a CNode and after it the index in it."""
    return ":".join("".join({"slot": "s", "cnode": "c"}.get(a.get("kind"), "-") for a in call.get("args", []))
                    for call in interface["calls"])


def plugin(kernel, interface, out, icount):
    """QEMU's arguments."""
    build.preset("native", "trace-recorder")
    words = [f"out={out}", f"view={kernel.view:#x}", f"cspace={kernel.cspace}", f"lock={kernel.lock:#x}",
             f"calls={kinds(interface)}", *kernel.hooks(), *(["clock=instructions"] if icount else [])]
    return ["-plugin", ",".join([str(RECORDER), *words])]


def prepare(folder):
    """The folder is there, and empty of what an earlier trace left."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("trace.bin", "trace.txt", "trace.json"):
            (folder / name).unlink(missing_ok=True)
            (folder / name).touch()
    except OSError as error:
        raise Failure(f"--trace {folder}: {error.strerror}: give a folder that can be written") from None
    if "," in str(folder):
        raise Failure(f"--trace {folder}: QEMU takes no comma in a plugin's file name: give another folder")
    return folder / "trace.bin"


def decode(folder, kernel, interface, whose):
    """trace.bin -> trace.txt and trace.json."""
    import trace_perfetto
    import trace_records
    import trace_text

    trace = trace_records.read(folder / "trace.bin")
    events = trace_records.story(trace, interface)
    words = trace_text.Words(interface, whose, kernel.ram_base, trace_records.first_vcpu(trace))
    count = trace_text.write(events, words, trace.unit, folder / "trace.txt")
    trace_perfetto.write(events, words, trace.unit, folder / "trace.json")
    say(f"trace: {count:,} lines in {folder}/trace.txt; open {folder}/trace.json at https://ui.perfetto.dev")


class Recording:
    """Of one run: QEMU's arguments before it, the files after it."""

    def __init__(self, folder, image, description, options):
        self.folder = Path(folder).resolve()
        out = prepare(self.folder)
        self.interface = yaml.safe_load(INTERFACE.read_text())
        self.kernel = read_kernel(build.tree("target", description.ram))
        self.owners, _ = ownership.planned(image, description, options.cores, self.kernel.ram_base)
        self.arguments = plugin(self.kernel, self.interface, out, options.icount)

    def finish(self):
        decode(self.folder, self.kernel, self.interface, self.owners)

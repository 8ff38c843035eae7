# SPDX-License-Identifier: Apache-2.0
"""Sizes: the kernel's text and data, its source lines, the image, memory outside objects."""
import re
import subprocess

import build
from paths import ROOT, TARGET
from say import Failure

KERNEL = TARGET / "kernel" / "arch" / "arm64" / "kernel.elf"
FOLDERS = ["kernel/core/isolation", "kernel/core/authority", "kernel/core", "kernel/include/nie", "kernel/arch/arm64",
           "kernel/platform"]  # kernel/api has templates, and examples for tasks
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


def symbols(elf=KERNEL):
    result = subprocess.run(["aarch64-linux-gnu-nm", str(elf)], text=True, stdout=subprocess.PIPE)
    if result.returncode:
        raise Failure(f"{elf}: its symbols cannot be read: build it with tools/nie build")
    rows = (line.split() for line in result.stdout.splitlines())
    return {row[2]: int(row[0], 16) for row in rows if len(row) == 3}


def source_lines(text):
    """Lines with something other than white space and comments."""
    return sum(1 for line in COMMENT.sub("", text).splitlines() if line.strip())


def lines_of(folder):
    return sum(source_lines(path.read_text()) for path in sorted((ROOT / folder).glob("*")) if path.suffix in
               (".c", ".h", ".S"))


def measure():
    build.target()
    at = symbols()
    ram = int(re.search(r"RAM_SIZE (0x[0-9a-f]+)", (TARGET / "generated/nie/platform.h").read_text())[1], 16)
    sizes = {"text": at["text_end"] - at["kernel_start"],
             "rodata": read_only_data(),
             "outside-objects": (at["kernel_end"] - at["kernel_start"]) * (1 << 30) // ram,
             "bench-image": (TARGET / "bench.img").stat().st_size}
    image = TARGET / "systems" / "demo" / "nie.img"
    if image.exists():
        sizes["demo-image"] = image.stat().st_size
    lines = {folder: lines_of(folder) for folder in FOLDERS if lines_of(folder)}
    lines["generated"] = sum(source_lines((TARGET / "generated" / "nie" / name).read_text())
                             for name in ("dispatch.c",))
    sizes["sloc"] = sum(lines.values())
    return sizes, lines


ASSEMBLY = {"resume_vcpu", "plain_call", "slow_call", "slow_sync", "slow_irq", "report_exception", "vectors", "fp_save", "fp_load",
            "sha256_blocks", "not_el2", "wrong_place"}  # and all before text_end that is no function: head.S


def reserved_registers(listing):
    """Functions that the compiler made and that name X9 to X18, or a floating-point register: entry.S relies on none
    doing so."""
    found, function = [], ""
    for line in listing.splitlines():
        if match := re.match(r"[0-9a-f]+ <(.*)>:", line):
            function = match[1]
        elif function not in ASSEMBLY and re.search(r"\t.*\b([xw](9|1[0-8])|[vqdsbh]([0-9]|[12][0-9]|3[01]))\b", line):
            found.append(function)
    return sorted(set(found))


def disassembly(elf=KERNEL):
    return subprocess.run(["aarch64-linux-gnu-objdump", "-d", "--no-show-raw-insn", str(elf)], text=True,
                          stdout=subprocess.PIPE).stdout


def read_only_data():
    """Without what fills the section's last page."""
    result = subprocess.run(["aarch64-linux-gnu-objdump", "-s", "-j", ".rodata", str(KERNEL)], text=True,
                            stdout=subprocess.PIPE)
    data = b"".join(bytes.fromhex("".join(line[line.index(" ", 1) + 1:].split("  ")[0].split()))
                    for line in result.stdout.splitlines() if re.match(r" [0-9a-f]{8} ", line))
    return len(data.rstrip(b"\0"))

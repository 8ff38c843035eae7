# SPDX-License-Identifier: Apache-2.0
"""Is a guest's file what it is said to be, complete, and small enough for the guest's RAM?"""
import struct

from capdl import elf
from capdl.memory import round_up
from capdl.problem import Problem, size_text
from capdl.system import BLOCK

RAM_BASE = 0x40000000  # of every guest: the QEMU `virt` map
FLASH_END = 0x04000000  # of the first bank
DEVICE_TREE = 64 << 10
ARM64_MAGIC = b"ARM\x64"
FORMATS = ("image", "elf", "raw")
ELF_MAGIC = b"\x7fELF"
# What people give by mistake.
OTHERS = ((ELF_MAGIC, "it is an ELF file: say format: elf"),
          (b"\x1f\x8b", "it is gzip-compressed: unpack it"),
          (b"\xfd7zXZ", "it is xz-compressed: unpack it"),
          (b"\x28\xb5\x2f\xfd", "it is zstd-compressed: unpack it"),
          (b"MZ", "it is an EFI program for another machine, or compressed (zboot): give the raw Image"))


def format_of(data):
    """What a file is that nobody described. Raw binaries have no mark: they need format or load."""
    return "elf" if data.startswith(ELF_MAGIC) else "image"


def branch_target(data, at):
    """Where an unconditional branch goes (Arm ARM C6.2.25); None if it is another instruction."""
    word = struct.unpack_from("<I", data, at)[0]
    if word & 0xFC000000 != 0x14000000:
        return None
    offset = word & 0x03FFFFFF
    return at + 4 * (offset - 0x04000000 if offset & 0x02000000 else offset)


def pe_end(data):
    """Last byte of the sections that an EFI-stub Image lists; 0 for an Image without."""
    at = struct.unpack_from("<I", data, 60)[0]
    if data[:2] != b"MZ" or at == 0:
        return 0
    if at + 24 > len(data):
        return at + 24
    sections, = struct.unpack_from("<H", data, at + 6)
    table = at + 24 + struct.unpack_from("<H", data, at + 20)[0]
    if table + 40 * sections > len(data):
        return table + 40 * sections
    raw = [struct.unpack_from("<II", data, table + 40 * i + 16) for i in range(sections)]
    return max((size + pointer for size, pointer in raw), default=0)


def image_end(data, file):
    """Bytes that an arm64 Image needs from the start of RAM (booting.rst), checked."""
    if len(data) < 64:
        raise Problem(f"{file} is truncated: it has {len(data)} bytes, the header of an arm64 Image alone "
                      f"has 64")
    if data[56:60] != ARM64_MAGIC:
        what = next((text for magic, text in OTHERS if data.startswith(magic)), "give an arm64 Image, or say format: raw")
        raise Problem(f"{file} is not an arm64 Image (no magic at byte 56): {what}")
    needed = max([pe_end(data)] + [target + 4 for target in (branch_target(data, 0), branch_target(data, 4))
                                   if target is not None])
    if needed > len(data):
        raise Problem(f"{file} is truncated: it has {len(data)} bytes, its header speaks of {needed}; fetch "
                      f"it again")
    text_offset, size = struct.unpack_from("<QQ", data, 8)
    return text_offset + max(size, len(data))


def elf_end(data, file, memory):
    _, segments = elf.segments(data, file)
    for s in segments:
        if s["p_paddr"] < RAM_BASE or s["p_paddr"] + s["p_memsz"] > RAM_BASE + memory:
            raise Problem(f"{file}: segment at {s['p_paddr']:#x} ({size_text(s['p_memsz'])}) is outside the "
                          f"guest's RAM, {RAM_BASE:#x} to {RAM_BASE + memory:#x}: link it there, or give it "
                          f"more memory")
    return max(s["p_paddr"] + s["p_memsz"] for s in segments) - RAM_BASE


def raw_end(data, file, memory, load, flash):
    if load < flash:
        if load + len(data) > flash:
            raise Problem(f"{file} ({size_text(len(data))}) at {load:#x} goes beyond its flash of {size_text(flash)}: "
                          f"give it more flash")
        return 0
    if load < FLASH_END:
        raise Problem(f"{file}: load address {load:#x} is where QEMU's virt has flash, the guest has "
                      f"{size_text(flash) if flash else 'none'}: give it flash")
    if not RAM_BASE <= load < RAM_BASE + memory:
        raise Problem(f"{file}: load address {load:#x} is outside the guest's RAM, {RAM_BASE:#x} to "
                      f"{RAM_BASE + memory:#x}")
    return load - RAM_BASE + len(data)


def check(data, file, form, memory, load, initrd_size, flash=0):
    if not data:
        raise Problem(f"{file} is empty")
    if form == "image":
        end = image_end(data, file)
    elif form == "elf":
        end = elf_end(data, file, memory)
    else:
        end = raw_end(data, file, memory, load, flash)
    needed = round_up(end, BLOCK) + round_up(initrd_size, 4096) + DEVICE_TREE
    if needed > memory:
        with_initrd = f", its initrd of {size_text(initrd_size)}" if initrd_size else ""
        raise Problem(f"{file} ({size_text(end)} when loaded){with_initrd} and a device tree need "
                      f"{size_text(needed)} of RAM, the guest has {size_text(memory)}: give it more memory")

# SPDX-License-Identifier: Apache-2.0
"""A static ELF as what it looks like in memory."""
import io
from dataclasses import dataclass

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from capdl.memory import round_up
from capdl.problem import Problem
from capdl.system import PAGE

PF_X, PF_W = 1, 2


@dataclass
class Flat:
    base: int
    entry: int
    data: bytes       # what the file holds, from `base` on
    text_size: int    # read and execute, from `base` on, whole pages
    size: int         # of all, zeroed memory included, whole pages


def segments(data, name):
    try:
        elf = ELFFile(io.BytesIO(data))
    except (ELFError, OSError) as error:
        raise Problem(f"{name}: is not an ELF file ({error}): build it again") from None
    if elf["e_machine"] != "EM_AARCH64":
        raise Problem(f"{name}: is an ELF file for {elf['e_machine']}, not for aarch64")
    found = [s.header for s in elf.iter_segments() if s["p_type"] == "PT_LOAD" and s["p_memsz"]]
    if not found:
        raise Problem(f"{name}: has nothing to load")
    for segment in found:
        if segment["p_offset"] + segment["p_filesz"] > len(data):
            raise Problem(f"{name}: is truncated: it has {len(data)} bytes, its segments reach byte "
                          f"{segment['p_offset'] + segment['p_filesz']}; build it again")
    return elf["e_entry"], sorted(found, key=lambda s: s["p_vaddr"])


def flatten(path, base):
    """Executable segments first, then writable ones that start on a page of their own."""
    data = path.read_bytes()
    entry, found = segments(data, path.name)
    content = bytearray()
    text_end = end = base
    writable = False
    for segment in found:
        start, writes = segment["p_vaddr"], bool(segment["p_flags"] & PF_W)
        if start < end or (start == found[0]["p_vaddr"]) != (start == base):
            raise Problem(f"{path.name}: segment at {start:#x} is not where it belongs: link it at {base:#x} "
                          f"with task.ld")
        if writes and not writable and start % PAGE:
            raise Problem(f"{path.name}: data at {start:#x} shares a page with code: link it with task.ld")
        if not writes and writable:
            raise Problem(f"{path.name}: code at {start:#x} follows data: link it with task.ld")
        writable = writes
        content += bytes(start - base - len(content))
        content += data[segment["p_offset"]:segment["p_offset"] + segment["p_filesz"]]
        end = start + segment["p_memsz"]
        text_end = text_end if writes else round_up(end, PAGE)
    return Flat(base, entry, bytes(content), text_end - base, round_up(end, PAGE) - base)

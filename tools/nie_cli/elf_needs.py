# SPDX-License-Identifier: Apache-2.0
"""What an ELF file says that it needs. Imported only once set-up has installed pyelftools."""
import io

from elftools.elf.elffile import ELFFile


def modules(data):
    """Names of the kernel modules that one needs: section .modinfo."""
    section = ELFFile(io.BytesIO(data)).get_section_by_name(".modinfo")
    entries = dict(e.split(b"=", 1) for e in section.data().split(b"\0") if b"=" in e)
    return [name.decode().replace("-", "_") for name in entries.get(b"depends", b"").split(b",") if name]


def libraries(data):
    """The files that a program needs beside it: its interpreter and its libraries."""
    elf = ELFFile(io.BytesIO(data))
    found = [s.get_interp_name() for s in elf.iter_segments() if s["p_type"] == "PT_INTERP"]
    dynamic = elf.get_section_by_name(".dynamic")
    found += [tag.needed for tag in dynamic.iter_tags("DT_NEEDED")] if dynamic else []
    return [name.rpartition("/")[2] for name in found]

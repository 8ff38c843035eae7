# SPDX-License-Identifier: Apache-2.0
"""Where a program keeps things: its symbols, and its structures as its debug information (DWARF) has them."""
from elftools.elf.elffile import ELFFile
from say import Failure


class DebugInfo:
    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            elf = ELFFile(file)
            self.symbols = {s.name: s["st_value"] for s in elf.get_section_by_name(".symtab").iter_symbols() if s.name}
            if not elf.has_dwarf_info():
                raise Failure(f"{path.name} has no debug information: build it with -g")
            self.structures = {}  # name: (size, {member: offset})
            for unit in elf.get_dwarf_info().iter_CUs():
                for entry in unit.iter_DIEs():
                    name = entry.attributes.get("DW_AT_name")
                    if entry.tag == "DW_TAG_structure_type" and name and "DW_AT_byte_size" in entry.attributes:
                        self.structures.setdefault(name.value.decode(), (entry.attributes["DW_AT_byte_size"].value, {
                            child.attributes["DW_AT_name"].value.decode(): child.attributes["DW_AT_data_member_location"].value
                            for child in entry.iter_children()
                            if "DW_AT_name" in child.attributes and "DW_AT_data_member_location" in child.attributes}))

    def symbol(self, name):
        if name not in self.symbols:
            raise Failure(f"{self.path.name} has no {name}: is it of this checkout?")
        return self.symbols[name]

    def size(self, structure):
        return self.structure(structure)[0]

    def offset(self, structure, member):
        members = self.structure(structure)[1]
        if member not in members:
            raise Failure(f"{self.path.name}: struct {structure} has no {member}: is it of this checkout?")
        return members[member]

    def structure(self, name):
        if name not in self.structures:
            raise Failure(f"{self.path.name} has no struct {name}: is it of this checkout?")
        return self.structures[name]

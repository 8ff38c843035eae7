# SPDX-License-Identifier: Apache-2.0
"""guests.bin: a device tree that tells the VMM what it has and which guests to make, then the guests'
files, each on pages of its own."""
import pathlib
import subprocess

import jinja2

from capdl.memory import round_up
from capdl.problem import Problem
from capdl.system import PAGE

TEMPLATES = pathlib.Path(__file__).with_name("templates")


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def tree_source(vmm, guests, files):
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES),
                                     undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
                                     keep_trailing_newline=True)
    environment.filters.update(quote=quote, u64=lambda v: f"{v >> 32:#x} {v & 0xffffffff:#x}",
                               cells=lambda values: " ".join(map(str, values)))
    return environment.get_template("guests.dts.j2").render(vmm=vmm, guests=guests, files=files)


def compile_tree(source):
    try:
        result = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb"], input=source.encode(),
                                stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, check=False)
    except FileNotFoundError:
        raise Problem("dtc is not installed: install device-tree-compiler") from None
    if result.returncode:
        raise Problem(f"dtc refused guests.dts: {result.stderr.decode(errors='replace')}")
    return result.stdout


def tree_size(vmm, guests, data):
    """Numbers have a fixed width, so the tree's size does not depend on them."""
    return len(compile_tree(tree_source(vmm, guests, {name: (0, len(d)) for name, d in data.items()})))


def layout(size, data):
    """{name: (offset, size)}, and the size of all."""
    offset, files = round_up(size, PAGE), {}
    for name, content in data.items():
        files[name] = (offset, len(content))
        offset += round_up(len(content), PAGE)
    return files, offset


def pack(vmm, guests, data):
    """-> guests.bin and its tree's source."""
    files, total = layout(tree_size(vmm, guests, data), data)
    source = tree_source(vmm, guests, files)
    blob = bytearray(total)
    tree = compile_tree(source)
    blob[:len(tree)] = tree
    for name, (offset, size) in files.items():
        blob[offset:offset + size] = data[name]
    return bytes(blob), source

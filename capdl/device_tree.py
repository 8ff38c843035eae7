# SPDX-License-Identifier: Apache-2.0
"""A device tree that a person gives for a guest: checked, and without the room that tools leave in it."""
import subprocess

from capdl.problem import Problem, size_text

MAGIC = b"\xd0\x0d\xfe\xed"
# Room for it in the guest (TREE_SIZE of host-vmm's loader.h), less what host-vmm adds to it.
MOST = (16 << 10) - (2 << 10)


def compact(data, name, where):
    if not data.startswith(MAGIC):
        raise Problem(f"{name}: is not a flattened device tree: compile it with dtc", where)
    try:
        result = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dtb"], input=data, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, check=False)
    except FileNotFoundError:
        raise Problem("dtc is not installed: install device-tree-compiler") from None
    if result.returncode:
        words = result.stderr.decode(errors="replace").strip().splitlines() or ["dtc refused it"]
        raise Problem(f"{name}: {words[-1]}: compile it again", where)
    if len(result.stdout) > MOST:
        raise Problem(f"{name}: {size_text(len(result.stdout))} are too many, {size_text(MOST)} are possible: leave "
                      f"nodes out", where)
    return result.stdout

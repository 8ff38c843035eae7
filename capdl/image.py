# SPDX-License-Identifier: Apache-2.0
"""Joins kernel, initial task and archive to the image that the machine boots.

    python3 -m capdl.image --kernel kernel.bin --task capdl-init.elf --archive archive.bin --out nie.img

The kernel is an arm64 Image (Linux, Documentation/arch/arm64/booting.rst); at byte 64 it has a table
that says where the rest is: magic, initial task (offset, size, size of its text, entry), archive
(offset, size)."""
import argparse
import pathlib
import struct
import sys

from capdl import elf
from capdl.problem import Problem, size_text
from capdl.system import BLOCK, PAGE

ARM64_MAGIC = b"ARM\x64"
TABLE_AT = 64
TABLE = struct.Struct("<7Q")
TABLE_MAGIC = int.from_bytes(b"nie_ime0", "little")
TASK_BASE = 0x01000000
TASK_LIMIT = BLOCK - 2 * PAGE  # userland/capdl-init/layout.h uses the last two pages


def kernel_bytes(path):
    data = path.read_bytes()
    if len(data) < TABLE_AT + TABLE.size or data[56:60] != ARM64_MAGIC:
        raise Problem(f"{path.name}: is not nie's kernel (no arm64 Image header): build target kernel")
    if TABLE.unpack_from(data, TABLE_AT)[0] != TABLE_MAGIC:
        raise Problem(f"{path.name}: is not nie's kernel (no table at byte {TABLE_AT}): build target kernel")
    return data


def join(kernel_path, task_path, archive):
    """The image, as bytes."""
    task = elf.flatten(task_path, TASK_BASE)
    if task.size > TASK_LIMIT:
        raise Problem(f"{task_path.name}: needs {size_text(task.size)}, the initial task may have "
                      f"{size_text(TASK_LIMIT)}: describe fewer objects")
    image = bytearray(kernel_bytes(kernel_path))
    image += bytes(-len(image) % BLOCK)
    task_at = len(image)
    image += task.data + bytes(task.size - len(task.data))
    image += bytes(-len(image) % BLOCK)
    archive_at = len(image)
    image += archive + bytes(-len(archive) % BLOCK)
    TABLE.pack_into(image, TABLE_AT, TABLE_MAGIC, task_at, task.size, task.text_size, task.entry, archive_at,
                    len(archive))
    struct.pack_into("<Q", image, 16, len(image))
    return image


def main():
    parser = argparse.ArgumentParser(prog="capdl.image", description=__doc__.splitlines()[0])
    for name in ("kernel", "task", "archive", "out"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    options = parser.parse_args()
    try:
        image = join(options.kernel, options.task, options.archive.read_bytes())
        temporary = options.out.with_name(options.out.name + ".new")
        temporary.write_bytes(image)
        temporary.replace(options.out)
    except (Problem, OSError) as error:
        sys.exit(f"capdl.image: error: {error}")


if __name__ == "__main__":
    main()

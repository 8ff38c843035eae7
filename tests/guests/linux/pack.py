#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Pack the Linux guests' initramfs: busybox, /init and the console node.

The result depends on the two files' contents alone: no times, owners or inode numbers of this
machine. The format is `newc` of cpio (Linux, Documentation/driver-api/early-userspace/buffer-format.rst).
"""
import argparse
import gzip
import os
import sys

DIRECTORY, REGULAR, SYMLINK, CHARACTER = 0o040000, 0o100000, 0o120000, 0o020000


class Archive:
    def __init__(self):
        self.data = bytearray()
        self.inode = 0

    def add(self, name, mode, content=b"", device=(0, 0)):
        self.inode += 1
        encoded = name.encode() + b"\0"
        fields = [self.inode, mode, 0, 0, 2 if mode & 0o170000 == DIRECTORY else 1, 0, len(content), 0, 0,
                  device[0], device[1], len(encoded), 0]
        self.data += b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
        self.pad()
        self.data += content
        self.pad()

    def pad(self):
        self.data += b"\0" * (-len(self.data) % 4)


def read(path, what):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        sys.exit(f"pack.py: {what} {path}: {error.strerror}; run tools/nie setup")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--busybox", required=True)
    parser.add_argument("--init", required=True)
    parser.add_argument("--modules", help="folder of modules, with their order")
    parser.add_argument("--tree", help="folder with programs in bin/, and libraries in lib/")
    parser.add_argument("--output", required=True)
    options = parser.parse_args()

    archive = Archive()
    for directory in ("bin", "dev"):
        archive.add(directory, DIRECTORY | 0o755)
    archive.add("dev/console", CHARACTER | 0o600, device=(5, 1))
    archive.add("bin/busybox", REGULAR | 0o755, read(options.busybox, "busybox"))
    archive.add("bin/sh", SYMLINK | 0o777, b"busybox")
    archive.add("init", REGULAR | 0o755, read(options.init, "init"))
    if options.modules:
        order = read(os.path.join(options.modules, "order"), "modules")
        archive.add("modules", DIRECTORY | 0o755)
        archive.add("modules/order", REGULAR | 0o644, order)
        for name in order.decode().split():
            archive.add(f"modules/{name}.ko", REGULAR | 0o644, read(os.path.join(options.modules, f"{name}.ko"), "module"))
    if options.tree:
        archive.add("lib", DIRECTORY | 0o755)
        for folder in ("bin", "lib"):
            for name in sorted(os.listdir(os.path.join(options.tree, folder))):
                archive.add(f"{folder}/{name}", REGULAR | 0o755, read(os.path.join(options.tree, folder, name), "file"))
    archive.add("TRAILER!!!", 0)

    temporary = options.output + ".new"
    with open(temporary, "wb") as file:
        file.write(gzip.compress(bytes(archive.data), compresslevel=6, mtime=0))
    os.replace(temporary, options.output)


main()

# SPDX-License-Identifier: Apache-2.0
"""The archive that the initial task fills frames from: a header, entries, files on pages."""
import struct

from capdl.memory import round_up
from capdl.problem import Problem
from capdl.system import PAGE

MAGIC = 0x766968637261656E
HEADER = struct.Struct("<QQ")
ENTRY = struct.Struct("<48sQQ")


def pack(files):
    """{name: bytes} -> archive."""
    offset = round_up(HEADER.size + ENTRY.size * len(files), PAGE)
    head, body = [HEADER.pack(MAGIC, len(files))], []
    for name, data in files.items():
        if len(name.encode()) >= 48:
            raise Problem(f"file name {name} in the archive has 48 bytes or more: shorten it")
        head.append(ENTRY.pack(name.encode(), offset, len(data)))
        body.append(data + bytes(-len(data) % PAGE))
        offset += len(body[-1])
    head = b"".join(head)
    return head + bytes(-len(head) % PAGE) + b"".join(body)


def entries(data, name="archive"):
    """{file name: (offset, size)}."""
    if len(data) < HEADER.size:
        raise Problem(f"{name}: {len(data)} bytes are too few for an archive")
    magic, count = HEADER.unpack_from(data)
    if magic != MAGIC:
        raise Problem(f"{name}: is not an archive (magic {magic:#x})")
    found = {}
    if HEADER.size + count * ENTRY.size > len(data):
        raise Problem(f"{name}: is truncated: {count} entries do not fit into {len(data)} bytes")
    for i in range(count):
        raw, offset, size = ENTRY.unpack_from(data, HEADER.size + i * ENTRY.size)
        file = raw.rstrip(b"\0").decode()
        if offset + size > len(data):
            raise Problem(f"{name}: is truncated: file {file} ends at byte {offset + size}, it has "
                          f"{len(data)}")
        found[file] = (offset, size)
    return found

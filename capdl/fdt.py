# SPDX-License-Identifier: Apache-2.0
"""A flattened device tree as nested dicts (Devicetree Specification, chapter 5)."""
import struct

BEGIN_NODE, END_NODE, PROP, NOP = 1, 2, 3, 4


def parse(blob):
    """-> {property: bytes, node: dict} of the root."""
    structs, strings = struct.unpack_from(">2I", blob, 8)
    at, root = structs, {}
    path = [root]
    while True:
        token, = struct.unpack_from(">I", blob, at)
        at += 4
        if token == BEGIN_NODE:
            end = blob.index(b"\0", at)
            path.append(path[-1].setdefault(blob[at:end].decode(), {}))
            at = (end + 4) // 4 * 4
        elif token == END_NODE:
            path.pop()
        elif token == PROP:
            length, name = struct.unpack_from(">2I", blob, at)
            name = blob[strings + name:blob.index(b"\0", strings + name)].decode()
            path[-1][name] = bytes(blob[at + 8:at + 8 + length])
            at += 8 + (length + 3) // 4 * 4
        elif token != NOP:
            return root[""]


def number(value):
    return int.from_bytes(value, "big")


def cells(value):
    return struct.unpack(f">{len(value) // 4}I", value)

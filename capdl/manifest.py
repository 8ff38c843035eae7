# SPDX-License-Identifier: Apache-2.0
"""manifest.json: the SHA-256 of everything that an image is made of, and the measurement that each guest will have."""
import hashlib
import json
import struct

from capdl import measure


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def guest_names(blob):
    """Of the device tree at the start of guests.bin: the nodes below /guests (Devicetree Specification, 5)."""
    begin_node, end_node, prop, nop = 1, 2, 3, 4
    at, = struct.unpack_from(">I", blob, 8)
    path, found = [], []
    while True:
        token, = struct.unpack_from(">I", blob, at)
        at += 4
        if token == begin_node:
            end = blob.index(b"\0", at)
            path.append(blob[at:end].decode())
            at = (end + 4) // 4 * 4
            if len(path) == 3 and path[1] == "guests":
                found.append(path[2])
        elif token == end_node:
            path.pop()
        elif token == prop:
            length, = struct.unpack_from(">I", blob, at)
            at += 8 + (length + 3) // 4 * 4
        elif token != nop:
            return found


def of(folder, system, kernel, stored, layout):
    parts = {path.name: sha256(path.read_bytes()) for path in sorted(folder.iterdir())}
    parts[kernel.name] = sha256(kernel.read_bytes())
    made = {"system": system, "parts": dict(sorted(parts.items())),
            "archive": {name: sha256(data) for name, data in stored.items()}}
    blob = folder / "guests.bin"
    if layout is not None and blob.exists():
        made["measurements"] = {guest: measure.of_guest(blob, layout, guest) for guest in guest_names(blob.read_bytes())}
    return made


def write(folder, system, kernel, stored, layout):
    text = json.dumps(of(folder, system, kernel, stored, layout), indent=2)
    (folder / "manifest.json").write_text(text + "\n")

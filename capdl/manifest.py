# SPDX-License-Identifier: Apache-2.0
"""manifest.json: the SHA-256 of everything that an image is made of, and the measurement that each guest will have."""
import hashlib
import json

from capdl import fdt, measure


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def guest_names(blob):
    return list(fdt.parse(blob)["guests"])


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

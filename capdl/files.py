# SPDX-License-Identifier: Apache-2.0
"""The files that guests are made from: found, checked, named in guests.bin, each stored once."""
import pathlib
import re
from dataclasses import dataclass, field

from capdl import device_tree, guest_image
from capdl.problem import Problem


@dataclass
class Places:
    build: pathlib.Path
    cache: pathlib.Path
    guests: pathlib.Path   # NAME.img of bare-metal guests
    base: pathlib.Path     # that relative paths of the description start from


@dataclass
class Files:
    places: Places
    data: dict = field(default_factory=dict)    # name in guests.bin -> bytes
    paths: list = field(default_factory=list)   # all that was read
    named: dict = field(default_factory=dict)   # path -> name

    def path_of(self, guest, key, text):
        """-> path, and what to do when there is no file."""
        value, places = text.value, self.places
        if key == "kernel" and value.startswith("debian-"):
            return places.cache / "kernels" / value.removeprefix("debian-") / "Image", "run tools/nie setup"
        if key == "kernel" and value.startswith("guest:"):
            known = ", ".join(sorted(p.stem for p in places.guests.glob("*.img"))) or "none"
            path = places.guests / f"{value.removeprefix('guest:')}.img"
            return path, f"bare-metal guests that are built: {known}"
        if key == "initrd" and value in ("initramfs", "initramfs-devices"):
            return places.build / f"{value}.cpio.gz", "build target guests"
        path = pathlib.Path(value).expanduser()
        return (path if path.is_absolute() else places.base / path), f"name a file for {guest.name}.{key}"

    def read(self, guest, key, text):
        path, remedy = self.path_of(guest, key, text)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise Problem(f"{guest.name}.{key}: {text.value}: {path}: {error.strerror}; {remedy}",
                          text.where) from None
        if path in self.named:
            return self.named[path], data
        name = self.name_for(text.value)
        self.named[path] = name
        self.paths.append(path)
        self.data[name] = data
        return name, data

    def name_for(self, value):
        """A name that a device tree's node may have, and that says what the file is."""
        stem = re.sub(r"[^A-Za-z0-9._+-]", "-",
                      value.rpartition("/")[2].removeprefix("guest:"))[:24] or "file"
        stem = stem if stem[0].isalpha() else f"file-{stem}"
        name, count = stem, 1
        while name in self.data:
            count += 1
            name = f"{stem}-{count}"
        return name

    def of_guest(self, guest):
        """-> names of its kernel, its initrd and its device tree (or None); its format is known then."""
        initrd, initrd_size, dtb = None, 0, None
        if guest.initrd:
            initrd, data = self.read(guest, "initrd", guest.initrd)
            initrd_size = len(data)
        if guest.dtb:
            dtb, data = self.read(guest, "dtb", guest.dtb)
            self.data[dtb] = device_tree.compact(data, f"{guest.name}.dtb: {guest.dtb.value}", guest.dtb.where)
        kernel, data = self.read(guest, "kernel", guest.kernel)
        guest.format = guest.format or guest_image.format_of(data)
        try:
            guest_image.check(data, guest.kernel.value, guest.format, guest.memory, guest.load, initrd_size, guest.flash)
        except Problem as problem:
            raise Problem(f"{guest.name}.kernel: {problem}", guest.kernel.where) from None
        return kernel, initrd, dtb

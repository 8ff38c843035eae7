# SPDX-License-Identifier: Apache-2.0
"""What runs inside guests, from Debian's arm64 packages: kernels, busybox, and libfdt for the VMM.

They are unpacked into the cache each put in place by a rename once complete.
"""
import functools
import lzma
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from apt import AptError, AptState
from distribution import Source
from paths import CACHE, KERNEL_SERIES
from say import Failure, say

# Guests with devices of their own load these of this series; both are drivers that Debian has as modules.
DEVICE_SERIES = "6.1"
DEVICE_MODULES = ("nvme", "ext4", "virtio_pci", "virtio_net")
# What makes them a file system; busybox cannot. Some of these exist, by release.
MKE2FS_PACKAGES = ("e2fsprogs", "libext2fs2", "libext2fs2t64", "libcom-err2", "libblkid1", "libuuid1", "libc6")
ARM64_MAGIC = b"ARM\x64"  # at offset 56: Linux, Documentation/arch/arm64/booting.rst


def layout():
    return {**{f"kernels/{series}/Image": CACHE / "kernels" / series / "Image" for series in KERNEL_SERIES},
            f"kernels/{DEVICE_SERIES}/modules": CACHE / "kernels" / DEVICE_SERIES / "modules" / "order",
            "mke2fs": CACHE / "mke2fs" / "bin" / "mke2fs", "busybox": CACHE / "busybox",
            "u-boot": CACHE / "u-boot.bin", "libfdt/libfdt.a": CACHE / "libfdt" / "libfdt.a"}


def missing():
    return [name for name, path in layout().items() if not path.exists()]


def fetch(codename, archive, security, wanted):
    suites = [codename] + (["bookworm-backports"] if codename == "bookworm" else ["bookworm"])
    suites += ["trixie-backports"]  # kernels newer than any release has
    sources = [Source(archive.uri, suites, ["main"], archive.options)]
    optional = []
    if security:
        names = dict.fromkeys([f"{codename}-security", "bookworm-security"])
        optional.append(Source(security.uri, list(names), ["main"], security.options))
    state = AptState(CACHE / "apt" / "arm64", architecture="arm64")
    say(f"guests' files are taken from Debian's arm64 packages into {CACHE}: {', '.join(wanted)}")
    update(state, sources, optional, archive)
    packages = list(state.packages())
    for name in wanted:
        try:
            if name.endswith("/modules"):
                fetch_modules(state, packages, name.split("/")[1])
            elif name == "mke2fs":
                fetch_mke2fs(state, packages)
            elif name.startswith("kernels/"):
                fetch_kernel(state, packages, name.split("/")[1])
            else:
                {"busybox": fetch_busybox, "u-boot": fetch_u_boot, "libfdt/libfdt.a": fetch_libfdt}[name](state)
        except AptError as error:
            raise Failure(f"{name}: download failed: {error}; run this command again") from None


def update(state, sources, optional, archive):
    state.write(sources + optional)
    try:
        state.update()
    except AptError as error:
        if not optional:
            raise Failure(f"arm64 package lists from {archive.uri}: {error}") from None
        # A mirror need not carry the security archive for this architecture.
        say(f"without the security archive: {error}")
        update(state, sources, [], archive)


def compare(a, b):
    if subprocess.run(["dpkg", "--compare-versions", a, "gt", b]).returncode == 0:
        return 1
    return -1 if a != b else 0


def newest_kernel(packages, series):
    """(package, version) of the newest cloud kernel of a series; None without one. From 6.19 on the Image is in
    linux-binary-*, and linux-image-* is empty."""
    for kind in ("linux-binary", "linux-image"):
        pattern = re.compile(rf"{kind}-{re.escape(series)}\.[0-9][^ ]*-cloud-arm64$")
        found = [(name, version) for name, version in packages if pattern.match(name) and "unsigned" not in name]
        if found:
            break
    return max(found, key=lambda item: functools.cmp_to_key(compare)(item[1]), default=None)


def fetch_kernel(state, packages, series):
    newest = newest_kernel(packages, series)
    if newest is None:
        raise Failure(f"no linux-image-{series}*-cloud-arm64 in {state.directory}/parts/nie.sources: "
                      "use a mirror that carries it")
    package = "=".join(newest)
    with unpacked(state, package) as root:
        image = next((root / "boot").glob("vmlinuz-*"))
        with open(image, "rb") as file:
            header = file.read(64)
        if header[56:60] != ARM64_MAGIC:
            raise Failure(f"{package}: its vmlinuz is not an arm64 Image")
        destination = CACHE / "kernels" / series
        destination.mkdir(parents=True, exist_ok=True)
        (destination / "version").write_text(f"{newest[0]} {newest[1]}\n")
        place(image, destination / "Image")
    say(f"guest kernel {series}: {newest[0].split('-', 2)[2]} ({newest[1]})")


def module_name(path):
    return path.name.split(".ko")[0].replace("-", "_")


def module_data(path):
    return lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()


def fetch_modules(state, packages, series):
    """Those of the very kernel that is in the cache; `order` names them as they are to be loaded."""
    wanted = (CACHE / "kernels" / series / "version").read_text().split()
    if tuple(wanted) not in {tuple(package) for package in packages}:
        fetch_kernel(state, packages, series)
        wanted = (CACHE / "kernels" / series / "version").read_text().split()
    import elf_needs

    order = []
    folder = CACHE / "kernels" / series / "modules"
    with unpacked(state, "=".join(wanted)) as root:
        found = {module_name(path): path for path in root.glob("**/lib/modules/**/*.ko*")}

        def add(name):
            if name in order or name not in found:  # else it is built in
                return
            data = module_data(found[name])
            for other in elf_needs.modules(data):
                add(other)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.ko").write_bytes(data)
            order.append(name)

        for name in DEVICE_MODULES:
            add(name)
    (folder / "order").write_text("\n".join(order) + "\n")
    say(f"modules of guest kernel {series}: {', '.join(order)}")


def fetch_mke2fs(state, packages):
    import elf_needs

    there = {name for name, _ in packages}
    files = {}
    for package in MKE2FS_PACKAGES:
        if package in there:
            with unpacked(state, package) as root:
                files |= {path.name: path.read_bytes() for path in root.rglob("*")
                          if (path.name == "mke2fs" or ".so." in path.name) and path.is_file()}
    needed, todo = set(), ["mke2fs"]
    while todo:
        name = todo.pop()
        if name not in files:
            raise Failure(f"mke2fs needs {name}, which is in none of the packages {', '.join(MKE2FS_PACKAGES)}")
        todo += [other for other in elf_needs.libraries(files[name]) if other not in needed]
        needed.add(name)
    for name in sorted(needed):  # mke2fs itself last: then all is there
        if name != "mke2fs":
            store(files[name], CACHE / "mke2fs" / "lib" / name)
    store(files["mke2fs"], CACHE / "mke2fs" / "bin" / "mke2fs")
    say(f"mke2fs, for guests with a disk, and {', '.join(sorted(needed - {'mke2fs'}))}")


def store(data, destination):
    destination.parent.mkdir(parents=True, exist_ok=True)
    temporary = destination.with_name(destination.name + ".new")
    temporary.write_bytes(data)
    os.replace(temporary, destination)


def fetch_busybox(state):
    with unpacked(state, "busybox-static") as root:
        place(next(p for p in (root / "bin/busybox", root / "usr/bin/busybox") if p.exists()), CACHE / "busybox")
    say("busybox, static, for the initramfs")


def fetch_u_boot(state):
    with unpacked(state, "u-boot-qemu") as root:
        place(root / "usr/lib/u-boot/qemu_arm64/u-boot.bin", CACHE / "u-boot.bin")
    say("U-Boot for QEMU's virt, which must boot as a guest too")


def fetch_libfdt(state):
    with unpacked(state, "libfdt-dev") as root:
        for header in (root / "usr/include").glob("*fdt*.h"):
            place(header, CACHE / "libfdt" / "include" / header.name)
        place(next(root.glob("usr/lib/*/libfdt.a")), CACHE / "libfdt" / "libfdt.a")
    say("libfdt, static, for the VMM")


class unpacked:
    """A package's files in a temporary folder."""

    def __init__(self, state, package):
        self.state, self.package = state, package

    def __enter__(self):
        self.temporary = tempfile.TemporaryDirectory(dir=self.state.directory)
        self.state.unpack(self.package, self.temporary.name)
        return Path(self.temporary.name)

    def __exit__(self, *exception):
        self.temporary.cleanup()


def place(source, destination):
    destination.parent.mkdir(parents=True, exist_ok=True)
    temporary = destination.with_name(destination.name + ".new")
    shutil.copyfile(source, temporary)
    os.chmod(temporary, 0o644)
    os.replace(temporary, destination)

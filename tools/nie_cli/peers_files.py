# SPDX-License-Identifier: Apache-2.0
"""Other hypervisors, from Debian's arm64 packages: QEMU with KVM, and Xen. Fetched when `bench peers` asks for them."""
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import elf_needs
from apt import AptState
from guest_files import store
from paths import CACHE
from say import Failure, say

FOLDER = CACHE / "peers"
KVM, XEN = FOLDER / "kvm", FOLDER / "xen"  # kvm: bin/ and lib/; xen: the hypervisor
VERSIONS = FOLDER / "versions"
VMM = "qemu-system-arm"


def ensure():
    """-> {"kvm": version of its VMM, "xen": version}."""
    if not VERSIONS.exists():
        fetch(AptState(CACHE / "apt" / "arm64", architecture="arm64"))
    return dict(line.split(" ", 1) for line in VERSIONS.read_text().splitlines())


def fetch(state):
    if not state.config.exists():
        raise Failure(f"{state.config} is missing: run tools/nie clean --cache, then tools/nie setup")
    say(f"other hypervisors are taken from Debian's arm64 packages into {FOLDER}")
    state.update()
    there = list(state.packages())
    versions = {"kvm": fetch_kvm(state), "xen": fetch_xen(state, there)}
    VERSIONS.write_text("".join(f"{name} {version}\n" for name, version in versions.items()))


def fetch_kvm(state):
    """QEMU for Arm64 and the libraries that it needs, by what its ELF files say."""
    plan = state.read("apt-get", "-o", "Debug::NoLocking=true", "-qq", "-s", "--no-install-recommends", "install", VMM)
    wanted = {line.split()[1]: line.split()[2].lstrip("(") for line in plan.splitlines() if line.startswith("Inst ")}
    names = [name for name in wanted if name.startswith(("lib", "zlib", VMM))]
    files = {}
    with tempfile.TemporaryDirectory(dir=state.directory) as folder:
        state.follow(state.command("apt-get", "-q", "-o", "APT::Status-Fd=1", "download", *names),
                     f"downloading {VMM} and {len(names) - 1} libraries", folder)
        for archive in Path(folder).glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", str(archive), f"{folder}/root"], check=True)
        for path in Path(folder, "root").rglob("*"):
            if path.is_file() and (path.name == "qemu-system-aarch64" or ".so" in path.name):
                files.setdefault(path.name, path.read_bytes())
    needed, todo = set(), ["qemu-system-aarch64"]
    while todo:
        name = todo.pop()
        if name not in files:
            raise Failure(f"{VMM} needs {name}, which none of its packages has")
        needed.add(name)
        todo += [other for other in elf_needs.libraries(files[name]) if other not in needed]
    shutil.rmtree(KVM, ignore_errors=True)
    for name in needed:
        store(files[name], KVM / ("bin" if name == "qemu-system-aarch64" else "lib") / name)
    return f"{VMM} {wanted[VMM]}"


def fetch_xen(state, there):
    found = sorted(name for name, _ in there if re.fullmatch(r"xen-hypervisor-[\d.]+-arm64", name))
    if not found:
        raise Failure("no xen-hypervisor-*-arm64 among the package lists: use a mirror that carries it")
    with tempfile.TemporaryDirectory(dir=state.directory) as folder:
        state.unpack(found[-1], folder)
        image = next(path for path in Path(folder, "boot").glob("xen-*") if path.is_file() and not path.suffix == ".config")
        store(image.read_bytes(), XEN / "xen")
    return f"{found[-1]} {dict(there)[found[-1]]}"

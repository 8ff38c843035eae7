# SPDX-License-Identifier: Apache-2.0
"""Builds a system's image from its description.

    python3 -m capdl.build --system configs/systems/demo.yaml --build build/target --out DIR

The description is YAML, or capDL text together with --archive. What is made (NAME.cdl, guests.dts,
guests.bin, archive.bin, spec.c, capdl-init.elf, nie.img, manifest.json) is put into DIR only when all of it is made."""
import argparse
import gc
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from capdl import (archive, compose, elf, files, image, manifest, memory, parser, plan, platform, printer, sizes,
                   source)
from capdl.checker import check
from capdl.problem import Problem, Where, size_text
from capdl.system import BLOCK
from capdl.vmm_space import BLOB_FILE, VMM_BASE, VMM_FILE


class Build:
    """What CMake built and how (userland/capdl-init/CMakeLists.txt writes capdl-init.json)."""

    def __init__(self, folder):
        path = folder / "capdl-init.json"
        try:
            self.facts = json.loads(path.read_text())
        except OSError:
            raise Problem(f"{path} is missing: configure and build with cmake --preset target") from None
        self.folder = folder

    def file(self, key):
        path = pathlib.Path(self.facts[key])
        if not path.is_file():
            raise Problem(f"{path} is missing: build with cmake --build {self.folder}")
        return path

    def vmm(self, image, folder):
        """The VMM's ELF: host-vmm, or what vmm.image names, a path from `folder` on or a task of this tree."""
        if image is None:
            return self.file("vmm")
        if image.value.endswith(".elf"):
            path = folder / pathlib.Path(image.value).expanduser()
            if not path.is_file():
                raise Problem(f"vmm.image: {image.value}: {path}: there is no such file; build the VMM first", image.where)
            return path
        kind, _, name = image.value.partition(":")
        path = self.folder / "tasks" / f"{name}.elf"
        if kind != "task" or not path.is_file():
            known = ", ".join(sorted(f"task:{p.stem}" for p in path.parent.glob("*.elf"))) or "none"
            raise Problem(f"vmm.image: {image.value!r} is neither a path to a .elf nor a task that is built; there are {known}", image.where)
        return path

    def compile(self, spec, output):
        """spec.c and the prebuilt rest of capdl-init -> its ELF."""
        prefix = f"-ffile-prefix-map={spec.parent}=."
        command = [self.facts["compiler"], *self.facts["flags"], "-g0", prefix, str(spec),
                   *self.facts["objects"],
                   *self.facts["libraries"], *self.facts["link_flags"], "-o", str(output)]
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if result.returncode:
            raise Problem(f"compiling capdl-init failed: {result.stdout.decode(errors='replace')}")


def system_platform(name, build, where):
    found = platform.load(name, size_of_build(build), where)
    if found.name != build.facts["platform"]:
        raise Problem(f"platform {found.name}: this build is for {build.facts['platform']}; configure with "
                      f"-DNIE_PLATFORM={found.name}", where)
    return found


def size_of_build(build):
    """RAM that the kernel was built for, when it is not the platform's."""
    return sizes.size_of(build.facts["ram_size"]) if build.facts["ram_size"] else None


def from_yaml(options, build):
    """-> description, its heading, platform, cores, files to write, files of the archive, inputs."""
    path = options.system
    system = source.load(read_text(path), path.name, path.stem, options.set)
    board = system_platform(system.platform.value, build, system.platform.where)
    if system.ram and source.size(system.ram, "machine.memory", BLOCK, BLOCK) != board.ram_size:
        raise Problem(f"machine.memory: {system.ram.value} asked for, this build is for {size_text(board.ram_size)}: "
                      f"tools/nie builds for it, or configure with -DNIE_RAM_SIZE", system.ram.where)
    cores = source.whole(system.cores, "machine.cores", 1, board.cores)
    found = files.Files(files.Places(options.build, options.cache, options.guest_dir, path.resolve().parent))
    guest_files = {guest.name: found.of_guest(guest) for guest in system.guests}
    vmm = build.vmm(system.vmm_image, path.resolve().parent)
    flat = elf.flatten(vmm, VMM_BASE)
    description, blob, tree = compose.compose(system, board, cores, flat, guest_files, found.data)
    stored = {VMM_FILE: flat.data, BLOB_FILE: blob}
    heading = [f"Generated from {path.name}: {len(system.guests)} guests, {cores} cores, {board.name}.",
               f"{BLOB_FILE}: {size_text(len(blob))}; {VMM_FILE}: {size_text(flat.size)} in memory."]
    written = {BLOB_FILE: blob, "guests.dts": tree.encode()}
    return description, heading, board, cores, written, stored, [vmm, *found.paths]


def from_text(options, build):
    if options.archive is None:
        raise Problem(f"{options.system.name}: capDL text needs the files that it fills frames with: give "
                      f"--archive")
    if options.set:
        raise Problem("--set changes YAML descriptions only: edit the capDL text")
    data = read_bytes(options.archive)
    entries = archive.entries(data, options.archive.name)
    stored = {name: data[at:at + size] for name, (at, size) in entries.items()}
    board = system_platform(build.facts["platform"], build, Where())
    description = parser.parse(read_text(options.system), options.system.name)
    return description, [], board, board.cores, {}, stored, [options.archive]


def read_bytes(path):
    try:
        return path.read_bytes()
    except OSError as error:
        raise Problem(f"{path}: {error.strerror}: name a file that can be read") from None


def read_text(path):
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError:
        raise Problem(f"{path}: is not text") from None


def make(options, build, folder):
    """All outputs into `folder`; -> inputs."""
    yaml = options.system.suffix in (".yaml", ".yml")
    read = from_yaml if yaml else from_text
    description, heading, board, cores, written, stored, inputs = read(options, build)
    packed = archive.pack(stored)
    kernel = build.file("kernel")
    pieces = memory.free_pieces(board, kernel.stat().st_size, image.TASK_LIMIT, len(packed))
    lengths = {name: len(data) for name, data in stored.items()}
    # First in terms of what a person wrote, then what the text says: from here on it alone counts.
    system = check(description, board, lengths, cores, pieces)
    name = f"{options.system.stem}.cdl"
    text = printer.text_of(description, heading) if yaml else read_text(options.system)
    if yaml:
        parsed = parser.parse(text, name)
        if parsed != description:
            raise Problem(f"{name}: its text does not say what it was made from; this is a fault of "
                          f"capdl/printer.py")
        system = check(parsed, board, lengths, cores, pieces)
    steps = plan.make(system)
    written |= {name: text.encode(), "archive.bin": packed, "spec.c": plan.c_tables(steps, name).encode()}
    for file, data in written.items():
        (folder / file).write_bytes(data)
    task = folder / "capdl-init.elf"
    build.compile(folder / "spec.c", task)
    plan.check_slots(steps, elf.flatten(task, image.TASK_BASE).size, len(packed), name)
    (folder / "nie.img").write_bytes(image.join(kernel, task, packed))
    manifest.write(folder, options.system.stem, kernel, stored, options.layout)
    return [options.system, kernel, *inputs]


def publish(folder, out):
    """Whole files by rename; the image last."""
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.iterdir(), key=lambda p: p.name == "nie.img"):
        os.replace(path, out / path.name)


def arguments():
    made = argparse.ArgumentParser(prog="capdl.build", description=__doc__.splitlines()[0])
    home = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    path = pathlib.Path
    made.add_argument("--system", type=path, required=True, help="YAML file, or capDL text (.cdl)")
    made.add_argument("--build", type=path, required=True, help="the target build, like build/target")
    made.add_argument("--out", type=path, required=True, help="folder for what is made")
    made.add_argument("--set", action="append", default=[], metavar="GUEST.KEY=VALUE",
                      help="instead of what YAML says")
    made.add_argument("--archive", type=path, help="with capDL text: the files that it names")
    made.add_argument("--cache", type=path, default=home / "nie", help="where debian-* kernels are")
    made.add_argument("--guest-dir", type=path, help="where guest:NAME are (BUILD/guests)")
    made.add_argument("--layout", type=path, help="guest-layout of the native build: the manifest gets measurements")
    made.add_argument("--depfile", type=path, help="write what was read, for Ninja")
    options = made.parse_args()
    options.guest_dir = options.guest_dir or options.build / "guests"
    return options


def main():
    options = arguments()
    gc.disable()  # what is made lives to the end, and has few cycles: looking for them is a third of the time
    try:
        build = Build(options.build)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=options.out.parent, prefix=".making-") as folder:
            inputs = make(options, build, pathlib.Path(folder))
            publish(pathlib.Path(folder), options.out)
        if options.depfile:
            escaped = (str(p.resolve()).replace(" ", "\\ ") for p in inputs)
            options.depfile.write_text(f"{options.out / 'nie.img'}: {' '.join(escaped)}\n")
    except Problem as problem:
        sys.exit(f"error: {problem}")
    except OSError as error:
        sys.exit(f"error: {error.filename or options.out}: {error.strerror}")


if __name__ == "__main__":
    main()

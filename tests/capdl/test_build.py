# SPDX-License-Identifier: Apache-2.0
"""From YAML to an image, with the command a user runs; what is made is read back."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys

import pytest

from capdl import archive, elf, image, parser
from capdl.manifest import guest_names
from conftest import MIB, ROOT, arm64_image, elf_file

COMPILER = shutil.which("aarch64-linux-gnu-gcc")
HOST_VMM = [(0x01000000, 5, b"code" * 700, 2800), (0x01001000, 6, b"data" * 1500, 40000)]
GOOD = """\
machine: {platform: qemu-virt, cores: 2}
vmm: {memory: 4 MiB}
guests:
  one:
    kernel: guest:hello
    memory: 16 MiB
  two:
    kernel: linux.img
    initrd: initrd.bin
    bootargs: console=ttyAMA0 name="a b"
    memory: 64 MiB
    vcpus: 2
"""


class Place:
    """A folder with a build and a description."""

    def __init__(self, folder):
        self.folder = folder
        self.build = folder / "build"
        (self.build / "guests").mkdir(parents=True)
        (self.build / "host-vmm.elf").write_bytes(elf_file(HOST_VMM))
        (self.build / "guests" / "hello.img").write_bytes(arm64_image())
        kernel = bytearray(arm64_image(3 * MIB + 100))
        struct.pack_into("<Q", kernel, 64, image.TABLE_MAGIC)
        (self.build / "kernel.bin").write_bytes(kernel)
        (folder / "linux.img").write_bytes(arm64_image(3 * MIB, 5 * MIB))
        (folder / "initrd.bin").write_bytes(b"initrd" * 1000)
        # In place of the cross compiler: leaves a ready task where the result goes.
        (self.build / "task.elf").write_bytes(elf_file([(0x01000000, 5, b"task" * 2000, 8000),
                                                        (0x01002000, 6, b"", 5000)], 0x01000010))
        compiler = self.build / "compiler"
        task = self.build / "task.elf"
        compiler.write_text(f"#!/bin/sh\nfor last; do :; done\ncp '{task}' \"$last\"\n")
        compiler.chmod(0o755)
        self.facts = {"platform": "qemu-virt", "ram_size": "2 GiB", "compiler": str(compiler), "flags": [],
                      "objects": [],
                      "libraries": [], "link_flags": [], "kernel": str(self.build / "kernel.bin"),
                      "vmm": str(self.build / "host-vmm.elf")}
        self.write_facts()

    def write_facts(self):
        (self.build / "capdl-init.json").write_text(json.dumps(self.facts))

    def run(self, text, *more, name="sys.yaml", seed="0"):
        system = self.folder / name
        system.write_text(text)
        return subprocess.run(
            [sys.executable, "-m", "capdl.build", "--system", str(system), "--build", str(self.build),
             "--cache",
             str(self.folder / "cache"), "--out", str(self.folder / "out"), *more],
            cwd=self.folder, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def made(self, file):
        return (self.folder / "out" / file).read_bytes()


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.fixture
def built(place):
    result = place.run(GOOD)
    assert result.returncode == 0, result.stderr
    return place


def tree(blob, folder):
    """guests.bin's device tree, as dtc prints it."""
    size, = struct.unpack_from(">I", blob, 4)
    (folder / "t.dtb").write_bytes(blob[:size])
    return subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", str(folder / "t.dtb")], text=True,
                          check=True,
                          stdout=subprocess.PIPE).stdout


def property_of(text, node, name):
    body = text[text.index(f"\t{node} {{"):]
    line = next(entry for entry in body.splitlines() if entry.strip().startswith(f"{name} ="))
    value = line.split("=", 1)[1].strip(" ;")
    return [int(cell, 0) for cell in value.strip("<>").split()] if value.startswith("<") else value[1:-1]


def test_outputs(built):
    assert sorted(p.name for p in (built.folder / "out").iterdir()) == [
        "archive.bin", "capdl-init.elf", "guests.bin", "guests.dts", "manifest.json", "nie.img", "spec.c", "sys.cdl"]
    assert [p.name for p in built.folder.iterdir() if p.name.startswith(".")] == []


def test_archive_read_back(built):
    data = built.made("archive.bin")
    entries = archive.entries(data)
    assert list(entries) == ["host-vmm", "guests.bin"]
    assert all(offset % 4096 == 0 for offset, _ in entries.values())
    offset, size = entries["guests.bin"]
    assert data[offset:offset + size] == built.made("guests.bin")
    offset, size = entries["host-vmm"]
    flat = data[offset:offset + size]
    assert flat[:2800] == b"code" * 700 and flat[4096:4096 + 6000] == b"data" * 1500


def test_guests_bin_read_back(built):
    blob = built.made("guests.bin")
    text = tree(blob, built.folder)
    for name, path in (("hello", built.build / "guests" / "hello.img"),
                       ("linux.img", built.folder / "linux.img"),
                       ("initrd.bin", built.folder / "initrd.bin")):
        (_, offset), (_, size) = property_of(text, name, "offset"), property_of(text, name, "size")
        assert offset % 4096 == 0 and blob[offset:offset + size] == path.read_bytes()
    assert property_of(text, "two", "memory") == [0, 64 * MIB]
    assert property_of(text, "two", "vcpus") == [2]
    assert property_of(text, "two", "kernel") == "linux.img"
    assert property_of(text, "two", "bootargs") == 'console=ttyAMA0 name=\\"a b\\"'
    assert "initrd" not in text[text.index("\tone {"):text.index("\ttwo {")]


def test_slots_of_guests_bin_are_those_of_the_description(built):
    d = parser.parse(built.made("sys.cdl").decode(), "sys.cdl")
    cnode = next(c for c in d.caps if c.ref.name == "vmm_cspace")
    names = {cap.slot: cap.ref.name for cap in cnode.caps}
    text = tree(built.made("guests.bin"), built.folder)
    bits = {o.name: o.bits for o in d.objects}
    assert [names[s] for s in property_of(text, "two", "untyped")] == ["two_ram0", "two_objects0"]
    assert bits["two_ram0"] == 26 and bits["one_ram0"] == 24
    assert [names[s] for s in property_of(text, "vmm", "cores")] == ["core0", "core1"]
    assert [names[s] for s in property_of(text, "vmm", "vcpus")] == ["vmm_vcpu0", "vmm_vcpu1"]
    assert [names[s] for s in property_of(text, "vmm", "memory")] == ["vmm_memory0"]
    assert names[property_of(text, "vmm", "cspace")[0]] == "vmm_cspace"
    assert names[property_of(text, "vmm", "vspace")[0]] == "vmm_vspace"
    assert names[property_of(text, "vmm", "console-irq")[0]] == "console_irq"
    first, count = property_of(text, "vmm", "free-slots")
    assert not any(first <= slot < first + count for slot in names)
    assert d.handover["originals"] < first and property_of(text, "vmm", "reclaim") == [d.handover["reclaim"],
                                                                                       64]


def test_image_read_back(built):
    data = built.made("nie.img")
    task = elf.flatten(built.build / "task.elf", image.TASK_BASE)
    magic, task_at, task_size, text_size, entry, archive_at, archive_size = struct.unpack_from("<7Q", data,
                                                                                               64)
    assert magic.to_bytes(8, "little") == b"nie_ime0"
    assert (task_at % (2 * MIB), archive_at % (2 * MIB), len(data) % (2 * MIB)) == (0, 0, 0)
    assert (task_size, text_size, entry) == (16384, 8192, 0x01000010)
    assert data[task_at:task_at + 8000] == task.data[:8000]
    assert not any(data[task_at + 8000:archive_at])
    assert data[archive_at:archive_at + archive_size] == built.made("archive.bin")
    assert struct.unpack_from("<Q", data, 16)[0] == len(data)
    kernel = (built.build / "kernel.bin").read_bytes()
    assert data[128:len(kernel)] == kernel[128:] and data[:16] == kernel[:16]


def test_manifest(built):
    manifest = json.loads(built.made("manifest.json"))
    made = {p.name: p.read_bytes() for p in (built.folder / "out").iterdir() if p.name != "manifest.json"}
    made["kernel.bin"] = (built.build / "kernel.bin").read_bytes()
    assert manifest["parts"] == {name: hashlib.sha256(data).hexdigest() for name, data in made.items()}
    assert manifest["system"] == "sys" and list(manifest["archive"]) == ["host-vmm", "guests.bin"]
    assert manifest["archive"]["guests.bin"] == manifest["parts"]["guests.bin"]
    assert "measurements" not in manifest  # guest-layout was not given


def test_names_of_guests_in_guests_bin(built):
    assert guest_names(built.made("guests.bin")) == ["one", "two"]


def test_too_many_objects_for_the_initial_task(built):
    text = built.made("sys.cdl").decode()
    text = text.replace("objects {", "objects {\n\tmany[7990] = frame (4k)", 1)
    text = text.replace(f"originals: {parser.parse(text, 'x').handover['originals']}", "originals: 1")
    archive_file = built.folder / "out" / "archive.bin"
    archive_file.rename(built.folder / "archive.bin")
    result = built.run(text.replace("= cnode (12 bits)", "= cnode (15 bits)").replace("originals: 1", "originals: 8192"),
                       "--archive", str(built.folder / "archive.bin"), name="sys.cdl")
    assert result.returncode == 1
    assert re.search(r"error: sys.cdl:\d+: many\[77\d\d\] is one object too many: \d+ slots needed for \d+ objects, "
                     r"0 second mappings and 1 CNodes, 77\d\d left in the initial task's CNode: describe fewer", result.stderr)


def test_same_bytes_again(tmp_path_factory):
    """In another folder, with another hash seed."""
    first, second = (Place(tmp_path_factory.mktemp(name)) for name in ("first", "a_longer_name"))
    assert first.run(GOOD, seed="1").returncode == 0 and second.run(GOOD, seed="77").returncode == 0
    for path in (first.folder / "out").iterdir():
        assert path.read_bytes() == second.made(path.name), path.name


def test_capdl_text_builds_the_same_image(built):
    text, before = built.made("sys.cdl").decode(), built.made("nie.img")
    result = built.run(text, "--archive", str(built.folder / "out" / "archive.bin"), name="sys.cdl")
    assert result.returncode == 0, result.stderr
    assert built.made("nie.img") == before


def test_set(place):
    assert place.run(GOOD, "--set", "one.kernel=linux.img", "--set", "machine.cores=1",
                     "--set", "two.bootargs=quiet x=y").returncode == 0
    text = tree(place.made("guests.bin"), place.folder)
    assert property_of(text, "one", "kernel") == property_of(text, "two", "kernel") == "linux.img"
    assert property_of(text, "two", "bootargs") == "quiet x=y"
    assert property_of(text, "vmm", "cores") == [16]


@pytest.mark.skipif(COMPILER is None, reason="no aarch64-linux-gnu-gcc")
def test_spec_compiles(built, tmp_path):
    """The generated tables agree with spec.h; -fsyntax-only needs nothing of libnie but types."""
    (tmp_path / "nie").mkdir(exist_ok=True)
    types = ["UNTYPED", "CNODE", "PRIVATE_FRAME", "SHARED_FRAME", "TABLE", "TASK_VSPACE", "VCPU", "DEVICE",
             "IRQ", "CORE"]
    (tmp_path / "nie" / "task.h").write_text(
        "#include <stdbool.h>\n#include <stdint.h>\ntypedef uint8_t u8; typedef uint32_t u32; typedef "
        "uint64_t u64;\n"
        f"enum {{ {', '.join('NIE_TYPE_' + t for t in types)} }};\n")
    subprocess.run([COMPILER, "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fsyntax-only", f"-I{tmp_path}",
                    f"-I{ROOT}/userland/capdl-init", str(built.folder / "out" / "spec.c")], check=True)


def test_depfile(place):
    depfile = place.folder / "d"
    assert place.run(GOOD, "--depfile", str(depfile)).returncode == 0
    target, _, inputs = depfile.read_text().partition(": ")
    assert target.endswith("out/nie.img")
    for name in ("sys.yaml", "linux.img", "initrd.bin", "hello.img", "kernel.bin", "host-vmm.elf"):
        assert name in inputs


def test_demo_and_minimal_are_well_formed():
    from capdl import source
    for path in (ROOT / "configs" / "systems").glob("*.yaml"):
        assert source.load(path.read_text(), path.name, path.stem).guests
    demo = source.load((ROOT / "configs" / "systems" / "demo.yaml").read_text(), "demo.yaml", "demo")
    assert [(g.name, g.vcpus, g.memory // MIB) for g in demo.guests] == [
        ("alpha", 1, 256), ("beta", 2, 256), ("gamma", 1, 16)]
    assert pathlib.Path(ROOT / "configs" / "platforms" / f"{demo.platform.value}.yaml").exists()

# SPDX-License-Identifier: Apache-2.0
"""Systems that cannot be built: one line that names the thing and the remedy, a status that is not
zero, and nothing written."""
import struct

import pytest

from conftest import MIB, arm64_image, elf_file
from test_build import GOOD, Place


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def fails(place, result, *words):
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert result.stderr.startswith("error: ")
    for word in words:
        assert word in result.stderr, result.stderr
    assert not (place.folder / "out").exists()
    assert [p.name for p in place.folder.iterdir() if p.name.startswith(".")] == []


FAULTS = [
    ("vcpus: 2", "vcpu: 2", ["sys.yaml:12: two: unknown key vcpu", "vcpus"]),
    ("guests:", "guest:", ["sys.yaml:3: unknown key guest", "machine, vmm, guests"]),
    ("platform: qemu-virt", "platform: toaster", ["sys.yaml:1: unknown platform toaster", "qemu-virt"]),
    ("cores: 2", "cores: 9", ["sys.yaml:1: machine.cores", "from 1 to 8"]),
    ("cores: 2", "core: 2", ["machine: unknown key core"]),
    ("memory: 64 MiB", "memory: 64 GiB",
     ["sys.yaml:11: two.memory: 64 GiB asked for", "qemu-virt has 2 GiB"]),
    ("memory: 64 MiB", "memory: 2040 MiB",
     ["sys.yaml:11: two_ram", "needed in one piece", "left", "ask for less memory"]),
    ("memory: 64 MiB", "memory: lots", ["two.memory: 'lots' is not a size", "MiB"]),
    ("memory: 64 MiB", "memory: 3 MiB", ["two.memory: 3 MiB is not a multiple of 2 MiB"]),
    ("    memory: 64 MiB\n", "", ["two: memory is missing"]),
    ("    kernel: linux.img\n", "", ["two: kernel is missing"]),
    ("kernel: linux.img", "kernel:", ["two: kernel is empty"]),
    ("kernel: linux.img", "kernel: nosuch.img", ["sys.yaml:8: two.kernel: nosuch.img", "No such file"]),
    ("kernel: linux.img", "kernel: debian-9.9", ["two.kernel: debian-9.9", "tools/nie setup"]),
    ("guest:hello", "guest:nosuch", ["one.kernel: guest:nosuch", "hello"]),
    ("initrd: initrd.bin", "initrd: none.bin", ["two.initrd: none.bin"]),
    ("initrd: initrd.bin", "initrd: [a]", ["two.initrd is a list"]),
    ("vcpus: 2", "vcpus: 9", ["two.vcpus: '9' is not a number from 1 to 8"]),
    ("vcpus: 2", "limit: -1", ["two.limit: '-1' is not a number"]),
    ("vcpus: 2", "format: zip", ["two.format: 'zip' is none of image, elf, raw"]),
    ("vcpus: 2", "format: image\n    load: 0x40000000", ["two: load is for format: raw; this one says image"]),
    ("vcpus: 2", "expect: 7", ["two.expect: '7' is not a word"]),
    ("  two:", "  one:", ["sys.yaml:7: one is given twice"]),
    ("  two:", "  Two:", ["guest Two: a name has"]),
    ("  two:", "  vmm:", ["guest vmm"]),
    ("memory: 4 MiB", "memory: 4 KiB", ["vmm.memory: 4 KiB", "256 KiB"]),
    ("memory: 4 MiB", "memory: 2 GiB", ["sys.yaml:2: vmm_memory0: 2 GiB needed"]),
    ("guests:", "guests: [", ["sys.yaml:", "not YAML"]),
]


@pytest.mark.parametrize("old, new, words", FAULTS, ids=[f[2][0] for f in FAULTS])
def test_yaml(place, old, new, words):
    assert old in GOOD
    fails(place, place.run(GOOD.replace(old, new, 1)), *words)


@pytest.mark.parametrize("text, words", [
    ("", ["the file is empty"]), ("- a\n- b\n", ["is a list"]), ("just words", ["not a system description"]),
    ("machine: {cores: 1}\n", ["guests: there are none"]), ("guests: {a: 5}\n", ["a is a single value"]),
    ("guests:\n" + "".join(f"  g{i}: {{kernel: linux.img, memory: 16 MiB}}\n" for i in range(17)),
     ["17 are too many"]),
])
def test_other_files(place, text, words):
    fails(place, place.run(text), *words)


def efi_image(size, claimed):
    """An arm64 Image with a PE header whose one section ends at `claimed`."""
    data = bytearray(arm64_image(size))
    data[0:2] = b"MZ"
    struct.pack_into("<I", data, 60, 64)
    data[64:68] = b"PE\0\0"
    struct.pack_into("<H", data, 64 + 6, 1)
    struct.pack_into("<II", data, 64 + 24 + 16, claimed - 4096, 4096)
    return bytes(data)


@pytest.mark.parametrize("content, words", [
    (b"", ["is empty"]),
    (arm64_image()[:40], ["truncated", "40 bytes"]),
    (b"\0" * 8192, ["is not an arm64 Image (no magic at byte 56)"]),
    (b"\x1f\x8b" + bytes(100), ["not an arm64 Image", "gzip", "unpack"]),
    (efi_image(MIB, 2 * MIB), ["truncated", "1048576 bytes", "2097152"]),
    (struct.pack("<I", 0x14100000) + arm64_image()[4:], ["truncated"]),
    (arm64_image(MIB, 17 * MIB), ["of RAM, the guest has 16 MiB", "give it more memory"]),
    (arm64_image(16 * MIB), ["of RAM, the guest has 16 MiB"]),
], ids=["empty", "short", "zeroes", "gzip", "efi", "branch", "bss", "large"])
def test_guest_image(place, content, words):
    (place.folder / "bad.img").write_bytes(content)
    fails(place, place.run(GOOD, "--set", "one.kernel=bad.img"), "one.kernel: bad.img", *words)


def test_elf_file_is_recognised(place):
    (place.folder / "good.elf").write_bytes(elf_file([(0x40000000, 5, b"x" * 64, 64)]))
    fails(place, place.run(GOOD, "--set", "one.kernel=good.elf", "--set", "one.format=image"),
          "one.kernel: good.elf", "not an arm64 Image", "format: elf")
    assert place.run(GOOD, "--set", "one.kernel=good.elf").returncode == 0


def test_whole_efi_image(place):
    (place.folder / "good.img").write_bytes(efi_image(MIB, MIB))
    assert place.run(GOOD, "--set", "one.kernel=good.img").returncode == 0


def test_initrd_counts(place):
    (place.folder / "initrd.bin").write_bytes(bytes(60 * MIB))
    fails(place, place.run(GOOD), "two.kernel: linux.img", "its initrd of 60 MiB", "the guest has 64 MiB")


@pytest.mark.parametrize("segment, words", [
    ((0x3FFFF000, 5, b"x", 1), ["segment at 0x3ffff000", "outside the guest's RAM"]),
    ((0x40000000, 5, b"x", 65 * MIB), ["outside the guest's RAM"])])
def test_elf_guest(place, segment, words):
    (place.folder / "linux.img").write_bytes(elf_file([segment]))
    fails(place, place.run(GOOD.replace("vcpus: 2", "format: elf")), *words)


def test_elf_guest_for_another_machine(place):
    (place.folder / "linux.img").write_bytes(elf_file([(0x40000000, 5, b"x", 1)], machine=62))
    fails(place, place.run(GOOD.replace("vcpus: 2", "format: elf")), "not for aarch64")


def test_raw_guest(place):
    text = GOOD.replace("vcpus: 2", "format: raw\n    load: 0x40080000")
    assert place.run(text).returncode == 0
    (place.folder / "out").rename(place.folder / "first")
    fails(place, place.run(text.replace("0x40080000", "0x30000000")), "load address 0x30000000 is outside")


@pytest.mark.parametrize("setting, words", [
    ("three.kernel=x", ["no guest three", "one, two"]), ("one.kernal=x", ["one: unknown key kernal"]),
    ("vmm.image=none.elf", ["vmm.image: none.elf: ", "build the VMM first"]),
    ("vmm.image=mine", ["vmm.image: 'mine' is neither a path to a .elf nor a task that is built"]),
    ("kernel=x", ["GUEST.KEY=VALUE"]), ("vmm.memory=x", ["--set vmm.memory", "not a size"])])
def test_set(place, setting, words):
    fails(place, place.run(GOOD, "--set", setting), *words)


def test_build_that_is_not_there(place):
    (place.build / "capdl-init.json").unlink()
    fails(place, place.run(GOOD), "capdl-init.json is missing", "cmake")


def test_build_for_another_platform(place):
    place.facts["platform"] = "board"
    place.write_facts()
    fails(place, place.run(GOOD), "platform qemu-virt: this build is for board", "-DNIE_PLATFORM")


def test_kernel_that_is_none(place):
    (place.build / "kernel.bin").write_bytes(arm64_image())
    fails(place, place.run(GOOD), "kernel.bin: is not nie's kernel")


def test_task_that_is_too_large(place):
    (place.build / "task.elf").write_bytes(elf_file([(0x01000000, 5, b"x", 2 * MIB)]))
    fails(place, place.run(GOOD), "capdl-init.elf: needs 2 MiB", "describe fewer objects")


def test_vmm_that_mixes_code_and_data(place):
    (place.build / "host-vmm.elf").write_bytes(elf_file([(0x01000000, 5, b"x", 100),
                                                         (0x01000080, 6, b"y", 4)]))
    fails(place, place.run(GOOD), "host-vmm.elf: data at 0x1000080 shares a page with code")


def test_compiler_that_fails(place):
    (place.build / "compiler").write_text("#!/bin/sh\necho no such thing\nexit 1\n")
    fails(place, place.run(GOOD), "compiling capdl-init failed: no such thing")


def test_failure_keeps_what_was_built_before(place):
    assert place.run(GOOD).returncode == 0
    before = {p.name: p.read_bytes() for p in (place.folder / "out").iterdir()}
    result = place.run(GOOD.replace("memory: 64 MiB", "memory: 64 GiB"))
    assert result.returncode == 1
    assert {p.name: p.read_bytes() for p in (place.folder / "out").iterdir()} == before


def test_capdl_text(place):
    assert place.run(GOOD).returncode == 0
    text = place.made("sys.cdl").decode()
    (place.folder / "out").rename(place.folder / "first")
    archive = ("--archive", str(place.folder / "first" / "archive.bin"))
    fails(place, place.run(text, name="sys.cdl"), "give --archive")
    fails(place, place.run(text.replace("0: vmm_code[]", "0: vmm_core[]"), *archive, name="sys.cdl"),
          "sys.cdl:",
          "vmm_core is not declared")
    fails(place, place.run(text, *archive, "--set", "a.b=c", name="sys.cdl"), "--set changes YAML")
    (place.folder / "short.bin").write_bytes((place.folder / "first" / "archive.bin").read_bytes()[:5000])
    fails(place, place.run(text, "--archive", str(place.folder / "short.bin"), name="sys.cdl"), "short.bin",
          "truncated")

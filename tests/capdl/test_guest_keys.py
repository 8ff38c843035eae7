# SPDX-License-Identifier: Apache-2.0
"""Keys of a guest beyond its kernel: the cores that it may use, what its file is, a device tree of its own."""
import subprocess

import pytest

from capdl import device_tree, guest_image, source
from capdl.guest_image import format_of
from capdl.problem import NOWHERE, Problem

TEXT = "guests:\n  g: {kernel: k, memory: 16 MiB, %s}\n"


def load(keys):
    return source.load(TEXT % keys, "x.yaml", "x").guests[0]


@pytest.mark.parametrize("text, mask", [("0", 1), ("7", 128), ('"0,2-3"', 13), ('"0-7"', 255), ('" 1 , 4 "', 18)])
def test_cores(text, mask):
    assert load(f"cpus: {text}").cpus == mask


@pytest.mark.parametrize("keys, words", [
    ("cpus: 8", "x.yaml:2: g.cpus: '8' is not a list of cores from 0 to 7, like 0,2-3"),
    ('cpus: "3-2"', "x.yaml:2: g.cpus: '3-2' is not a list of cores from 0 to 7, like 0,2-3"),
    ("weight: 0", "x.yaml:2: g.weight: '0' is not a number from 1 to 10000"),
    ("restarts: -1", "x.yaml:2: g.restarts: '-1' is not a number from 0 to 1000000"),
    ("cpu: max", "x.yaml:2: g.cpu: 'max' is neither baseline nor host"),
    ("flash: 128 MiB", "x.yaml:2: g.flash: 128 MiB: at most 64 MiB"),
    ("realm: 1 MiB", "x.yaml:2: g.realm: 1 MiB is not a multiple of 2 MiB from 2 MiB on"),
    ("format: elf, load: 0x40000000", "x.yaml:2: g: load is for format: raw; this one says elf"),
    ("load: 0x40000002", "x.yaml:2: g.load: '0x40000002' is not an address that is a multiple of 4"),
    ('dtb: ""', "x.yaml:2: g: dtb is empty: name a file")])
def test_faults(keys, words):
    with pytest.raises(Problem) as caught:
        load(keys)
    assert str(caught.value) == words


@pytest.mark.parametrize("load, flash, size, words", [
    (0, 0, 64, "k: load address 0x0 is where QEMU's virt has flash, the guest has none: give it flash"),
    (2 << 20, 2 << 20, 64, "k: load address 0x200000 is where QEMU's virt has flash, the guest has 2 MiB: give it flash"),
    (0x1FFFC0, 2 << 20, 68, "k (68 bytes) at 0x1fffc0 goes beyond its flash of 2 MiB: give it more flash"),
    (0x04000000, 64 << 20, 64, "k: load address 0x4000000 is outside the guest's RAM, 0x40000000 to 0x41000000")])
def test_bad_firmware(load, flash, size, words):
    with pytest.raises(Problem) as caught:
        guest_image.check(bytes(size), "k", "raw", 16 << 20, load, 0, flash)
    assert str(caught.value) == words


def test_firmware_takes_no_ram():
    guest_image.check(bytes(64 << 20), "k", "raw", 2 << 20, 0, 1 << 20, 64 << 20)
    assert load("load: 0, flash: 2 MiB").load == 0


def test_format():
    assert format_of(b"\x7fELF...") == "elf" and format_of(bytes(64)) == "image"
    assert load("vcpus: 1").format == "" and load("load: 0x40000000").format == "raw"
    assert load("format: raw").load == 0x40080000


def compiled(text, *options):
    return subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", *options], input=text.encode(), check=True,
                          stdout=subprocess.PIPE).stdout


def test_device_tree_loses_its_padding():
    text = '/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; model = "a board"; };'
    packed = device_tree.compact(compiled(text, "-S", "65536"), "g.dtb: x", NOWHERE)
    assert len(packed) < 1024 and packed == compiled(text)


@pytest.mark.parametrize("data, words", [
    (b"no tree at all", "is not a flattened device tree"), (b"\xd0\x0d\xfe\xed" + bytes(60), "compile it again"),
    (compiled("/dts-v1/; / { a = [" + "00 " * 20000 + "]; };"), "14 KiB are possible")])
def test_bad_device_trees(data, words):
    with pytest.raises(Problem) as caught:
        device_tree.compact(data, "g.dtb: x", NOWHERE)
    assert str(caught.value).startswith("g.dtb: x: ") and words in str(caught.value)

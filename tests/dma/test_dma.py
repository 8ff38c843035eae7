# SPDX-License-Identifier: Apache-2.0
"""Devices that attack by DMA (tests/dma/task): each attempt is refused, told of, and changes nothing."""
import functools
import tempfile
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

import boot
import kernel
import table as mutations
from capdl import image
from conftest import ROOT
from paths import TARGET

ATTACKS = 97  # 22 of them controls: that the device does reach what it may
MUST = ("write a page of the VMM: stream 8 writes", "write a page of a guest: stream 8 writes",
        "write the kernel's code: stream 8 writes 0x40202000: nothing is mapped",
        "write an entry into its own translation table: stream 8 writes",
        "write a page that is mapped to be read: stream 8 writes 0x60000000: not allowed",
        "write a page that was just unmapped: stream 8 writes 0x60000000: nothing is mapped",
        "write 2 MiB that were just unmapped", "write a page that was given back and made anew",
        "write a page while it is donated", "write the memory of its guest while that is killed: nothing happens",
        "switch the SMMU off: stream 8 writes 0x9050020: nothing is mapped",
        "change a guest's memory after it was measured, before it is active: nothing happens",
        "disk: read a sector to a page of the VMM: stream 24 writes", "disk: write a page of the VMM to it: stream 24 reads",
        "disk: read a sector to a page of a guest: stream 24 writes", "disk: name a page of the VMM in a list of pages",
        "disk: have it write a completion to a page of a guest: stream 24 writes",
        "disk: read a sector to a page that was just unmapped: stream 24 writes 0x60000000: nothing is mapped")
TABLE = ROOT / "tests" / "mutation" / "dma.yaml"
MUTATIONS = mutations.load(TABLE, (), set(), {"attack", "sample"})


def symbols(elf, *names):
    with open(elf, "rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        return [table.get_symbol_by_name(name)[0]["st_value"] for name in names]


@functools.cache
def run(cpu):
    first, end = symbols(TARGET / "kernel/arch/arm64/kernel.elf", "kernel_start", "text_end")
    with tempfile.TemporaryDirectory() as folder:
        return boot.boot(TARGET / "dma.img", cpu, Path(folder), first, end - first)


def judge(attacked):
    assert attacked.counts == (ATTACKS, ATTACKS), "\n".join(attacked.broken or attacked.lines[-20:])
    assert [number for number, _, _ in attacked.attacks] == list(range(1, ATTACKS + 1))
    assert "dma: end" in attacked.lines and not any("FAILED" in line for line in attacked.lines)
    for beginning in MUST:
        assert sum(what.startswith(beginning) for _, what, _ in attacked.attacks) == 1, beginning


@pytest.mark.parametrize("cpu", ["max", "neoverse-n1"])
def test_every_attack_is_refused(cpu):
    judge(run(cpu))


@pytest.mark.parametrize("cpu", ["max", "neoverse-n1"])
def test_the_kernels_code_is_as_it_was(cpu):
    memory = run(cpu).memory
    assert len(memory) > 32 << 10 and memory == (TARGET / "dma.img").read_bytes()[:len(memory)]


@pytest.mark.parametrize("cpu", ["max", "neoverse-n1"])
def test_no_secret_is_on_the_disk(cpu):
    """What it wrote is there; what forged commands told it to write is not."""
    disk = run(cpu).disk
    kept = 128  # KEPT of task/attack_disk.c: a sector, and the word in it
    expected = bytearray(boot.EVIL * (boot.EVIL_SIZE // 8)).ljust(boot.DISK_SIZE, b"\0")
    expected[kept * 512:kept * 512 + 512] = kept.to_bytes(8, "little") + boot.EVIL * 63
    assert boot.GOOD not in disk
    assert [n for n in range(len(disk) // 512) if disk[n * 512:][:512] != expected[n * 512:][:512]] == []


def test_every_attack_is_refused_with_full():
    judge(run("cortex-a72"))


def check_mutation(mutation, folder):
    """A kernel that is broken on purpose: the attack that the table names succeeds."""
    made = kernel.Kernel().make(ROOT / mutation["file"], mutations.mutated(mutation), folder)
    broken_image = folder / "dma.img"
    broken_image.write_bytes(image.join(made, TARGET / "tests/dma/dma.elf", (ROOT / "tests/task/no-archive").read_bytes()))
    broken = boot.boot(broken_image, "max", folder).broken
    assert any(what.startswith(mutation["attack"]) for what in broken), f"{mutation['name']} breaks {broken}"


@pytest.mark.parametrize("mutation", [m for m in MUTATIONS if m.get("sample")], ids=lambda m: m["name"])
def test_broken_kernel(mutation, tmp_path):
    check_mutation(mutation, tmp_path)


@pytest.mark.parametrize("mutation", [m for m in MUTATIONS if not m.get("sample")], ids=lambda m: m["name"])
def test_broken_kernel_with_full(mutation, tmp_path):
    check_mutation(mutation, tmp_path)

# SPDX-License-Identifier: Apache-2.0
"""Devices that attack by DMA (tests/dma/task): each attempt is refused, told of, and changes nothing."""
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

import boot
from conftest import ROOT
from paths import CACHE, TARGET

ATTACKS = 62  # 14 of them controls: that the device does reach what it may
MUST = ("write a page of the VMM: stream 8 writes", "write a page of a guest: stream 8 writes",
        "write the kernel's code: stream 8 writes 0x40202000: nothing is mapped",
        "write an entry into its own translation table: stream 8 writes",
        "write a page that is mapped to be read: stream 8 writes 0x60000000: not allowed",
        "write a page that was just unmapped: stream 8 writes 0x60000000: nothing is mapped",
        "write 2 MiB that were just unmapped", "write a page that was given back and made anew",
        "write a page while it is donated", "write the memory of its guest while that is killed: nothing happens",
        "switch the SMMU off: stream 8 writes 0x9050020: nothing is mapped",
        "change a guest's memory after it was measured, before it is active: nothing happens")
# Kernels that are broken on purpose, and an attack that then succeeds. What QEMU does not model (it acts on commands
# before CMD_SYNC) is in tests/unit/test_smmu.c.
SMMU, IODOMAIN = "kernel/arch/arm64/smmu.c", "kernel/core/isolation/iodomain.c"
MUTANTS = [
    ("no-tlbi", SMMU, "\tput(TLBI_S2_IPA | (u64)vmid << VMID_SHIFT, ipa | LEAF);\n", "\t(void)vmid;\n\t(void)ipa;\n",
     "write a page that was just unmapped"),
    ("no-vmall", SMMU, "\tput(TLBI_S12_VMALL | (u64)vmid << VMID_SHIFT, 0);\n", "\t(void)vmid;\n",
     "write a page that was unmapped while it was detached"),
    ("no-cfgi-ste", SMMU, "\tput(CFGI_STE | (u64)stream << STREAM_SHIFT, LEAF);\n", "\t(void)stream;\n",
     "write its buffer by a device that was just detached"),
    ("no-abort-default", SMMU, "\t\tstream_table[i][0] = STE_ABORT;\n", "\t\tstream_table[i][0] = 9ul;\n",
     "write a page of the VMM by a device that nobody attached"),
    ("unmap-keeps-device", "kernel/core/isolation/table.c",
     "\tif (v->streams != 0u) {\n\t\thw_stream_invalidate_ipa(v->vmid, ipa);\n\t}\n", "",
     "write a page while it is unmapped"),
    ("kill-keeps-device", "kernel/core/isolation/vspace.c", "\tstreams_cut(vspace);\n", "",
     "write the memory of its guest after that was killed"),
    ("connected-early", IODOMAIN, "\t\tmeasure_event(vspace, MEASURED_STREAM, stream, 0, 0);\n",
     "\t\tconnect(stream, vspace);\n", "change a guest's memory after it was measured"),
]


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


def test_every_attack_is_refused_with_full():
    judge(run("cortex-a72"))


@pytest.mark.parametrize(("name", "file", "old", "new", "attack"), MUTANTS, ids=[m[0] for m in MUTANTS])
def test_broken_kernel_with_full(name, file, old, new, attack, tmp_path):
    tree = tmp_path / "tree"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns("build", ".git"))
    source = tree / file
    assert source.read_text().count(old) == 1, f"{file} has what {name} replaces not once: follow the source"
    source.write_text(source.read_text().replace(old, new))
    for command in (["cmake", "--preset", "target", f"-DNIE_CACHE={CACHE}"],
                    ["cmake", "--build", "build/target", "--target", "dma-image"]):
        subprocess.run(command, cwd=tree, check=True, stdout=subprocess.DEVNULL)
    broken = boot.boot(tree / "build/target/dma.img", "max", tmp_path).broken
    assert any(what.startswith(attack) for what in broken), f"{name} breaks {broken}"

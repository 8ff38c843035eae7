# SPDX-License-Identifier: Apache-2.0
"""The CPU that guests see: the baseline of docs/registers.md on every model, and with `cpu: host` what the model has."""
import functools
import re
from pathlib import Path

import pytest

import paths
from conftest import ROOT
from test_corners import CPUS, failures

SYSTEM = Path(__file__).parent / "systems" / "cpu.yaml"
# What describes the CPU and is true, so differs: docs/registers.md names them.
TRUE = {"MIDR_EL1", "CTR_EL0", "DCZID_EL0", "CLIDR_EL1", "CCSIDR_EL1", "CNTFRQ_EL0"}
CCIDX = ("id 7 2", 20)
# What the baseline does not have and EL2 can take away on every CPU; with fine-grained traps; and not at all.
TRAPPED = {"ZCR", "RDVL", "SMCR", "GCR", "ERRIDR", "LORID", "PMCR", "PMCCNTR", "AMCR", "PMSCR", "TRACE", "MPAM1", "SCXTNUM", "TCR2",
           "SCTLR2", "PIR", "POR", "GCSCR", "ACCDATA", "HCR", "SCR", "PAUTH_KEY", "PACIA", "CPYFP"}
FINE = {"TLBI_OS", "TLBI_RANGE", "AT_PAN", "CFP_RCTX"}
WITHOUT_A_TRAP = {"PAN", "RNDR"}
THERE = {"AESE", "PMULL", "SHA1H", "SHA256SU0", "CRC32", "FADD", "ADD_VECTOR", "MDSCR", "DBGBCR0", "DBGWCR1", "OSLSR"}
HAVE_FINE = {"max"}
HAVE_KEYS = {"max", "neoverse-v1"}
HAVE_COPIES = {"max"}


def of(lines):
    """({register: value}, {probe: whether it works})"""
    registers, probes = {}, {}
    for line in lines:
        if match := re.fullmatch(r"cpu: (id \d \d|\w+_EL\d) (0x[0-9a-f]+)", line):
            registers[match[1]] = int(match[2], 16)
        elif match := re.fullmatch(r"cpu: (\w+) (works|does not work)", line):
            probes[match[1]] = match[2] == "works"
    return registers, probes


def documented():
    """The baseline as docs/registers.md lists it."""
    rows = re.findall(r"^\| (ID_\w+) \| (\d) (\d) \| (0x[0-9a-f]+) \|", (ROOT / "docs" / "registers.md").read_text(), re.MULTILINE)
    return {f"id {crm} {op2}": int(value, 16) for _, crm, op2, value in rows}


def without_truths(registers):
    register, shift = CCIDX
    same = {name: value & ~(15 << shift if name == register else 0) for name, value in registers.items() if name not in TRUE}
    return {name: value for name, value in same.items() if value}


@pytest.fixture(scope="session")
def guests(boot):
    @functools.cache
    def run(cpu):
        result = boot(SYSTEM, cpu, cores=1, limit=150, icount=True)
        assert result.outcome.problem is None, result.tail()
        assert set(result.ended().values()) == {"off"}, result.tail()
        return {name: result.of(name) for name in ("baseline", "host")}
    return run


@pytest.mark.parametrize("cpu", CPUS)
def test_baseline(guests, cpu):
    lines = guests(cpu)["baseline"]
    assert failures("cpu", lines) == []
    registers, probes = of(lines)
    assert TRUE <= set(registers)
    assert without_truths(registers) == documented() | {"MPIDR_EL1": 0x80000000}
    assert set(probes) == TRAPPED | FINE | WITHOUT_A_TRAP | THERE
    works = {name for name, there in probes.items() if there}
    assert works & TRAPPED == set() and THERE <= works
    if cpu in HAVE_FINE:
        assert works & FINE == set()


@pytest.mark.parametrize("cpu", CPUS)
def test_host(guests, plain, cpu):
    lines = guests(cpu)["host"]
    assert failures("cpu", lines) == []
    registers, probes = of(lines)
    native, _ = of(plain(paths.TARGET / "guests" / "cpu.img", cpu=cpu, memory="16M", limit=60, icount=True))
    baseline, _ = of(guests(cpu)["baseline"])
    for name, value in registers.items():
        if not name.startswith("id"):
            assert value == native[name] or name == "MPIDR_EL1", name
        for low in range(0, 64, 4) if name.startswith("id") and name != "id 5 0" else ():
            field, most, least = (v >> low & 15 for v in (value, native[name], baseline.get(name, 0)))
            assert least <= field <= most, (name, low)
    assert probes["PAUTH_KEY"] == probes["PACIA"] == (cpu in HAVE_KEYS)
    assert probes["CPYFP"] == (cpu in HAVE_COPIES)
    assert not [name for name in TRAPPED - {"PAUTH_KEY", "PACIA", "CPYFP"} if probes[name]]
    if cpu == "max":
        assert all(probes[name] for name in FINE)
    assert (without_truths(registers) == without_truths(baseline)) == (cpu in ("cortex-a57", "cortex-a72"))


def test_lines_are_read():
    """The comparisons above can fail."""
    assert of(["cpu: id 4 0 0x11", "cpu: MIDR_EL1 0xf0510", "cpu: PACIA works", "cpu: GCR does not work", "cpu: 1 checks"]) == (
        {"id 4 0": 0x11, "MIDR_EL1": 0xf0510}, {"PACIA": True, "GCR": False})
    assert without_truths({"id 7 2": 0x100011, "MIDR_EL1": 1, "id 6 0": 0}) == {"id 7 2": 0x11}
    assert len(documented()) >= 4

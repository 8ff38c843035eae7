# SPDX-License-Identifier: Apache-2.0
"""Two guests on one core mark every register (tests/guests/registers). What each could read is in a row of
docs/registers.md, what a row calls saved was kept, and neither saw anything of the other."""
import re
from pathlib import Path

import pytest

from conftest import CPUS, ROOT

SYSTEM = Path(__file__).parent / "systems" / "registers.yaml"
TABLE = ROOT / "docs" / "registers.md"

# op0 op1 CRn CRm op2 of what a guest can read (Arm ARM D24.2; IHI 0069 12.2), and the words that name it in the table
# where that is not the name itself.
NAMES = {
    "2 0 1 0 0": ("MDRAR_EL1", "breakpoints"), "2 0 1 1 4": ("OSLSR_EL1", "OS lock"),
    "2 3 0 1 0": ("MDCCSR_EL0", "DCC"),
    "3 0 0 0 0": ("MIDR_EL1",), "3 0 0 0 5": ("MPIDR_EL1", "VMPIDR_EL2"), "3 0 0 0 6": ("REVIDR_EL1",),
    "3 0 1 0 0": ("SCTLR_EL1",), "3 0 1 0 1": ("ACTLR_EL1",), "3 0 1 0 2": ("CPACR_EL1",),
    "3 0 2 0 0": ("TTBR0_EL1",), "3 0 2 0 1": ("TTBR1_EL1",), "3 0 2 0 2": ("TCR_EL1",),
    **{f"3 0 2 {crm} {op2}": (f"key {crm} {op2}", "pointer authentication keys")
       for crm, op2s in ((1, 4), (2, 4), (3, 2)) for op2 in range(op2s)},
    "3 0 4 0 0": ("SPSR_EL1",), "3 0 4 0 1": ("ELR_EL1",), "3 0 4 1 0": ("SP_EL0",),
    "3 0 4 2 0": ("SPSel",), "3 0 4 2 2": ("CurrentEL",), "3 0 4 2 3": ("PAN",), "3 0 4 2 4": ("UAO",),
    "3 0 4 3 0": ("ALLINT",), "3 0 4 6 0": ("ICC_PMR_EL1", "ICH_VMCR_EL2"),
    "3 0 5 1 0": ("AFSR0_EL1",), "3 0 5 1 1": ("AFSR1_EL1",), "3 0 5 2 0": ("ESR_EL1",), "3 0 6 0 0": ("FAR_EL1",),
    "3 0 7 4 0": ("PAR_EL1",), "3 0 10 2 0": ("MAIR_EL1",), "3 0 10 3 0": ("AMAIR_EL1",),
    "3 0 12 0 0": ("VBAR_EL1",), "3 0 12 1 0": ("ISR_EL1",), "3 0 12 1 1": ("DISR_EL1", "VDISR_EL2"),
    "3 0 12 8 2": ("ICC_HPPIR0_EL1", "ICC_*_EL1"), "3 0 12 8 3": ("ICC_BPR0_EL1", "ICH_VMCR_EL2"),
    "3 0 12 8 4": ("ICC_AP0R0_EL1", "ICH_AP0R0"), "3 0 12 9 0": ("ICC_AP1R0_EL1", "ICH_AP1R0"),
    "3 0 12 11 3": ("ICC_RPR_EL1", "ICC_*_EL1"), "3 0 12 12 2": ("ICC_HPPIR1_EL1", "ICC_*_EL1"),
    "3 0 12 12 3": ("ICC_BPR1_EL1", "ICH_VMCR_EL2"), "3 0 12 12 4": ("ICC_CTLR_EL1", "ICH_VMCR_EL2"),
    "3 0 12 12 5": ("ICC_SRE_EL1", "ICC_*_EL1"), "3 0 12 12 6": ("ICC_IGRPEN0_EL1", "ICH_VMCR_EL2"),
    "3 0 12 12 7": ("ICC_IGRPEN1_EL1", "ICH_VMCR_EL2"),
    "3 0 13 0 1": ("CONTEXTIDR_EL1",), "3 0 13 0 4": ("TPIDR_EL1",), "3 0 14 1 0": ("CNTKCTL_EL1",),
    "3 1 0 0 0": ("CCSIDR_EL1",), "3 1 0 0 1": ("CLIDR_EL1",), "3 1 0 0 7": ("AIDR_EL1",),
    "3 2 0 0 0": ("CSSELR_EL1",), "3 3 0 0 1": ("CTR_EL0",), "3 3 0 0 7": ("DCZID_EL0",),
    "3 3 2 4 0": ("RNDR",), "3 3 2 4 1": ("RNDRRS",),
    "3 3 4 2 0": ("NZCV",), "3 3 4 2 1": ("DAIF",), "3 3 4 2 5": ("DIT",), "3 3 4 2 6": ("SSBS",),
    "3 3 4 2 7": ("TCO",), "3 3 4 4 0": ("FPCR",), "3 3 4 4 1": ("FPSR",),
    "3 3 13 0 2": ("TPIDR_EL0",), "3 3 13 0 3": ("TPIDRRO_EL0",),
    "3 3 14 0 0": ("CNTFRQ_EL0",), "3 3 14 0 1": ("CNTPCT_EL0",), "3 3 14 0 2": ("CNTVCT_EL0",),
    "3 3 14 0 5": ("CNTPCTSS_EL0",), "3 3 14 0 6": ("CNTVCTSS_EL0",), "3 3 14 3 0": ("CNTV_TVAL_EL0",),
    "3 3 14 2 0": ("CNTP_TVAL_EL0",), "3 3 14 2 1": ("CNTP_CTL_EL0",), "3 3 14 2 2": ("CNTP_CVAL_EL0",),
    "3 3 14 3 1": ("CNTV_CTL_EL0",), "3 3 14 3 2": ("CNTV_CVAL_EL0",),
}
# A guest's own marker must have gone in, and have stayed, on every CPU: otherwise the walk walks nothing.
MARKED = {"SP_EL0", "TPIDR_EL0", "TPIDRRO_EL0", "SPSR_EL1", "ELR_EL1", "TCR_EL1", "CPACR_EL1", "CNTKCTL_EL1", "TTBR0_EL1",
          "TTBR1_EL1", "MAIR_EL1", "CONTEXTIDR_EL1", "ESR_EL1", "FAR_EL1", "PAR_EL1", "TPIDR_EL1", "CSSELR_EL1",
          "CNTV_CTL_EL0", "CNTV_CVAL_EL0", "ICC_PMR_EL1", "ICC_BPR0_EL1", "ICC_BPR1_EL1", "ICC_AP0R0_EL1",
          "ICC_AP1R0_EL1", "ICC_IGRPEN0_EL1", "FPCR", "FPSR"}
# Each guest has one value of its own for all its life; the other has another one.
OWN = {"SCTLR_EL1", "VBAR_EL1"}
MAY_CHANGE = ("cleared", "time", "CNTV_CVAL_EL0 and time", "follow")


def name_of(encoding):
    if encoding in NAMES:
        return NAMES[encoding][0]
    return "ID registers" if encoding.startswith("3 0 0 ") else None


def status_of(encoding, rows):
    """What the table says about a guest's view of it; None: nothing."""
    words = NAMES[encoding][-1] if encoding in NAMES else "ID registers"
    return next((status for names, status in rows if re.search(rf"(?<!\w){re.escape(words)}(?!\w)", names)), None)


def rows_of(text):
    cells = [line.strip("| \n").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [(row[0], row[1]) for row in cells[1:] if len(row) == 3 and "---" not in row[0]]


def walk_of(lines):
    """{encoding: (kept, constant or changed, its values)}, {what: count}."""
    found, counts = {}, {}
    for line in lines:
        if match := re.fullmatch(r"registers: (kept|constant|changed) ((?:\d+ ){4}\d+)( .*)?", line):
            found[match[2]] = (match[1], match[3] or "")
        elif match := re.fullmatch(r"registers: count (\S+) (\d+)", line):
            counts[match[1]] = int(match[2])
    return found, counts


def problems(found, rows):
    for encoding, (state, values) in found.items():
        name, status = name_of(encoding), status_of(encoding, rows)
        if name is None or status is None:
            yield f"{name or encoding} can be read and is in no row of {TABLE.name}"
        elif state == "changed" and not status.startswith(MAY_CHANGE):
            yield f"{name}, {status!r}, became another:{values}"


@pytest.mark.parametrize("sees", [("baseline", "baseline"), ("host", "host"), ("host", "baseline")], ids="-".join)
@pytest.mark.parametrize("cpu", CPUS)
def test_every_register_two_guests_share(boot, cpu, sees):
    rows = rows_of(TABLE.read_text().partition("\n## ")[0])
    run = boot(SYSTEM, cpu=cpu, cores=1, settings={"first.cpu": sees[0], "second.cpu": sees[1]})
    assert run.outcome.problem is None, run.tail()
    assert run.ended() == {"first": "off", "second": "off"}, run.tail()
    assert not any("FAILED" in line for line in run.lines), run.tail()
    order = [line for line in run.lines if line.endswith(("registers: begins", "registers: done"))]
    assert [line.rpartition(" ")[2] for line in order] == ["begins", "begins", "done", "done"], "not at the same time"
    for guest, cpu_seen in zip(("first", "second"), sees):
        found, counts = walk_of(run.of(guest))
        assert not [line for line in run.of(guest) if "FOREIGN" in line], run.of(guest)
        assert sorted(problems(found, rows)) == []
        kept = {name_of(encoding) for encoding, (state, _) in found.items() if state == "kept"}
        assert MARKED - kept == set()
        assert OWN <= {name_of(encoding) for encoding in found}
        # A guest without pointer authentication reaches no key of another's that the core still holds.
        keys = {encoding for encoding in found if (name_of(encoding) or "").startswith("key")}
        assert len(keys) == (10 if cpu == "max" and cpu_seen == "host" else 0), keys
        assert {name_of(encoding) for encoding in keys} <= kept
        assert len(found) == counts["readable"] >= 100, counts
        assert counts["written"] >= 30 and counts["rounds"] == 40 and counts["away"] >= 20, counts
        assert (counts["foreign"], counts["general-lost"], counts["fp-not-zero-at-start"]) == (0, 0, 0), counts


def test_rows_are_read():
    """The comparison above can fail."""
    text = TABLE.read_text().partition("\n## ")[0]
    rows = rows_of(text)
    assert len(rows) == len([line for line in text.splitlines() if line.startswith("| ")]) - 2
    assert list(problems({"3 0 13 0 4": ("changed", "")}, rows)) and not list(problems({"3 0 13 0 4": ("kept", "")}, rows))
    assert list(problems({"3 3 9 13 0": ("constant", "")}, rows))
    assert list(problems({"3 3 14 1 0": ("kept", "")}, [row for row in rows if "CNTKCTL" not in row[0]]))
    assert not list(problems({"3 3 14 0 2": ("changed", "")}, rows))

# SPDX-License-Identifier: Apache-2.0
"""The checker: a good description becomes these steps; each fault is named, with its line."""
import pytest

from capdl.problem import Problem
from texts import GOOD, changed


def test_good(checked):
    system = checked(GOOD)
    assert [(m.frame.name, m.ipa, m.rights) for m in system.mappings] == [
        ("code[0]", 0x1000000, 5), ("code[1]", 0x1001000, 5), ("code[2]", 0x1002000, 5),
                                                                          ("both", 0x1003000, 1),
        ("both", 0x1004000, 3), ("uart", 0x1005000, 3), ("big", 0x1200000, 3)]
    assert [(e.table.name, e.ipa, e.level) for e in system.links] == [("d", 0, 2), ("t", 0x1000000, 3)]
    assert [(s.index, s.object.name, s.rights) for s in system.slots][4] == (5, "c0", 8)
    assert [(s.vcpu.name, s.vspace.name, s.cspace.name) for s in system.starts] == [("v", "s", "cn")]
    assert next(o for o in system.objects if o.name == "i").intid == 33
    assert next(o for o in system.objects if o.name == "inside").parent.name == "m"


FAULTS = [
    # names
    ("9: big (RW)", "9: bog (RW)", ["bog is not declared"]),
    ("big = frame", "s = frame", ["s is declared twice", "line 4"]),
    ("0: code[] (RX)", "0: code (RX)", ["code is an array of 3", "code[]"]),
    ("0: code[] (RX)", "0: code[1..3] (RX)", ["code has 3 elements"]),
    ("9: big (RW)", "9: big[] (RW)", ["big is not an array"]),
    ("vspace: s cspace", "vspace: big cspace", ["its vspace is big, a frame", "a pud is needed"]),
    # types and parameters
    ("big = frame (2M)", "big = page (2M)", ["no object type 'page'", "frame"]),
    ("big = frame (2M)", "big = frame", ["big: a frame needs its size"]),
    ("s = pud", "s = pud (4 bits)", ["a pud has no 'bits'"]),
    ("big = frame (2M)", "big = frame (8k)", ["8 KiB", "4k or 2M"]),
    ("ut (23 bits)", "ut (41 bits)", ["m: 41 bits", "12 to 40"]),
    ("cnode (10 bits)", "cnode (16 bits)", ["cn: 16 bits", "at most 15"]),
    ("code[3]", "code[0]", ["an array of 0 elements"]),
    ("big = frame (2M)", "big = frame (2M) { x = pt }", ["a frame has no children"]),
    ("core (index: 0)", "core (index: 4)", ["core 4: the machine has 4"]),
    ("c0 = core (index: 0)", "c0 = core (index: 0) c1 = core (index: 0)", ["c1 and c0 are both core 0"]),
    ("index: 0, entry", "index: 8, entry", ["index 8", "8 vCPUs"]),
    ("entry: 0x1000000, ", "", ["no entry"]),
    ("entry: 0x1000000", "entry: 0x1000002", ["entry 0x1000002 is not a multiple of 4"]),
    ("stack: 0x1010", "stack: 0x1018", ["stack 0x1018 is not a multiple of 16"]),
    # devices and interrupts
    ("paddr: 0x9000000", "paddr: 0x9000800", ["not aligned"]),
    ("paddr: 0x9000000", "paddr: 0x9005000", ["no device page at paddr 0x9005000", "0x9010000"]),
    ("uart = frame", "u2 = frame (4k, paddr: 0x9000000) uart = frame", ["uart overlaps u2"]),
    ("33: i", "35: i", ["no interrupt 35", "33, 34"]),
    ("33: i", "33: w", ["w is a vcpu, not an irq"]),
    ("irq maps { 33: i }", "", ["i has no number"]),
    ("5: uart (RW)", "5: uart (RX)", ["cannot be executed", "drop X"]),
    ("ut (23 bits) {", "ut (23 bits) { uart", ["uart: a device page is not made of memory"]),
    # fills
    ('"f" 0 +1024', '"g" 0 +1024', ['file "g" is not in the archive', "f"]),
    ("{0 4096 CDL", "{1 4096 CDL", ["does not fit its 4 KiB frame"]),
    ('"f" 0 +1024', '"f" 0 +4096', ["starts at byte 8192", "5000"]),
    ("CDL_FrameFill_FileData", "CDL_FrameFill_BootInfo", ["fill CDL_FrameFill_BootInfo is not known"]),
    ('"f" 0 +1024}]', '"f" 0} {100 8 CDL_FrameFill_FileData "f" 0}]', ["two fills overlap at byte 100"]),
    # address ranges
    ("3: both (R)", "2: both (R)", ["slot 2 is given to code[2] and both"]),
    ("9: big (RW)", "8: big (RW)", ["d: slot 8 is given to t and big"]),
    ("9: big (RW)", "512: big (RW)", ["slot 512", "0 to 511"]),
    ("4: both (RW)", "4: code[0] (R)",
     ["code[0] is private and mapped twice", "0x1000000", "0x1004000", "shared"]),
    ("s { 0: d }", "s { 0: d 1: d }", ["d is linked twice"]),
    ("d { 8: t 9", "d { 9", ["t maps something but is in no VSpace"]),
    ("4: both (RW)", "4: big (RW)", ["big: a frame of 2 MiB in t, a pt, which takes a frame of 4k"]),
    ("s { 0: d }", "s { 0: d 1: t }", ["t: a pt in s, a pud, which takes a pd"]),
    ("s { 0: d }", "s { 0: d (RW) }", ["d: a table is linked without rights"]),
    # rights
    ("9: big (RW)", "9: big (RQ)", ["rights (RQ)"]),
    ("9: big (RW)", "9: big (W)", ["at least R"]),
    ("7: m", "7: m (R)", ["m: untyped memory is given with all rights"]),
    ("7: m", "7: m 9: m", ["m: untyped memory has one capability"]),
    # containers
    ("1: cn", "1: cn 1: s", ["cn: slot 1 is given to cn and s"]),
    ("1: cn", "0: cn", ["slot 0 for cn", "1 to 1023"]),
    ("8: inside (R)", "1024: inside (R)", ["slot 1024 for inside"]),
    ("s { 0: d }", "big { 0: d }", ["big: a frame holds no capabilities"]),
    ("s { 0: d }", "s { 0: d } s { 1: d }", ["s has two blocks"]),
    ("vspace: s cspace: cn", "vspace: s", ["v has an entry but no cspace"]),
    ("vspace: s cspace: cn", "vspace: s cspace: cn tcb: cn", ["slot tcb"]),
    ("v { vspace: s cspace: cn }", "v { vspace: s cspace: cn } w { vspace: s }", ["w has a VSpace or CSpace "
                                                                                  "but no entry"]),
    ("w = vcpu\n", "w = vcpu (entry: 0x1000)\n", ["w has an entry but no vspace"]),
    # untyped children
    ("inside = frame (4k)", "inside = frame (4k) m", ["m is a child of itself"]),
    ("inside = frame (4k)", "inside = frame (4k) n = ut (23 bits)",
     ["inside: 4 KiB needed, 0 bytes left in m"]),
    # handover
    ("start: v ", "start: w ", ["start: w is not a vcpu with an entry"]),
    ("start: v ", "", ["handover: 'start' is missing"]),
    ("cnode: cn ", "cnode: s ", ["s is a pud"]),
    ("reclaim: 128", "reclaim: 5", ["overlaps", "reclaim"]),
    ("leftover: 192", "leftover: 150", ["reclaim (slots 128 to 191) overlaps leftover (slot 150)"]),
    ("originals: 256", "originals: 1020", ["originals needs slots 1020"]),
    ("originals: 256", "originals: cn", ["originals must be a number"]),
    ("originals: 256", "originals: 256 finals: 3", ["no 'finals'"]),
    # capacity
    ("ut (23 bits)", "ut (31 bits)", ["m: 2 GiB needed in one piece", "1 GiB", "free RAM"]),
    ("big = frame (2M)", "x[9] = ut (28 bits) big = frame (2M)", ["x[7]: 256 MiB needed"]),
]


@pytest.mark.parametrize("old, new, words", FAULTS, ids=[f[2][0][:40] for f in FAULTS])
def test_faults(checked, old, new, words):
    with pytest.raises(Problem) as caught:
        checked(changed(old, new))
    message = str(caught.value)
    assert message.startswith("x.cdl:") and "\n" not in message
    for word in words:
        assert word in message


def test_line_of_a_fault(checked):
    with pytest.raises(Problem) as caught:
        checked(changed("5: uart (RW)", "5: uarts (RW)"))
    line = GOOD[:GOOD.index("5: uart")].count("\n") + 1
    assert str(caught.value) == f"x.cdl:{line}: uarts is not declared"

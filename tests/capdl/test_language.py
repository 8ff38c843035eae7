# SPDX-License-Identifier: Apache-2.0
"""The language: what is parsed, printed and parsed again is the same."""
import pytest

from capdl import parser, printer
from capdl.model import Cap, Decl, Fill, Ref, all_of, element
from capdl.problem import Problem
from texts import GOOD

# What facts of seL4's own tool chain look like, arrays, ranges, comments, nesting.
SEL4 = """\
-- an untyped with children
arch aarch64
objects { vm_ut = ut (21 bits) {
  ram[2] = frame (4k, fill: [{0 4096 CDL_FrameFill_FileData "guest.bin" 0}])
  s2 = pud  pd0 = pd  pt0 = pt  v = vcpu  cn = cnode (4 bits) other } {- block
  comment -} other = frame (2M, shared) }
caps { s2 {1: pd0} pd0 {0: pt0} pt0 {0: ram[] (RWX) 5: ram[0..1] 9: ram[1]} cn {ram[0]} }
"""


@pytest.mark.parametrize("text", [GOOD, SEL4, "arch aarch64\n"])
def test_round_trip(text):
    first = parser.parse(text, "a.cdl")
    printed = printer.text_of(first, ["a heading"])
    second = parser.parse(printed, "b.cdl")
    assert second == first
    assert printer.text_of(second, ["a heading"]) == printed


def test_what_is_parsed():
    d = parser.parse(SEL4, "a.cdl")
    untyped, other = d.objects
    assert (untyped.type, untyped.bits, other.size, other.shared) == ("ut", 21, 2 << 20, True)
    ram = untyped.children[0]
    assert ram == Decl("ram", "frame", 2, size=4096, fills=[Fill(0, 4096, "guest.bin", 0)])
    assert untyped.children[-1] == Ref("other")
    assert d.caps[2].caps == [Cap(0, all_of("ram"), "RWX"), Cap(5, element("ram", 0, 1)),
                              Cap(9, element("ram", 1))]
    assert d.caps[3].caps == [Cap(None, element("ram", 0))]


# Every construct of the language, those included that the checker refuses.
WHOLE = """\
/* comments /* nest */ */ arch aarch64
objects {
  rm = ut { small[50] = ut (12 bits), cn = cnode (8 bits) listed[1..3, 7, 9..] }
  small[0] = ut { inner } small[1]/g = vcpu
  a/b-c.d@2 = frame (4k, shared)   -- a qualified name; - . @ in a name
  listed[0x10] = frame (4k, fill: [{0 16 CDL_FrameFill_FileData "a b" 0o20 +8}, {16 8 CDL_FrameFill_FileData "c" 0}])
  t = tcb (addr: 0x1000, ip: 1, sp: 2, elf: prog, prio: 3, init: [1, 2, 0x3], dom: 5, fault_ep: 0xF)
  io = io_device (2:31.7) ports = io_ports (64k ports) s = sc (period: 10, budget: 5)
}
caps {
  cn {
    001: g  cspace: rm (guard: 0, guard_size: 60)
    0x10: twice = inner (RW, masked: R);  listed[]  5: all[] = listed[..3, 5] (uncached)
    <twice> (masked: R) - child_of twice
    0x20: again = <all[2..]> - child_of (cn, 5)
    x (badge: 7, reply) y (asid: (0x1, 2)) z (ports: [0..7, 9]) w (mapping: (t, 3))
  }
  small[2..] { named = g }
  first = (small[1], cspace)
}
irq maps { 33: i; j[] }
cdt { (cn, 1) { twice (cn, 0x10) { first } } first }
handover { start: g cnode: cn reclaim: 128 }
"""


def test_whole_language_round_trip():
    first = parser.parse(WHOLE, "a.cdl")
    printed = printer.text_of(first)
    assert parser.parse(printed, "b.cdl") == first
    assert printer.text_of(parser.parse(printed, "b.cdl")) == printed


def test_whole_language_is_seen():
    d = parser.parse(WHOLE, "a.cdl")
    rm, small, g, named, listed, tcb, io, ports, sc = d.objects
    assert [c.name for c in rm.children] == ["small", "cn", "listed"]
    assert rm.children[2].ranges == ((1, 3), (7, 7), (9, None))
    assert (small.name, small.count, small.children) == ("small", 0, [Ref("inner")])
    assert (g.name, g.above) == ("g", [element("small", 1)])
    assert (named.name, named.above) == ("b-c.d@2", [Ref("a")])
    assert listed.count == 16 and listed.fills[0] == Fill(0, 16, "a b", 16, 8)
    assert tcb.numbers["init"] == [1, 2, 3] and tcb.numbers["elf"] == "prog"
    assert io.numbers == {"pci_device": (2, 31, 7)} and ports.numbers == {"ports": 65536}
    caps = d.caps[0].caps
    assert caps[1].slot == "cspace" and caps[1].params == (("guard", 0), ("guard_size", 60))
    assert (caps[2].name, caps[2].rights, caps[2].params) == (Ref("twice"), "RW", (("masked", "R"),))
    assert caps[4].ref.ranges == ((None, 3), (5, 5)) and caps[4].params == (("uncached", True),)
    assert caps[5].copy and caps[5].parent == Ref("twice")
    assert str(caps[6].parent) == "(cn, 5)" and caps[8].params == (("asid", (1, 2)),)
    assert d.caps[2].name == "first" and d.irq_maps == [(33, Ref("i")), (None, all_of("j"))]
    assert [str(c.parent) for c in d.cdt[0].children] == ["twice", "(cn, 16)"]


def test_equality_sees_a_difference():
    changed = GOOD.replace("9: big (RW)", "9: big (R)")
    assert parser.parse(GOOD, "a") != parser.parse(changed, "a")


@pytest.mark.parametrize("text, line, words", [
    ("arch aarch64\nobjects {\n\ta = \n}", 4, ["'}' where an object type is expected"]),
    ("arch aarch64\nobjects { a = ut (5 bits", 2, ["the text ends", "')'"]),
    ("arch aarch64\nobjects { a = ut (5 bits) $ }", 2, ["unexpected character '$'"]),
    ("arch x86_64", 1, ["x86_64", "aarch64"]),
    ("arch aarch64\nobject { }", 2, ["'object' where 'objects', 'caps'"]),
    ("arch aarch64\n\n/* a /* b */ c", 3, ["a comment starts here and never ends", "*/"]),
    ("arch aarch64\nobjects { a = frame (4k, 2M) }", 2, ["a: size is given twice"]),
    ("arch aarch64\nhandover { cnode: a cnode: b }", 2, ["cnode is given twice"]),
    ("arch aarch64\nobjects { a = frame (4k, fill: [{0 1 CDL_FrameFill_FileData f 0}]) }", 2, ["a file name in quotes"]),
])
def test_syntax_errors(text, line, words):
    with pytest.raises(Problem) as caught:
        parser.parse(text, "a.cdl")
    message = str(caught.value)
    assert message.startswith(f"a.cdl:{line}: ") and "\n" not in message
    for word in words:
        assert word in message

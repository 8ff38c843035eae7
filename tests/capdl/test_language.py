# SPDX-License-Identifier: Apache-2.0
"""The language: what is parsed, printed and parsed again is the same."""
import pytest

from capdl import parser, printer
from capdl.model import Cap, Decl, Fill, Ref
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
    assert d.caps[2].caps == [Cap(0, Ref("ram", whole=True), "RWX"), Cap(5, Ref("ram", 0, 1)),
                              Cap(9, Ref("ram", 1))]
    assert d.caps[3].caps == [Cap(None, Ref("ram", 0))]


def test_equality_sees_a_difference():
    changed = GOOD.replace("9: big (RW)", "9: big (R)")
    assert parser.parse(GOOD, "a") != parser.parse(changed, "a")


@pytest.mark.parametrize("text, line, words", [
    ("arch aarch64\nobjects {\n\ta = \n}", 4, ["'}'", "a name"]),
    ("arch aarch64\nobjects { a = ut (5 bits", 2, ["the text ends", "')'"]),
    ("arch aarch64\nobjects { a = ut (5 bits) $ }", 2, ["unexpected character '$'"]),
    ("arch x86_64", 1, ["x86_64", "aarch64"]),
    ("arch aarch64\ncdt { }", 2, ["'cdt'"]),
    ("arch aarch64\nobjects { a = frame (4k, 2M) }", 2, ["a: size is given twice"]),
    ("arch aarch64\nhandover { cnode: a cnode: b }", 2, ["cnode is given twice"]),
    ("arch aarch64\nobjects { a = frame (4k, fill: [{0 1 K f 0}]) }", 2, ["a file name in quotes"]),
])
def test_syntax_errors(text, line, words):
    with pytest.raises(Problem) as caught:
        parser.parse(text, "a.cdl")
    message = str(caught.value)
    assert message.startswith(f"a.cdl:{line}: ") and "\n" not in message
    for word in words:
        assert word in message

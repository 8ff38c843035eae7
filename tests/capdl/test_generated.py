# SPDX-License-Identifier: Apache-2.0
"""Properties of generated descriptions: printing parses again to the same, and means the same."""
import pytest

from capdl import memory, parser, plan, printer
from generated import Maker, right


@pytest.mark.parametrize("part", range(10))
def test_printing_parses_again(part):
    for seed in range(part * 40, part * 40 + 40):
        description = Maker(seed).description()
        text = printer.text_of(description)
        again = parser.parse(text, "x.cdl")
        assert again == description, f"seed {seed}:\n{text}"
        assert printer.text_of(again) == text


@pytest.mark.parametrize("seed", range(25))
def test_printed_text_means_the_same(checked, pieces, seed):
    text = right(seed)
    printed = printer.text_of(parser.parse(text, "x.cdl"))
    first, second = checked(text), checked(printed)
    assert plan.c_tables(plan.make(first), "x") == plan.c_tables(plan.make(second), "x")
    assert list(memory.place(first, pieces).values()) == list(memory.place(second, pieces).values())

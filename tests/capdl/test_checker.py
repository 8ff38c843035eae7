# SPDX-License-Identifier: Apache-2.0
"""The checker: a good description becomes these steps; each fault is named, with its line."""
import pathlib

import pytest
import yaml

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


FAULTS = yaml.safe_load((pathlib.Path(__file__).with_name("faults.yaml")).read_text())


@pytest.mark.parametrize("fault", FAULTS, ids=[f["says"][:60] for f in FAULTS])
def test_faults(checked, fault):
    with pytest.raises(Problem) as caught:
        checked(changed(fault["change"], fault["to"]))
    assert str(caught.value) == fault["says"]


def test_there_are_many_faults():
    assert len({f["says"] for f in FAULTS}) >= 100


def test_line_of_a_fault(checked):
    with pytest.raises(Problem) as caught:
        checked(changed("5: uart (RW)", "5: uarts (RW)"))
    line = GOOD[:GOOD.index("5: uart")].count("\n") + 1
    assert str(caught.value) == f"x.cdl:{line}: uarts is not declared"

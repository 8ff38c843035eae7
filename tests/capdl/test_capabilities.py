# SPDX-License-Identifier: Apache-2.0
"""Names of capabilities, copies, masks and the derivation tree; untypeds by qualified names and without a size."""
from capdl import memory, plan
from capdl.system import ALL_RIGHTS, READ, WRITE
from texts import GOOD, changed


def slots(system):
    return {s.index: s for s in system.slots}


def test_copies_and_masks(checked):
    found = slots(checked(changed("2: s\n", "20: <seen> (masked: RC)  2: seen = s (RW) 21: <code_caps[1..]> (masked: R)\n"
                                            "30: code_caps[] = code[]\n")))
    assert (found[20].object.name, found[20].rights) == ("s", READ)
    assert found[20].parent is found[2] and found[2].parent is None
    assert [(found[i].object.name, found[i].rights) for i in (21, 22)] == [("code[1]", READ), ("code[2]", READ)]
    assert found[21].parent is found[31] and found[30].rights == ALL_RIGHTS


def test_copy_of_a_mapping_is_derived_from_the_object(checked):
    found = slots(checked(changed("caps {", "caps { shown = (t, 4)").replace("2: s\n", "2: s 20: <shown>\n")))
    assert (found[20].object.name, found[20].rights, found[20].parent) == ("both", READ | WRITE, None)


def test_cdt_and_child_of_mean_the_same(checked):
    by_mark = slots(checked(changed("2: s\n", "2: s 20: s (RW) 21: s (R) - child_of (cn, 20)\n")))
    by_cdt = slots(checked(changed("2: s\n", "2: s 20: s (RW) 21: s (R)\n").replace(
        "irq maps", "cdt { (cn, 20) { (cn, 21) } (cn, 7) { (cn, 9) } }\nirq maps").replace("7: m\n", "7: m 9: inside\n")))
    for found in (by_mark, by_cdt):
        assert found[21].parent is found[20] and found[20].parent is None
    assert (by_mark[2].depth, by_mark[20].depth, by_mark[21].depth) == (1, 2, 3)
    assert by_cdt[9].parent is None and by_cdt[9].depth == 2  # what untyped memory makes is derived from it anyway


def test_order_of_copies(checked):
    """A copy's source is in its place before it, wherever the text has it."""
    system = checked(changed("2: s\n", "19: <b> 2: s 20: a = s (RW) 21: b = <a> (masked: R)\n"))
    made = plan.make(system)
    cn = made.number[id(next(o for o in system.objects if o.name == "cn"))]
    copies = {p["index"]: (n, p) for n, p in enumerate(made.places) if p["object"] == made.number[id(system.slots[1].object)]}
    assert copies[20][0] < copies[21][0] < copies[19][0]
    assert copies[20][1]["from_cnode"] == plan.NONE
    assert [copies[i][1]["from_index"] for i in (21, 19)] == [20, 21] and copies[19][1]["from_cnode"] == cn


def test_one_block_for_several_containers(checked):
    text = GOOD.replace("w = vcpu\n", "w = vcpu few[4] = cnode (7 bits)\n").replace(
        "v { vspace", "few[1..2, 3..] { 1: kept = s (R) 4: code[] (R) }\n few[0] { <kept[1]> }\n v { vspace").replace(
        "few[0] { <", "few[0] { 5: <")
    found = {(s.cnode.name, s.index): s for s in checked(text).slots}
    assert [found[f"few[{i}]", 1].object.name for i in (1, 2, 3)] == ["s"] * 3
    assert found["few[3]", 6].object.name == "code[2]"
    assert found["few[0]", 5].parent is found["few[2]", 1]


def test_untyped_memory_by_qualified_names(checked, pieces):
    text = GOOD.replace("w = vcpu\n", "w = vcpu outer = ut { few[3] = ut (13 bits) } few[1] = ut { kept } kept = pt\n"
                                      "few[2]/more = frame (4k)\n outer/few[0]/last = vcpu\n")
    system = checked(text)
    by_name = {o.name: o for o in system.objects}
    assert [by_name[n].parent.name for n in ("few[1]", "kept", "more", "last")] == ["outer", "few[1]", "few[2]",
                                                                                  "few[0]"]
    assert by_name["outer"].size_bits == 15  # three times 8 KiB
    assert memory.place(system, pieces)[id(by_name["kept"])] % 4096 == 0


def test_interrupts_in_a_row(checked):
    text = GOOD.replace("i = irq", "i[2] = irq").replace("6: i", "6: i[0] 9: i[1]").replace("33: i", "33: i[]")
    assert [o.intid for o in checked(text).objects if o.type == "irq"] == [33, 34]


def test_flat_guards_are_what_nie_has(checked):
    assert checked(changed("1: cn\n", "1: cn (guard: 0, guard_size: 54, badge: 0)\n"))

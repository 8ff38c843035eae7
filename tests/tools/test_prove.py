# SPDX-License-Identifier: Apache-2.0
"""What `tools/nie prove` is made of: no prover is needed for these."""
import pytest

import prove
import prove_source
from prove_source import Contract, Sources, blank, contracts_of, functions_of, logic_blocks, needed_logic
from say import Failure

SOURCE = """/* f(x) { */
#define X(a) { a }
struct place {
	int table;
};
static const int t[] = {1, 2};

static u32 first(u32 a)
{
	for (u32 i = 0; i < a; i++) {
		helper("}");
	}
	return a;
}

void second(void)
{
	while (first(2)) {
	}
}
"""


def test_functions_are_found(tmp_path):
    path = tmp_path / "a.c"
    path.write_text(SOURCE)
    first, second = functions_of(path)
    assert (first.name, second.name) == ("first", "second")
    assert first.prototype == "u32 first(u32 a);" and second.prototype == "void second(void);"
    assert first.text.startswith("static u32 first") and first.text.endswith("}")
    assert SOURCE[first.loops()[0]:].startswith("for (") and len(second.loops()) == 1
    assert "helper" in first.names() and "}" not in blank(SOURCE).split("struct")[0]


def test_all_of_kernel_core_is_found():
    sources = Sources()
    names = {f.name for f in sources.functions.values()}
    assert {"vspace_donate", "table_clear", "call_retype", "boot", "hypercall"} - names == {"hypercall"}
    for function in sources.functions.values():
        assert function.text.count("{") == function.text.count("}"), function.name


@pytest.mark.parametrize("text, message", [
    ("  requires x;\n", "outside a function"), ("function f\nfunction f\n", "has a contract above"),
    ("function f\nloop x\n", "none of"), ("contract f\n", "none of")])
def test_bad_contracts(tmp_path, text, message):
    path = tmp_path / "a.acsl"
    path.write_text(text)
    with pytest.raises(Failure, match=message):
        contracts_of(path)


def woven(tmp_path, contract):
    path = tmp_path / "a.c"
    path.write_text(SOURCE)
    (tmp_path / "a.acsl").write_text(contract)
    function = functions_of(path)[0]
    return Sources.annotated(function, contracts_of(tmp_path / "a.acsl")["first"])


def test_annotations_go_where_they_belong(tmp_path):
    text = woven(tmp_path, "function first\n  assigns \\nothing;\nloop 1\n  loop variant a - i;\nbefore return a\n  assert a > 0;\n")
    assert "/*@  loop variant a - i;\n*/\nfor (u32" in text and "/*@  assert a > 0;\n*/\nreturn a;" in text


def test_a_state_gets_a_name(tmp_path):
    text = woven(tmp_path, "function first\nloop 1\n  loop variant a - i;\nbefore return a\n  label LATE\n  assert x:\n    a > 0;\n  assert y: b;\n")
    assert "LATE: ;\n/*@  assert x:\n    a > 0;\n*/\n/*@  assert y: b;\n*/\nreturn a;" in text
    text = woven(tmp_path, "function first\nloop 1\n  loop variant a - i;\nafter return a;\n  assert a > 0;\n")
    assert "return a;/*@  assert a > 0;\n*/" in text


def test_assertions_of_each_conjunct():
    sources = Sources()
    function = next(f for f in sources.functions.values() if f.name == "table_destroy")
    text = sources.woven(function.path, "table_destroy")
    assert "UNLINKED: ;" in text and "assert wf_dead: wf_dead;" in text and "every" not in text
    assert "assert wf_dead" not in sources.woven(function.path, "table_destroy", {"wf_leaves"})


@pytest.mark.parametrize("contract, message", [
    ("function first\n  assigns \\nothing;\n", "has no annotation"),
    ("function first\nloop 1\n  loop assigns i;\n", "has no variant"),
    ("function first\nloop 1\n  loop variant i;\nloop 2\n  loop variant i;\n", "has no loop 2"),
    ("function first\nloop 1\n  loop variant i;\nbefore nowhere\n  assert i;\n", "0 times")])
def test_annotations_that_do_not_fit(tmp_path, contract, message):
    with pytest.raises(Failure, match=message):
        woven(tmp_path, contract)


def test_goals_proved_from_less(tmp_path):
    sources = Sources()
    function, kept = sources.public["vcpu_make"], {"wf_leaves"}
    contract = sources.contract(function)
    assert (["wf_leaves"], kept) in contract.groups
    assert "requires wf_tables: wf_tables;" in sources.woven(function.path, "vcpu_make")
    part = sources.woven(function.path, "vcpu_make", kept)
    assert "requires wf_leaves: wf_leaves;" in part and "ensures wf_leaves: wf_leaves;" in part
    assert "wf_tables: wf_tables" not in part and "predicate wf_tables" in part
    path = tmp_path / "a.acsl"
    path.write_text("function first\n  assigns \\nothing;\nprove b c from d\n")
    assert contracts_of(path)["first"].groups == [(["b", "c"], {"b", "c", "d"})]
    path.write_text("function first\n  assigns \\nothing;\nprove b from d without e f\n")
    assert contracts_of(path)["first"].groups == [(["b"], {"b", "d", "-e", "-f"})]
    lines = ["  requires b: b;", "  ensures e: x ==>", "          y;", "  ensures g: g(1) && x;", "  assert f: z;"]
    assert prove_source.less(lines, {"b", "-e", "-f"}) == [lines[0], lines[3]]


def test_logic_is_found_with_what_it_uses():
    blocks = logic_blocks("/*@ predicate a(integer x) = x; */ /*@ predicate b(integer x) = a(x); */ /*@ logic integer c = 1; */")
    assert needed_logic(blocks, "b(2)").count("predicate") == 2 and "c" not in needed_logic(blocks, "b(2)").split()


def test_a_key_follows_text_contract_and_callees(monkeypatch):
    sources = Sources()
    function = sources.public["table_walk"]
    before = sources.key(function, "")
    assert sources.key(function, "") == before and sources.key(function, "x") != before
    called = sources.contracts["table"]["entry_is_table"]
    monkeypatch.setattr(called, "clauses", [*called.clauses, "  ensures \\true;"])
    assert sources.key(function, "") != before
    monkeypatch.undo()
    unrelated = sources.contracts["table"]["permissions"]
    monkeypatch.setattr(unrelated, "clauses", [*unrelated.clauses, "  ensures \\true;"])
    assert sources.key(function, "") == before


def test_headers_count_as_far_as_they_are_used():
    blocks = prove_source.header_blocks("#define A 1\n#define B (A + \\\n 2)\nstruct s { int t[B]; };\nextern struct s x[A];\n"
                                        "enum e { P, Q };\ntypedef unsigned u;\nu f(u q);\nstatic inline u g(u z) { return P; }\n")
    def used(text):
        return needed_logic(blocks, text)
    assert "B (A" in used("x[0]") and "define A" in used("x[0]") and "enum" not in used("x[0]")
    assert "enum" in used("g(1)") and "typedef" in used("g(1)") and "struct" not in used("g(1)") and "u f" in used("f()")


def record(proved, goals, **more):
    return {"function": "f", "file": "kernel/core/a.c", "proved": proved, "goals": goals, "unproved": [], **more}


@pytest.mark.parametrize("now, held", [
    (record(5, 5), True), (record(6, 7), False), (record(4, 5, unproved=["ensures"]), False), (record(4, 4), False),
    (record(5, 5, warnings=["cast"]), False), (record(6, 6), True)])
def test_goals_may_only_rise(now, held):
    assert (prove.problems([now], {"a.c:f": {"proved": 5, "goals": 5}}) == []) is held


WARNING = """[wp] a.c:1: Warning: 
  Memory model hypotheses for function 'f':
  /*@ behavior wp_typed:
       requires \\separated(p + (..), (u8 *)granule_state + (..), (u32 const *)fixed + (..)); */
  void f(u32 *p);
"""


@pytest.mark.parametrize("contract, silent", [
    ("requires apart(p);", True), ("requires \\separated(p + (0 .. 3), &granule_state[0 .. 9]);", True),
    ("requires p == &view_vcpu[c].x[1];", True), ("requires p == &granule_state[c];", False),
    ("requires \\valid(p);", False), ("requires apart(q);", False), ("requires \\separated(p, &view_vcpu[0]);", False)])
def test_what_wp_supposes_must_stand_in_the_contract(contract, silent):
    assert ("supposes" not in prove.suppositions(WARNING, contract, {})) is silent
    # What a function that is called supposes is its own contract's to say.
    assert ("supposes" not in prove.suppositions(WARNING, "", {"f": contract})) is silent
    assert "supposes" in prove.suppositions(WARNING, "", {"g": contract})


def test_a_field_is_apart_when_what_it_is_in_is():
    warning = WARNING.replace("p + (..), (u8 *)granule_state + (..), (u32 const *)fixed + (..)", "(u8 *)granule_state + (..), &v->x[0 .. 2]")
    assert "supposes" not in prove.suppositions(warning, "requires vcpu_apart(v);", {})
    assert "supposes" in prove.suppositions(warning, "requires vcpu_apart(w);", {})


def test_a_proved_function_may_not_vanish():
    assert "not there any more" in prove.problems([], {"a.c:f": {"proved": 5, "goals": 5}})[0]


def test_nothing_is_proved_without_goals_or_contract():
    assert not prove.is_proved(record(0, 0)) and not prove.is_proved(record(3, 3, lacking="calls g, which has no contract"))
    prover = prove.Prover.__new__(prove.Prover)
    prover.sources = Sources()
    function = prover.sources.public["table_walk"]
    assert prover.lacks(function) is None
    saved = prover.sources.contracts["table"].pop("entry_is_table")
    assert prover.lacks(function) == "calls entry_is_table, which has no contract"
    prover.sources.contracts["table"]["entry_is_table"] = Contract(saved.name, saved.path)
    assert "no assigns" in prover.lacks(prover.sources.public["entry_is_table"])


def test_trusted_contracts_name_functions_of_the_hardware_layer():
    sources = Sources()
    for name in sources.contracts["hw"]:
        assert name in sources.prototype(name, None)
    assert prove_source.CONTRACTS.joinpath("include/nie/view.h").exists()

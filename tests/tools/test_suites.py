# SPDX-License-Identifier: Apache-2.0
"""The closing line counts what ran, and nothing that did not run counts as passed."""
import pytest

import suites
from say import Failure
from suites import Count, from_junit

JUNIT = """<testsuites><testsuite>
<testcase name="a"/><testcase name="b"><failure/></testcase><testcase name="c"><skipped/></testcase>
<testcase name="d"><error/></testcase><testcase name="e" status="run"/><testcase name="f" status="disabled"/>
</testsuite></testsuites>"""


def test_counts(tmp_path):
    (tmp_path / "r.xml").write_text(JUNIT)
    assert from_junit(tmp_path / "r.xml", 1) == Count(2, 2, 2)


@pytest.mark.parametrize("text, status", [
    (None, 0), ("<testsuite/>", 0), ("<broken", 0), ('<testsuite><testcase name="a"/></testsuite>', 2)])
def test_a_suite_that_did_not_work_is_a_failure(tmp_path, text, status):
    if text is not None:
        (tmp_path / "r.xml").write_text(text)
    assert from_junit(tmp_path / "r.xml", status).failed == 1


def run_with(monkeypatch, capsys, *counts):
    monkeypatch.setattr(suites, "SUITES", {f"s{i}": (lambda full, c=c: c) for i, c in enumerate(counts)})
    status = suites.run([], False)
    return status, capsys.readouterr().out.splitlines()[-1]


def test_closing_line(monkeypatch, capsys):
    assert run_with(monkeypatch, capsys, Count(2, 0, 1), Count(3)) == (0, "5 passed, 0 failed, 1 skipped")
    assert run_with(monkeypatch, capsys, Count(2), Count(0, 1)) == (1, "2 passed, 1 failed, 0 skipped")
    assert run_with(monkeypatch, capsys, Count()) == (1, "0 passed, 0 failed, 0 skipped")


def test_a_build_that_fails_fails_its_suite_only(monkeypatch, capsys):
    def broken(full):
        raise Failure("no compiler")
    monkeypatch.setattr(suites, "SUITES", {"bad": broken, "good": lambda full: Count(1)})
    assert suites.run([], False) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 1 failed, 0 skipped"


def test_long_suites_run_with_full_or_by_name(monkeypatch):
    ran = []
    monkeypatch.setattr(suites, "SUITES", {name: (lambda full, name=name: ran.append(name) or Count(1))
                                           for name in ("short", "soak")})
    for names, full in (([], False), (["soak"], False), ([], True)):
        suites.run(names, full)
    assert ran == ["short", "soak", "short", "soak"]


def test_unknown_suite():
    with pytest.raises(Failure, match="no suite x"):
        suites.run(["x"], False)

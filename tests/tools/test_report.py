# SPDX-License-Identifier: Apache-2.0
import json

import pytest
from rich.console import Console

import report
from say import Failure


def guest(name, end="off", detail="", exits=None):
    return {"name": name, "vcpus": 2, "private_memory": 256 << 20, "exits": exits or {}, "end": end, "detail": detail}


def test_all_as_expected():
    assert report.judge({"guests": [guest("a"), guest("b", "crash")]}, {"a": "off", "b": "crash"}) == []


@pytest.mark.parametrize("guests, problem", [
    ([guest("a", "crash", "fetch from 0x0")], "guest a: ended by crash, expected off (fetch from 0x0)"),
    ([], "guest a: not in the report"),
    ([guest("a"), guest("z")], "guest z: in the report, but not in the description")])
def test_problems_name_the_guest(guests, problem):
    assert report.judge({"guests": guests}, {"a": "off"}) == [problem]


def test_exits_largest_first_and_zeroes_left_out():
    assert report.exits({"wfi": 5, "mmio": 1200, "sgi": 0}) == "mmio 1,200, wfi 5"
    assert report.exits({}) == "none"


def test_sizes():
    assert [report.size(n) for n in (256 << 20, 1 << 30, 1536, 5 << 12, (1 << 20) + 4096)] == [
        "256 MiB", "1 GiB", "1536 B", "20 KiB", "1028 KiB"]


def test_table_has_every_guest():
    console = Console(width=120, record=True, file=open("/dev/null", "w"))
    console.print(report.table({"guests": [guest("alpha", exits={"mmio": 7}), guest("beta", "crash", "why")]},
                               {"alpha": "off", "beta": "off"}))
    text = console.export_text()
    for word in ("alpha", "256 MiB", "mmio 7", "crash: why"):
        assert word in text


def test_json_is_whole_or_not_there(tmp_path):
    file = tmp_path / "r.json"
    report.write(file, {"guests": []})
    assert json.loads(file.read_text()) == {"guests": []}
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(Failure, match="missing/r.json"):
        report.write(tmp_path / "missing" / "r.json", {})

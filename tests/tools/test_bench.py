# SPDX-License-Identifier: Apache-2.0
"""The benchmark's figures and budgets: read right, and never passed by default."""
import pytest

import bench
import bench_boot
import bench_build
import bench_kernel
import bench_peers
import bench_scaling
import bench_size
from say import Failure

TABLE = "| name | what | budget | goal | peer |\n| `null` | a call | 210 | 60 | x |\n| `text` | size | 32,768 | | |\n"


def test_budgets():
    found = bench.budgets(TABLE)
    assert found["null"] == bench.Budget("a call", 210, 60) and found["text"] == bench.Budget("size", 32768)


@pytest.mark.parametrize("text", ["", "no table", TABLE + TABLE])
def test_a_page_without_budgets_or_with_one_twice(text):
    with pytest.raises(Failure):
        bench.budgets(text)


def test_the_page_has_a_budget_for_each_figure_and_no_other():
    samples = {name: 100.0 for name in (
        "null map unmap donate donate-measured retype destroy destroy-2m map-2m map-2m-executable guest-nothing guest-hvc "
        "guest-mmio-write guest-mmio-read guest-wfi guest-id-register two-switches guest-timer-loop guest-quiet-loop "
        "guest-timer-latency guest-ipi guest-create guest-destroy").split()}
    names = set(bench_kernel.operations(samples, 10**9)) | {"text", "sloc", "outside-objects"}
    names |= {f"{what}-{series}" for what in ("boot", "lines") for series in bench.KERNEL_SERIES}
    assert set(bench.budgets()) == names


def test_one_too_many_exceeds():
    known = bench.budgets(TABLE)
    assert not bench.exceeded({"null": 210.0, "text": 32768}, known)
    assert len(bench.exceeded({"null": 210.5, "text": 32769}, known)) == 2


@pytest.mark.parametrize("parts", [("null",), ("null", "text")])
def test_a_budget_that_was_not_measured_fails(monkeypatch, parts):
    monkeypatch.setattr(bench, "budgets", lambda: {name: bench.Budget(name, 1) for name in ("null", "text")})
    monkeypatch.setattr(bench, "MEASURE", {"kernel": lambda cpu: {name: 1 for name in parts},
                                           "size": lambda cpu: {}, "boot": lambda cpu: {}})
    assert bench.check(False) == (len(parts), 2 - len(parts))


LINES = ["nie: EL2 kernel", "bench: frequency 1000000000", "bench: null 64 6400 100 100"]


def test_the_task_must_come_to_its_end():
    assert bench_kernel.parse([*LINES, "bench: end"]) == ({"null": 100.0}, 10**9)
    for lines in (LINES, [*LINES, "bench: FAILED: map: mapped, argument 1"], []):
        with pytest.raises(Failure):
            bench_kernel.parse(lines)


def test_source_lines():
    assert bench_size.source_lines("/* a\n * b */\nint x; // c\n\n\tx = 1; /* d */\n") == 2


def test_boot_times():
    lines = ["\x1b[36m[linux]\x1b[0m bench-dmesg: [    0.788116] Run /init as init process",
             "bench-dmesg: [    0.800000] bench-lines-from", "bench-dmesg: [    0.804000] bench-lines-to",
             "bench-fdt: 0A3+7Q=="]
    assert bench_boot.parse(lines, "x") == ({"init": 788116, "lines": 4000}, b"\xd0\x0d\xfe\xed")
    with pytest.raises(Failure, match="did not boot"):
        bench_boot.parse(lines[1:], "x")


COSTS = ["peers: cost", "cost: nothing 4", "cost: call 104", "cost: device 604", "cost: interrupt-controller 204",
         "cost: late 900", "cost: to-itself 300", "cost: to-another 700", "cost: done"]


def test_costs_of_peers():
    """The loop around an operation is no part of it; a guest that did not end has no figures."""
    assert bench_peers.costs(COSTS, "x") == {"call": 100, "device": 600, "interrupt-controller": 200, "late": 900,
                                              "to-itself": 300, "to-another": 700}
    for lines in (COSTS[:3], [line for line in COSTS if "late" not in line], []):
        with pytest.raises(Failure, match="`cost` did not end"):
            bench_peers.costs(lines, "x")


def test_behind_a_peer():
    figures = {name: 10 for name in (*bench_peers.COSTS, "init", "lines")}
    better = {name: 9 for name in figures}
    assert not bench_peers.behind({"nie": better, "KVM, x": figures})
    assert bench_peers.behind({"nie": better | {"late": 10}, "KVM, x": figures}) == ["peers: late: 10 under nie, 10 under KVM"]


def test_a_touched_file_keeps_its_time(tmp_path):
    file = tmp_path / "a.c"
    file.write_text("int x;")
    before = file.stat().st_mtime_ns
    assert bench_build.touched(file, lambda: file.stat().st_mtime_ns) > before
    assert file.stat().st_mtime_ns == before
    with pytest.raises(Failure):
        bench_build.touched(file, lambda: bench_build.command(["false"]))
    assert file.stat().st_mtime_ns == before


def test_growth():
    found = bench_scaling.series({"create-mib-64": 10.0, "create-mib-512": 80.0, "create-mib-128": 20.0, "null": 1.0})
    assert found == {"create-mib": [(64, 10.0), (128, 20.0), (512, 80.0)]}
    assert bench_scaling.law(found["create-mib"])[1] == "linear"
    assert bench_scaling.law([(1, 100), (64, 101)])[1] == "constant"
    assert bench_scaling.law([(10, 100), (100, 10000)])[1] == "size^2.00"
    assert not bench_scaling.unlawful(found)
    assert len(bench_scaling.unlawful({"create-mib": [(1, 1.0), (2, 4.0)], "use-capabilities": [(1, 1.0), (2, 2.0)]})) == 2


def test_a_lock_held_half_of_the_time_serves_two_cores():
    assert bench_scaling.contention(50, 50, 1) == (1, 0)
    assert bench_scaling.contention(50, 50, 2) == (2, 0)
    assert bench_scaling.contention(50, 50, 8) == (2, 0.75)


def test_at_random_cores_wait_for_the_lock_earlier():
    assert bench_scaling.contention_at_random(50, 50, 1) == (1, 0)
    calls, wait = bench_scaling.contention_at_random(50, 50, 2)
    assert calls == pytest.approx(1.6) and wait == pytest.approx(0.2)  # by hand: stay 75, a round 125
    calls, wait = bench_scaling.contention_at_random(50, 50, 64)
    assert calls == pytest.approx(2) and wait > 0.95


@pytest.mark.parametrize("logarithmic", [True, False])
def test_a_plot_is_xml_with_each_line(logarithmic):
    from xml.etree import ElementTree

    text = bench_scaling.svg("t", "x", "y", {"a": [(1, 5.0), (8, 50.0)], "b": [(1, 7.0), (8, 7.0)]}, logarithmic)
    lines = ElementTree.fromstring(text).findall("{http://www.w3.org/2000/svg}polyline")
    assert [len(line.get("points").split()) for line in lines] == [2, 2]


def test_labels_have_room():
    low = bench_scaling.HEIGHT - bench_scaling.BOTTOM
    assert bench_scaling.apart([50, 200]) == [50, 200]
    assert bench_scaling.apart([52, 50]) == [64, 50]
    assert bench_scaling.apart([50, low, low - 1]) == [50, low, low - 14]
    assert [bench_scaling.short(v) for v in (0, 0.5, 100, 1000, 10_000_000)] == ["0", "0.5", "100", "1 k", "10 M"]
    assert bench_scaling.steps(8.2) == [0, 2, 4, 6, 8] and bench_scaling.steps(85)[-1] == 80


def test_what_instructions_are():
    import bench_where

    kinds = [bench_where.first(bench_where.CLASSES, name) for name in ("mrs", "ldaxr", "dsb", "ldp", "b.eq", "bl", "bic", "mov")]
    assert kinds == ["system registers", "lock", "barriers, maintenance", "loads and stores", "branches", "branches",
                     "arithmetic", "arithmetic"]

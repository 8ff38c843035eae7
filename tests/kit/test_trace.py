# SPDX-License-Identifier: Apache-2.0
"""`tools/nie run --trace`: all that goes in and out of EL2, in words and for Perfetto, and nothing that it changes."""
import json
import re
import struct
import subprocess
from collections import Counter, defaultdict

import ownership
import paths
import pytest
import trace_records
import trace_text
import yaml
from say import Failure

INTERFACE = yaml.safe_load((paths.ROOT / "kernel" / "api" / "nie.yaml").read_text())
CALLS = {call["name"] for call in INTERFACE["calls"]}


def nie(*words):
    return subprocess.run([str(paths.ROOT / "tools" / "nie"), *map(str, words)], cwd=paths.ROOT, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=500)


def traced(folder, *words):
    result = nie("run", *words, "--json", folder / "report.json", "--trace", folder / "trace")
    assert result.returncode == 0, result.stdout
    return result.stdout


@pytest.fixture(scope="module")
def minimal(tmp_path_factory):
    folder = tmp_path_factory.mktemp("minimal")
    return folder, traced(folder, "minimal", "--cores", "2", "--icount")


def pytest_generate_tests(metafunc):
    if "run" in metafunc.fixturenames:
        metafunc.parametrize("run", ["shared", *(["demo"] if metafunc.config.getoption("--full") else [])], indirect=True,
                             scope="module")


@pytest.fixture(scope="module")
def run(request, tmp_path_factory):
    """On four cores at once, in real time."""
    folder = tmp_path_factory.mktemp(request.param)
    traced(folder, request.param)
    return folder


def said_by_machine(output):
    """The console, without what the builds and the trace say."""
    lines = re.split(r"\r*\n", output)
    start = next(i for i, line in enumerate(lines) if line.startswith("nie: EL2 kernel"))
    return [line for line in lines[start:] if not line.startswith(("nie: trace:", "nie: all "))]


def test_a_traced_kernel_behaves_alike(minimal, tmp_path):
    """In instruction time each count and time of the report is the same, and so is a second trace."""
    folder, output = minimal
    plain = nie("run", "minimal", "--cores", "2", "--icount", "--json", tmp_path / "plain.json")
    assert said_by_machine(output) == said_by_machine(plain.stdout)
    reports = [json.loads(path.read_text())["guests"] for path in (folder / "report.json", tmp_path / "plain.json")]
    assert reports[0] == reports[1] and reports[0][0]["exits"]["mmio"] > 100
    traced(tmp_path, "minimal", "--cores", "2", "--icount")
    assert (tmp_path / "trace" / "trace.bin").read_bytes() == (folder / "trace" / "trace.bin").read_bytes()


def exits_of(folder):
    """{guest: {reason: count}} of trace.txt."""
    found = defaultdict(Counter)
    for owner, reason in re.findall(r": exit of (\w+) vCPU \d+: (\w+)", (folder / "trace" / "trace.txt").read_text()):
        found[owner][reason] += 1
    return found


def test_every_exit_is_there(run):
    """Nothing is lost, even between cores: as many of each reason as the VMM counted."""
    counted = {guest["name"]: guest["exits"] for guest in json.loads((run / "report.json").read_text())["guests"]}
    found = exits_of(run)
    for name, exits in counted.items():
        assert found[name] == {reason: count for reason, count in exits.items() if count}, name


def test_perfetto_can_open_it(run):
    """Chrome's trace format: every event has its fields, every track a name, and spans of a core do not overlap."""
    trace = json.loads((run / "trace" / "trace.json").read_text())
    names, used, spans = {}, set(), defaultdict(list)
    for event in trace["traceEvents"]:
        assert {"ph", "name", "pid"} <= set(event), event
        if event["ph"] == "M":
            assert event["name"] in ("process_name", "thread_name") and event["args"]["name"]
            names[event["pid"], event.get("tid")] = event["args"]["name"]
            continue
        assert event["ph"] in ("X", "i") and event["ts"] >= 0 and event.get("dur", 0) >= 0, event
        used.add((event["pid"], event["tid"]))
        if event["ph"] == "X" and event["pid"] == 1:
            spans[event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    assert used <= set(names) and {pid for pid, _ in used} == {pid for pid, tid in names if tid is None}
    assert names[1, None] == "cores" and {"init", "vmm"} <= set(names.values())
    for core, found in spans.items():
        found.sort()
        assert all(end <= start + 1e-6 for (_, end), (start, _) in zip(found, found[1:])), core


def test_names_arguments_and_slots(minimal):
    text = (minimal[0] / "trace" / "trace.txt").read_text()
    lines = text.splitlines()
    assert len(lines) > 1000 and all(re.match(r" *\d+ core [01] .+: .+", line) for line in lines)
    assert {name for name in re.findall(r": (\w+)\(.*\) -> ", text) if name.islower()} <= CALLS
    # A hypercall's arguments by name, the object behind a slot, results by name, a status in words.
    assert re.search(r"vmm vCPU 0: vcpu_configure\(vcpu=\d+ \[vcpu (0x\w+) of gamma RWXC\], vspace=\d+ "
                     r"\[guest_vspace 0x\w+ of gamma RWXC\], index=0, cspace=0", text)
    assert re.search(r"retype\(untyped=\d+ \[untyped 0x\w+ of gamma RWXC\], type=vcpu, size_bits=12, to_cnode=0, "
                     r"to_index=\d+ \[empty\], count=1\) -> ok$", text, re.MULTILINE)
    assert re.search(r"vspace_measurement\(.*\) -> ok bytes0=0x\w{16}", text)
    assert re.search(r"run\(vcpu=\d+ \[vcpu 0x\w+ of gamma vCPU 0 RWXC\], deadline=0x\w+, .*flags=timer_enabled\|", text)
    assert re.search(r"exit of gamma vCPU 0: mmio ipa=0x9000000, value=104, access=260$", text, re.MULTILINE)  # h of hello
    assert "gamma vCPU 0: PSCI_SYSTEM_OFF(" in text and lines[-1].endswith("machine_off(core=16 [core 0 RWXC])")


def test_the_measurement_is_the_one_that_is_foretold(minimal):
    """A result word by word, against what was worked out without the kernel."""
    found = re.search(r"vspace_measurement\(.*-> ok bytes0=(\w+), bytes8=(\w+), bytes16=(\w+), bytes24=(\w+)",
                      (minimal[0] / "trace" / "trace.txt").read_text())
    measured = b"".join(struct.pack("<Q", int(word, 16)) for word in found.groups()).hex()
    assert measured == json.loads((minimal[0] / "report.json").read_text())["guests"][0]["measurement"]
    assert measured in nie("measure", "minimal", "gamma").stdout


def test_who_made_what(minimal):
    """Slots are resolved when the call has the lock: what retype made is what is used afterwards."""
    trace = trace_records.read(minimal[0] / "trace" / "trace.bin")
    events = trace_records.story(trace, INTERFACE)
    numbers = {call["name"]: n for n, call in enumerate(INTERFACE["calls"], 1)}
    types = {t["name"]: n for n, t in enumerate(INTERFACE["object_types"], 1)}
    made = {e.slots[4].number for e in events if e.kind == "call" and e.number == numbers["retype"]
            and e.words[1] == types["vcpu"] and e.results[0] == 0}
    configured = [e.slots[0] for e in events if e.kind == "call" and e.number == numbers["vcpu_configure"]]
    assert configured and all(slot.kind == types["vcpu"] for slot in configured)
    ran = {e.slots[0].object for e in events if e.kind == "call" and e.number == numbers["run"]}
    assert ran <= {slot.object for slot in configured} and len(made) >= len(ran)


# What the recorder would write, made by hand.
def record(kind, core, vcpu, time, *words):
    return struct.pack(f"<{2 + len(words)}Q", kind | core << 8 | (len(words) + 1) << 16 | vcpu << 32, time, *words)


HEAD = struct.pack("<QQ", trace_records.MAGIC, 0)
SVC = 0x15 << 26


def told(tmp_path, *records):
    path = tmp_path / "trace.bin"
    path.write_bytes(HEAD + b"".join(records))
    return trace_records.story(trace_records.read(path), INTERFACE)


def entered(core, vcpu, time, number, esr=SVC):
    return record(trace_records.ENTER, core, vcpu, time, esr, 0, 0, 0, 0, *[0] * 8, number)


def test_the_lock_gives_the_order(tmp_path):
    """Core 0 came first, core 1 had the lock first."""
    events = told(tmp_path, entered(0, 7, 1, 1), entered(1, 8, 2, 2), record(trace_records.CALL, 1, 8, 3),
                  record(trace_records.CALL, 0, 7, 4), record(trace_records.LEAVE, 0, 7, 5, *[0] * 10),
                  record(trace_records.LEAVE, 1, 8, 6, *[0] * 10))
    assert [(e.kind, e.core) for e in events] == [("call", 1), ("call", 0), ("on", 0), ("on", 1)]


def test_a_call_that_never_returned(tmp_path):
    events = told(tmp_path, entered(0, 7, 1, 1), record(trace_records.CALL, 0, 7, 3)[:-8])
    assert [(e.kind, e.results) for e in events] == [("call", None)]


@pytest.mark.parametrize("content, message", [
    (b"", "is empty"), (b"x" * 32, "no trace of this version"), (HEAD + record(9, 0, 1, 1), "a record of kind 9"),
    (HEAD + record(trace_records.CALL, 0, 1, 1), "has the lock that was not made")])
def test_a_damaged_file(tmp_path, content, message):
    (tmp_path / "trace.bin").write_bytes(content)
    with pytest.raises(Failure, match=message):
        trace_records.story(trace_records.read(tmp_path / "trace.bin"), INTERFACE)


def test_statuses():
    words = trace_text.Words(INTERFACE, ownership.Owners(), 0, 0)
    retype = next(call for call in INTERFACE["calls"] if call["name"] == "retype")
    errors = [e["name"] for e in INTERFACE["errors"]]
    assert words.status(retype, errors.index("no_memory") | 1 << 8) == "no_memory untyped"
    assert words.status(retype, 0) == "ok" and words.status(retype, 0xFF) == "255"


def test_guests_calls_have_names():
    names = trace_text.guest_calls()
    assert names[0x84000003] == "PSCI_CPU_ON" and names[0xC4000190] == "RSI_VERSION" and len(names) > 20


def test_bad_input(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "a,b").mkdir()
    for folder, message in ((tmp_path / "file", "give a folder that can be written"), (tmp_path / "a,b", "give another folder")):
        result = nie("run", "minimal", "--trace", folder)
        errors = [line for line in result.stdout.splitlines() if line.startswith("nie: error: ")]
        assert result.returncode != 0 and len(errors) == 1 and message in errors[0], result.stdout

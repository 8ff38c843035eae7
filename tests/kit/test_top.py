# SPDX-License-Identifier: Apache-2.0
"""`tools/nie top`: its figures are the machine's, and a terminal shows them."""
import json
import re
import signal
import subprocess

import build
import dump
import gdb_remote
import live_state
import machine
import paths
import pexpect
import pytest
import systems
import top
import top_sample

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[=>()][0-9A-B]?")


def stopped_at_report(folder, name, cores):
    """-> sample of the machine at the VMM's first instruction of making its report, and that report."""
    description = systems.find(name)
    settings = {} if cores == description.cores else {"machine.cores": cores}
    image = build.image(description, settings, folder / "image")
    source = top_sample.Source(image, description, cores, paths.TARGET)
    hardware = machine.Machine(image, "max", cores, description.memory, description.platform["qemu"]["machine"],
                               extra=["-S", "-gdb", f"unix:{folder}/gdb,server=on,wait=off",
                                      "-qmp", f"unix:{folder}/monitor,server=on,wait=off"])
    with subprocess.Popen(hardware.command(False), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        try:
            remote = gdb_remote.Remote(folder / "gdb")
            reader = top_sample.Reader(live_state.Monitor(folder / "monitor"), folder)
            remote.stop_at(dump.entry_of(image.parent))
            remote.step()
            remote.stop_at(dump.entry_of(image.parent))
            first = source.sample(reader)
            remote.stop_at(source.vmm.info.symbol("report_print"))
            sample = source.sample(reader)
            remote.go()
            line = next(line for line in process.stdout if line.startswith(b"@nie-report"))
        finally:
            process.kill()
    return source, first, sample, {g["name"]: g for g in json.loads(line.split(b" ", 1)[1])["guests"]}


@pytest.fixture(scope="module", params=[("shared", 2), ("minimal", 1)], ids=["shared", "minimal"])
def at_the_end(request, tmp_path_factory):
    return stopped_at_report(tmp_path_factory.mktemp("end"), *request.param)


def test_exits_are_those_of_the_report(at_the_end):
    _, _, sample, reported = at_the_end
    assert {g.name: g.exits() for g in sample.guests} == {name: g["exits"] for name, g in reported.items()}
    assert all(len(g.vcpus) == reported[g.name]["vcpus"] and g.state == reported[g.name]["end"] for g in sample.guests)


def test_all_memory_is_accounted_for(at_the_end):
    """Before any guest there is none of guests', and the kernel's part is its image's."""
    source, first, sample, _ = at_the_end
    for one in (first, sample):
        assert sum(one.memory.values()) == source.facts.ram_size and all(count >= 0 for count in one.memory.values())
    assert first.memory["guests"] == 0 and 4 << 20 < first.memory["kernel"] < 8 << 20
    assert sample.memory["guests"] == 0  # they have ended, and their memory is back
    assert sample.memory["free"] > first.memory["free"] - (16 << 20)


def test_rates_are_differences():
    def guest(exits):
        return top_sample.Guest("one", "running", 4 << 20, [top_sample.Vcpu(0, "on", 1, exits)])
    assert top.rates({"mmio": 30, "wfi": 4}, {"mmio": 10}, 2.0) == {"mmio": 10.0, "wfi": 2.0}
    before, now = (top_sample.Sample([guest(e)], {"free": 1}) for e in ({"mmio": 10}, {"mmio": 30, "wfi": 4}))
    assert top.row_of(now.guests[0].exits(), before.guests[0].exits(), 2.0, ["mmio", "wfi"]) == ["12", "10", "2", "", "34"]


def many(guests, vcpus):
    return top_sample.Sample([top_sample.Guest(f"guest{i}", "running", 1 << 20, [
        top_sample.Vcpu(v, "on", 0, {"mmio": 5}) for v in range(vcpus)]) for i in range(guests)], {"free": 1 << 20})


@pytest.mark.parametrize("guests, vcpus, height, shown", [(3, 2, 40, True), (16, 2, 40, False), (16, 1, 60, True)])
def test_it_fits_the_terminal(guests, vcpus, height, shown):
    from rich.console import Console
    console = Console(width=120, height=height, record=True, force_terminal=True)
    with console.capture() as capture:
        console.print(top.screen("title", many(guests, vcpus), None, 1, [f"line {i}" for i in range(8)], height))
    lines = ANSI.sub("", capture.get()).splitlines()
    assert len(lines) <= height and f"guest{guests - 1}" in "\n".join(lines) and "line 7" in lines[-1]
    assert ("vCPU 0" in "\n".join(lines)) == shown


def started(*words):
    """As a terminal's shell starts it: where the tests themselves run in a script's background, Ctrl-C is ignored."""
    return pexpect.spawn(str(paths.ROOT / "tools" / "nie"), ["top", *words], cwd=str(paths.ROOT), timeout=300, encoding="utf-8",
                         dimensions=(40, 130), preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))


def test_live_until_ctrl_c(tmp_path):
    """A guest that never ends is seen to run, with exits a second; Ctrl-C is a good end."""
    system = tmp_path / "endless.yaml"
    system.write_text("machine: {platform: qemu-virt, cores: 1}\nguests:\n  endless: {kernel: \"guest:loop\", memory: 16 MiB}\n")
    child, text = started(str(system), "--cores", "1", "--interval", "0.3"), ""
    while not re.search(r"endless +running +16 +[1-9][\d,]*  ", text):  # MiB, exits a second
        child.expect("console")
        text = text[-20000:] + ANSI.sub("", child.before)
    assert re.search(r"vCPU 0 +(core [0-3]|waits|off)", text)
    child.sendintr()
    child.expect("endless: stopped after")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_to_the_end_of_the_machine():
    child = started("shared", "--cores", "2", "--interval", "0.3")
    child.expect(pexpect.EOF)
    child.close()
    live, _, after = ANSI.sub("", child.before).partition("Guests")
    assert child.exitstatus == 0 and "memory in MiB: guests " in live, live + after
    assert "speaker" in after and "the machine turned itself off" in after


def test_bad_input():
    for words, message in ((("top", "minimal"), "top draws on a terminal"), (("top", "nosuch"), "no system nosuch")):
        result = subprocess.run([str(paths.ROOT / "tools" / "nie"), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, timeout=100)
        errors = [line for line in result.stdout.splitlines() if line.startswith("nie: error: ")]
        assert result.returncode == 1 and len(errors) == 1 and (message in errors[0] or words[1] == "nosuch"), result.stdout

# SPDX-License-Identifier: Apache-2.0
"""Running a machine: a stand-in for QEMU shows that each way of going wrong ends, with its own line."""
import time

import pytest

import machine
from say import Failure

REPORT = ('@nie-report {"guests": [{"name": "a", "vcpus": 1, "private_memory": 1, "exits": {}, "end": "off"}]}')


@pytest.fixture
def emulator(tmp_path, monkeypatch):
    def write(script):
        program = tmp_path / "qemu-system-aarch64"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return write


def run(**options):
    return machine.run(machine.Machine("image"), quiet=True, **options)


def test_success(emulator, capfd):
    emulator(f"echo booting; echo '{REPORT}'")
    outcome = machine.run(machine.Machine("image"))
    assert outcome.problem is None and outcome.report["guests"][0]["name"] == "a"
    assert capfd.readouterr().out == "booting\n"


def test_silence_ends_it(emulator):
    emulator("echo booting; exec sleep 60")
    started = time.monotonic()
    assert run(silence=1).problem == "nothing printed for 1 s: stopped"
    assert time.monotonic() - started < 10


def test_endless_output_ends_it(emulator):
    emulator("while :; do echo again; sleep 0.1; done")
    assert run(limit=1).problem == "not finished after 1 s: stopped"


def test_status_of_qemu(emulator):
    emulator("echo no such machine; exit 3")
    assert "QEMU ended with status 3" in run().problem


def test_no_report(emulator):
    emulator("echo booting")
    assert "without a report" in run().problem


def test_fault_wins_over_a_report(emulator):
    emulator(f"echo 'nie: stopped: data abort'; echo '{REPORT}'")
    assert run().problem == "the kernel reports: stopped: data abort"


def test_no_qemu(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failure, match="tools/nie setup"):
        run()

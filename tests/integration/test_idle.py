# SPDX-License-Identifier: Apache-2.0
"""Cores that have nothing to run sleep: what four of them execute and how often they enter the kernel while two guests wait a
second at a time (tests/guests/idle), counted by tools/trace. A scheduler that looks at intervals is seen at once."""
import functools
import io
from pathlib import Path

import build
import machine
import paths
import pytest
import systems
import trace
import trace_records
import yaml

SYSTEM = Path(__file__).parent / "systems" / "idle.yaml"
FEW, MANY, GUESTS, CORES = 3, 30, 2, 4
# Of each guest's second: its WFI, its VMM's search for another and wait, the interrupt, the guest again. Nothing of the cores.
INSTRUCTIONS, ENTRIES = 3200, 8


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    @functools.cache
    def run(words):
        """(what was printed, the trace's records): not decoded, since QEMU may call a core by another's number."""
        folder = tmp_path_factory.mktemp("idle")
        description = systems.find(SYSTEM)
        image = build.image(description, {f"{guest}.bootargs": words for guest in description.guests}, folder)
        recorder = trace.plugin(trace.read_kernel(paths.TARGET), yaml.safe_load(trace.INTERFACE.read_text()), folder / "trace.bin", True)
        hardware = machine.Machine(image, "max", CORES, description.memory, description.platform["qemu"]["machine"], True, recorder)
        output = io.BytesIO()
        outcome = machine.run(hardware, limit=300, silence=200, output=output, quiet=True)
        assert outcome.problem is None, output.getvalue().decode(errors="replace")
        records = trace_records.read(folder / "trace.bin")
        assert records.unit == "instructions"
        return output.getvalue().decode(), list(records.records())
    return run


def entries(records):
    return sum(record.kind in (trace_records.ENTER, trace_records.ENTER_IRQ) for record in records)


def test_idle_cores_sleep(traced):
    short, long = traced("short"), traced("long")
    assert short[0].count(f"idle: {FEW} seconds") == long[0].count(f"idle: {MANY} seconds") == GUESTS
    seconds = (MANY - FEW) * GUESTS
    instructions = (long[1][-1].time - short[1][-1].time) / seconds
    entered = (entries(long[1]) - entries(short[1])) / seconds
    print(f"a guest's second of sleep: {instructions:.0f} instructions, {entered:.1f} entries to EL2")
    assert 0 < instructions <= INSTRUCTIONS and 0 < entered <= ENTRIES
    assert len({record.vcpu for record in long[1] if record.kind == trace_records.CALL}) >= CORES, "each core's task was seen"

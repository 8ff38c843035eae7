# SPDX-License-Identifier: Apache-2.0
"""The translation tables of EL2 and the granule table, read in the machine's memory while its VMM attacks."""
import subprocess
import sys
import time

import pytest

from conftest import ROOT, build, machine, systems
from paths import TARGET

sys.path.append(str(ROOT / "tests" / "integration"))

import live_state  # noqa: E402

CORES = 4
MOMENTS = 4
LIMIT = 120.0


@pytest.fixture(scope="module")
def moments(kernel_folder, tmp_path_factory, image_with):
    folder = tmp_path_factory.mktemp("hiding")
    kernel = live_state.Kernel((kernel_folder or TARGET / "kernel" / "arch" / "arm64") / "kernel.elf",
                               TARGET / "generated" / "nie" / "platform.h")
    description, image = image_with(CORES)
    hardware = machine.Machine(image, "max", CORES, description.memory, description.platform["qemu"]["machine"],
                               extra=["-qmp", f"unix:{folder}/monitor,server=on,wait=off"])
    end = time.monotonic() + LIMIT
    states = []
    with subprocess.Popen(hardware.command(False), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            monitor = live_state.Monitor(folder / "monitor")
            while len(states) < MOMENTS:
                assert time.monotonic() < end and process.poll() is None, "no guest to look at"
                time.sleep(0.3)
                state = live_state.capture(monitor, kernel, folder)
                if sum(guest for _, guest in state.vspaces()) > 1:
                    states.append(state)
                monitor.ask("cont")
        finally:
            process.kill()
    return states


def test_el2_maps_kernel_objects_only(moments):
    assert len(moments) == MOMENTS and any(True for _ in moments[0].el2_mappings(0))
    for state in moments:
        assert live_state.problems(state) == []

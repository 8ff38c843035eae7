# SPDX-License-Identifier: Apache-2.0
"""The ownership rules, checked in the memory of the running machine while the demo boots and runs."""
import struct
import subprocess
import time

import build
import live_state
import machine
import paths
import pytest
import systems

MOMENTS = 5
APART = 2.0  # seconds
LIMIT = 120.0


@pytest.fixture(scope="module")
def kernel():
    folder = paths.TARGET
    return live_state.Kernel(folder / "kernel" / "arch" / "arm64" / "kernel.elf",
                             folder / "generated" / "nie" / "platform.h")


@pytest.fixture(scope="module")
def moments(kernel, tmp_path_factory):
    """States of the demo on 4 cores, some seconds apart, the machine going on in between."""
    folder = tmp_path_factory.mktemp("live")
    description = systems.find("demo")
    image = build.image(description, {}, folder / "image")
    hardware = machine.Machine(image, "max", 4, description.memory, description.platform["qemu"]["machine"],
                               extra=["-qmp", f"unix:{folder}/monitor,server=on,wait=off"])
    end = time.monotonic() + LIMIT
    states = []
    with subprocess.Popen(hardware.command(False), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            monitor = live_state.Monitor(folder / "monitor")
            while len(states) < MOMENTS:
                assert time.monotonic() < end, "the demo has no guest to look at"
                time.sleep(APART)
                state = live_state.capture(monitor, kernel, folder)
                if any(guest for _, guest in state.vspaces()):
                    states.append(state)
                monitor.ask("cont")
        finally:
            process.kill()
    return states


def test_there_is_something_to_look_at(moments):
    last = moments[-1]
    assert sum(guest for _, guest in last.vspaces()) >= 2
    assert last.count("private") > 250 and last.count("free") > 1000 and last.count("table") > 4
    assert any(True for _ in last.el2_mappings(0))


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_the_machine_keeps_the_ownership_rules(moments, moment):
    assert live_state.problems(moments[moment]) == []


class Spoilt(live_state.State):
    """A state with some granules and entries other than they are."""

    def __init__(self, state, granules=None, pages=None):
        self.kernel, self.ram = state.kernel, state.ram
        self.state, self.owner, self.place = list(state.state), list(state.owner), list(state.place)
        self.pages = pages or {}
        for granule, kind in (granules or {}).items():
            self.state[granule] = kind

    def page(self, granule):
        return self.pages.get(granule) or super().page(granule)


def a_guest(state):
    return next(granule for granule, guest in state.vspaces() if guest)


def test_it_notices_a_frame_at_el2(moments):
    state = moments[-1]
    table = state.state.index("table")
    assert any("EL2 maps" in line for line in live_state.problems(Spoilt(state, {table: "private"})))


def test_it_notices_a_second_mapping(moments):
    state = moments[-1]
    guest = a_guest(state)
    task = next(granule for granule, is_guest in state.vspaces() if not is_guest)
    frame = next(entry & live_state.ADDRESS for _, span, entry in state.walk(guest + 1) if span == 1 << 21)
    root = bytearray(state.page(task + 1))
    level2 = state.granule_of(next(e for e in struct.unpack("<512Q", root) if e & 3 == 3) & live_state.ADDRESS)
    entries = bytearray(state.page(level2))
    free = next(i for i, e in enumerate(struct.unpack("<512Q", entries)) if not e & 1)
    struct.pack_into("<Q", entries, 8 * free, frame | 0x7fd)
    assert any("says otherwise" in line for line in
               live_state.problems_of_mappings(Spoilt(state, pages={level2: bytes(entries)})))


def test_it_notices_free_memory_with_content(moments):
    state = moments[-1]
    free = state.state.index("free")
    spoilt = Spoilt(state, pages={free: bytes(4095) + b"x"})
    assert live_state.problems_of_free_memory(spoilt) == [f"free granule {free} is not zero"]

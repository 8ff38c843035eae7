# SPDX-License-Identifier: Apache-2.0
"""Devices of guests: what YAML and capDL say of them, and that each has one owner."""
import pathlib

import pytest

from capdl import compose, parser, platform, source
from capdl.checker import check
from capdl.elf import Flat
from capdl.problem import Problem
from conftest import RAM
from texts import GOOD

BOARD = platform.load("qemu-virt", RAM)
YAML = """
guests:
  one: {kernel: a, memory: 16 MiB, devices: [{pci: "00:01.0", model: nvme}, {pci: "00:02.0"}]}
  two: {kernel: a, memory: 16 MiB}
"""


def composed(text, board=BOARD):
    system = source.load(text, "x.yaml", "x")
    flat = Flat(0x01000000, 0x01000000, bytes(4096), 4096, 8192)
    return compose.compose(system, board, 4, flat, {g.name: ("a", None, None) for g in system.guests}, {"a": b"kernel"})


def test_what_the_vmm_gets():
    description, _, tree = composed(YAML)
    streams = {o.name: o.numbers["id"] for o in description.objects if o.type == "stream"}
    assert streams == {"pci_8_stream": 8, "pci_16_stream": 16}
    maps = {ref.name: intid for intid, ref in description.irq_maps}
    assert maps == {"console_irq": 33, "pci_8_irq": 36, "pci_16_irq": 37, "smmu_irq": 106}
    pages = [o.numbers["paddr"] for o in description.objects if o.name.startswith("pci_8_page")]
    assert pages == [0x4010008000] + [0x10000000 + i * 4096 for i in range(16)]
    assert tree.count("pci@8 {") == 1 and tree.count("window = <0x0 0x10200000>") == 1 and "smmu-irq" in tree


def test_without_devices_nothing():
    description, _, tree = composed(YAML.replace(', devices: [{pci: "00:01.0", model: nvme}, {pci: "00:02.0"}]', ""))
    assert not any(o.type == "stream" for o in description.objects) and "smmu-irq" not in tree


@pytest.mark.parametrize("old, new, words", [
    ("memory: 16 MiB}", 'memory: 16 MiB, devices: [{pci: "00:02.0"}]}',
     "x.yaml:4: two.devices: 00:02.0 is one's already: a device has one owner"),
    ('{pci: "00:02.0"}', '{pci: "00:01.0"}', "x.yaml:3: one.devices: 00:01.0 is one's already: a device has one owner"),
    ('{pci: "00:02.0"}', '{pci: "00:1f.0"}', "x.yaml:3: one.devices: no PCI function 00:1f.0 can be assigned on "
                                             "qemu-virt; there: 00:01.0, 00:02.0, 00:03.0, 00:04.0"),
    ('{pci: "00:02.0"}', '{}', "x.yaml:3: one.devices: pci is missing"),
    ('{pci: "00:02.0"}', '{isa: "3"}', "x.yaml:3: one.devices: unknown key isa; there are pci, model"),
    ("model: nvme", "model: fax", "x.yaml:3: one.devices: model 'fax' is none of edu, network, nvme"),
    ('[{pci: "00:01.0", model: nvme}, {pci: "00:02.0"}]', "00:01.0",
     'x.yaml:3: one.devices: not a list of up to 4 like [{pci: "00:02.0"}]'),
    ("memory: 16 MiB}", "memory: [16]}", "x.yaml:4: guests.two.memory is a list: write name: value"),
])
def test_faults(old, new, words):
    assert old in YAML
    with pytest.raises(Problem) as caught:
        composed(YAML.replace(old, new, 1))
    assert str(caught.value) == words


def test_a_board_without_an_smmu(board):
    with pytest.raises(Problem) as caught:
        composed(YAML, board)
    assert "can be assigned on board; there: none: it has no SMMU" in str(caught.value)


@pytest.mark.parametrize("objects, caps, words", [
    ("x = stream (id: 8)", "20: x", None),
    ("x = stream (id: 8)", "20: x 21: x", "x: a device has one owner; it is placed twice"),
    ("x = stream (id: 8) y = stream (id: 8)", "", "y and x are both stream 8: a device has one owner; declare it once"),
    ("x = stream (id: 5)", "", "x: no stream 5 on qemu-virt; there: 8, 16, 24, 32"),
    ("x = stream", "", "x: a stream needs its id"),
    ("x[2] = stream (id: 8)", "", "x: an array of streams: declare each by itself"),
])
def test_streams_in_capdl(pieces, objects, caps, words):
    text = GOOD.replace("i = irq", f"i = irq\n{objects}").replace("6: i", f"6: i\n{caps}")
    run = lambda: check(parser.parse(text, "x.cdl"), BOARD, {"f": 5000}, 4, pieces)  # noqa: E731
    if words is None:
        assert [(s.index, s.object.type) for s in run().slots if s.index == 20] == [(20, "stream")]
        return
    with pytest.raises(Problem) as caught:
        run()
    assert str(caught.value).partition(": ")[2] == words


def test_platform_files_agree():
    """Each function's stream is below what the SMMU tells apart (kernel/platform/generate.py checks the rest)."""
    text = (pathlib.Path(platform.FOLDER) / "qemu-virt.yaml").read_text()
    assert [f.stream for f in BOARD.functions] == [8, 16, 24, 32] and "streams: 64" in text

# SPDX-License-Identifier: Apache-2.0
"""After initialisation every capability and every mapping is what the description says, at the address that was planned:
read from the memory of the machine, against the description."""
import os
import subprocess
import sys

import build
import dump
import paths
import pytest
import systems
from conftest import ROOT

# Copies of copies, arrays, nested untypeds without a size, a CNode of its own: beside what the minimal system has.
MORE_OBJECTS = """
	box = ut { pages[5] = frame (4k, shared) inner = ut { deep[2] = pt } box_cn = cnode (7 bits) }
	loose[3] = frame (2M)
"""
MORE_CAPS = """
	box_cn {
		1: first = pages[0] (RW)  second = <first> (masked: R)  10: seen[] = pages[1..3]
		20: <seen[1..]> (masked: RX)  30: pages[4] (R)  31: pages[4] (RW)
		40: <second> - child_of second
		50: loose[0]  51: loose[0] (R)
	}
"""
MORE_CDT = "cdt { (box_cn, 31) { (box_cn, 30) } }\n"


@pytest.mark.parametrize("name, cores", [("demo", 4), ("shared", 1)])
def test_as_specified(name, cores, tmp_path):
    description = systems.find(name)
    image = build.image(description, {}, tmp_path / "image")
    text, differences = dump.compare(image, name, cores, dump.state_after_init(image, description, cores, tmp_path))
    assert differences == []
    assert "vmm_cspace {" in text and "untyped_" in text


@pytest.fixture(scope="module")
def derived(tmp_path_factory):
    """A capDL description of its own, built and booted: (image, state)."""
    folder = tmp_path_factory.mktemp("derived")
    description = systems.find("minimal")
    made = build.image(description, {}, folder / "minimal")
    text = made.with_name("minimal.cdl").read_text()
    text = text.replace("objects {", "objects {" + MORE_OBJECTS, 1).replace("caps {", "caps {" + MORE_CAPS, 1)
    text = text.replace("handover {", MORE_CDT + "handover {", 1)
    system = folder / "derived.cdl"
    system.write_text(text)
    subprocess.run([sys.executable, "-m", "capdl.build", "--system", str(system), "--archive", str(made.with_name("archive.bin")),
                    "--build", str(paths.TARGET), "--out", str(folder / "out")], check=True, cwd=ROOT,
                   env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    image = folder / "out" / "nie.img"
    return image, dump.state_after_init(image, description, 1, folder)


def test_derivation_as_specified(derived):
    text, differences = dump.compare(derived[0], "derived", 1, derived[1])
    assert differences == []
    assert "1: pages[0] (RW)" in text and "40: pages[0] (R)" in text and "21: pages[3] (RX)" in text


@pytest.mark.parametrize("old, new, words", [
    ("24: console", "24: console (RW)", "slot 24: specified device console 0x9000000, 12 bits (RW)"),
    ("(masked: RX)", "(masked: RWX)", "slot 20: specified shared_frame pages[2]"),
    ("cdt { (box_cn, 31) { (box_cn, 30) } }", "", "slot 30: specified shared_frame pages[4]"),
    ("0: vmm_code[] (RX)", "0: vmm_code[] (RWX)", "VSpace vmm_vspace, 0x1000000: specified a page"),
    ("loose[3] = frame (2M)", "loose[2] = frame (2M)", "built private_frame"),
])
def test_a_deviation_is_seen(derived, old, new, words):
    """The image is of another description than the one that it is held against."""
    image, state = derived
    path = image.with_name("derived.cdl")
    text = path.read_text()
    assert old in text
    try:
        path.write_text(text.replace(old, new, 1))
        _, differences = dump.compare(image, "derived", 1, state)
    finally:
        path.write_text(text)
    assert any(words in line for line in differences), differences

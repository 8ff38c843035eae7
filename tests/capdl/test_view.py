# SPDX-License-Identifier: Apache-2.0
"""The pictures: all RAM, once, to scale; everybody is there; the page needs nothing but itself."""
import re
import xml.etree.ElementTree as ElementTree

import pytest

from capdl import compose, source, view
from capdl.checker import check
from capdl.elf import flatten
from conftest import MIB, elf_file

KERNEL, ARCHIVE = 5 * MIB, 8 * MIB


def scene(count, board, pieces, tmp_path, monkeypatch):
    monkeypatch.setattr(source, "MOST_GUESTS", 64)  # more than one host-vmm runs; the pictures are for any number
    guests = "".join(f"  guest{i}: {{kernel: k, memory: {(8, 16, 24)[i % 3]} MiB, vcpus: {1 + i % 2}}}\n" for i in range(count))
    text = f"guests:\n{guests}shared:\n  box: {{size: 64 KiB, guests: {{guest0: rw, guest1: r}}}}\n"
    system = source.load(text, "x.yaml", "x")
    (tmp_path / "vmm.elf").write_bytes(elf_file([(0x01000000, 5, b"code" * 700, 2800), (0x01001000, 6, b"d", 9000)]))
    flat = flatten(tmp_path / "vmm.elf", 0x01000000)
    files = {guest.name: ("k", None, None) for guest in system.guests}
    description, blob, _ = compose.compose(system, board, 4, flat, files, {"k": bytes(MIB)})
    checked = check(description, board, {"host-vmm": len(flat.data), "guests.bin": len(blob)}, 4, pieces)
    return view.scene_of("x", checked, board, view.guests_of(blob), KERNEL, ARCHIVE, pieces), checked


@pytest.fixture(params=[2, 32])
def drawn(request, board, tmp_path, monkeypatch):
    from capdl import memory
    pieces = memory.free_pieces(board, KERNEL, 64 << 10, ARCHIVE)
    made, checked = scene(request.param, board, pieces, tmp_path, monkeypatch)
    return made, checked, view.page(made)


def test_all_of_memory_once(drawn, board):
    made, checked, _ = drawn
    at = board.ram_base
    for span in made.spans:
        assert span.start == at and span.size > 0
        at += span.size
    assert at == board.ram_base + board.ram_size
    shown = sum(s.size for s in made.spans if s.owner not in ("free", "kernel", "initial task"))
    assert shown == sum(o.size for o in checked.objects if o.made and not o.parent)
    assert sum(sum(parts.values()) for parts in made.totals.values()) == shown
    assert made.totals["guest1"]["RAM"] == 16 * MIB and made.totals["shared"] == {"shared frame": 65536}


def test_to_scale(drawn):
    made, _, files = drawn
    widths = {}
    for tip, width in re.findall(r'data-tip="(guest\d+): guest\d+_ram\d[^"]*"><rect[^>]* width="([\d.]+)"', files["x-memory.svg"]):
        widths[tip] = widths.get(tip, 0) + float(width)
    for guest in made.guests:
        assert widths[guest.name] / widths["guest0"] == pytest.approx(guest.memory / made.guests[0].memory, rel=0.01)


def test_everybody_is_there(drawn):
    made, _, files = drawn
    for guest in made.names:
        for name in ("owners", "addresses"):
            assert f">{guest}</text>" in files[f"x-{name}.svg"]
        assert f"{guest}_ram0" in files["x-authority.svg"] and guest in files["x.html"]
    assert "shared: box" in files["x-addresses.svg"]
    assert "vmm_cspace holds guest0_ram0 (RWXC) in slot 64" in files["x-authority.svg"]
    assert "vmm_cspace holds box_shared (R) in slots from" in files["x-authority.svg"]


def test_nothing_overlaps(drawn):
    """No two boxes of the lists lie upon each other: it can be read for 2 guests and for 32."""
    _, _, files = drawn
    for name in ("owners", "authority", "addresses"):
        boxes = [tuple(map(float, box)) for box in re.findall(
            r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', files[f"x-{name}.svg"])]
        rows = {}
        for x, y, width, height in boxes:
            rows.setdefault((x, y), []).append((width, height))
        assert len(rows) == len(boxes)
        columns = {}
        for x, y, _, height in boxes:
            columns.setdefault(x, []).append((y, height))
        for spans in columns.values():
            spans.sort()
            assert all(y + height <= below for (y, height), (below, _) in zip(spans, spans[1:]))


def test_pictures_are_svg_and_the_page_is_by_itself(drawn):
    _, _, files = drawn
    assert sorted(files) == ["x-addresses.svg", "x-authority.svg", "x-memory.svg", "x-owners.svg", "x.html"]
    for name, text in files.items():
        if name.endswith(".svg"):
            ElementTree.fromstring(text)
    page = files["x.html"]
    assert not re.search(r"<(link|img|iframe)|src=|@import|url\(", page)
    assert page.count("<svg") == 4 and 'type="search"' in page and "data-tip" in page

# SPDX-License-Identifier: Apache-2.0
"""A build folder without a compiler's work: what capdl reads of one, made by hand."""
import pathlib
import struct
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from capdl import memory, parser, platform  # noqa: E402
from capdl.checker import check  # noqa: E402

MIB = 1 << 20
RAM = 2048 * MIB  # whatever the platform file says


def arm64_image(size=8192, image_size=None):
    """The least that is an arm64 Image: a branch over its header, then zeroes."""
    header = struct.pack("<IIQQQQQQ4sI", 0x14000010, 0, 0, image_size or size, 0xA, 0, 0, 0, b"ARM\x64", 0)
    return header + bytes(size - len(header))


def elf_file(segments, entry=0x01000000, machine=183):
    """An ELF64 with these (address, flags, content, size in memory)."""
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, machine, 1, entry, 64, 0, 0, 64, 56,
                       len(segments), 0, 0, 0)
    programs, body, offset = b"", b"", 0x1000
    for address, flags, content, size in segments:
        programs += struct.pack("<IIQQQQQQ", 1, flags, offset, address, address, len(content), size, 0x1000)
        body += content + bytes(-len(content) % 0x1000)
        offset = 0x1000 + len(body)
    return (head + programs).ljust(0x1000, b"\0") + body


@pytest.fixture(scope="session")
def board():
    return platform.load("board", RAM, folder=pathlib.Path(__file__).with_name("platforms"))


@pytest.fixture(scope="session")
def pieces(board):
    return memory.free_pieces(board, 5 * MIB, 64 << 10, 64 * MIB)


@pytest.fixture
def checked(board, pieces):
    """Text -> System."""
    def run(text, files=None, cores=4):
        return check(parser.parse(text, "x.cdl"), board, files or {"f": 5000}, cores, pieces)
    return run

# SPDX-License-Identifier: Apache-2.0
"""The measurement that a guest will have: what kernel/core/isolation/measure.c makes of what host-vmm does.

    python3 -m capdl.measure --blob OUT/guests.bin --layout build/native/tools/guest_layout/guest-layout GUEST

Records and their order: docs/decisions/0006-sealing.md."""
import argparse
import hashlib
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

from capdl.problem import Problem
from capdl.system import BLOCK, EXECUTE, GIB, PAGE, READ, WRITE

CONTENT, RAM, VCPU, POLICY, STREAM = 1, 2, 3, 4, 5
RAM_BASE, FLASH_BANKS = 0x40000000, (0, 0x04000000)
DEBUGGABLE, HOST_CPU = 1, 2
NO_HASH = bytes(32)


class Chain:
    def __init__(self):
        self.value = NO_HASH

    def add(self, kind, first, second, third, content=NO_HASH):
        self.value = hashlib.sha256(self.value + struct.pack("<4Q", kind, first, second, third) + content).digest()


def frame_content(extents, ipa, size):
    """What lies in a frame, or None if nothing does."""
    data, used = bytearray(size), False
    for start, content in extents:
        begin, end = max(start, ipa), min(start + len(content), ipa + size)
        if begin < end:
            data[begin - ipa:end - ipa] = content[begin - start:end - start]
            used = True
    return bytes(data) if used else None


def part(chain, extents, start, end, size, table):
    """RAM in frames of one size: expected, one record for each table; then the content."""
    ipa = start
    while ipa < end:
        top = min((ipa // table + 1) * table, end)
        chain.add(RAM, ipa, top - ipa, size.bit_length() - 1)
        ipa = top
    for ipa in range(start, end, size):
        content = frame_content(extents, ipa, size)
        if content is not None:
            chain.add(CONTENT, ipa, size, READ | WRITE | EXECUTE, hashlib.sha256(content).digest())


def measure(memory, vcpus, entry, tree_address, extents, debuggable=False, realm=False, flash=0, streams=(), host_cpu=False):
    """extents: [(ipa, bytes)] -> the measurement in hexadecimal."""
    chain = Chain()
    end = RAM_BASE + memory
    blocks_end = RAM_BASE if realm else end // BLOCK * BLOCK
    part(chain, extents, RAM_BASE, blocks_end, BLOCK, GIB)
    part(chain, extents, blocks_end, end, PAGE, BLOCK)
    for bank in FLASH_BANKS:
        part(chain, extents, bank, bank + flash, BLOCK, GIB)
    for index in range(vcpus):
        chain.add(VCPU, index, entry if index == 0 else 0, tree_address if index == 0 else 0)
    for stream in streams:
        chain.add(STREAM, stream, 0, 0)
    chain.add(POLICY, (DEBUGGABLE if debuggable else 0) | (HOST_CPU if host_cpu else 0), 0, 0)
    return chain.value.hex()


def of_guest(blob, layout_tool, guest):
    with tempfile.TemporaryDirectory(prefix="nie-measure-") as folder:
        tree = pathlib.Path(folder) / "tree.dtb"
        try:
            result = subprocess.run([str(layout_tool), str(blob), guest, str(tree)], text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        except OSError as error:
            raise Problem(f"{layout_tool}: {error.strerror}: build the native preset") from None
        if result.returncode:
            raise Problem(result.stderr.strip().removeprefix("guest-layout: "))
        layout = json.loads(result.stdout)
        content = tree.read_bytes()
    data = blob.read_bytes()
    extents = [(ipa, data[offset:offset + size]) for ipa, offset, size in layout["extents"]]
    extents.append((layout["tree"], content))
    return measure(layout["memory"], layout["vcpus"], layout["entry"], layout["tree"], extents,
                   layout["debuggable"], layout["realm"], layout["flash"],
                   layout["streams"], layout["host_cpu"])


def main():
    made = argparse.ArgumentParser(prog="capdl.measure", description=__doc__.splitlines()[0])
    made.add_argument("--blob", type=pathlib.Path, required=True, help="guests.bin of the system")
    made.add_argument("--layout", type=pathlib.Path, required=True, help="guest-layout of the native build")
    made.add_argument("guest")
    options = made.parse_args()
    try:
        print(of_guest(options.blob, options.layout, options.guest))
    except Problem as problem:
        sys.exit(f"error: {problem}")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""100,000 objects, each with a declaration and capabilities of its own: seconds, and memory that grows with them."""
import json
import os
import subprocess
import sys

import pytest

from conftest import ROOT

BLOCK = 512
PER_CNODE = 25000
PROGRAM = """
import gc, json, sys, time
from capdl import memory, parser, plan, platform, printer
from capdl.checker import check
gc.disable()  # as capdl.build
board = platform.load("qemu-virt", 2 << 30)
pieces = memory.free_pieces(board, 5 << 20, 64 << 10, 64 << 20)
text = sys.stdin.read()
resident = lambda: int(open("/proc/self/statm").read().split()[1]) * 4  # the peak would be the parent's
before = resident()
began = time.process_time()
description = parser.parse(text, "x.cdl")
tables = plan.c_tables(plan.make(check(description, board, {}, 4, pieces)), "x.cdl")
seconds, kib = time.process_time() - began, resident() - before
assert parser.parse(printer.text_of(description), "x.cdl") == description
print(json.dumps({"seconds": seconds, "kib": kib,
                  "rows": tables.count("NIE_TYPE_")}))
"""


def system(count):
    """Shared frames, each mapped and in a CNode, and untypeds."""
    frames = count * 9 // 10
    tables = -(-frames // BLOCK)
    lines = ["arch aarch64", "objects {", "vspace = pud level2 = pd starter = vcpu (entry: 0x1000000)",
             "cspace = cnode (15 bits)", "core0 = core (index: 0)", "big[4] = cnode (15 bits)"]
    lines += [f"table_{t} = pt" for t in range(tables)]
    lines += [f"frame_{i} = frame (4k, shared)" for i in range(frames)]
    lines += [f"untyped_{i} = ut (12 bits)" for i in range(count - frames)]
    lines += ["}", "caps {", "vspace { 0: level2 }", "starter { vspace: vspace cspace: cspace }"]
    for t in range(tables):
        mapped = range(t * BLOCK, min(frames, (t + 1) * BLOCK))
        lines += [f"table_{t} {{", *(f"\t{i % BLOCK}: frame_{i} (RW)" for i in mapped), "}"]
    lines += ["level2 {", *(f"\t{t}: table_{t}" for t in range(tables)), "}"]
    for b in range(4):
        held = range(b * PER_CNODE, min(frames, (b + 1) * PER_CNODE))
        lines += [f"big[{b}] {{", *(f"\t{i - b * PER_CNODE + 1}: frame_{i}" for i in held), "}"]
    lines += ["cspace { 1: cspace 2: vspace 3: starter 4: core0 }", "}",
              "handover { start: starter cnode: cspace reclaim: 64 leftover: 128 originals: 200 }"]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def measured():
    found = {}
    for count in (1000, 10000, 100000):
        result = subprocess.run([sys.executable, "-c", PROGRAM], input=system(count), text=True, check=True,
                                stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)})
        found[count] = json.loads(result.stdout)
        print(count, found[count])
    return found


def test_every_object_is_there(measured):
    for count, figures in measured.items():
        assert figures["rows"] >= count


def test_seconds(measured):
    assert measured[100000]["seconds"] < 20  # of one core; 4 on the machine it was written on
    assert measured[100000]["seconds"] < 20 * measured[10000]["seconds"]


def test_memory_is_linear(measured):
    assert measured[100000]["kib"] < 12 * measured[10000]["kib"]

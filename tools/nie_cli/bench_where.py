# SPDX-License-Identifier: Apache-2.0
"""Where the instructions of a hypercall and of an MMIO round trip go: each one that the kernel executes, as QEMU's log
shows it, by class and by what it is for."""
import bisect
import os
import re
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

import bench_kernel
import bench_scaling
import bench_size
import build
from paths import TARGET
from say import Failure, say

TASK = (0x01000000, 0x01010000)   # the benchmark's task, where EL0 sees it
GUEST = (0x40000000, 0x40004000)  # its guest's program
UNLOGGED = ("hw_scrub", "hw_clean", "memset")  # they do most of what is executed, and nothing of what is asked
PROGRAM = re.compile(rb"\[[0-9a-f]+/([0-9a-f]+)/")
CLASSES = [
    ("system registers", re.compile(r"^(mrs|msr)$")),
    ("lock", re.compile(r"^(ldaxr|stxr|stlr|wfe)$")),
    ("barriers, maintenance", re.compile(r"^(dsb|isb|tlbi|dc|ic|at)$")),
    ("loads and stores", re.compile(r"^(ld|st)[a-z]+$")),
    ("branches", re.compile(r"^(b|b\..*|bl|br|blr|ret|eret|cbn?z|tbn?z)$")),
    ("arithmetic", re.compile(r"")),
]
PURPOSES = [
    ("entry and exit", re.compile(r"vectors|resume_vcpu|slow_|plain_call")),
    ("registers of the two contexts", re.compile(r"hw_vcpu_|^(un)?load$|^fp_|guest_(un)?load|task_load|vgic_|"
                                                 r"gic_timer|percpu")),
    ("the lock, and who runs next", re.compile(r"kernel_(un)?lock|^resume$|lower_sync|deadline|timer_stop")),
    ("capability", re.compile(r"cap_find|cap_of|cap_in\b|has_slot|unpack|cspace_of|cnode_serial|cnode_slots?|slot_at|is_in|"
                              r"has_rights|blame")),
    ("the operation", re.compile(r"")),
]


BETWEEN = 10000  # instructions of a guest between two exits


def first(rules, text):
    return next(name for name, pattern in rules if pattern.search(text))


def functions(elf):
    rows = sorted((address, name) for name, address in bench_size.symbols(elf).items() if not name.startswith("$"))
    return [address for address, _ in rows], [name for _, name in rows]


def spans(elf):
    """The kernel's text without UNLOGGED, for QEMU's filter."""
    at = bench_size.symbols(elf)
    addresses, names = functions(elf)
    holes = sorted((at[n], addresses[names.index(n) + 1]) for n in UNLOGGED if n in at)
    result, begin = [], at["kernel_start"]
    for low, high in holes:
        result.append((begin, low))
        begin = high
    return [*result, (begin, at["text_end"])]


def kernel_visits(image, elf, enough):
    """Yields the addresses that the kernel executes between two instructions of EL0 or EL1."""
    inside = spans(elf)
    logged = ",".join(f"{low:#x}..{high - 1:#x}" for low, high in [*inside, TASK, GUEST] if high > low)
    with tempfile.TemporaryDirectory() as folder:
        pipe = Path(folder) / "log"
        os.mkfifo(pipe)
        process = subprocess.Popen([*bench_kernel.command(image, "max", 1), "-accel", "tcg,one-insn-per-tb=on", "-d",
                                    "exec,nochain", "-dfilter", logged, "-D", str(pipe)],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            visit = []
            with pipe.open("rb") as log:
                for line in log:
                    if not (match := PROGRAM.search(line)):
                        continue
                    pc = int(match[1], 16)
                    if inside[0][0] <= pc < inside[-1][1]:
                        visit.append(pc)
                    elif visit:
                        yield visit
                        visit = []
                        if enough():
                            return
        finally:
            process.kill()
            process.wait()


def inlined(elf, addresses):
    """{address: the function whose source it is}, inlined ones by their own name."""
    text = "\n".join(f"{a:#x}" for a in addresses)
    lines = subprocess.run(["aarch64-linux-gnu-addr2line", "-f", "-e", str(elf)], input=text, text=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    return dict(zip(addresses, lines[::2]))


def measure():
    """-> {operation: (instructions, those with the lock, {class: n}, {purpose: n})} for `null` and the halves of `mmio`, and others."""
    build.target()
    elf = bench_size.KERNEL
    addresses, names = functions(elf)
    mnemonic = {int(m[1], 16): m[2] for m in re.finditer(r"^ *([0-9a-f]+):\t(\S+)", bench_size.disassembly(elf), re.M)}
    marks = {"call_cap_info": "null", "call_map": "map", "call_unmap": "unmap", "call_donate": "donate",
             "data_abort": "mmio-exit", "call_run": "mmio-run"}
    seen = {name: [] for name in marks.values()}
    source = {}
    for visit in kernel_visits(TARGET / "bench.img", elf, lambda: len(seen["mmio-run"]) >= 64):
        if len(visit) > 2000:
            continue
        new = sorted(set(visit) - set(source))
        if new:
            source |= inlined(elf, new)
        kinds = {kind for pc in set(visit) for mark, kind in marks.items() if source[pc].startswith(mark)}
        if len(kinds) == 1 and (kinds != {"mmio-run"} or seen["mmio-exit"]):
            seen[kinds.pop()].append(visit)
    result = {}
    for kind, visits in seen.items():
        if not visits:
            raise Failure(f"bench where: {kind} was not seen in QEMU's log")
        visit = Counter(map(tuple, visits)).most_common(1)[0][0]
        by_class = Counter(first(CLASSES, mnemonic[pc]) for pc in visit)
        place = {pc: names[bisect.bisect_right(addresses, pc) - 1] if source[pc] == "??" else source[pc]
                 for pc in set(visit)}
        by_purpose = Counter(first(PURPOSES, place[pc]) for pc in visit)
        operations = [mnemonic[pc] for pc in visit]
        held = operations.index("stlr") - operations.index("ldaxr")
        result[kind] = (len(visit), held, by_class, by_purpose)
    return result


def show(result):
    for kind, (count, held, by_class, by_purpose) in result.items():
        say(f"{kind}: {count} instructions at EL2, {held} with the lock")
        for title, counts, order in (("by class", by_class, CLASSES), ("for", by_purpose, PURPOSES)):
            say(f"  {title}: " + ", ".join(f"{name} {counts[name]}" for name, _ in order if counts[name]))
    # A core that does nothing else, which is the worst case; and one whose guest runs between its exits.
    loads = {"hypercalls": (("null",), 0), "MMIO exits": (("mmio-exit", "mmio-run"), 0),
             f"one in {BETWEEN:,}": (("mmio-exit", "mmio-run"), BETWEEN)}
    rates, waits = {}, {}
    for label, (kinds, between) in loads.items():
        held, count = (sum(result[kind][i] for kind in kinds) for i in (1, 0))
        count += between
        for kind, contention in (("", bench_scaling.contention), (", at random", bench_scaling.contention_at_random)):
            if between and not kind:
                continue  # nobody waits
            found = [(n, *contention(held, count - held, n)) for n in range(1, 9)]
            rates[label + kind] = [(n, calls) for n, calls, _ in found]
            waits[label + kind] = [(n, 100 * wait) for n, _, wait in found]
            say(f"{label}{kind}: " + "; ".join(f"{n} cores do as much as {calls:.2f} alone, and wait {100 * wait:.1f} % of their "
                                                "time" for n, calls, wait in found if n in (2, 4, 8)))
    bench_scaling.OUT.mkdir(parents=True, exist_ok=True)
    for file, title, label, lines in (("cores", "Cores under one lock", "times one core", rates),
                                      ("waiting", "Time that each waits for the lock", "%", waits)):
        (bench_scaling.OUT / f"{file}.svg").write_text(bench_scaling.svg(title, "cores", label, lines, logarithmic=False))

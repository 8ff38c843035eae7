# SPDX-License-Identifier: Apache-2.0
"""`bench`: instructions, sizes and boot times beside the budgets of SPECIFICATION.md."""
import json
import re
from dataclasses import dataclass
from pathlib import Path

import bench_boot
import bench_build
import bench_kernel
import bench_peers
import bench_scaling
import bench_size
import bench_where
import build
from paths import KERNEL_SERIES, ROOT
from say import Failure, say

SPECIFICATION = ROOT / "SPECIFICATION.md"
PARTS = ("kernel", "size", "boot")
# A row of one of its tables: | `name` | what | budget | goal | ...
ROW = re.compile(r"\| `(?P<name>[a-z0-9.-]+)` \| (?P<what>[^|]+) \| (?P<budget>[\d,.]+) \| (?P<goal>[\d,.]*) *\|")


@dataclass
class Budget:
    what: str
    budget: float
    goal: float = None


def number(text):
    return float(text.replace(",", ""))


def budgets(text=None):
    """{name: Budget}; a name twice, or none at all, is a mistake of the page."""
    text = SPECIFICATION.read_text() if text is None else text
    found = {}
    for match in map(ROW.match, text.splitlines()):
        if not match:
            continue
        if match["name"] in found:
            raise Failure(f"{SPECIFICATION.name}: `{match['name']}` has two budgets")
        found[match["name"]] = Budget(match["what"].strip(), number(match["budget"]),
                                      number(match["goal"]) if match["goal"] else None)
    if not found:
        raise Failure(f"{SPECIFICATION.name}: no row of a table names a budget")
    return found


def measure_kernel(cpu):
    return bench_kernel.measure(cpu)


def measure_size(cpu):
    sizes, lines = bench_size.measure()
    for folder, count in lines.items():
        say(f"{count:6,} source lines in {folder}")
    say(f"{sizes['rodata']:,} bytes of read-only data; images: " +
        ", ".join(f"{name.removesuffix('-image')} {sizes[name] / 2**20:.1f} MiB" for name in sizes if "image" in name))
    return {name: sizes[name] for name in ("text", "sloc", "outside-objects")}


def measure_boot(cpu):
    build.target()
    result = {}
    for series in KERNEL_SERIES:
        times = bench_boot.measure(series, cpu)
        say(f"Linux {series} to /init: {times['nie']['init'] / 1000:.1f} ms, without nie "
            f"{times['native']['init'] / 1000:.1f} ms; 20 console lines: {times['nie']['lines'] / 1000:.2f} ms, "
            f"without nie {times['native']['lines'] / 1000:.2f} ms")
        result[f"boot-{series}"] = times["nie"]["init"] / times["native"]["init"]
        result[f"lines-{series}"] = times["nie"]["lines"] * 1000.0
    return result


# By name only, without budgets: docs/performance.md says what comes out.
STUDIES = {"scaling": lambda: bench_scaling.show(bench_scaling.measure(ram=bench_scaling.LARGE)),
           "build": lambda: bench_build.show(bench_build.measure()),
           "peers": lambda: bench_peers.show(bench_peers.measure()),
           "where": lambda: bench_where.show(bench_where.measure())}
MEASURE = {"kernel": measure_kernel, "size": measure_size, "boot": measure_boot}


def text_of(value):
    return f"{value:.4f}" if value < 10 else f"{value:,.0f}"


def show(values, known):
    width = max(len(known[name].what) if name in known else len(name) for name in values)
    print(f"{'':{width}} {'measured':>14} {'budget':>14} {'goal':>14}")
    for name, value in values.items():
        row = known.get(name)
        print(f"{row.what if row else name:{width}} {text_of(value):>14} "
              f"{text_of(row.budget) if row else '':>14} {text_of(row.goal) if row and row.goal else '':>14}"
              + ("  over its budget" if row and value > row.budget else ""))


def exceeded(values, known):
    return [f"{name}: {text_of(value)}, budget {text_of(known[name].budget)}" for name, value in values.items()
            if name in known and value > known[name].budget]


def run(parts, cpu, json_file=None):
    unknown = [part for part in parts if part not in (*PARTS, *STUDIES)]
    if unknown:
        raise Failure(f"bench {unknown[0]}: the parts are {', '.join((*PARTS, *STUDIES))}")
    for part in parts:
        if part in STUDIES:
            STUDIES[part]()
    parts = [part for part in parts if part in PARTS] if parts else PARTS
    if not parts:
        return 0
    known = budgets()
    values = {}
    for part in parts:
        values |= MEASURE[part](cpu)
    show(values, known)
    if json_file:
        try:
            Path(json_file).write_text(json.dumps({"cpu": cpu, "values": values}, indent=1) + "\n")
        except OSError as error:
            raise Failure(f"--json {json_file}: {error.strerror}") from None
    # Budgets are for max, whose counter tells single instructions.
    over = exceeded(values, known) if cpu == "max" else []
    if over:
        raise Failure("over budget: " + "; ".join(over))
    return 0


def check(full):
    """For the test suite: (budgets kept, what exceeds or was not measured)."""
    known = budgets()
    values = {}
    for part in PARTS if full else ("kernel", "size"):
        values |= MEASURE[part]("max")
    show(values, known)
    missing = [f"{name}: not measured" for name in known
               if name not in values and (full or not name.startswith(("boot-", "lines-")))]
    problems = exceeded(values, known) + missing
    wrong = [f"{name} touches registers that entry.S leaves in place"
             for name in bench_size.reserved_registers(bench_size.disassembly())]
    wrong += bench_scaling.unlawful(bench_scaling.measure())
    if full:
        wrong += bench_peers.behind(bench_peers.measure())
    missing += wrong
    problems += wrong
    for problem in problems:
        say(f"bench: {problem}")
    return len([name for name in values if name in known]) - len(problems) + len(missing), len(problems)

# SPDX-License-Identifier: Apache-2.0
"""`tools/nie prove`: Frama-C's WP proves kernel/core function by function. What is proved stays in the cache."""
import json
import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

import report
from paths import BUILD, CACHE, PLATFORMS, ROOT
from prove_source import CONTRACTS, CORE, Sources
from say import Failure, Progress, say

WORK = BUILD / "proofs"
PROVED = CACHE / "proofs"
GOALS = CONTRACTS / "goals.json"
COVERAGE = CONTRACTS / "coverage.md"
# z3 three times: first guided by the patterns of quantifiers alone, which finds most of what there is to find within a second; last, when
# the others have found nothing, so again and longer. Second, cvc4 that solves for numbers and never looks for instances: that what is
# assigned lies within what may be it finds at once, or never.
PROVERS = "z3p,cvc4n,z3,cvc4,z3l"
# Each solver stops after a number of its own steps, so that a busy or slow machine proves what any other does; NIE_PROVE_EFFORT
# multiplies them. The first steps of a solver take about a second. Seconds only end what hangs.
EFFORT = int(os.environ.get("NIE_PROVE_EFFORT", "1"))
SECONDS = 300 * EFFORT
PATTERNS = "z3 -smt2 auto_config=false smt.mbqi=false smt.case_split=5 smt.arith.solver=2 smt.arith.nl=false"
SOLVERS = [("Z3P", "of the distribution", "z3_471", f"{PATTERNS} rlimit={3_000_000 * EFFORT} -st"),
           ("CVC4N", "of the distribution", "cvc4_17",
            f"cvc4 --no-e-matching --cegqi --stats --rlimit={60_000 * EFFORT} --lang=smt2"),
           ("Z3", "4.8.12", "z3_471", f"z3 -smt2 rlimit={12_000_000 * EFFORT} -st"),
           ("CVC4", "1.8", "cvc4_17", f"cvc4 --stats --rlimit={250_000 * EFFORT} --lang=smt2"),
           ("Z3L", "of the distribution", "z3_471", f"{PATTERNS} rlimit={25_000_000 * EFFORT} -st")]
# The kernel is built for an LP64 machine; nothing in kernel/core depends on the sign of plain char.
OPTIONS = ["-c11", "-machdep", "gcc_x86_64", "-wp", "-wp-rte", "-wp-prover", PROVERS, "-wp-timeout", str(SECONDS),
           "-wp-par", "1", "-warn-unsigned-downcast", "-wp-check-memory-model", "-wp-split", "-wp-alias-init"]
OVERFLOW = ["-warn-unsigned-overflow"]
# Arithmetic modulo 2^32 or 2^64 is meant in this file, and in these functions.
MODULAR = {"sha256.c", "exit.c:skip_instruction", "run.c:extend", "rsi.c:realm_config"}
TOTAL = re.compile(r"Proved goals:\s*(\d+) / (\d+)")
VALID = re.compile(r"\[wp\] \[([^\]]+)\] Goal (\S+) : Valid")
UNPROVED = re.compile(r"\[wp\] \[(?:Failed|Timeout|Unknown|Stepout)\] Goal typed_(\S+)")
# A smoke test asks for a contradiction where code is meant to be reachable.
SMOKE = ["-wp-smoke-tests", "-wp-smoke-timeout", "2", "-wp-prop=-@ensures,-@assigns,-@rte,-@invariant,-@variant,-@requires"]
PASSED = re.compile(r"\[wp\] \[Passed\] Smoke-test (\S+)")
DOOMED = re.compile(r"\[wp\] \[Failed\] \(?Doomed\)?[^\n]*|\[wp\] \[Failed\] Smoke-test typed_(?!hw_panic_)(\S+)")
# What would make a proof worth less than it says.
BAD = re.compile(r"Warning:\s*([^\n]*)")
SUPPOSED = re.compile(r"Warning:\s*Memory model hypotheses.*?/\*@(.*?)\*/[^;]*;", re.S)


def suppositions(output, contract, others):
    """Drop WP's warning that it supposes a pointer parameter to be apart from the kernel's variables where the contract
    says so itself, so that callers prove it. Constants nobody writes. `others`: contracts of those it calls, by name."""
    def is_said(supposed, contract):
        if part := re.search(r", &(\w+)->[^,]*$", supposed.strip()):  # a field is apart when what it is in is
            supposed = f"{part[1]}, {supposed.strip()[:part.start()]}"
        pointer, *variables = re.split(r",\s*", supposed.strip(), maxsplit=1)
        pointer = re.sub(r" \+ (\([\d .]*\)|\d+)$", "", pointer)
        names = [re.search(r"\)(\w+)", v)[1] for v in re.findall(r"\([^,]*", "".join(variables))
                 if re.search(r"\)\w+", v) and " const *)" not in v]
        separated = re.search(rf"\\separated\({re.escape(pointer)}( \+[^,]*)?,", contract)
        inside = re.search(rf"\b{re.escape(pointer)} == &(\w+)\[", contract)
        return f"apart({pointer})" in contract or not names or (inside and inside[1] not in names) or (separated and all(n in contract for n in names))

    def judge(match):
        text = " ".join(match[1].split())
        parts = re.findall(r"\\separated\((.*?)\s*\);", text)
        said = others.get(re.search(r"for function '(\w+)'", match[0])[1], contract)
        if parts and "\\valid" not in text and all(is_said(part, said) for part in parts):
            return ""
        return "Warning: WP supposes " + text
    return SUPPOSED.sub(judge, output)


def generate():
    """The headers that the kernel's build generates, for the machine and not for native tests."""
    into = WORK / "include"
    (into / "nie").mkdir(parents=True, exist_ok=True)
    for command in ([ROOT / "kernel/api/generate.py", ROOT / "kernel/api/nie.yaml", into],
                    [ROOT / "kernel/platform/generate.py", PLATFORMS / "qemu-virt.yaml", "--mode", "target",
                     "--header", into / "nie" / "platform.h"]):
        result = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True)
        if result.returncode:
            raise Failure(result.stderr.strip() or f"{command[0]} failed")
    return into


def environment():
    """A why3 configuration of our own: the user's is left alone."""
    config = WORK / "why3.conf"
    text = "[main]\nmagic = 14\nmemlimit = 1000\nrunning_provers_max = 2\n" + "".join(
        f'\n[prover]\ncommand = "prlimit --cpu={SECONDS // 5} {command} %f"\ndriver = "{driver}"\nin_place = false\ninteractive = false\n'
        f'name = "{name}"\nshortcut = "{name.lower()}"\nversion = "{number}"\n' for name, number, driver, command in SOLVERS)
    if not config.exists() or config.read_text() != text:  # others may be reading it
        config.write_text(text)
    return {**os.environ, "WHY3CONFIG": str(config), "LC_ALL": "C.UTF-8"}


def version():
    try:
        names = [["frama-c", "-version"], ["z3", "--version"], ["cvc4", "--version"]]
        return "".join(subprocess.run(n, capture_output=True, text=True).stdout.split("\n")[0] for n in names)
    except OSError as error:
        raise Failure(f"{error.filename} is missing: tools/nie prove installs it on Debian 12") from None


class Prover:
    def __init__(self, work=WORK, changed=None):
        self.work = work
        work.mkdir(parents=True, exist_ok=True)
        self.sources = Sources(changed)
        self.include = generate()
        self.variables = environment()
        # With more time or more solvers more is proved, and what is proved stays so.
        self.seed = version() + " ".join(o for o in OPTIONS if o not in (str(SECONDS), PROVERS))
        self.sources.generated = "".join(p.read_text() for p in sorted((self.include / "nie").glob("*.h")))
        self.stop = threading.Event()

    def functions(self, wanted=()):
        functions = [f for path in self.sources.files for f in self.sources.by_file[path]]
        known = {f.name for f in functions} | {f.path.name for f in functions}
        unknown = sorted(set(wanted) - known)
        if unknown:
            raise Failure(f"no function or file {unknown[0]} in kernel/core: give a name as in the source")
        return [f for f in functions if not wanted or f.name in wanted or f.path.name in wanted]

    def key(self, function, smoke=False):
        return self.sources.key(function, self.seed + ("smoke" if smoke else ""))

    def cached(self, function, smoke=False):
        if self.lacks(function):
            return None
        try:
            return json.loads((PROVED / f"{self.key(function, smoke)}.json").read_text())
        except (OSError, ValueError):
            return None

    def lacks(self, function):
        """Why nothing can be said about a function yet."""
        contract = self.sources.contract(function)
        if contract is None:
            return "no contract"
        if not re.search(r"\bassigns\b", contract.text()):
            return "its contract has no assigns"
        for name in sorted(function.names()):
            callee = self.sources.functions.get((function.path, name)) or self.sources.public.get(name)
            if callee is not None and callee.name != function.name and self.sources.contract(callee) is None:
                return f"calls {name}, which has no contract"
            if name.startswith("hw_") and self.sources.contract_of_callee(function.path, name) is None:
                return f"calls {name}, which has no contract"
        return None

    def run_wp(self, function, options, kept=None, part=""):
        """Frama-C's output about one function; a Failure where it stops."""
        name = f"{function.path.stem}.{function.name}{part}"
        path = self.work / f"{name}.c"
        path.write_text(self.sources.woven(function.path, function.name, kept))
        command = ["frama-c", *OPTIONS, *([] if MODULAR & {function.path.name, f"{function.path.name}:{function.name}"} else OVERFLOW), *options,
                   f"-cpp-extra-args=-I{CONTRACTS / 'include'} -I{CONTRACTS} -I{self.include} "
                   f"-I{ROOT / 'kernel/include'} -I{function.path.parent} -I{CORE / 'authority'}", "-wp-fct", function.name, str(path)]
        result = subprocess.run(command, env=self.variables, capture_output=True, text=True)
        output = result.stdout + result.stderr
        (self.work / f"{name}.log").write_text(output)
        if options != SMOKE and (result.returncode or not TOTAL.search(output)):
            lines = [line.strip() for line in output.splitlines() if line.strip()]
            at = next((i for i, line in enumerate(lines) if re.search("error|invalid|unbound|Cannot", line)), -3)
            raise Failure("Frama-C stops: " + " ".join(lines[at:at + 3])[:300])
        return output

    def runs(self, function, contract):
        """Each goal in one run of Frama-C, whose outputs these are: those that a `prove` of the contract names in a run of their own."""
        apart = [goal for goals, _ in contract.groups for goal in goals]
        yield self.run_wp(function, ["-wp-prop=" + ",".join(f"-{goal}" for goal in apart)] if apart else [])
        for number, (goals, kept) in enumerate(contract.groups, 1):
            output = self.run_wp(function, ["-wp-prop=" + ",".join(goals)], kept, f".{number}")
            if TOTAL.search(output)[2] == "0":
                raise Failure(f"{contract.path}: {function.name} has no goal {' or '.join(goals)}: follow its contract")
            yield output

    def fails(self, function):
        """Whether some goal is not proved: later runs are spared then."""
        return any(m[1] != m[2] for output in self.runs(function, self.sources.contract(function)) for m in [TOTAL.search(output)])

    def prove(self, function, smoke=False, keep=True):
        """The record of one function; an unproved one is kept too, and tried again when asked for by name."""
        name, contract = function.name, self.sources.contract(function)
        record = {"function": name, "file": str(function.path.relative_to(ROOT)), "proved": 0, "goals": 0,
                  "seconds": 0.0, "provers": [], "unproved": []}
        lacking = self.lacks(function)
        if lacking:
            return {**record, "lacking": lacking}
        started = time.monotonic()
        try:
            output = self.run_wp(function, SMOKE) if smoke else "".join(self.runs(function, contract))
        except Failure as failure:
            return {**record, "lacking": str(failure)}
        if smoke:
            doomed = [m[1] or m[0] for m in DOOMED.finditer(output)]
            passed = len(PASSED.findall(output))
            return {**record, "proved": passed, "goals": passed + len(doomed), "unproved": doomed}
        totals = TOTAL.findall(output)
        output = suppositions(output, contract.text(), self.sources.callee_contracts(function))
        warnings = sorted({m[1] for m in BAD.finditer(output)})
        record["proved"], record["goals"] = sum(int(t[0]) for t in totals), sum(int(t[1]) for t in totals)
        record["unproved"] = [goal.removeprefix(f"{name}_") for goal in UNPROVED.findall(output)]
        record["provers"] = sorted({prover.split()[0].lower() for prover, _ in VALID.findall(output)})
        record["warnings"] = warnings
        record["seconds"] = round(time.monotonic() - started, 1)
        if keep:
            PROVED.mkdir(parents=True, exist_ok=True)
            report.write(PROVED / f"{self.key(function, smoke)}.json", record)
        return record


def is_proved(record):
    return record["goals"] > 0 and record["proved"] == record["goals"] and not record.get("warnings") \
        and not record.get("lacking")


def prove_all(prover, functions, again=False, smoke=False):
    """Records in the order of `functions`. Unproved ones of the cache are tried again only if `again`."""
    records, todo = {}, []
    for f in functions:
        cached = prover.cached(f, smoke)
        if cached is None or (again and not is_proved(cached)):
            todo.append(f)
        else:
            records[f.path, f.name] = {**cached, "cached": True}
    progress = Progress("proving")
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        futures = {pool.submit(prover.prove, f, smoke): f for f in todo}
        for done, future in enumerate(as_completed(futures), 1):
            f = futures[future]
            records[f.path, f.name] = future.result()
            progress.update(100 * done / len(todo), f.name)
    if todo:
        progress.done()
    return [records[f.path, f.name] for f in functions]


def table(records):
    from rich.table import Table

    result = Table(title="Functions of kernel/core", title_justify="left")
    result.add_column("function", style="bold")
    result.add_column("file")
    result.add_column("goals", justify="right")
    result.add_column("seconds", justify="right")
    result.add_column("provers")
    result.add_column("unproved", overflow="fold")
    for r in records:
        what = r.get("lacking") or ", ".join([*r["unproved"], *r.get("warnings", [])])
        seconds = f"{r['seconds']:.1f}" + ("*" if r.get("cached") else "")
        result.add_row(r["function"], r["file"].removeprefix("kernel/core/"), f"{r['proved']} / {r['goals']}", seconds,
                       ", ".join(r["provers"]), what, style=None if is_proved(r) else "red")
    return result


def summary(records):
    goals, proved = sum(r["goals"] for r in records), sum(r["proved"] for r in records)
    whole = sum(is_proved(r) for r in records)
    return (f"{whole} of {len(records)} functions proved, {proved} of {goals} goals; "
            f"{sum(not r['goals'] for r in records)} functions have none yet")


def label(record):
    return f"{record['file'].removeprefix('kernel/core/')}:{record['function']}"


def label_of(function):
    return label({"file": str(function.path.relative_to(ROOT)), "function": function.name})


def committed():
    try:
        return json.loads(GOALS.read_text())
    except (OSError, ValueError) as error:
        raise Failure(f"{GOALS}: {error}: tools/nie prove --record writes it") from None


def problems(records, floor):
    """What is less than the table says: goals may only rise."""
    seen = {label(r): r for r in records}
    found = []
    for name, least in floor.items():
        record = seen.get(name)
        if record is None:
            found.append(f"{name}: proved once, and not there any more: tools/nie prove --record")
        elif record["proved"] < least["proved"] or record["goals"] < least["goals"]:
            what = record.get("lacking") or ", ".join(record["unproved"]) or "fewer goals"
            found.append(f"{name}: {record['proved']} of {record['goals']} goals proved, the table says {least['proved']} "
                         f"of {least['goals']}: {what}")
        elif least["proved"] == least["goals"] and not is_proved(record):
            found.append(f"{name}: {', '.join([*record['unproved'], *record.get('warnings', [])])}")
    return found


def check(seconds):
    """The suite: changed functions are proved, then others until the time is over (None: all of them). Returns the
    functions that hold, those that do not, and those left to what the table recorded."""
    prover, floor = Prover(), committed()
    functions = [f for f in prover.functions() if label_of(f) in floor and not prover.lacks(f)]
    names = {f: label_of(f) for f in functions}
    changed = [f for f in functions if floor.get(names[f], {}).get("key") != prover.key(f)]
    others = [f for f in functions if f not in changed]
    started, records = time.monotonic(), []
    left = 0
    todo = changed + others
    for at in range(0, len(todo), 8):
        if seconds is not None and time.monotonic() - started > seconds:
            left = len(todo) - at
            break
        records += prove_all(prover, todo[at:at + 8])
    looked = {label(r) for r in records} | (set(floor) - set(names.values()))
    found = problems(records, {name: least for name, least in floor.items() if name in looked})
    for line in found:
        say(f"prove: {line}")
    say(f"prove: {summary(records)}; {left} others were not proved again this time")
    return len(records) - len(found), len(found), left


def record(prover, records):
    """Rows of the table of goals, for the functions that were proved now. What is not proved is recorded too, so that it
    can only get better; what falls is said."""
    floor = committed() if GOALS.exists() else {}
    for line in problems(records, {n: least for n, least in floor.items() if n in {label(r) for r in records}}):
        say(f"falls: {line}")
    keys = {label_of(f): prover.key(f) for f in prover.functions() if not prover.lacks(f)}
    known = [label_of(f) for f in prover.functions()]
    for r in records:
        if r["goals"]:
            floor[label(r)] = {"proved": r["proved"], "goals": r["goals"], "seconds": r["seconds"], "key": keys[label(r)],
                               "unproved": [*r["unproved"], *r.get("warnings", [])]}
    rows = {name: {"unproved": [], **floor[name]} for name in known if name in floor}
    GOALS.write_text("{\n" + ",\n".join(f"{json.dumps(n)}: {json.dumps(row)}" for n, row in rows.items()) + "\n}\n")
    write_coverage(prover, rows)


def write_coverage(prover, rows):
    lines, whole = [], sum(r["proved"] == r["goals"] and not r["unproved"] for r in rows.values())
    for f in prover.functions():
        row = rows.get(label_of(f))
        if row:
            what = ", ".join(row["unproved"])
        else:
            what = prover.lacks(f) or "has a contract, not recorded yet"
        goals = f"{row['proved']} / {row['goals']}" if row else ""
        lines.append(f"| `{f.name}` | `{f.path.relative_to(CORE)}` | {goals} | {what} |")
    COVERAGE.write_text(
        "# Proof coverage of kernel/core\n\nWritten by `tools/nie prove --record`. Of "
        f"{len(lines)} functions, {len(rows)} are in the table; {whole} of these are proved in full, and "
        f"{sum(r['proved'] for r in rows.values()):,} of their {sum(r['goals'] for r in rows.values()):,} goals. "
        "About a function without numbers nothing is proved.\n\n| function | file | goals proved | unproved |\n"
        "| --- | --- | --- | --- |\n" + "\n".join(lines) + "\n")


def run(wanted, json_file, write_record):
    prover = Prover()
    records = prove_all(prover, prover.functions(wanted), again=bool(wanted))
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else 160).print(table(records))
    say(summary(records) + " (* from the cache)")
    if json_file:
        report.write(json_file, {"functions": records})
    if write_record:
        record(prover, records)
    return 0 if all(is_proved(r) for r in records) else 1

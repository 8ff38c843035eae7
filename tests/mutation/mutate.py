#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Can the tests fail? Each mutation of mutations.yaml breaks one promise of the kernel, in a copy of one file;
the tests that it names must then fail: mutate.py FOLDER [--junit FILE] [NAME...]"""
import argparse
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "native"))

import natively  # noqa: E402
import table as mutations  # noqa: E402

TABLE = Path(__file__).parent / "mutations.yaml"
FLAGS = ["-O0", "-g1", "-fsanitize=address", "-fno-omit-frame-pointer"]
LIMIT = 60  # seconds for one run of a test program


def failures(program):
    """Names of the tests that failed, the one that was running when the program died included."""
    try:
        result = subprocess.run([program], text=True, errors="replace", stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        raise natively.Problem(f"{Path(program).name} is not done after {LIMIT} s") from None
    if result.returncode == 0:
        return set()
    failed = set(re.findall(r"^\[  FAILED  \] (?:\w+: )?(\w+)$", result.stdout, re.M))
    begun = re.findall(r"^\[ RUN      \] (\w+)", result.stdout, re.M)
    ended = re.findall(r"^\[       OK \] (\w+)", result.stdout, re.M)
    if begun and begun[-1] not in ended:
        failed.add(begun[-1])
    return failed or {"?"}


class Suite:
    """Everything compiled once; a mutation replaces one object."""

    def __init__(self, folder, names):
        self.tree = natively.Tree(folder, "gcc", FLAGS)
        sources = self.tree.core()
        # Relative includes of kernel/core are found from a copy elsewhere too.
        self.core = dict(zip(sources, self.tree.objects(sources)))
        native = sorted((ROOT / "tests/native").glob("*.c")) + [ROOT / "tests/unit/world.c"]
        self.common = self.tree.objects(native)
        tests = [ROOT / "tests/unit" / f"{name}.c" for name in names]
        self.tests = dict(zip(names, self.tree.objects(tests)))

    def link(self, test, core, name):
        return self.tree.program(name, [self.tests[test], *self.common, *core])

    def check_unchanged(self):
        def one(name):
            failed = failures(self.link(name, self.core.values(), name))
            if failed:
                raise natively.Problem(f"{name} fails without a mutation: {', '.join(sorted(failed))}")
        natively.parallel(one, self.tests)

    def link_mutant(self, m, source, copy):
        name, flags = f"mutant-{m['name']}", ["-I", source.parent, "-Wno-error"]
        if source in self.core:
            mutated = self.tree.object(copy, flags, f"{name}.o")
            core = [mutated if path == source else made for path, made in self.core.items()]
            return self.link(m["suite"], core, name)
        # Of kernel/arch: the test itself includes it.
        test = self.tree.object(ROOT / "tests/unit" / f"{m['suite']}.c", [*flags, f'-DSOURCE_UNDER_TEST="{copy}"'],
                                f"{name}.o")
        return self.tree.program(name, [test, *self.common, *self.core.values()])

    def try_one(self, m):
        """None: killed. Otherwise why not."""
        started = time.monotonic()
        source = ROOT / m["file"]
        copy = self.tree.folder / "mutants" / m["name"] / source.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(mutations.mutated(m))
        try:
            program = self.link_mutant(m, source, copy)
            failed = failures(program)
        except natively.Problem as problem:
            return m, time.monotonic() - started, f"no verdict: {problem}", set()
        if not failed:
            return m, time.monotonic() - started, f"SURVIVED: {m['suite']} passes", failed
        if m["test"] not in failed:
            return m, time.monotonic() - started, f"killed by {', '.join(sorted(failed))}, not {m['test']}", failed
        return m, time.monotonic() - started, None, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="for what is built")
    parser.add_argument("--junit", type=Path)
    parser.add_argument("--all", action="store_true", help="show every test that failed")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    try:
        table = mutations.load(TABLE, options.names, {"suite", "test"})
        shutil.rmtree(options.folder, ignore_errors=True)
        suite = Suite(options.folder, sorted({m["suite"] for m in table}))
        suite.check_unchanged()
        results = natively.parallel(suite.try_one, table)
    except (natively.Problem, mutations.Problem, OSError, yaml.YAMLError) as problem:
        print(f"mutation: {problem}", file=sys.stderr)
        return 1
    for m, seconds, problem, failed in results:
        verdict = problem or f"killed by {', '.join(sorted(failed)) if options.all else m['test']}"
        print(f"{m['name']:<28} {verdict} ({seconds:.1f} s)")
    return mutations.conclude("mutation", [result[:3] for result in results], options.junit)


if __name__ == "__main__":
    sys.exit(main())

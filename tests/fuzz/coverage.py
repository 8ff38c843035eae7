#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Branch coverage of kernel/core by the unit tests and the fuzzer's corpus together, and the branches that nothing
takes: coverage.py FOLDER [--least PERCENT]. unreachable.yaml says why those cannot be taken; one that it does not
name is a failure."""
import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "native"))
sys.path.insert(0, str(ROOT / "tests" / "fuzz"))

import fuzz  # noqa: E402
import natively  # noqa: E402

EXCUSES = Path(__file__).parent / "unreachable.yaml"
COUNTED = ["-fprofile-instr-generate", "-fcoverage-mapping"]


def tool(name):
    """llvm-cov, or llvm-cov-14 as Debian's packages without a default name it."""
    version = natively.run(["clang", "-dumpversion"]).split(".")[0]
    for candidate in (f"{name}-{version}", name):
        if shutil.which(candidate):
            return candidate
    raise natively.Problem(f"no {name}: run tools/nie setup")


def programs(folder):
    """Paths of the fuzzer and of each unit test, with the arguments that they run with."""
    tree, objects, fuzzer = fuzz.build(folder, ["-O1", "-g1", *COUNTED], ["-fsanitize=fuzzer-no-link"])
    yield fuzzer, sorted(fuzz.CORPUS.iterdir())
    plain = tree.objects(tree.core())
    common = tree.objects([*sorted((ROOT / "tests/native").glob("*.c")), ROOT / "tests/unit/world.c"])
    for test in sorted((ROOT / "tests/unit").glob("test_*.c")):
        yield tree.program(test.stem, [tree.object(test), *common, *plain]), []


def branches(folder):
    """{(file, line, column): [taken, not taken]} of kernel/core."""
    profiles, binaries = [], []
    for program, arguments in programs(folder):
        profile = program.with_suffix(".profraw")
        result = subprocess.run([program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                env={**os.environ, "LLVM_PROFILE_FILE": str(profile)}, timeout=600)
        if result.returncode:
            raise natively.Problem(f"{program.name} fails\n{result.stdout[-2000:].decode(errors='replace')}")
        profiles.append(profile)
        binaries.append(program)
    merged = folder / "all.profdata"
    natively.run([tool("llvm-profdata"), "merge", "-o", merged, *profiles])
    objects = [word for binary in binaries[1:] for word in ("-object", binary)]
    export = subprocess.run([tool("llvm-cov"), "export", "-format=text", f"-instr-profile={merged}", binaries[0], *objects],
                            stdout=subprocess.PIPE, check=True, text=True)
    found = {}
    for file in json.loads(export.stdout)["data"][0]["files"]:
        path = Path(file["filename"])
        if not path.is_relative_to(ROOT / "kernel" / "core"):
            continue
        for line, column, _, _, taken, not_taken, *_ in file["branches"]:
            counts = found.setdefault((str(path.relative_to(ROOT)), line, column), [0, 0])
            counts[0] += taken
            counts[1] += not_taken
    return found


def excused(path, line, excuses):
    """The entry of the table about this source line, or None: it names the line by its text, not its number."""
    text = (ROOT / path).read_text().splitlines()[line - 1]
    return next((e for e in excuses if e["file"] == path and e["line"] in text), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--least", type=float, default=95.0, metavar="PERCENT")
    options = parser.parse_args()
    try:
        excuses = yaml.safe_load(EXCUSES.read_text())
        for e in excuses:
            if e["line"] not in (ROOT / e["file"]).read_text():
                raise natively.Problem(f"{EXCUSES}: {e['file']} has no line with '{e['line']}': follow the source")
        found = branches(options.folder)
    except (natively.Problem, OSError, subprocess.SubprocessError, yaml.YAMLError) as problem:
        print(f"coverage: {problem}", file=sys.stderr)
        return 1
    total = covered = unexplained = 0
    for (path, line, column), counts in sorted(found.items()):
        for side, count in zip(("true", "false"), counts):
            total += 1
            covered += count > 0
            if count == 0:
                excuse = excused(path, line, excuses)
                unexplained += excuse is None
                if excuse:
                    excuse["used"] = True
                print(f"{path}:{line}:{column}: never {side}{': ' + excuse['why'] if excuse else ''}")
    percent = 100.0 * covered / total if total else 0.0
    idle = [e for e in excuses if not e.get("used")]
    for e in idle:
        print(f"{EXCUSES.name}: {e['file']}: '{e['line']}' is taken after all: remove the entry")
    print(f"kernel/core: {covered} of {total} branches taken, {percent:.1f} percent; {unexplained} of the rest unexplained")
    return 0 if percent >= options.least and not unexplained and not idle else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the fuzzer and plays the corpus, then new inputs for a while: fuzz.py FOLDER [--seconds N] [--merge]"""
import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "native"))

import natively  # noqa: E402

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
FLAGS = ["-O2", "-g1", *natively.SANITIZERS]


def build(folder, flags, link):
    """The harness; with `link` its main function is libFuzzer's."""
    tree = natively.Tree(folder, "clang", flags)
    natively.run([sys.executable, HERE / "grammar.py", ROOT / "kernel/api/nie.yaml", tree.generated / "grammar.h"])
    sources = [*sorted(HERE.glob("*.c")), *sorted((ROOT / "tests/native").glob("*.c")), ROOT / "tests/unit/world.c"]
    objects = tree.objects(tree.core(), link) + tree.objects(sources)
    return tree, objects, tree.program("fuzz", objects, ["-fsanitize=fuzzer"])


def play(program, arguments, limit):
    result = subprocess.run([program, *map(str, arguments)], text=True, errors="replace", stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, timeout=limit)
    entries = re.search(r"fuzz: (\d+) entries into the kernel", result.stdout)
    return result.returncode, int(entries[1]) if entries else 0, result.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="for what is built; an input that breaks something is left there")
    parser.add_argument("--seconds", type=int, default=20, help="of new inputs (default 20; 0: the corpus only)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--merge", action="store_true", help="keep in the corpus what reaches something new")
    options = parser.parse_args()
    try:
        tree, _, program = build(options.folder, FLAGS, ["-fsanitize=fuzzer-no-link"])
        corpus = sorted(CORPUS.iterdir())
        status, entries, output = play(program, corpus, 300)
        if status or not entries:
            raise natively.Problem(f"the corpus breaks something:\n{output[-4000:]}")
        print(f"corpus: {len(corpus)} inputs, {entries} entries into the kernel", flush=True)
        if options.seconds:
            with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
                started = time.monotonic()
                status, entries, output = play(program, [
                    f"-max_total_time={options.seconds}", f"-seed={options.seed}", "-max_len=2048", "-len_control=0", "-timeout=20",
                    f"-artifact_prefix={options.folder}/", "-print_final_stats=1", scratch, CORPUS], options.seconds + 120)
                seconds = time.monotonic() - started
                if status:
                    raise natively.Problem(f"an input breaks something:\n{output[-4000:]}")
                print(f"new inputs: {entries} entries into the kernel in {seconds:.0f} s, {entries / seconds:.0f} a second")
                if options.merge:
                    natively.run([program, "-merge=1", CORPUS, scratch])
    except (natively.Problem, OSError, subprocess.TimeoutExpired) as problem:
        print(f"fuzz: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

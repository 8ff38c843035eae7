#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Can the hostile suite fail? Each mutation of tests/mutation/hostile.yaml breaks one promise in a copy of one kernel file; with
that kernel the attack that it names must succeed, or the test that it names fail:
mutate.py FOLDER [--junit FILE] [--sample] [NAME...]. The target build is up to date."""
import argparse
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools" / "nie_cli"), str(ROOT / "tests" / "mutation")]

import build  # noqa: E402
import machine  # noqa: E402
import systems  # noqa: E402
import table as mutations  # noqa: E402
from capdl import image  # noqa: E402
from kernel import Kernel  # noqa: E402
from paths import TARGET  # noqa: E402
from say import Failure  # noqa: E402

TABLE = ROOT / "tests" / "mutation" / "hostile.yaml"
LIMIT = 150  # seconds until the attack must have been tried
JOBS = 2


def load(wanted, sample):
    table = mutations.load(TABLE, wanted, {"invariant"}, {"attack", "test", "says", "cores", "sample"})
    for m in table:
        if ("attack" in m) == ("test" in m) or ("test" in m) != ("says" in m):
            raise Failure(f"{TABLE}: mutation {m['name']}: it needs either attack, or test and says")
    if not wanted and {m["invariant"] for m in table} != set(range(1, 10)):
        raise Failure(f"{TABLE}: each invariant, 1 to 9, needs a mutation")
    return [m for m in table if wanted or m.get("sample") or not sample]


class Bench:
    """The hostile system for each number of cores, and the endurance task; only the kernel in them changes."""

    def __init__(self, folder):
        self.folder, self.kernel = folder, Kernel()
        self.description = systems.find(str(HERE / "hostile.yaml"))
        self.systems, self.lock = {}, threading.Lock()

    def system(self, cores):
        with self.lock:
            if cores not in self.systems:
                out = self.folder / f"system-{cores}"
                build.image(self.description, {"machine.cores": cores}, out)
                self.systems[cores] = out
        return self.systems[cores]

    def try_one(self, m):
        """(mutation, seconds, None if it was killed, else why not)"""
        started = time.monotonic()
        folder = self.folder / m["name"]
        folder.mkdir()
        source = ROOT / m["file"]
        try:
            kernel = self.kernel.make(source, mutations.mutated(m), folder)
            problem = self.attack(m, kernel, folder) if "attack" in m else self.test(m, kernel, folder)
        except (Failure, OSError) as failure:
            problem = f"no verdict: {failure}"
        return m, time.monotonic() - started, problem

    def attack(self, m, kernel, folder):
        """Boot, until the attack's line comes."""
        cores = m.get("cores", 1)
        system = self.system(cores)
        (folder / "nie.img").write_bytes(image.join(kernel, system / "capdl-init.elf", (system / "archive.bin").read_bytes()))
        hardware = machine.Machine(folder / "nie.img", "max", cores, self.description.memory,
                                   self.description.platform["qemu"]["machine"])
        wanted = re.compile(rf"attack \d+: {re.escape(m['attack'])}: (.*: )?(held|BROKEN)")
        process = subprocess.Popen(hardware.command(interactive=False), stdin=subprocess.DEVNULL, text=True,
                                   errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        timer = threading.Timer(LIMIT, process.kill)
        timer.start()
        last = "nothing"
        try:
            for line in process.stdout:
                last = line.strip() or last
                found = wanted.fullmatch(line.strip())
                if found:
                    return None if found[2] == "BROKEN" else f"SURVIVED: {line.strip()}"
        finally:
            timer.cancel()
            process.kill()
            process.wait()
        return f"no verdict: the attack was not tried; last line: {last}"

    def test(self, m, kernel, folder):
        """The named test of this folder, with the mutated kernel, must fail by its own assertion."""
        task, archive = TARGET / "tests" / "hostile" / "endure.elf", ROOT / "tests" / "task" / "no-archive"
        if not task.is_file():
            raise Failure(f"{task} is missing: build the target")
        (folder / "endure.img").write_bytes(image.join(kernel, task, archive.read_bytes()))
        report = folder / "report.xml"
        result = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-x",
                                 f"--kernel={folder}", f"--junitxml={report}", str(HERE / m["test"])], cwd=ROOT,
                                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        cases = list(ElementTree.parse(report).getroot().iter("testcase")) if report.is_file() else []
        failure = cases[0].find("failure") if len(cases) == 1 else None
        if failure is not None and m["says"] in failure.get("message") + (failure.text or ""):
            return None
        return f"SURVIVED: {m['test']} passes" if result.returncode == 0 else f"no verdict: {result.stdout[-1500:]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="for what is built")
    parser.add_argument("--junit", type=Path)
    parser.add_argument("--sample", action="store_true", help="only the few that the table marks so")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    try:
        table = load(options.names, options.sample)
        folder = options.folder.resolve()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        bench = Bench(folder)
        results = []
        with ThreadPoolExecutor(JOBS) as pool:
            for m, seconds, problem in pool.map(bench.try_one, table):
                verdict = problem or f"killed by '{m.get('attack') or m['test']}'"
                print(f"{m['invariant']} {m['name']:<28} {verdict} ({seconds:.1f} s)", flush=True)
                results.append((m, seconds, problem))
    except (Failure, mutations.Problem, OSError, subprocess.SubprocessError, yaml.YAMLError) as problem:
        print(f"hostile mutations: {problem}", file=sys.stderr)
        return 1
    return mutations.conclude("hostile-mutation", results, options.junit)


if __name__ == "__main__":
    sys.exit(main())

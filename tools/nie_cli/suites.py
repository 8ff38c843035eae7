# SPDX-License-Identifier: Apache-2.0
"""The test suites of `tools/nie test`, and the line that counts them."""
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

import build
import set_up
from paths import BUILD, CACHE, NATIVE, ROOT
from say import Failure, say


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def from_junit(path, status):
    """Counts of a JUnit file. A suite that failed without a failed test, or ran none, is one failure."""
    count = Count()
    try:
        cases = list(ElementTree.parse(path).getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError):
        cases = []
    for case in cases:
        outcomes = {child.tag for child in case}
        if outcomes & {"failure", "error"} or case.get("status") == "fail":
            count.failed += 1
        elif "skipped" in outcomes or case.get("status") in ("disabled", "notrun"):
            count.skipped += 1
        else:
            count.passed += 1
    if (status or not cases) and not count.failed:
        count.failed += 1
    return count


def junit(name, command, option):
    path = BUILD / "tests" / f"{name}.xml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    environment = {**os.environ, "NIE_CACHE": str(CACHE), "PYTHONDONTWRITEBYTECODE": "1"}
    status = subprocess.run([*command, option, str(path)], cwd=ROOT, env=environment).returncode
    return from_junit(path, status)


def pytest(name, folder, *options):
    return junit(name, [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(folder)],
                 "--junitxml")


def one(command):
    try:
        passed = subprocess.run(command, cwd=ROOT).returncode == 0
    except OSError as error:
        say(f"{command[0]}: {error.strerror}")
        passed = False
    return Count(passed=1) if passed else Count(failed=1)


def tools(full):
    return pytest("tools", ROOT / "tests" / "tools")


def unit(full):
    build.preset("native")
    return junit("unit", ["ctest", "--preset", "native", "--no-tests=error"], "--output-junit")


def core(full):
    return one([str(ROOT / "tools" / "check-core")])


def analyse(full):
    build.preset("native")
    return one(["cmake", "--build", str(NATIVE), "--target", "analyse"])


def capdl(full):
    return pytest("capdl", ROOT / "tests" / "capdl")


def kit(full):
    """What authors of systems and VMMs use: from installed files, from the documentation, twice the same."""
    build.target()
    build.preset("native")
    return pytest("kit", ROOT / "tests" / "kit", "--durations=5", *(["--full"] if full else []))


def integration(full):
    build.target()
    return pytest("integration", ROOT / "tests" / "integration", "-v", "--durations=5", *(["--full"] if full else []))


def soak(full):
    """The demo ten times in a row on every machine, to the first failure."""
    build.target()
    return pytest("soak", ROOT / "tests" / "integration" / "test_soak.py", "-v", "-x", "--times=10")


def bench(full):
    import bench as benchmark

    return Count(*benchmark.check(full))


def hostile(full):
    build.target()
    count = pytest("hostile", ROOT / "tests" / "hostile", "--durations=5", *(["--full"] if full else []))
    count.add(junit("hostile-mutants", [sys.executable, str(ROOT / "tests" / "hostile" / "mutate.py"),
                                        str(BUILD / "hostile-mutants"), *([] if full else ["--sample"])], "--junit"))
    return count


def dma(full):
    build.target()
    return pytest("dma", ROOT / "tests" / "dma", "--durations=5", *(["--full"] if full else []))


def fuzz(full):
    """The corpus and new inputs; then whether they and the unit tests take the kernel's branches."""
    count = Count()
    count.add(one([sys.executable, str(ROOT / "tests" / "fuzz" / "fuzz.py"), str(BUILD / "fuzz"),
                   "--seconds", "600" if full else "20"]))
    count.add(one([sys.executable, str(ROOT / "tests" / "fuzz" / "coverage.py"), str(BUILD / "coverage")]))
    return count


def mutation(full):
    return junit("mutation", [sys.executable, str(ROOT / "tests" / "mutation" / "mutate.py"), str(BUILD / "mutation")],
                 "--junit")


def prove(full):
    """Changed functions are proved, others as long as there is time; all of them with --full."""
    try:
        set_up.ensure_provers()
    except Failure as failure:  # Debian 13 has none: the rest of the tests does not need them
        say(f"suite prove: {failure}")
        return Count(skipped=1)
    import prove as proofs

    count = Count(*proofs.check(None if full else 150))
    if full:
        import prove_can_fail

        count.add(Count(*prove_can_fail.mutants()))
        count.add(Count(failed=1) if prove_can_fail.run_smoke(()) else Count(passed=1))
    return count


def spec(full):
    set_up.ensure_coq()
    return pytest("spec", ROOT / "proofs" / "tests", *(["--full"] if full else []))


SUITES = {"tools": tools, "core": core, "unit": unit, "analyse": analyse, "capdl": capdl, "kit": kit, "bench": bench,
          "mutation": mutation, "fuzz": fuzz, "hostile": hostile, "dma": dma, "integration": integration, "prove": prove,
          "spec": spec, "soak": soak}
# Only with --full, or by name.
LONG = ("soak",)


def run(names, full):
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        raise Failure(f"no suite {unknown[0]}: the suites are {', '.join(SUITES)}")
    total, results = Count(), []
    for name in names or [name for name in SUITES if full or name not in LONG]:
        say(f"suite {name}")
        started = time.monotonic()
        try:
            count = SUITES[name](full)
        except Failure as error:
            say(f"suite {name}: {error}")
            count = Count(failed=1)
        results.append(f"suite {name}: {count} ({time.monotonic() - started:.0f} s)")
        total.add(count)
    for line in results:
        say(line)
    print(total, flush=True)
    return 1 if total.failed or not total.passed else 0

# SPDX-License-Identifier: Apache-2.0
"""Compiles kernel/core and its native tests outside CMake: for the mutations, the fuzzer and its coverage."""
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLATFORM = ROOT / "configs" / "platforms" / "qemu-virt.yaml"
WARNINGS = ["-std=gnu11", "-Wall", "-Wextra", "-Werror"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
JOBS = 2


class Problem(Exception):
    """One line that names what went wrong."""


def run(command):
    try:
        result = subprocess.run([str(word) for word in command], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
    except OSError as error:
        raise Problem(f"{command[0]}: {error.strerror}: run tools/nie setup") from error
    if result.returncode:
        raise Problem(f"{' '.join(map(str, command))}\n{result.stdout.strip()}")
    return result.stdout


def parallel(function, items):
    with ThreadPoolExecutor(JOBS) as pool:
        return list(pool.map(function, items))


class Tree:
    """A folder with generated headers and objects, for one compiler and its flags."""

    def __init__(self, folder, compiler, flags):
        self.folder, self.compiler, self.flags = Path(folder), compiler, list(flags)
        self.generated = self.folder / "generated"
        run([sys.executable, ROOT / "kernel/api/generate.py", ROOT / "kernel/api/nie.yaml", self.generated])
        run([sys.executable, ROOT / "kernel/platform/generate.py", PLATFORM, "--mode", "native",
             "--header", self.generated / "nie/platform.h", "--linker-script", self.generated / "kernel.ld"])

    def core(self):
        return sorted((ROOT / "kernel/core").rglob("*.c")) + [self.generated / "nie/dispatch.c"]

    def object(self, source, also=(), name=None):
        """Compile one file; the object's name is made from the path, or `name`."""
        path = Path(source).resolve()
        base = ROOT if path.is_relative_to(ROOT) else self.folder.resolve()
        output = self.folder / "objects" / (name or "-".join(path.relative_to(base).with_suffix(".o").parts))
        output.parent.mkdir(parents=True, exist_ok=True)
        folders = [ROOT / "kernel/include", self.generated, ROOT / "tests/native", ROOT / "tests/unit"]
        run([self.compiler, *WARNINGS, *self.flags, *also, *(f"-I{f}" for f in folders), "-c", path, "-o", output])
        return output

    def objects(self, sources, also=()):
        return parallel(lambda source: self.object(source, also), sources)

    def program(self, name, objects, also=()):
        output = self.folder / name
        run([self.compiler, *self.flags, *also, *objects, "-lcmocka", "-o", output])
        return output

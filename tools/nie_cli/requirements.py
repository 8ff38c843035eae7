# SPDX-License-Identifier: Apache-2.0
"""What a build and a run need, each with a check that works on any distribution and Debian's package."""
import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

QEMU = "qemu-system-aarch64"
QEMU_VERSION = 10


@dataclass
class Requirement:
    what: str
    package: str

    def present(self):
        raise NotImplementedError


class Command(Requirement):
    def present(self):
        return shutil.which(self.what) is not None


class Module(Requirement):
    """A Python module, of the Python that runs this."""

    def present(self):
        importlib.invalidate_caches()
        return importlib.util.find_spec(self.what) is not None


@dataclass
class Header(Requirement):
    """A C header that the compiler finds, after those it wants before it."""
    before: tuple = ()

    def present(self):
        includes = [word for header in (*self.before, self.what) for word in ("-include", header)]
        command = ["gcc", "-fsyntax-only", *includes, "-x", "c", "/dev/null"]
        try:
            return subprocess.run(command, capture_output=True).returncode == 0
        except OSError:
            return False


class Emulator(Requirement):
    def present(self):
        version = qemu_version()
        return version is not None and version[0] >= QEMU_VERSION


class Sanitizers(Requirement):
    """clang's libFuzzer and sanitizer runtimes."""

    def present(self):
        try:
            folder = subprocess.run(["clang", "-print-runtime-dir"], capture_output=True, text=True).stdout.strip()
        except OSError:
            return False
        return bool(folder) and any(Path(folder).parent.glob("*/libclang_rt.fuzzer*.a"))


class OcamlPackage(Requirement):
    def present(self):
        try:
            return subprocess.run(["ocamlfind", "query", self.what], capture_output=True).returncode == 0
        except OSError:
            return False


class File(Requirement):
    def present(self):
        return Path(self.what).exists()


def qemu_version():
    try:
        output = subprocess.run([QEMU, "--version"], capture_output=True, text=True).stdout
    except OSError:
        return None
    match = re.search(r"version (\d+)\.(\d+)", output)
    return (int(match[1]), int(match[2])) if match else None


EMULATOR = Emulator(f"{QEMU} {QEMU_VERSION} or newer", "qemu-system-arm")
REQUIREMENTS = [
    Command("cmake", "cmake"),
    Command("ninja", "ninja-build"),
    Command("gcc", "gcc"),
    Header("stdio.h", "libc6-dev"),
    Header("cmocka.h", "libcmocka-dev", ("stdint.h", "stdarg.h", "stddef.h", "setjmp.h")),
    Header("libfdt.h", "libfdt-dev"),
    Command("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"),
    File("/usr/lib/picolibc/aarch64-linux-gnu", "picolibc-aarch64-linux-gnu"),
    Command("dtc", "device-tree-compiler"),
    Command("cppcheck", "cppcheck"),
    # Tests only: the fuzzer and the branches that it takes.
    Command("clang", "clang"),
    Command("llvm-cov", "llvm"),
    Sanitizers("clang's libFuzzer", "libclang-rt-dev"),
    Command("pkg-config", "pkg-config"),
    Command("gdb-multiarch", "gdb-multiarch"),
    Command("mkdocs", "mkdocs"),
    Module("jinja2", "python3-jinja2"),
    Module("rich", "python3-rich"),
    Module("elftools", "python3-pyelftools"),
    Module("yaml", "python3-yaml"),
    Module("jsonschema", "python3-jsonschema"),
    Module("pytest", "python3-pytest"),
    Module("pexpect", "python3-pexpect"),
    EMULATOR,
]

# For `tools/nie prove` alone. Debian 13 has no Frama-C.
PROVERS = [
    Command("frama-c", "frama-c-base"),
    Command("why3", "why3"),
    Command("z3", "z3"),
    Command("cvc4", "cvc4"),
]

# For the suite `spec` alone: Coq, and its extracted model beside the kernel's C.
COQ = [
    Command("coqc", "coq"),
    Command("ocamlfind", "ocaml-findlib"),
    OcamlPackage("zarith", "libzarith-ocaml-dev"),
]


def missing(wanted=None):
    return [requirement for requirement in wanted or REQUIREMENTS if not requirement.present()]

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the lockstep program: build.py FOLDER, which has the extracted model.ml and model.mli."""
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "native"))

import natively  # noqa: E402

FLAGS = ["-O2", "-g"]


class Lockstep:
    """Everything compiled once; a mutant replaces one object."""

    def __init__(self, folder):
        self.folder = Path(folder).resolve()
        self.tree = natively.Tree(self.folder, "gcc", FLAGS)
        sources = self.tree.core()
        self.core = dict(zip(sources, self.tree.objects(sources)))
        ocaml = natively.run(["ocamlfind", "ocamlc", "-where"]).strip()
        self.common = [self.tree.object(ROOT / "tests/native/hw_record.c", ["-Dhw_panic=native_panic"]),
                       self.tree.object(HERE / "kernel.c", [f"-I{ocaml}"])]
        for name in ("word.ml", "tmap.ml", "both.ml", "chains.ml", "lockstep.ml", "replay.ml"):
            shutil.copy(HERE / name, self.folder)
        self.ocaml("-c", *(self.folder / name for name in
                           ("word.ml", "tmap.ml", "model.mli", "model.ml", "both.ml", "chains.ml", "lockstep.ml", "replay.ml")))
        self.program = self.link(self.core.values(), "lockstep")
        self.replay = self.folder / "replay"   # the model alone, asked what a trace says
        self.ocaml("-linkpkg", *(self.folder / f"{module}.cmx" for module in ("word", "tmap", "model", "replay")), "-o", self.replay)

    def ocaml(self, *arguments):
        natively.run(["ocamlfind", "ocamlopt", "-O3", "-w", "-a", "-package", "zarith,unix", "-I", self.folder, *arguments])

    def link(self, core, name):
        program = self.folder / name
        modules = [self.folder / f"{module}.cmx" for module in ("word", "tmap", "model", "both", "chains", "lockstep")]
        self.ocaml("-linkpkg", *modules, *core, *self.common, "-o", program)
        return program

    def mutant(self, mutation):
        source = ROOT / mutation["file"]
        copy = self.folder / "mutants" / mutation["name"] / source.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(source.read_text().replace(mutation["old"], mutation["new"]))
        mutated = self.tree.object(copy, ["-I", source.parent, "-Wno-error"], f"mutant-{mutation['name']}.o")
        core = [mutated if path == source else made for path, made in self.core.items()]
        return self.link(core, f"mutant-{mutation['name']}")


if __name__ == "__main__":
    try:
        print(Lockstep(sys.argv[1]).program)
    except natively.Problem as problem:
        sys.exit(str(problem))

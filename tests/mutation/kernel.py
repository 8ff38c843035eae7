# SPDX-License-Identifier: Apache-2.0
"""The kernel with one source file changed: compiled and linked as the target build does. That is up to date."""
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools" / "nie_cli"))

from paths import TARGET  # noqa: E402
from say import Failure  # noqa: E402


class Kernel:
    """The commands that build it, as Ninja knows them."""

    def __init__(self):
        commands = subprocess.run(["ninja", "-C", str(TARGET), "-t", "commands", "kernel"], check=True, text=True,
                                  stdout=subprocess.PIPE).stdout.splitlines()
        self.compile = {}
        for command in commands:
            words = shlex.split(command)
            if "-c" in words:
                self.compile[Path(words[words.index("-c") + 1]).resolve()] = words
            elif any(word.endswith("kernel.elf") for word in words):
                self.link = words[words.index("&&") + 1:]
                self.link = self.link[:self.link.index("&&")]
                self.objcopy = words[-5:]

    def make(self, source, text, folder):
        """kernel.bin, and kernel.elf beside it, with this text in the place of that source file."""
        copy = folder / source.name
        copy.write_text(text)
        words = [word for word in self.compile[source.resolve()] if not word.startswith("-Werror")]
        made = words[words.index("-o") + 1]
        words[words.index("-c") + 1] = str(copy)
        words[words.index("-o") + 1] = str(folder / "mutant.obj")
        for option in ("-MT", "-MF"):
            words[words.index(option) + 1] = str(folder / "mutant.d")
        run([*words, "-w", f"-I{source.parent}"])
        elf = folder / "kernel.elf"
        link = [str(folder / "mutant.obj") if word == made else word for word in self.link]
        link[link.index("-o") + 1] = str(elf)
        run(link)
        run([self.objcopy[0], "-O", "binary", str(elf), str(folder / "kernel.bin")])
        return folder / "kernel.bin"


def run(command):
    result = subprocess.run(command, cwd=TARGET, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        raise Failure(result.stdout.strip()[-400:] or f"{command[0]} fails")

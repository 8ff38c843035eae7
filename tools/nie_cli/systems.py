# SPDX-License-Identifier: Apache-2.0
"""A system description (configs/systems/*.yaml): found, and asked what running it needs to know."""
import re
from dataclasses import dataclass
from pathlib import Path

from paths import PLATFORMS, SYSTEMS
from say import Failure

LEAST_RAM, MOST_RAM = 256 << 20, 64 << 30
# How a guest may end (docs/capdl.md).
ENDS = ("off", "reset", "fault", "crash", "timeout", "error")


@dataclass
class System:
    name: str
    path: Path
    guests: dict    # name: its description
    platform: dict
    memory: int     # of the machine, bytes
    cores: int
    own_vmm: str | None = None  # another than host-vmm: it need not report on its guests
    ram: int | None = None  # machine.memory; None: the platform's

    def vmm_elf(self, tree):
        """As capdl.build finds it. `tree`: the target build."""
        if self.own_vmm is None:
            return tree / "userland" / "host-vmm" / "host-vmm.elf"
        if self.own_vmm.endswith(".elf"):
            return self.path.parent / Path(self.own_vmm).expanduser()
        return tree / "tasks" / f"{self.own_vmm.removeprefix('task:')}.elf"

    def expected(self):
        """{guest: how it should end}."""
        return {name: guest.get("expect", "off") for name, guest in self.guests.items()}

    def linux(self):
        return [name for name, guest in self.guests.items() if str(guest.get("kernel", "")).startswith("debian-")]


def read_yaml(path, what):
    import yaml

    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise Failure(f"{what} {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        place = getattr(error, "problem_mark", None)
        line = f":{place.line + 1}" if place else ""
        raise Failure(f"{what} {path}{line}: not YAML: {getattr(error, 'problem', error)}") from None
    if not isinstance(content, dict):
        raise Failure(f"{what} {path}: not a mapping of names to values")
    return content


def bytes_of(text):
    match = re.fullmatch(r"\s*(\d+)\s*(KiB|MiB|GiB)?\s*", str(text))
    if not match:
        raise Failure(f"size {text!r}: write a number with KiB, MiB or GiB")
    return int(match[1]) << {None: 0, "KiB": 10, "MiB": 20, "GiB": 30}[match[2]]


def own_vmm(content):
    vmm = content.get("vmm")
    return str(vmm["image"]) if isinstance(vmm, dict) and vmm.get("image") else None


def find(name):
    """By the name of a file in configs/systems, or by path."""
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        path = SYSTEMS / f"{name}.yaml"
        if not path.exists():
            known = ", ".join(sorted(p.stem for p in SYSTEMS.glob("*.yaml")))
            raise Failure(f"no system {name}: give a YAML file, or one of {known}")
    content = read_yaml(path, "system")
    guests = content.get("guests")
    if not isinstance(guests, dict) or not all(isinstance(guest, dict) for guest in guests.values()):
        raise Failure(f"system {path}: `guests` is not a mapping of names to descriptions")
    for guest, description in guests.items():
        if description.get("expect", "off") not in ENDS:
            raise Failure(f"system {path}: {guest}.expect: {description['expect']!r}: use one of {', '.join(ENDS)}")
    machine = content.get("machine") or {}
    if not isinstance(machine, dict) or not isinstance(machine.get("cores", 4), int):
        raise Failure(f"system {path}: machine.cores is not a number")
    platform_name = machine.get("platform", "qemu-virt")
    platform_path = PLATFORMS / f"{platform_name}.yaml"
    if not platform_path.exists():
        known = ", ".join(sorted(p.stem for p in PLATFORMS.glob("*.yaml")))
        raise Failure(f"system {path}: unknown platform {platform_name}: use one of {known}")
    platform = read_yaml(platform_path, "platform")
    usual = bytes_of(platform["ram"]["size"])
    memory = bytes_of(machine.get("memory", usual))
    if memory % (1 << 20) or not LEAST_RAM <= memory <= MOST_RAM:
        raise Failure(f"system {path}: machine.memory: {machine['memory']}: give 256 MiB to 64 GiB in whole MiB")
    return System(path.stem, path.resolve(), guests, platform, memory, machine.get("cores", 4),
                  own_vmm(content), None if memory == usual else memory)

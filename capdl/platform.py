# SPDX-License-Identifier: Apache-2.0
"""What a system description needs to know of a platform (configs/platforms/NAME.yaml)."""
import pathlib
from dataclasses import dataclass

import yaml

from capdl.problem import NOWHERE, Problem
from capdl.sizes import size_of
from capdl.system import PAGE

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "configs" / "platforms"


FUNCTION_WINDOW = 2 << 20  # of the host bridge's memory; as kernel/platform/generate.py has it
FUNCTION_PAGES = 16


@dataclass(frozen=True)
class Function:
    """A PCI function that can be assigned. Its StreamID is its requester ID."""
    address: str  # like 00:02.0
    stream: int
    config: int   # its page of the ECAM
    window: int   # for its BARs: 2 MiB, of which tasks are given the first pages
    irq: int      # of INTA


@dataclass(frozen=True)
class Platform:
    name: str
    ram_base: int
    ram_size: int
    cores: int
    image: int            # where the image is loaded
    device_pages: tuple   # physical addresses
    irqs: tuple           # INTIDs
    console: int          # the PL011, and its interrupt
    console_irq: int
    rtc: int | None       # a PL031 to read the time from
    smmu_irq: int | None = None
    functions: tuple = ()

    def function(self, address):
        return next((f for f in self.functions if f.address == address), None)


def pci_functions(text):
    pci = text.get("pci") or {"functions": []}
    for place, function in enumerate(pci["functions"]):
        device, number = function["address"].split(":")[1].split(".")
        stream = int(device, 16) * 8 + int(number)
        yield Function(function["address"], stream, pci["config"] + stream * PAGE,
                       pci["memory"] + place * FUNCTION_WINDOW, function["irq"])


def load(name, ram_size=None, where=NOWHERE, folder=FOLDER):
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.yaml"))) or "none"
        raise Problem(f"unknown platform {name}: use one of {known}", where)
    text = yaml.safe_load(path.read_text())
    functions = tuple(pci_functions(text))
    smmu_irq = (text.get("smmu") or {}).get("irq")
    devices = text.get("devices", [])
    pages = [d["base"] + offset for d in devices for offset in range(0, size_of(d["size"]), PAGE)]
    irqs = [d["irq"] for d in devices if "irq" in d]
    pages += [page for f in functions for page in (f.config, *range(f.window, f.window + FUNCTION_PAGES * PAGE, PAGE))]
    irqs += ([smmu_irq] if smmu_irq else []) + [f.irq for f in functions]
    console = next((d for d in devices if d["base"] == text["console"] and "irq" in d), None)
    if console is None:
        raise Problem(f"platform {name}: no device with an irq at the console's address {text['console']:#x}",
                      where)
    rtc = next((d["base"] for d in devices if d["name"].startswith("rtc")), None)
    return Platform(name, text["ram"]["base"], ram_size or size_of(text["ram"]["size"]), text["cores"],
                    text["image"],
                    tuple(pages), tuple(irqs), console["base"], console["irq"], rtc, smmu_irq, functions)

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Make platform.h and the kernel's linker script from configs/platforms/<name>.yaml."""

import argparse
import pathlib
import re
import sys

import jinja2
import yaml

HERE = pathlib.Path(__file__).resolve().parent
UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
PAGE = 1 << 12
BLOCK = 1 << 21
GIB = 1 << 30
VIEW = 1 << 38  # RAM_VIEW (platform.h.j2): the upper half of EL2's addresses; the last GiB is the window's (mmu.c)
NATIVE_RAM = 64 << 20
REDISTRIBUTOR = 0x20000  # RD_base and SGI_base frames of one core (GICv3 12.10)
DISTRIBUTOR = 0x10000
SMMU = 0x20000  # register pages 0 and 1 (IHI 0070, 6.1)
FUNCTION_WINDOW = 2 << 20  # of the PCI host's memory, for each function; tasks are given the first pages of it
FUNCTION_PAGES = 16
MOST_PAGES, MOST_IRQS, MOST_STREAMS = 192, 32, 16  # room in the boot CSpace (kernel/api/nie.yaml)


def stop(message):
    sys.exit(f"platform: {message}")


def size_of(text):
    """Bytes in 2147483648, 0x80000000 or '2 GiB'."""
    if isinstance(text, int):
        return text
    match = re.fullmatch(r"\s*(\d+)\s*(B|KiB|MiB|GiB)\s*", str(text))
    if not match:
        stop(f"size {text!r} is neither a number nor like '2 GiB'")
    return int(match[1]) * UNITS[match[2]]


def load(path):
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.yaml"))) or "none"
        stop(f"unknown platform '{path.stem}': {path} does not exist; known: {known}")
    try:
        platform = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        stop(f"{path}: {' '.join(str(error).split())}")
    if not isinstance(platform, dict):
        stop(f"{path}: is not a mapping")
    for key in ("name", "ram.base", "ram.size", "cores", "image", "firmware", "console",
                "gic.distributor", "gic.redistributors"):
        value = platform
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is None:
            stop(f"{path}: '{key}' is missing")
        if key not in ("name", "firmware", "ram.size") and not isinstance(value, int):
            stop(f"{path}: '{key}' is {value!r}, not a number")
    for device in platform.setdefault("devices", []):
        for key in ("name", "base", "size"):
            if key not in device:
                stop(f"{path}: '{key}' is missing in device {device.get('name', device)}")
    platform.setdefault("smmu", None)
    for section, keys in (("smmu", ("base", "irq", "streams")), ("pci", ("config", "memory", "functions"))):
        for key in keys if platform.get(section) else ():
            if key not in platform[section]:
                stop(f"{path}: '{section}.{key}' is missing")
    return platform


def functions(platform):
    """PCI functions that tasks may be given: number, interrupt, pages of device registers. The number, bus 0's
    device * 8 + function, is its StreamID."""
    pci = platform.get("pci")
    for place, function in enumerate(pci["functions"] if pci else []):
        match = re.fullmatch(r"00:([01][0-9a-f])\.([0-7])", str(function.get("address")))
        if not match or int(match[1], 16) > 31 or "irq" not in function:
            stop(f"PCI function {function} is not like {{address: \"00:02.0\", irq: 37}}")
        number = int(match[1], 16) * 8 + int(match[2])
        window = pci["memory"] + place * FUNCTION_WINDOW
        yield {"address": function["address"], "stream": number, "irq": function["irq"], "config":
               pci["config"] + number * PAGE, "window": window,
               "pages": [pci["config"] + number * PAGE] + [window + i * PAGE for i in range(FUNCTION_PAGES)]}


def check(platform, path):
    """One clear line for the first thing that cannot be."""
    ram = platform["ram"]
    if ram["base"] % GIB:
        stop(f"{path}: RAM base {ram['base']:#x} is not a multiple of 1 GiB")
    if ram["size"] % BLOCK or not 4 * BLOCK <= ram["size"] < 128 * GIB:  # a slot's number has 32 bits (nie/types.h)
        stop(f"{path}: RAM size {ram['size']:#x} is not a multiple of 2 MiB from 8 MiB to less than 128 GiB")
    if not 1 <= platform["cores"] <= 8:
        stop(f"{path}: cores is {platform['cores']}: give 1 to 8")
    if platform["firmware"] != "smc":
        stop(f"{path}: firmware conduit {platform['firmware']!r} is not supported: only smc is")
    if platform["image"] % BLOCK or not ram["base"] <= platform["image"] < ram["base"] + ram["size"]:
        stop(f"{path}: image {platform['image']:#x} is not a 2 MiB aligned address in RAM")
    gic = platform["gic"]
    ranges = [("RAM", ram["base"], ram["size"]),
              ("the GIC distributor", gic["distributor"], DISTRIBUTOR),
              ("the GIC redistributors", gic["redistributors"], platform["cores"] * REDISTRIBUTOR)]
    ranges += [(f"device {d['name']}", d["base"], d["size"]) for d in platform["devices"]]
    smmu = platform["smmu"]
    if smmu:
        ranges.append(("the SMMU", smmu["base"], SMMU))
        if smmu["streams"] not in (8, 16, 32, 64, 128, 256):
            stop(f"{path}: smmu.streams is {smmu['streams']}: give 8, 16, 32, 64, 128 or 256")
    elif platform["functions"]:
        stop(f"{path}: PCI functions do DMA: without an smmu they cannot be given to anybody")
    for function in platform["functions"]:
        if function["stream"] >= smmu["streams"]:
            stop(f"{path}: PCI function {function['address']} is stream {function['stream']}: smmu.streams is "
                 f"{smmu['streams']}")
        ranges += [(f"PCI function {function['address']}", page, PAGE) for page in function["pages"]]
    for name, base, size in ranges:
        if base % PAGE or size % PAGE or size <= 0:
            stop(f"{path}: {name} at {base:#x}, size {size:#x}, is not in whole 4 KiB pages")
    ranges.sort(key=lambda r: r[1])
    for (name, base, size), (other, start, _) in zip(ranges, ranges[1:]):
        if base + size > start:
            stop(f"{path}: {name} ({base:#x} to {base + size:#x}) overlaps {other} (from {start:#x})")
    # EL2 reaches its own devices through one level-2 table (kernel/arch/arm64/mmu.c).
    gibs = {address // GIB for address in (platform["console"], *gic.values(), *([smmu["base"]] if smmu else []))}
    if len(gibs) != 1 or ram["base"] // GIB <= max(gibs) < -(-(ram["base"] + ram["size"]) // GIB):
        stop(f"{path}: the console, the GIC and the SMMU are not in one GiB outside RAM")
    if max(*gibs, platform["image"] // GIB) >= VIEW // GIB:
        stop(f"{path}: the kernel or a device of its own is not below {VIEW:#x}, where it sees RAM")
    irqs = platform["irqs"]
    for irq in irqs:
        if not 32 <= irq <= 1019 or irqs.count(irq) > 1:
            stop(f"{path}: irq {irq} is not an SPI (32 to 1019), or is given twice")
    counts = (len(platform["device_pages"]), len(irqs), len(platform["functions"]))
    if any(count > most for count, most in zip(counts, (MOST_PAGES, MOST_IRQS, MOST_STREAMS))):
        stop(f"{path}: {counts[0]} device pages, {counts[1]} irqs and {counts[2]} streams: at most {MOST_PAGES}, "
             f"{MOST_IRQS} and {MOST_STREAMS} fit the boot CSpace")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("platform", type=pathlib.Path, help="configs/platforms/<name>.yaml")
    parser.add_argument("--mode", choices=("target", "native"), default="target")
    parser.add_argument("--ram-size", help="instead of the platform's, like '4 GiB'")
    parser.add_argument("--header", type=pathlib.Path, help="platform.h to write")
    parser.add_argument("--linker-script", type=pathlib.Path, help="linker script to write")
    options = parser.parse_args()

    platform = load(options.platform)
    platform["ram"]["size"] = size_of(options.ram_size or platform["ram"]["size"])
    for device in platform["devices"]:
        device["size"] = size_of(device["size"])
    platform["functions"] = list(functions(platform))
    platform["device_pages"] = [(d["base"] + offset) // PAGE for d in platform["devices"]
                                for offset in range(0, d["size"], PAGE)]
    platform["device_pages"] += [page // PAGE for f in platform["functions"] for page in f["pages"]]
    platform["irqs"] = [d["irq"] for d in platform["devices"] if "irq" in d]
    platform["irqs"] += [platform["smmu"]["irq"]] if platform["smmu"] else []
    platform["irqs"] += [f["irq"] for f in platform["functions"]]
    check(platform, options.platform)
    if options.mode == "native":
        platform["ram"]["size"] = NATIVE_RAM
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    environment.filters["hex"] = lambda number: f"{number:#x}"
    for output, template in ((options.header, "platform.h.j2"), (options.linker_script, "kernel.ld.j2")):
        if output:
            text = environment.get_template(template).render(platform, mode=options.mode, view=VIEW,
                                                             source=options.platform.name)
            output.parent.mkdir(parents=True, exist_ok=True)
            if not output.is_file() or output.read_text() != text:
                output.write_text(text)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""What a person writes (configs/systems/*.yaml) -> SystemSource, every value with its place."""
import re
from dataclasses import dataclass, field

import yaml

from capdl.guest_image import FORMATS
from capdl.problem import NOWHERE, Problem, Where, size_text
from capdl.sizes import size_of
from capdl.system import BLOCK, PAGE

GUEST_NAME = re.compile(r"[a-z][a-z0-9_]{0,15}")
SECTIONS = ("machine", "vmm", "guests", "shared")
MACHINE_KEYS = ("platform", "cores", "memory")
SHARED_KEYS = ("size", "guests")
MOST_REGIONS = 8   # of one guest
MOST_SHARED = 64 << 20
VMM_KEYS = ("memory", "image")
GUEST_KEYS = ("kernel", "initrd", "dtb", "bootargs", "memory", "vcpus", "format", "load", "limit",
              "debuggable", "cpu", "flash", "realm", "weight", "cpus", "restarts", "devices", "expect")
CPUS = ("baseline", "host")
DEVICE_KEYS = ("pci", "model")
MODELS = ("edu", "network", "nvme")  # that QEMU can be told to have there
MOST_DEVICES = 4
MOST_VCPUS = 8
MOST_FLASH = 64 << 20
RAW_LOAD = 0x40080000  # where QEMU loads a file that says nothing about it
MOST_GUESTS = 16
LONGEST_LIMIT = 86400
LEAST_VMM_MEMORY = 256 << 10
MOST_CORES = 8
MOST_WEIGHT = 10000
MOST_RESTARTS = 1000000


@dataclass
class Text:
    """A value and where it stands."""
    value: str
    where: Where


@dataclass
class Entries:
    """A list and where it stands."""
    values: list
    where: Where


@dataclass
class Guest:
    name: str
    kernel: Text
    memory: int
    where: Where        # of the guest
    memory_where: Where
    initrd: Text | None = None
    dtb: Text | None = None     # instead of the one that host-vmm makes
    bootargs: str = ""
    vcpus: int = 1
    format: str = ""    # none: what the file is
    load: int = RAW_LOAD
    limit: int = 0      # seconds; 0: none
    debuggable: bool = False
    cpu: str = "baseline"
    flash: int = 0      # bytes of each of the two flash banks of QEMU's virt
    realm: int = 0      # bytes that a realm guest may share with its VMM; 0: no realm guest
    weight: int = 100   # its share of the cores, against others'
    cpus: int = 0       # bit n: its vCPUs may run on core n; 0: on any
    restarts: int | None = None     # so often a reset restarts it; None: always
    devices: list = field(default_factory=list)  # PCI functions: Text


@dataclass
class Region:
    """Memory that several guests have."""
    name: str
    size: int
    rights: dict  # guest -> "R" or "RW"
    where: Where


@dataclass
class SystemSource:
    name: str
    platform: Text
    cores: Text
    ram: Text | None    # none: the platform's
    vmm_memory: int
    vmm_where: Where
    vmm_image: Text | None = None   # none: host-vmm
    guests: list = field(default_factory=list)
    shared: list = field(default_factory=list)


def tree(text, file):
    """YAML as dict of Text and dict, in order; keys come once."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise Problem(f"not YAML: {getattr(error, 'problem', None) or error}",
                      Where(file, mark.line + 1 if mark else 0)) from None

    def convert(node, name, where):
        if isinstance(node, yaml.ScalarNode):
            return Text(node.value, where)
        if isinstance(node, yaml.SequenceNode) and name.endswith(".devices"):
            return Entries([convert(item, "device", Where(file, item.start_mark.line + 1)) for item in node.value], where)
        if not isinstance(node, yaml.MappingNode):
            raise Problem(f"{name or 'the file'} is a list: write name: value", where)
        found = {}
        for key, value in node.value:
            at = Where(file, key.start_mark.line + 1)
            if not isinstance(key, yaml.ScalarNode):
                raise Problem(f"{name or 'the file'}: a key is not a name", at)
            if key.value in found:
                raise Problem(f"{key.value} is given twice", at)
            found[key.value] = convert(value, f"{name}.{key.value}" if name else key.value, at)
        found["@"] = where
        return found

    if node is None:
        raise Problem("the file is empty: describe machine, vmm and guests", Where(file))
    content = convert(node, "", Where(file, node.start_mark.line + 1))
    if isinstance(content, Text):
        raise Problem(f"not a system description: {', '.join(SECTIONS)} are expected", content.where)
    return content


def override(content, settings):
    """`alpha.kernel=FILE`: a guest's key, or one of machine and vmm."""
    for setting in settings:
        where = Where(f"--set {setting.partition('=')[0]}")
        match = re.fullmatch(r"([A-Za-z0-9_]+)\.([A-Za-z0-9_]+)=(.*)", setting, re.DOTALL)
        if not match:
            raise Problem("write GUEST.KEY=VALUE", Where(f"--set {setting}"))
        owner, key, value = match.groups()
        guests = content.get("guests")
        holder = content.setdefault(owner, {"@": where}) if owner in ("machine", "vmm") else (
            guests.get(owner) if isinstance(guests, dict) else None)
        if not isinstance(holder, dict):
            raise Problem(f"no guest {owner}; there are {', '.join(names(guests)) or 'none'}", where)
        holder[key] = Text(value, where)


def names(mapping):
    return [key for key in mapping if key != "@"] if isinstance(mapping, dict) else []


def keys(mapping, name, allowed):
    """A section's values; unknown keys are mistakes."""
    if not isinstance(mapping, dict):
        raise Problem(f"{name} is a single value: it has the keys {', '.join(allowed)}", mapping.where)
    for key in names(mapping):
        where = getattr(mapping[key], "where", None) or mapping[key]["@"]
        if key not in allowed:
            raise Problem(f"{name}: unknown key {key}; there are {', '.join(allowed)}", where)
        if isinstance(mapping[key], dict):
            raise Problem(f"{name}.{key} is a mapping: give one value", where)
        if isinstance(mapping[key], Entries) and key != "devices":
            raise Problem(f"{name}.{key} is a list: give one value", where)
    return mapping


def size(text, name, multiple, least):
    value = size_of(text.value)
    if value is None:
        raise Problem(f"{name}: {text.value!r} is not a size: write a number with KiB, MiB or GiB",
                      text.where)
    if value % multiple or value < least:
        raise Problem(f"{name}: {text.value} is not a multiple of {size_text(multiple)} from "
                      f"{size_text(least)} on", text.where)
    return value


def whole(text, name, low, high):
    if not re.fullmatch(r"\d+", text.value) or not low <= int(text.value) <= high:
        raise Problem(f"{name}: {text.value!r} is not a number from {low} to {high}", text.where)
    return int(text.value)


def core_set(text, name):
    """`0,2-3` as a mask."""
    mask = 0
    for part in text.value.split(","):
        match = re.fullmatch(r"\s*(\d)(?:-(\d))?\s*", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last < MOST_CORES:
            raise Problem(f"{name}: {text.value!r} is not a list of cores from 0 to {MOST_CORES - 1}, like 0,2-3",
                          text.where)
        mask |= (2 << last) - (1 << first)
    return mask


def devices(entries, name):
    if not isinstance(entries, Entries) or len(entries.values) > MOST_DEVICES:
        raise Problem(f'{name}.devices: not a list of up to {MOST_DEVICES} like [{{pci: "00:02.0"}}]', entries.where)
    found = []
    for item in entries.values:
        values = keys(item, f"{name}.devices", DEVICE_KEYS)
        if "pci" not in values:
            raise Problem(f"{name}.devices: pci is missing", values["@"])
        if "model" in values and values["model"].value not in MODELS:
            raise Problem(f"{name}.devices: model {values['model'].value!r} is none of {', '.join(MODELS)}",
                          values["model"].where)
        found.append(values["pci"])
    return found


def guest(name, mapping, where):
    if not GUEST_NAME.fullmatch(name) or name in ("machine", "vmm"):
        raise Problem(f"guest {name}: a name has up to 16 small letters, digits and _, starts with a letter, "
                      f"and is not machine or vmm", where)
    values = keys(mapping, name, GUEST_KEYS)
    for key in ("kernel", "memory"):
        if key not in values:
            raise Problem(f"{name}: {key} is missing", where)
    made = Guest(name, values["kernel"], size(values["memory"], f"{name}.memory", BLOCK, BLOCK), where,
                 values["memory"].where)
    made.initrd = values.get("initrd")
    made.dtb = values.get("dtb")
    for key in ("kernel", "initrd", "dtb"):
        if key in values and not values[key].value:
            raise Problem(f"{name}: {key} is empty: name a file", values[key].where)
    if "bootargs" in values:
        made.bootargs = values["bootargs"].value
        if any(not " " <= c <= "~" for c in made.bootargs) or len(made.bootargs) > 1024:
            raise Problem(f"{name}.bootargs: at most 1024 printable ASCII characters",
                          values["bootargs"].where)
    if "vcpus" in values:
        made.vcpus = whole(values["vcpus"], f"{name}.vcpus", 1, MOST_VCPUS)
    if "limit" in values:
        made.limit = whole(values["limit"], f"{name}.limit", 1, LONGEST_LIMIT)
    if "weight" in values:
        made.weight = whole(values["weight"], f"{name}.weight", 1, MOST_WEIGHT)
    if "cpus" in values:
        made.cpus = core_set(values["cpus"], f"{name}.cpus")
    if "restarts" in values:
        made.restarts = whole(values["restarts"], f"{name}.restarts", 0, MOST_RESTARTS)
    if "debuggable" in values:
        if values["debuggable"].value not in ("true", "false"):
            raise Problem(f"{name}.debuggable: {values['debuggable'].value!r} is neither true nor false",
                          values["debuggable"].where)
        made.debuggable = values["debuggable"].value == "true"
    if "cpu" in values:
        made.cpu = values["cpu"].value
        if made.cpu not in CPUS:
            raise Problem(f"{name}.cpu: {made.cpu!r} is neither {' nor '.join(CPUS)}", values["cpu"].where)
    if "flash" in values:
        made.flash = size(values["flash"], f"{name}.flash", BLOCK, BLOCK)
        if made.flash > MOST_FLASH:
            raise Problem(f"{name}.flash: {values['flash'].value}: at most {size_text(MOST_FLASH)}", values["flash"].where)
    if "realm" in values:
        made.realm = size(values["realm"], f"{name}.realm", BLOCK, BLOCK)
    if "format" in values:
        made.format = values["format"].value
        if made.format not in FORMATS:
            raise Problem(f"{name}.format: {made.format!r} is none of {', '.join(FORMATS)}",
                          values["format"].where)
    if "load" in values:
        if made.format not in ("", "raw"):
            raise Problem(f"{name}: load is for format: raw; this one says {made.format}", values["load"].where)
        made.format = "raw"
        text = values["load"]
        load = size_of(text.value)
        if load is None or load % 4:
            raise Problem(f"{name}.load: {text.value!r} is not an address that is a multiple of 4",
                          text.where)
        made.load = load
    if "devices" in values:
        made.devices = devices(values["devices"], name)
    if "expect" in values and not re.fullmatch(r"[a-z]+", values["expect"].value):
        raise Problem(f"{name}.expect: {values['expect'].value!r} is not a word such as off, reset or crash",
                      values["expect"].where)
    return made


def region(name, mapping, guests, where):
    if not GUEST_NAME.fullmatch(name):
        raise Problem(f"shared {name}: a name has up to 16 small letters, digits and _, and starts with a letter", where)
    if isinstance(mapping, Text):
        raise Problem(f"shared.{name} is a single value: it has the keys {', '.join(SHARED_KEYS)}", where)
    for key in names(mapping):
        if key not in SHARED_KEYS:
            at = getattr(mapping[key], "where", None) or mapping[key]["@"]
            raise Problem(f"shared.{name}: unknown key {key}; there are {', '.join(SHARED_KEYS)}", at)
    for key in SHARED_KEYS:
        if key not in mapping:
            raise Problem(f"shared.{name}: {key} is missing", where)
    if isinstance(mapping["size"], dict):
        raise Problem(f"shared.{name}.size is a mapping: give one value", where)
    made = Region(name, size(mapping["size"], f"shared.{name}.size", PAGE, PAGE), {}, where)
    if made.size > MOST_SHARED:
        raise Problem(f"shared.{name}.size: {size_text(made.size)}: at most {size_text(MOST_SHARED)}",
                      mapping["size"].where)
    given = mapping["guests"]
    if isinstance(given, Text) or len(names(given)) < 2:
        raise Problem(f"shared.{name}.guests: name at least two guests with their rights, like {{alpha: rw, beta: r}}",
                      where)
    for guest_name in names(given):
        right = given[guest_name]
        if guest_name not in guests:
            raise Problem(f"shared.{name}.guests: no guest {guest_name}; there are {', '.join(guests)}",
                          getattr(right, "where", where))
        if not isinstance(right, Text) or right.value not in ("r", "rw"):
            raise Problem(f"shared.{name}.guests.{guest_name}: {getattr(right, 'value', 'a mapping')!r} is neither r nor "
                          f"rw", getattr(right, "where", where))
        made.rights[guest_name] = right.value.upper()
    return made


def load(text, file, name, settings=()):
    content = tree(text, file)
    override(content, settings)
    for section in names(content):
        if section not in SECTIONS:
            value = content[section]
            raise Problem(f"unknown key {section}; there are {', '.join(SECTIONS)}",
                          value.where if isinstance(value, Text) else value["@"])
    top = Where(file)
    machine = keys(content.get("machine", {}), "machine", MACHINE_KEYS)
    vmm = keys(content.get("vmm", {}), "vmm", VMM_KEYS)
    guests = content.get("guests", {})
    if not isinstance(guests, dict) or not names(guests):
        raise Problem("guests: there are none: describe at least one", getattr(guests, "where", top))
    if len(names(guests)) > MOST_GUESTS:
        raise Problem(f"guests: {len(names(guests))} are too many: {MOST_GUESTS} are possible", guests["@"])
    memory = vmm.get("memory", Text("8 MiB", top))
    found = SystemSource(name, machine.get("platform", Text("qemu-virt", top)),
                         machine.get("cores", Text("4", top)), machine.get("memory"),
                         size(memory, "vmm.memory", PAGE, LEAST_VMM_MEMORY), memory.where, vmm.get("image"))
    for key in names(guests):
        where = guests[key].where if isinstance(guests[key], Text) else guests[key]["@"]
        found.guests.append(guest(key, guests[key], where if where is not NOWHERE else top))
    shared = content.get("shared", {})
    if isinstance(shared, Text):
        raise Problem("shared is a single value: it has a name for each region", shared.where)
    for key in names(shared):
        where = shared[key].where if isinstance(shared[key], Text) else shared[key]["@"]
        found.shared.append(region(key, shared[key], [g.name for g in found.guests], where))
    for g in found.guests:
        if sum(g.name in r.rights for r in found.shared) > MOST_REGIONS:
            raise Problem(f"{g.name} has more than {MOST_REGIONS} shared regions", g.where)
    return found

# SPDX-License-Identifier: Apache-2.0
"""configs/system.schema.json says of YAML what capdl/source.py takes: the same keys, the same values."""
import json

import jsonschema
import pytest
import yaml

from capdl import source
from capdl.guest_image import FORMATS
from capdl.problem import Problem
from conftest import ROOT

SCHEMA = json.loads((ROOT / "configs" / "system.schema.json").read_text())
SYSTEMS = [p for folder in ("configs/systems", "tests/integration/systems", "tests/hostile", "tests/bench/boot")
           for p in sorted((ROOT / folder).glob("*.yaml"))]
GOOD = """
machine: {platform: qemu-virt, cores: 2, memory: 4 GiB}
vmm: {memory: 8 MiB, image: "task:hostile"}
guests:
  one: {kernel: a, initrd: b, bootargs: c, memory: 16 MiB, vcpus: 2, limit: 5, debuggable: true, expect: off,
        dtb: d, flash: 2 MiB, realm: 16 MiB, weight: 300, cpus: "0,2-3", restarts: 4, cpu: host}
  two: {kernel: a, memory: 0x1000000, format: raw, load: 0x40000000}
shared:
  box: {size: 64 KiB, guests: {one: rw, two: r}}
"""


def accepts(text):
    # As an editor reads YAML 1.2: `off` is a word.
    loader = type("Loader", (yaml.SafeLoader,), {})
    loader.yaml_implicit_resolvers = {
        first: [(tag, rule) for tag, rule in rules if not tag.endswith(":bool") or first in "tTfF"]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()}
    try:
        jsonschema.validate(yaml.load(text, Loader=loader), SCHEMA)
    except jsonschema.ValidationError:
        return False
    return True


def loads(text):
    try:
        return source.load(text, "x.yaml", "x")
    except Problem:
        return None


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_same_keys():
    properties = SCHEMA["properties"]
    assert set(properties) == set(source.SECTIONS)
    for section, keys in (("machine", source.MACHINE_KEYS), ("vmm", source.VMM_KEYS)):
        assert set(properties[section]["properties"]) == set(keys)
    for kind, keys in (("guest", source.GUEST_KEYS), ("region", source.SHARED_KEYS)):
        assert set(SCHEMA["$defs"][kind]["properties"]) == set(keys)
        assert all("description" in p for p in SCHEMA["$defs"][kind]["properties"].values())
    assert tuple(SCHEMA["$defs"]["guest"]["properties"]["format"]["enum"]) == tuple(FORMATS)


@pytest.mark.parametrize("path", SYSTEMS, ids=[p.stem for p in SYSTEMS])
def test_systems_of_the_repository(path):
    assert accepts(path.read_text()) and loads(path.read_text())


def test_all_keys_together():
    assert accepts(GOOD) and loads(GOOD)


@pytest.mark.parametrize("old, new", [
    ("vcpus: 2", "vcpu: 2"), ("vcpus: 2", "vcpus: 9"), ("cores: 2", "cores: 0"), ("kernel: a, initrd", "initrd"),
    ("memory: 16 MiB", "memory: lots"), ("limit: 5", "limit: 0"), ("true", "maybe"), ("raw", "elf"),
    ("weight: 300", "weight: 0"), ("0,2-3", "0-8"), ("0,2-3", "0;1"), ("restarts: 4", "restarts: often"), ("dtb: d", "dtb:"),
    ("guests:\n", "guests:\n  Big: {kernel: a, memory: 2 MiB}\n"), ("shared", "chared"),
    ("two: r}", "two: w}"), ("size: 64 KiB, ", ""), ("{one: rw, two: r}", "{one: rw}"), ("box:", "Box:"),
    ("raw", "zip"), ("cpu: host", "cpu: max"), ('"task:hostile"', '"hostile"'),
])
def test_both_refuse(old, new):
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    assert not accepts(text)
    assert not loads(text) or "cores" in old or "hostile" in old  # capdl.build knows the platform and the tasks


@pytest.mark.parametrize("old, new, words", [
    ("{one: rw, two: r}", "{one: rw, three: r}", "x.yaml:9: shared.box.guests: no guest three; there are one, two"),
    ("two: r}", "two: w}", "x.yaml:9: shared.box.guests.two: 'w' is neither r nor rw"),
    ("size: 64 KiB", "size: 65 MiB", "x.yaml:9: shared.box.size: 65 MiB: at most 64 MiB"),
    ("size: 64 KiB", "size: 5000", "x.yaml:9: shared.box.size: 5000 is not a multiple of 4 KiB from 4 KiB on"),
    ("{one: rw, two: r}", "{one: rw}", "x.yaml:9: shared.box.guests: name at least two guests with their rights, like "
                                       "{alpha: rw, beta: r}"),
    ("{size: 64 KiB", "{big: 1, size: 64 KiB", "x.yaml:9: shared.box: unknown key big; there are size, guests"),
    ("size: 64 KiB, ", "", "x.yaml:9: shared.box: size is missing"),
    ("  box: {size: 64 KiB, guests: {one: rw, two: r}}", "  box: 5",
     "x.yaml:9: shared.box is a single value: it has the keys size, guests"),
])
def test_faults_of_shared_regions(old, new, words):
    assert old in GOOD
    with pytest.raises(Problem) as caught:
        source.load(GOOD.replace(old, new, 1), "x.yaml", "x")
    assert str(caught.value) == words

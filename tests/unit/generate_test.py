# SPDX-License-Identifier: Apache-2.0
"""kernel/api/generate.py refuses a wrong interface file with one line, and writes nothing."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
GENERATOR = ROOT / "kernel/api/generate.py"
SOURCE = ROOT / "kernel/api/nie.yaml"


def generate(text, tmp_path):
    source = tmp_path / "api.yaml"
    source.write_text(text)
    run = subprocess.run([GENERATOR, source, tmp_path / "out"], capture_output=True, text=True, timeout=60)
    return run.returncode, run.stderr, tmp_path / "out" / "nie"


def call(api, name):
    return next(c for c in api["calls"] if c["name"] == name)


def unknown_error(api):
    call(api, "map")["errors"].append(["bad_luck", "ipa", ""])


def missing_argument(api):
    call(api, "map")["errors"].append(["busy", "moon", ""])


def duplicate_error(api):
    call(api, "map")["errors"].append(call(api, "map")["errors"][0])


def duplicate_call(api):
    api["calls"].append({"name": "map", "doc": ""})


def duplicate_argument(api):
    call(api, "map")["args"].append({"name": "ipa"})


def unknown_key(api):
    call(api, "map")["argz"] = []


def unknown_kind(api):
    call(api, "map")["args"][0]["kind"] = "hole"


def unknown_section(api):
    api["callz"] = []


def missing_section(api):
    del api["errors"]


def too_many_arguments(api):
    call(api, "map")["args"] += [{"name": f"more{i}"} for i in range(5)]


def bad_name(api):
    api["exits"][0]["name"] = "two words"


def no_number(api):
    api["constants"][0]["value"] = "many"


WRONG = [
    (unknown_error, "unknown error 'bad_luck'"), (missing_argument, "names 'moon'"),
    (duplicate_error, "error 'bad_slot frame' is there twice"), (duplicate_call, "name 'map' is there twice"),
    (duplicate_argument, "argument 'ipa' is there twice"), (unknown_key, "unknown key 'argz'"),
    (unknown_kind, "unknown kind 'hole'"), (unknown_section, "unknown section 'callz'"),
    (missing_section, "section 'errors' is missing"), (too_many_arguments, "9 arguments"),
    (bad_name, "'two words' is not a name"), (no_number, "is not a number"),
]


@pytest.mark.parametrize("spoil,message", WRONG, ids=[s.__name__ for s, _ in WRONG])
def test_mistake(tmp_path, spoil, message):
    api = yaml.safe_load(SOURCE.read_text())
    spoil(api)
    status, errors, out = generate(yaml.safe_dump(api), tmp_path)
    assert status == 1
    assert message in errors and len(errors.splitlines()) == 1
    assert not out.exists()


def test_not_yaml(tmp_path):
    status, errors, _ = generate("calls: [", tmp_path)
    assert status == 1 and "not YAML" in errors and len(errors.splitlines()) == 1


def test_numbers_of_the_interface(tmp_path):
    status, errors, out = generate(SOURCE.read_text(), tmp_path)
    assert status == 0, errors
    header = (out / "api.h").read_text()
    api = yaml.safe_load(SOURCE.read_text())
    assert "NIE_TYPE_UNTYPED = 1," in header and "NIE_EXIT_INTERRUPT = 1," in header and "NIE_OK = 0," in header
    errors = [e["name"] for e in api["errors"]]
    for entry in api["calls"]:
        arguments = [a["name"] for a in entry.get("args", [])]
        for error, argument, _ in entry.get("errors", []):
            value = errors.index(error) + 256 * (arguments.index(argument) + 1)
            name = f"NIE_{entry['name']}_{error}_{argument}".upper()
            assert re.search(rf"#define {name} {value:#x} ", header)


def test_headers_compile(tmp_path):
    _, _, out = generate(SOURCE.read_text(), tmp_path)
    program = tmp_path / "use.c"
    program.write_text('#include "nie/stubs.h"\n#include "nie/names.h"\n'
                       "int main(void) { return (int)nie_call_name(1)[0]; }\n")
    strict = ["-std=c11", "-ffreestanding", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror",
              f"-I{out.parent}", "-c", program]
    for compiler in ("gcc", "aarch64-linux-gnu-gcc"):
        subprocess.run([compiler, *strict, "-o", tmp_path / "use.o"], check=True, timeout=60)
    assembly = tmp_path / "use.S"
    assembly.write_text('#include "nie/api.h"\n\tmov x8, NIE_CALL_RUN\n\tldr x0, =NIE_BOOT_ADDRESS_IMAGE\n')
    subprocess.run(["aarch64-linux-gnu-gcc", f"-I{out.parent}", "-c", assembly, "-o", tmp_path / "use.o"],
                   check=True, timeout=60)


def test_what_is_unchanged_is_not_written(tmp_path):
    """Or each configuration would compile everything again."""
    _, _, out = generate(SOURCE.read_text(), tmp_path)
    for path in out.iterdir():
        os.utime(path, (0, 0))
    (out / "names.h").write_text("old")
    generate(SOURCE.read_text(), tmp_path)
    assert [path.name for path in out.iterdir() if path.stat().st_mtime] == ["names.h"]
    assert (out / "names.h").read_text() != "old"


def test_manual_pages(tmp_path):
    """A page for each call: prototype, every argument with its meaning, every error in order, an example."""
    source = tmp_path / "nie.yaml"
    source.write_text(SOURCE.read_text())
    (tmp_path / "examples.c").write_text(SOURCE.with_name("examples.c").read_text())
    subprocess.run([GENERATOR, source, tmp_path / "out"], check=True, timeout=60)
    pages = {path.stem.removeprefix("nie_"): path.read_text() for path in (tmp_path / "out/man/man2").iterdir()}
    manual = (tmp_path / "out/nie/api.md").read_text()
    for entry in yaml.safe_load(SOURCE.read_text())["calls"]:
        page = pages.pop(entry["name"])
        assert f"nie_{entry['name']}(" in page and ".SH EXAMPLE" in page, f"{entry['name']}: write example_{entry['name']}"
        for argument in entry.get("args", []):
            meaning = page.split(f'.BR {argument["name"]} "')[1].splitlines()[1]
            assert meaning and meaning != argument["name"], f"{entry['name']}: say what {argument['name']} is"
        statuses = [f"NIE_{entry['name']}_{kind}_{argument}".upper() for kind, argument, _ in entry.get("errors", [])]
        assert re.findall(r"^\.B (NIE_\w+) ", page, re.MULTILINE) == statuses
    assert not pages
    assert "needs write right" in manual and "From now on only the guest reads this frame" in manual


@pytest.mark.skipif(not shutil.which("groff"), reason="no groff")
def test_manual_pages_are_troff(tmp_path):
    _, _, out = generate(SOURCE.read_text(), tmp_path)
    for page in sorted((out.parent / "man").glob("man*/*")):
        result = subprocess.run(["groff", "-man", "-ww", "-Tutf8", page], capture_output=True, text=True, timeout=60)
        assert result.stderr == "", f"{page.name}: {result.stderr}"
        assert "nie hypercalls" in result.stdout

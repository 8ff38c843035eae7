# SPDX-License-Identifier: Apache-2.0
"""Bad input to the command: one line that names the thing and the remedy, a non-zero status, nothing written."""
import pytest

import paths

SYSTEM = """\
machine: {{platform: {platform}, cores: 1}}
guests:
  g: {{kernel: "{kernel}", memory: {memory}}}
"""
GOOD = {"platform": "qemu-virt", "kernel": "guest:hello", "memory": "16 MiB"}


def fails(result, *words):
    assert result.returncode not in (0, 130)
    errors = result.stderr.strip().splitlines()
    assert len(errors) == 1, result.stderr
    assert errors[0].startswith("nie: error: ")
    for word in words:
        assert word in errors[0]


def written(folder):
    return sorted(path.name for path in folder.rglob("*.new")) + sorted(path.name for path in folder.rglob("*.img"))


@pytest.fixture
def system(tmp_path):
    def write(**values):
        file = tmp_path / "bad_system.yaml"
        file.write_text(SYSTEM.format(**{**GOOD, **values}))
        return file
    return write


@pytest.fixture
def short_image(tmp_path):
    file = tmp_path / "short.img"
    file.write_bytes(paths.kernel("6.1").read_bytes()[:1 << 20])
    return file


def test_unknown_system(nie):
    fails(nie("run", "nosuch"), "nosuch", "demo")


def test_system_that_is_not_there(nie, tmp_path):
    fails(nie("run", tmp_path / "none.yaml"), "none.yaml", "No such file")


def test_not_yaml(nie, tmp_path):
    (tmp_path / "x.yaml").write_text("guests: [")
    fails(nie("run", tmp_path / "x.yaml"), "x.yaml", "not YAML")


def test_unknown_platform(nie, system):
    fails(nie("run", system(platform="toaster")), "toaster", "qemu-virt")


@pytest.mark.parametrize("values, words", [
    ({"kernel": "guest:nosuch"}, ("nosuch", "hello")),
    ({"kernel": "nosuch.bin"}, ("nosuch.bin",)),
    ({"memory": "64 GiB"}, ("g",)),
    ({"memory": "lots"}, ("lots",))])
def test_description(nie, system, tmp_path, values, words):
    before = written(paths.TARGET / "systems")
    fails(nie("run", system(**values)), *words)
    assert written(paths.TARGET / "systems") == before


def test_guest_image_truncated(nie, short_image):
    fails(nie("demo", "--guest-kernel", short_image), "short.img", "truncated")


def test_guest_image_of_another_kind(nie, tmp_path):
    (tmp_path / "vmlinuz").write_bytes(b"\x1f\x8b" + bytes(4096))
    fails(nie("demo", "--guest-kernel", tmp_path / "vmlinuz"), "vmlinuz", "not an arm64 Image")


def test_guest_image_that_is_a_damaged_elf_file(nie, tmp_path):
    (tmp_path / "vmlinux").write_bytes(b"\x7fELF" + bytes(4096))
    fails(nie("demo", "--guest-kernel", tmp_path / "vmlinux"), "vmlinux", "not an ELF file")


def test_guest_image_larger_than_its_memory(nie, system):
    fails(nie("run", system(kernel="debian-6.12", memory="16 MiB")), "g", "16 MiB")


def test_guest_image_that_is_not_there(nie, tmp_path):
    fails(nie("demo", "--guest-kernel", tmp_path / "none"), "none", "no such file")


def test_unknown_cpu(nie):
    fails(nie("demo", "--cpu", "z80"), "z80", "cortex-a72")


@pytest.mark.parametrize("cores", ["0", "9", "-1"])
def test_number_of_cores(nie, cores):
    fails(nie("demo", f"--cores={cores}"), cores, "1 to 8")


def test_json_that_cannot_be_written(nie, tmp_path):
    fails(nie("demo", "--json", tmp_path / "none" / "report.json"), "report.json")


def test_interactive_without_a_terminal(nie):
    fails(nie("demo", "--interactive"), "terminal")


@pytest.mark.parametrize("arguments, words", [
    ((), ("COMMAND", "tools/nie --help")),
    (("dmeo",), ("dmeo", "demo")),
    (("demo", "--colour"), ("--colour",)),
    (("demo", "extra"), ("extra",)),
    (("demo", "--cores", "four"), ("--cores", "four", "tools/nie demo --help")),
    (("demo", "--cores"), ("--cores", "expected one argument")),
    (("demo", "--limit", "0"), ("--limit 0", "from 1 on")),
    (("demo", "--silence", "-3"), ("--silence -3",)),
    (("run",), ("system",)),
    (("demo", "--interactive", "--icount"), ("--icount",))])
def test_arguments(nie, arguments, words):
    fails(nie(*arguments), *words)


def test_json_that_is_a_folder(nie, tmp_path):
    fails(nie("demo", "--json", tmp_path), "is a folder")


def test_unknown_end(nie, tmp_path):
    file = tmp_path / "bad_system.yaml"
    file.write_text(SYSTEM.format(**GOOD).replace("memory:", "expect: explode, memory:"))
    fails(nie("run", file), "g.expect", "explode", "crash")


@pytest.mark.parametrize("arguments", [("help",), ("--help",), ("demo", "--help"), ("bench", "--help")])
def test_help(nie, arguments):
    result = nie(*arguments)
    assert result.returncode == 0 and result.stderr == ""
    assert "usage: tools/nie" in result.stdout


def test_unknown_suite(nie):
    fails(nie("test", "nosuch"), "nosuch", "integration")

# SPDX-License-Identifier: Apache-2.0
"""The documentation: a site without broken links, every page in it, and commands that do what it says."""
import functools
import os
import re
import shutil
import subprocess

import docs
import paths
import pytest

ROOT = paths.ROOT
FILES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"^(tools/nie|python3|cmake|cp|NIE_CACHE=\S+ \S*python3)\b")
# What a page says to put into a file of the reader's: the path in its own line, then the content.
READERS_FILE = re.compile(r"^`~/(\S+)`:\n\n```\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# Commands of the documentation that other tests execute: file and function.
ELSEWHERE = {
    "tools/nie demo": ("tests/integration/test_demo.py", "def "),
    "tools/nie bench": ("tools/nie_cli/bench.py", "def check("),
    "tools/nie bench build": ("tests/tools/test_bench.py", "def test_a_touched_file_keeps_its_time("),
    "tools/nie bench peers": ("tools/nie_cli/bench.py", "bench_peers.behind"),
    "tools/nie bench scaling": ("tools/nie_cli/bench.py", "bench_scaling.unlawful"),
    "tools/nie bench where": ("tests/tools/test_bench.py", "def test_what_instructions_are("),
    "tools/nie test": ("tests/tools/test_suites.py", "def "),
    "tools/nie run FILE.yaml": ("tests/kit/test_examples.py", "def run("),
    "tools/nie run FILE.yaml --cores 2 --interactive": ("tests/integration/test_boot_loader.py", "def prompt("),
    "tools/nie run examples/vmm/1-console.yaml --cores 1": ("tests/kit/test_examples.py", "def test_console("),
    "tools/nie run examples/vmm/2-guest.yaml --cores 1": ("tests/kit/test_examples.py", "def test_guest("),
    "tools/nie run examples/vmm/3-linux.yaml --cores 1": ("tests/kit/test_examples.py", "def test_linux("),
    "NIE_CACHE=~/.cache/nie /usr/bin/python3 -m pytest -x --times=2 tests/integration/test_soak.py":
        ("tests/integration/test_soak.py", "def "),
}
# What stands for a name of the reader's.
GIVEN = {"--system FILE.yaml": "--system configs/systems/minimal.yaml", "--system FILE.cdl": "--system {tmp}/out/minimal.cdl",
         "--archive archive.bin": "--archive {tmp}/out/archive.bin", "--out DIR": "--out {tmp}/out",
         " [--set alpha.kernel=FILE]": " --set gamma.memory='8 MiB'"}


def commands():
    found = []
    for path in FILES:
        shell = fenced = False
        for line in path.read_text().splitlines():
            if line.startswith("```"):
                fenced, shell = not fenced, not fenced and line == "```"
            elif shell and COMMAND.match(line):
                found.append((path.name, line.partition("  #")[0].strip()))
    return found


def test_there_are_commands():
    assert len(commands()) >= 10


def test_every_command_is_executed(tmp_path):
    """Here, in the order of the pages, or by the test that is named above."""
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1",
                   "XDG_CACHE_HOME": str(paths.CACHE.parent), "PATH": f"/usr/bin:{os.environ['PATH']}"}
    for path in FILES:
        for name, content in READERS_FILE.findall(path.read_text()):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(content)
    for page, command in commands():
        if command in ELSEWHERE:
            file, function = ELSEWHERE[command]
            assert function in (ROOT / file).read_text(), command
            continue
        line = command
        for name, value in GIVEN.items():
            line = line.replace(name, value.format(tmp=tmp_path))
        if "capdl.build" in line:
            line += f" --cache {paths.CACHE}"
        result = subprocess.run(line, shell=True, cwd=ROOT, env=environment, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, timeout=200)
        assert result.returncode == 0, f"{page}: {command}\n{result.stdout}"
    own_vmm_and_guest(tmp_path, environment)


def own_vmm_and_guest(home, environment):
    """docs/writing-a-vmm.md: what the project of the reader says as it is copied, and with the device that the page adds."""
    page = (ROOT / "docs" / "writing-a-vmm.md").read_text()
    added = re.search(r"^```c\n(\tstatic u64 number;.*?)^```$", page, re.MULTILINE | re.DOTALL)[1]
    source = home / "my-vmm" / "my-vmm.c"

    def run():
        return subprocess.run(["tools/nie", "run", str(home / "my-vmm" / "system.yaml"), "--cores", "1"], cwd=ROOT, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200)

    assert "mine: it looked for a device that is not there" in run().stdout
    head, brace, tail = source.read_text().partition("static bool access_device(const struct nie_run_exit *exit, u64 *reply)\n{\n")
    source.write_text(head + brace + added + tail)
    subprocess.run(["cmake", "--build", str(home / "my-vmm" / "build")], env=environment, check=True, stdout=subprocess.DEVNULL)
    lines = [line.strip() for line in run().stdout.splitlines()]
    assert "1" in lines and "mine: it turned itself off; 4352 KiB are free again." in lines
    manual = home / "nie" / "share" / "man"
    assert (manual / "man2" / "nie_run.2").is_file()
    if shutil.which("man"):  # a small machine has no viewer
        assert subprocess.run(["man", "-M", str(manual), "-w", "nie_run"], stdout=subprocess.DEVNULL, env=environment).returncode == 0


@functools.cache
def help_of(command):
    result = subprocess.run([str(ROOT / "tools" / "nie"), *command.split(), "--help"], stdout=subprocess.PIPE, text=True)
    return result.stdout if result.returncode == 0 else None


@pytest.mark.parametrize("path", FILES, ids=[p.stem for p in FILES])
def test_commands_in_the_text_exist(path):
    """`tools/nie WORD --option`: the word is a command, and has that option."""
    for span in re.findall(r"`tools/nie ([^`]+)`", path.read_text()):
        command, *rest = span.split()
        text = help_of(command)
        assert text is not None, f"{path.name}: tools/nie {span}"
        for option in (word.strip("[]") for word in rest if word.strip("[]").startswith("--")):
            assert option in text, f"{path.name}: tools/nie {span}"


def test_every_page_is_in_the_site():
    first, decisions = docs.pages()
    files = {file for _, _, file in first + decisions}
    for path in [*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "decisions").glob("*.md")]:
        assert str(path.relative_to(ROOT)) in files, f"{path.name}: name it in tools/nie_cli/docs.py"


def test_the_site(tmp_path):
    docs.assemble(tmp_path)
    subprocess.run(["mkdocs", "build", "--strict", "--config-file", str(tmp_path / "mkdocs.yml")], check=True)
    pages = {path.name: path.read_text() for path in (tmp_path / "site").glob("*.html")}
    assert "Writing a VMM" in pages["index.html"] and 'href="writing-a-vmm.html"' in pages["index.html"]
    assert 'href="interface.html"' in pages["writing-a-vmm.html"]
    assert "nie_donate(" in pages["interface.html"]


def test_a_broken_link_is_seen(tmp_path):
    docs.assemble(tmp_path)
    page = tmp_path / "pages" / "concepts.md"
    page.write_text(page.read_text() + "\n[nothing](nowhere.md)\n")
    result = subprocess.run(["mkdocs", "build", "--strict", "--config-file", str(tmp_path / "mkdocs.yml")],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert result.returncode != 0 and "nowhere.md" in result.stdout


def test_links_of_the_repository_lead_somewhere():
    """Also those to sources, which the site does not have."""
    for path in [*FILES, *sorted((ROOT / "docs" / "decisions").glob("*.md"))]:
        for _, target in docs.LINK.findall(path.read_text()):
            if not re.match(r"[a-z]+:|#", target):
                assert (path.parent / target.partition("#")[0]).exists(), f"{path.name}: {target}"


def test_examples_are_listed_and_complete_in_an_editor():
    """Each system of the repository is in the page's table, and says which schema describes it."""
    page = (ROOT / "docs" / "capdl.md").read_text()
    for path in (ROOT / "configs" / "systems").glob("*.yaml"):
        assert f"| `{path.stem}` |" in page, path.name
        schema = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text())
        assert schema and (path.parent / schema[1]).resolve() == ROOT / "configs" / "system.schema.json", path.name

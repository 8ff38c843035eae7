# SPDX-License-Identifier: Apache-2.0
"""`docs`: the documentation as a site, from the repository's Markdown and the generated manual, by mkdocs."""
import posixpath
import re
import shutil
import subprocess
from pathlib import Path

import build
from paths import BUILD, ROOT, TARGET
from say import Failure, say

MANUAL = "build/target/generated/nie/api.md"
# Title, page of the site, file of the repository.
PAGES = [("Start here", "index.md", "README.md"), ("Concepts", "concepts.md", "docs/concepts.md"),
         ("Building systems", "capdl.md", "docs/capdl.md"), ("Running a guest", "guests.md", "docs/guests.md"),
         ("Writing a VMM", "writing-a-vmm.md", "docs/writing-a-vmm.md"),
         ("Watching a system run", "tracing.md", "docs/tracing.md"),
         ("Security model", "security-model.md", "docs/security-model.md"), ("Assurance", "assurance.md", "docs/assurance.md"),
         ("The interface", "interface.md", MANUAL), ("Registers of guests", "registers.md", "docs/registers.md"),
         ("Porting to a board", "porting.md", "docs/porting.md"), ("Contributing", "contributing.md", "docs/contributing.md"),
         ("Testing", "testing.md", "docs/testing.md"), ("Budgets", "budgets.md", "SPECIFICATION.md"),
         ("Performance", "performance.md", "docs/performance.md")]
PICTURES = ROOT / "docs" / "performance"
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")


def pages():
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    return PAGES, [(path.read_text().splitlines()[0].lstrip("# "), f"decisions/{path.name}", f"docs/decisions/{path.name}")
                   for path in decisions]


def relinked(text, file, page, known):
    """Links between pages stay; to other files of the repository they become the name alone."""
    def link(match):
        label, target = match.groups()
        if re.match(r"[a-z]+:|#", target):
            return match[0]
        path, _, anchor = target.partition("#")
        found = known.get(posixpath.normpath(posixpath.join(posixpath.dirname(file), path)))
        if found is None:
            return label
        return f"[{label}]({posixpath.relpath(found, posixpath.dirname(page) or '.')}{'#' + anchor if anchor else ''})"
    return LINK.sub(link, text)


def assemble(folder):
    """The site's pages and its configuration."""
    first, decisions = pages()
    known = {file: page for _, page, file in first + decisions}
    for _, page, file in first + decisions:
        path = folder / "pages" / page
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(relinked((ROOT / file).read_text(), file, page, known))
    shutil.copytree(PICTURES, folder / "pages" / PICTURES.name)
    nav = [f"  - {title}: {page}" for title, page, _ in first] + ["  - Decisions:"]
    nav += [f"    - '{title}': {page}" for title, page, _ in decisions]
    config = ["site_name: nie", "docs_dir: pages", "site_dir: site", "use_directory_urls: false",
              "theme: {name: readthedocs, highlightjs: false}", "nav:", *nav]
    (folder / "mkdocs.yml").write_text("\n".join(config) + "\n")


def run(options):
    build.target()
    folder = BUILD / "docs"
    shutil.rmtree(folder, ignore_errors=True)
    assemble(folder)
    try:
        result = subprocess.run(["mkdocs", "build", "--strict", "--config-file", str(folder / "mkdocs.yml")],
                                text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError:
        raise Failure("mkdocs is missing: run tools/nie setup") from None
    if result.returncode:
        raise Failure(f"mkdocs: {' '.join(result.stdout.split())}")
    say(f"open {folder}/site/index.html")
    return 0

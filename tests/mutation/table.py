# SPDX-License-Identifier: Apache-2.0
"""Tables of mutations: each replaces one place of one source file. Read and checked here, and their results written."""
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
NEEDED = {"name", "breaks", "file", "old", "new"}


class Problem(Exception):
    """A line for the user."""


def load(path, wanted, needed, optional=frozenset()):
    """All mutations of the table, or those wanted by name. They have the keys NEEDED and `needed`, and may have the optional ones."""
    table = yaml.safe_load(path.read_text())
    for m in table:
        if not NEEDED | needed <= set(m) <= NEEDED | needed | optional:
            raise Problem(f"{path}: mutation {m.get('name')}: it needs {', '.join(sorted(NEEDED | needed))}"
                          + (f", and may have {', '.join(sorted(optional))}" if optional else ""))
        found = (ROOT / m["file"]).read_text().count(m["old"])
        if found != 1:
            raise Problem(f"{path}: mutation {m['name']}: {m['file']} has its `old` {found} times: follow the source")
    names = [m["name"] for m in table]
    if len(set(names)) != len(names):
        raise Problem(f"{path}: two mutations have one name")
    unknown = set(wanted) - set(names)
    if unknown:
        raise Problem(f"no mutation {min(unknown)}: they are {', '.join(names)}")
    return [m for m in table if not wanted or m["name"] in wanted]


def mutated(m):
    return (ROOT / m["file"]).read_text().replace(m["old"], m["new"])


def conclude(name, results, junit):
    """How many were killed; results are (mutation, seconds, why it was not killed). The status to exit with."""
    killed = sum(problem is None for _, _, problem in results)
    print(f"{killed} of {len(results)} mutations killed")
    if junit:
        suite = ElementTree.Element("testsuite", name=name)
        for m, seconds, problem in results:
            case = ElementTree.SubElement(suite, "testcase", name=m["name"], classname=m["file"], time=f"{seconds:.2f}")
            if problem:
                ElementTree.SubElement(case, "failure", message=problem)
        ElementTree.ElementTree(suite).write(junit)
    return 0 if killed == len(results) else 1

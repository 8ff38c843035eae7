# SPDX-License-Identifier: Apache-2.0
"""What became of the guests: judged, shown as a table, and written for machines."""
import json
import os
from pathlib import Path

from say import Failure


def judge(report, expected):
    """Lines about guests that did not end as their description expects; `expected`: {name: end}."""
    problems = []
    seen = {guest["name"]: guest for guest in report["guests"]}
    for name, end in expected.items():
        if name not in seen:
            problems.append(f"guest {name}: not in the report")
        elif seen[name]["end"] != end:
            detail = seen[name].get("detail")
            problems.append(f"guest {name}: ended by {seen[name]['end']}, expected {end}"
                            + (f" ({detail})" if detail else ""))
    problems += [f"guest {name}: in the report, but not in the description" for name in seen if name not in expected]
    return problems


def size(count):
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= unit and count % unit == 0:
            return f"{count // unit} {name}"
    return f"{count / (1 << 20):.1f} MiB" if count >= 1 << 20 else f"{count} B"


def exits(counts):
    largest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count:,}" for name, count in largest if count) or "none"


def table(report, expected):
    from rich.table import Table

    result = Table(title="Guests", title_justify="left")
    result.add_column("guest", style="bold")
    result.add_column("vCPUs", justify="right")
    result.add_column("private memory", justify="right")
    result.add_column("exits by reason", overflow="fold")
    result.add_column("ended")
    for guest in report["guests"]:
        good = expected.get(guest["name"]) == guest["end"]
        end = guest["end"] + (f": {guest['detail']}" if guest.get("detail") else "")
        result.add_row(guest["name"], str(guest["vcpus"]), size(guest["private_memory"]), exits(guest["exits"]),
                       end, style=None if good else "red")
    return result


def show(report, expected):
    from rich.console import Console

    Console().print(table(report, expected))


def write(path, content):
    """The whole file or none of it."""
    path = Path(path)
    temporary = path.with_name(path.name + ".new")
    try:
        temporary.write_text(json.dumps(content, indent=2) + "\n")
        os.replace(temporary, path)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}: give --json a file that can be written") from None

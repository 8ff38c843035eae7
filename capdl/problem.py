# SPDX-License-Identifier: Apache-2.0
"""What is wrong with an input: one line that names the thing and the remedy."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Where:
    """A place in an input file."""
    file: str = ""
    line: int = 0

    def __str__(self):
        return f"{self.file}:{self.line}" if self.line else self.file


NOWHERE = Where()


class Problem(Exception):
    def __init__(self, message, where=NOWHERE):
        prefix = f"{where}: " if str(where) else ""
        super().__init__(prefix + " ".join(str(message).split()))


def size_text(size):
    """262144 -> '256 KiB'; what is no whole number of units gets a decimal."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size // unit} {name}" if size % unit == 0 else f"{size / unit:.1f} {name}"
    return f"{size} bytes"

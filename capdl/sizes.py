# SPDX-License-Identifier: Apache-2.0
"""Sizes as people write them."""
import re

UNITS = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def size_of(text):
    """4096, '4096', '64 KiB', '256 MiB', '2 GiB' -> bytes; None if it is none of these."""
    if isinstance(text, int):
        return text
    match = re.fullmatch(r"\s*(0x[0-9A-Fa-f]+|\d+)\s*(|B|KiB|MiB|GiB)\s*", str(text))
    return int(match[1], 0) * UNITS[match[2]] if match else None


def powers_of_two(size):
    """The sizes, descending, that add up to `size`."""
    return [1 << bit for bit in range(size.bit_length() - 1, -1, -1) if size >> bit & 1]

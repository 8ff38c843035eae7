# SPDX-License-Identifier: Apache-2.0
"""Whose an object of a running system is: by the untyped memory that the description gives each guest."""
import bisect

import build
import dump
from live_state import GRANULE


class Owners:
    """`ranges`: [(first granule, end, name)], sorted."""

    def __init__(self, ranges=()):
        self.ranges, self.starts = list(ranges), [first for first, _, _ in ranges]

    def of(self, granule):
        """None: nobody's by the description."""
        at = bisect.bisect_right(self.starts, granule) - 1
        return self.ranges[at][2] if at >= 0 and granule < self.ranges[at][1] else None


def planned(image, description, cores, base):
    """-> Owners, and where the pages of the VMM's VSpace are: {IPA: capdl.asbuilt.Page}. `base`: where RAM begins."""
    system, wanted, _, addresses = dump.placed(image, description.name, cores, build.tree("target", description.ram))
    names = sorted([*description.guests, "vmm"], key=len, reverse=True)
    found = []
    for obj in system.objects:
        if obj.made and obj.parent is None:
            first = (addresses[id(obj)] - base) // GRANULE
            whose = next((name for name in names if obj.name.startswith(f"{name}_")), "vmm")
            found.append((first, first + max(obj.size // GRANULE, 1), whose))
    return Owners(sorted(found)), wanted.spaces.get("vmm_vspace", {})

# SPDX-License-Identifier: Apache-2.0
"""How costs grow with memory, guests, capabilities and cores: measured, fitted, and drawn as SVG."""
import math
import re

import bench_kernel
import build
from paths import TARGET
from say import say

OUT = TARGET / "bench" / "scaling"
NAME = re.compile(r"([a-z]+-[a-z]+)-(\d+)$")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 680, 360, 70, 200, 34, 44
LABEL = 14  # height of one
COLOURS = ["#1f5fa8", "#b8431f", "#2c7a3f", "#7a4d99", "#8a6d00"]
# file: (title, x, y, the series in it and what they are called)
PLOTS = {
    "memory": ("A guest's memory", "MiB, in frames of 2 MiB", "instructions",
               {"create-mib": "create", "destroy-mib": "destroy"}),
    "guests": ("Guests that exist", "guests", "instructions",
               {"make-guests": "make the next", "turn-guests": "run each in turn", "again-guests": "run one again",
                "end-guests": "destroy one"}),
    "capabilities": ("Copies of a capability", "copies", "instructions",
                     {"use-capabilities": "use one", "copy-capabilities": "make one more",
                      "delete-capabilities": "delete one", "revoke-capabilities": "revoke all"}),
}


def series(means):
    """{what: [(size, instructions)]} from {what-size: instructions}."""
    found = {}
    for name, value in means.items():
        if match := NAME.match(name):
            found.setdefault(match[1], []).append((int(match[2]), value))
    return {what: sorted(points) for what, points in found.items()}


def law(points):
    """(slope of the logarithms between the two largest sizes, words)."""
    (x0, y0), (x1, y1) = points[-2:]
    slope = math.log(y1 / y0) / math.log(x1 / x0)
    words = "constant" if abs(slope) < 0.02 else "linear" if abs(slope - 1) < 0.05 else f"size^{slope:.2f}"
    return slope, words


LAWS = {"create-mib": "linear", "destroy-mib": "linear", "revoke-capabilities": "linear"}  # all others: constant


def unlawful(found):
    """What grows otherwise than it should."""
    return [f"{what} grows with {law(points)[1]}, not {LAWS.get(what, 'constant')}" for what, points in found.items()
            if law(points)[1] != LAWS.get(what, "constant")]


def contention(held, outside, cores):
    """Cores that each need the lock for `held` of every `held + outside` instructions: (calls of all of them in the time
    of one core's call, share of time that a core waits). Without jitter nobody waits until the lock is always taken."""
    calls = min(cores, (held + outside) / held)
    return calls, 1 - calls / cores


def contention_at_random(held, outside, cores):
    """The same when both times vary at random, with these means, exponentially distributed: mean value analysis of a
    closed queueing network (Reiser and Lavenberg 1980). Real loads are between the two."""
    waiting, rate, stay = 0.0, 0.0, held
    for n in range(1, cores + 1):
        stay = held * (1 + waiting)
        rate = n / (outside + stay)
        waiting = rate * stay
    return rate * (held + outside), (stay - held) / (stay + outside)


def ticks(low, high):
    return [10 ** e for e in range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)]


def steps(high):
    """About five round numbers from 0 to `high`."""
    size = next(size for size in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if high / size <= 6 or size == 100)
    return [size * i for i in range(int(high / size + 1e-9) + 1)]


def short(value):
    """1 k for 1,000, 1 M for a million."""
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:,.0f}{letter}"
    return f"{value:g}" if value < 100 else f"{value:,.0f}"


def apart(heights):
    """The same, in the same order, with room for a label each."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    placed = list(heights)
    for before, i in zip(order, order[1:]):
        placed[i] = max(placed[i], placed[before] + LABEL)
    for below, i in enumerate(reversed(order)):
        placed[i] = min(placed[i], HEIGHT - BOTTOM - below * LABEL)
    return placed


def svg(title, x_label, y_label, lines, logarithmic=True):
    """A plot: `lines` is {label: [(x, y)]}; both axes logarithmic, or both from 0."""
    xs = [x for points in lines.values() for x, _ in points]
    ys = [y for points in lines.values() for _, y in points]
    scale = (lambda v: math.log10(v)) if logarithmic else (lambda v: v)
    x_low, x_high = (min(xs), max(xs)) if logarithmic else (0, max(xs))
    y_low, y_high = (10 ** math.floor(math.log10(min(ys))), 10 ** math.ceil(math.log10(max(ys)))) if logarithmic \
        else (0, max(ys) * 1.05)

    def place(x, y):
        return (LEFT + (scale(x) - scale(x_low)) / (scale(x_high) - scale(x_low)) * (WIDTH - LEFT - RIGHT),
                HEIGHT - BOTTOM - (scale(y) - scale(y_low)) / (scale(y_high) - scale(y_low)) * (HEIGHT - TOP - BOTTOM))

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
           f'<text x="{LEFT}" y="20" font-size="14" font-weight="bold">{title}</text>',
           f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{x_label}</text>',
           f'<text x="14" y="{HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 14 {HEIGHT / 2})">{y_label}</text>']
    for value in (ticks(y_low, y_high) if logarithmic else steps(y_high)):
        _, y = place(x_high, value)
        shown = short(value)
        out.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{shown}</text>')
    for value in sorted(set(xs)):
        x, _ = place(value, y_high)
        out.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{value}</text>')
    ends = [place(*points[-1])[1] for points in lines.values()]
    labels = apart([y + 4 for y in ends])
    for i, (label, points) in enumerate(lines.items()):
        colour = COLOURS[i % len(COLOURS)]
        placed = [place(x, y) for x, y in points]
        covering = sum(abs(y - ends[i]) < 4 for y in ends[i + 1:])  # it shows on both sides of those
        out.append(f'<polyline fill="none" stroke="{colour}" stroke-width="{2 + 3 * covering}" points="'
                   + " ".join(f"{x:.1f},{y:.1f}" for x, y in placed) + '"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in placed]
        out.append(f'<text x="{WIDTH - RIGHT + 10}" y="{labels[i]:.1f}" fill="{colour}">{label}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


LARGE = 9 << 30  # bytes of RAM, all of which the host must have: 1 GiB at its start is in pieces, then 8 GiB are free


def measure(cpu="max", ram=None):
    """`ram`: on a machine with so much instead of 1 GiB."""
    build.target(ram)
    memory = f"{ram >> 20}M" if ram else "1G"
    means, frequency = bench_kernel.parse(bench_kernel.boot(build.tree("target", ram) / "scaling.img", cpu, 1, memory, limit=900))
    return series({name: value * 1e9 / frequency for name, value in means.items()})


def show(found):
    """Print the growth laws and draw the plots."""
    OUT.mkdir(parents=True, exist_ok=True)
    for file, (title, x_label, y_label, wanted) in PLOTS.items():
        lines = {label: found[what] for what, label in wanted.items()}
        (OUT / f"{file}.svg").write_text(svg(title, x_label, y_label, lines))
        for label, points in lines.items():
            (x0, y0), (x1, y1) = points[0], points[-1]
            say(f"{title.lower()}, {label}: {y0:,.0f} at {x0:,}, {y1:,.0f} at {x1:,}: {law(points)[1]}")
    say(f"plots: {OUT}")

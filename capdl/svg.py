# SPDX-License-Identifier: Apache-2.0
"""SVG, as little as the pictures need. What has a `tip` shows it under the pointer, and the search finds it."""
from html import escape

GOLDEN = 137.508  # degrees: neighbours differ, however many there are
FIXED = {"kernel": "#555", "initial task": "#999", "free": "#f4f4f4", "vmm": "#2f4858", "shared": "#a86b00"}


def colour(owner, guests):
    if owner in FIXED:
        return FIXED[owner]
    number = guests.index(owner) if owner in guests else 0
    return f"hsl({(90 + number * GOLDEN) % 360:.0f}, 45%, {36 if number % 2 else 45}%)"


class Picture:
    def __init__(self, width, title):
        self.width, self.height, self.title, self.parts = width, 0, title, []

    def grow(self, bottom):
        self.height = max(self.height, bottom)

    def box(self, x, y, width, height, fill, tip="", label="", stroke="none"):
        self.grow(y + height)
        classes = ' class="o"' if tip else ""
        data = f' data-tip="{escape(tip)}"' if tip else ""
        self.parts.append(f'<g{classes}{data}><rect x="{x:.2f}" y="{y:.1f}" width="{max(width, 0.6):.2f}" height="{height:.1f}" '
                          f'fill="{fill}" stroke="{stroke}"/>' + self.inside(x, y, width, height, label) + "</g>")

    @staticmethod
    def inside(x, y, width, height, label):
        if not label or width < 7 * len(label):
            return ""
        return (f'<text x="{x + width / 2:.1f}" y="{y + height / 2 + 4:.1f}" text-anchor="middle" class="in">'
                f'{escape(label)}</text>')

    def text(self, x, y, text, anchor="start", kind="", tip=""):
        self.grow(y + 4)
        classes = " ".join(filter(None, [kind, "o" if tip else ""]))
        data = f' data-tip="{escape(tip)}"' if tip else ""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{classes}"{data}>'
                          f'{escape(text)}</text>')

    def edge(self, x1, y1, x2, y2, tip, stroke="#888"):
        middle = (x1 + x2) / 2
        self.parts.append(f'<path class="o e" data-tip="{escape(tip)}" stroke="{stroke}" fill="none" d="M{x1:.1f} {y1:.1f} '
                          f'C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"/>')

    def render(self):
        style = ("text{font:11px sans-serif;fill:#222}.in{fill:#fff;pointer-events:none}.dim{fill:#777}"
                 ".e{stroke-width:1.3;opacity:.75}")
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height + 8:.0f}" '
                f'width="{self.width}" role="img" aria-label="{escape(self.title)}"><style>{style}</style>'
                + "".join(self.parts) + "</svg>")

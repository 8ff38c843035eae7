# SPDX-License-Identifier: Apache-2.0
"""capDL text as tokens, one at a time. A name may contain - @ . as in seL4's own parser."""
import re

from capdl.problem import Problem, Where

TOKEN = re.compile(r"""
    (?P<line>\n)
  | (?P<blank>[ \t\r\f]+ | --[^\n]*)
  | (?P<name>[A-Za-z_][A-Za-z0-9_@.\-]*)
  | (?P<number>0[xX][0-9A-Fa-f]+ | 0[oO][0-7]+ | [0-9]+)
  | (?P<comment>/\* | \{-)
  | (?P<string>"[^"\n]*")
  | (?P<symbol>\.\. | [{}()\[\]<>:;,=/+\-.])
""", re.VERBOSE)
COMMENT_PART = re.compile(r"/\*|\*/|\{-|-\}")


class Tokens:
    """`kind` is name, number, string, symbol or end; `text` what stands there, on line `line`."""

    def __init__(self, text, file):
        self.source, self.file = text, file
        self.position, self.line = 0, 1
        self.kind = self.text = None
        self.next()

    def where(self):
        return Where(self.file, self.line)

    def next(self):
        match = TOKEN.match
        source = self.source
        while True:
            found = match(source, self.position)
            if found is None:
                if self.position >= len(source):
                    self.kind, self.text = "end", ""
                    return
                raise Problem(f"unexpected character {source[self.position]!r}", self.where())
            self.position = found.end()
            kind = found.lastgroup
            if kind == "line":
                self.line += 1
            elif kind == "comment":
                self.skip_comment(found.group())
            elif kind != "blank":
                self.kind, self.text = kind, found.group()
                return

    def skip_comment(self, opening):
        """Comments nest."""
        closing = {"/*": "*/", "{-": "-}"}[opening]
        start, depth = self.where(), 1
        begin = self.position
        while depth:
            found = COMMENT_PART.search(self.source, self.position)
            if found is None:
                raise Problem(f"a comment starts here and never ends: close it with {closing}", start)
            self.position = found.end()
            depth += {opening: 1, closing: -1}.get(found.group(), 0)
        self.line += self.source.count("\n", begin, self.position)

    def shown(self):
        return "the text ends" if self.kind == "end" else f"'{self.text}'"

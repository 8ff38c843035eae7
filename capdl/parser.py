# SPDX-License-Identifier: Apache-2.0
"""capDL text -> Description."""
import functools
import pathlib

import lark

from capdl import model
from capdl.problem import Problem, Where

UNITS = {"k": 1 << 10, "M": 1 << 20}
READABLE = {"LBRACE": "'{'", "RBRACE": "'}'", "LPAR": "'('", "RPAR": "')'", "LSQB": "'['", "RSQB": "']'",
            "COLON": "':'", "EQUAL": "'='", "COMMA": "','", "PLUS": "'+'", "NAME": "a name",
            "INT": "a number",
            "SIZE": "a size like 4k", "STRING": "a file name in quotes", "$END": "the end of the file",
            "__ANON_0": "'..'"}


@functools.cache
def grammar():
    text = pathlib.Path(__file__).with_name("grammar.lark").read_text()
    return lark.Lark(text, parser="lalr", lexer="contextual", propagate_positions=True,
                     maybe_placeholders=False)


def number(token):
    return int(token, 0) if token.startswith("0x") else int(token, 10)


class Builder:
    """Walks the tree; one method for each rule that stands for something."""

    def __init__(self, file):
        self.file = file

    def at(self, thing):
        return Where(self.file, getattr(thing, "line", None) or thing.meta.line)

    def description(self, tree):
        arch, *sections = tree.children
        if arch != "aarch64":
            raise Problem(f"arch {arch}: nie runs on aarch64 only", self.at(arch))
        d = model.Description(file=self.file)
        for section in sections:
            for item in section.children:
                if section.data == "objects":
                    d.objects.append(self.declaration(item))
                elif section.data == "caps":
                    d.caps.append(self.container(item))
                elif section.data == "irq_maps":
                    d.irq_maps.append((number(item.children[0]), self.ref(item.children[1])))
                else:
                    self.entry(d, item)
        return d

    def entry(self, d, tree):
        name, value = tree.children
        if name in d.handover:
            raise Problem(f"handover: {name} is given twice", self.at(name))
        d.handover[str(name)] = number(value) if isinstance(value, lark.Token) else self.ref(value)

    def declaration(self, tree):
        parts = list(tree.children)
        name = parts.pop(0)
        count = number(parts.pop(0).children[0]) if isinstance(parts[0], lark.Tree) else None
        decl = model.Decl(str(name), str(parts.pop(0)), count, where=self.at(name))
        for part in parts:
            if part.data == "children":
                decl.children = [self.declaration(c) if c.data == "object" else self.ref(c.children[0])
                                 for c in part.children]
            else:
                for param in part.children:
                    self.param(decl, param)
        return decl

    def param(self, decl, tree):
        key = str(tree.children[0]) if tree.data == "number" else tree.data
        given = {"bits": decl.bits is not None, "size": decl.size is not None, "shared": decl.shared,
                 "fills": bool(decl.fills)}
        if given.get(key) or key in decl.numbers:
            raise Problem(f"{decl.name}: {key} is given twice", decl.where)
        if tree.data == "bits":
            decl.bits = number(tree.children[0])
        elif tree.data == "size":
            token = tree.children[0]
            decl.size = int(token[:-1]) * UNITS[token[-1]]
        elif tree.data == "shared":
            decl.shared = True
        elif tree.data == "number":
            decl.numbers[key] = number(tree.children[1])
        else:
            decl.fills = [self.fill(f) for f in tree.children]

    def fill(self, tree):
        offset, length, kind, file, file_offset, *step = tree.children
        return model.Fill(number(offset), number(length), str(file[1:-1]), number(file_offset),
                          number(step[0].children[0]) if step else 0, str(kind), self.at(offset))

    def container(self, tree):
        name, *rest = tree.children
        ref = model.Ref(str(name), where=self.at(name))
        if rest and rest[0].data == "count":
            ref.first = number(rest.pop(0).children[0])
        return model.Container(ref, [self.cap(c) for c in rest], ref.where)

    def cap(self, tree):
        slot, rights = None, None
        for part in tree.children:
            if part.data == "slot_number":
                slot = number(part.children[0])
            elif part.data == "slot_name":
                slot = str(part.children[0])
            elif part.data == "rights":
                rights = str(part.children[0])
            else:
                ref = self.ref(part)
        return model.Cap(slot, ref, rights, ref.where)

    def ref(self, tree):
        name, *selection = tree.children
        ref = model.Ref(str(name), where=self.at(name))
        if selection:
            numbers = [number(n) for n in selection[0].children]
            ref.whole = not numbers
            ref.first = numbers[0] if numbers else None
            ref.last = numbers[1] if len(numbers) > 1 else None
        return ref


def parse(text, file):
    try:
        tree = grammar().parse(text)
    except lark.exceptions.UnexpectedToken as error:
        found = "the text ends" if error.token.type == "$END" else f"'{error.token}'"
        expected = sorted({READABLE.get(e, f"'{e.lower()}'") for e in error.accepts or error.expected})
        line = error.line if error.line and error.line > 0 else text.count("\n") + 1
        raise Problem(f"{found} where {' or '.join(expected)} is expected", Where(file, line)) from None
    except lark.exceptions.UnexpectedCharacters as error:
        raise Problem(f"unexpected character {text[error.pos_in_stream]!r}",
                      Where(file, error.line)) from None
    return Builder(file).description(tree)

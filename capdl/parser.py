# SPDX-License-Identifier: Apache-2.0
"""capDL text -> Description: recursive descent, one token ahead. docs/capdl.md has the grammar."""
from capdl import model
from capdl.lexer import Tokens
from capdl.problem import Problem

UNITS = {"k": 1 << 10, "M": 1 << 20, "G": 1 << 30}
MOST_NESTED = 64
SECTIONS = "'objects', 'caps', 'irq maps', 'cdt' or 'handover'"


def number_of(text):
    return int(text, 16 if text[:2] in ("0x", "0X") else 8 if text[:2] in ("0o", "0O") else 10)


class Parser:
    def __init__(self, text, file):
        self.tokens = Tokens(text, file)

    # Tokens

    def expected(self, what):
        raise Problem(f"{self.tokens.shown()} where {what} is expected", self.tokens.where())

    def at(self, symbol):
        return self.tokens.text == symbol and self.tokens.kind == "symbol"

    def at_name(self, text):
        return self.tokens.text == text and self.tokens.kind == "name"

    def skip(self, symbol):
        """If it is there."""
        found = self.at(symbol)
        if found:
            self.tokens.next()
        return found

    def need(self, symbol, *others):
        if not self.skip(symbol):
            self.expected(" or ".join([*others, f"'{symbol}'"]))

    def take(self, kind, what):
        if self.tokens.kind != kind:
            self.expected(what)
        text = self.tokens.text
        self.tokens.next()
        return text

    def name(self, what="a name"):
        return self.take("name", what)

    def number(self, what="a number"):
        return number_of(self.take("number", what))

    def until(self, closing, item, what, separator=None):
        """`item`s up to the closing symbol; a separator between two may be left out."""
        while not self.skip(closing):
            if self.tokens.kind == "end":
                self.expected(f"{what} or '{closing}'")
            item()
            if separator:
                self.skip(separator)

    # References

    def ranges(self):
        """What stands between brackets, the first one read."""
        found = []
        while not self.skip("]"):
            if found:
                self.need(",", "']'")
            first = self.number() if self.tokens.kind == "number" else None
            if self.skip(".."):
                found.append((first, self.number() if self.tokens.kind == "number" else None))
            elif first is None:
                self.expected("a number, '..' or ']'")
            else:
                found.append((first, first))
        return tuple(found)

    def ref(self, what="a name"):
        where = self.tokens.where()
        name = self.name(what)
        return model.Ref(name, self.ranges() if self.skip("[") else None, where)

    def slot(self):
        return self.number() if self.tokens.kind == "number" else self.name("a slot")

    def slot_ref(self):
        """(container, slot), or the name of a capability."""
        if not self.skip("("):
            return self.ref("'(' or the name of a capability")
        container = self.ref()
        self.need(",")
        slot = self.slot()
        self.need(")")
        return model.SlotRef(container, slot)

    # Objects

    def declaration(self, depth, first=None):
        parts = [first or self.ref()]
        while self.skip("/"):
            parts.append(self.ref())
        self.need("=", "'/'")
        last = parts.pop()
        decl = model.Decl(last.name, self.name("an object type"), self.count(last), where=last.where, above=parts)
        if self.skip("("):
            self.params(decl)
        if self.skip("{"):
            if depth == MOST_NESTED:
                raise Problem(f"{decl.name}: untypeds are nested more than {MOST_NESTED} deep", decl.where)
            self.until("}", lambda: decl.children.append(self.child(depth + 1)), "a name", ",")
        return decl

    def count(self, ref):
        """The number in NAME[3] = ...: of elements, or which one, if the array is declared already."""
        if ref.ranges is None:
            return None
        if len(ref.ranges) != 1 or ref.ranges[0][0] is None or ref.ranges[0][0] != ref.ranges[0][1]:
            raise Problem(f"{ref}: a declaration has one number between brackets", ref.where)
        return ref.ranges[0][0]

    def child(self, depth):
        ref = self.ref("a name")
        return self.declaration(depth, ref) if self.at("=") or self.at("/") else ref

    def params(self, decl):
        while not self.skip(")"):
            key, value = self.param(decl)
            given = {"bits": decl.bits is not None, "size": decl.size is not None, "shared": decl.shared,
                     "fill": bool(decl.fills)}
            if given.get(key) or key in decl.numbers:
                raise Problem(f"{decl.name}: {key} is given twice", decl.where)
            if key in ("bits", "size", "shared"):
                setattr(decl, key, value)
            elif key == "fill":
                decl.fills = value
            else:
                decl.numbers[key] = value
            if not self.at(")"):
                self.need(",", "')'")

    def param(self, decl):
        if self.tokens.kind == "number":
            return self.quantity(self.number())
        key = self.name("a parameter or ')'")
        if key == "shared":
            return key, True
        self.need(":", *(["'bits'"] if key == "bits" else []))
        if key == "fill":
            self.need("[")
            fills = []
            self.until("]", lambda: fills.append(self.fill(decl)), "'{'", ",")
            return key, fills
        return key, self.value()

    def quantity(self, number):
        """8 bits, 4k, 64 k ports, 2:3.1 (a PCI device)."""
        if self.skip(":"):
            device = self.number()
            self.need(".")
            return "pci_device", (number, device, self.number())
        unit = self.name("'bits', 'k' or 'M'")
        if unit == "bits":
            return "bits", number
        if unit not in UNITS:
            raise Problem(f"'{unit}' where 'bits', 'k' or 'M' is expected", self.tokens.where())
        if self.at_name("ports"):
            self.tokens.next()
            return "ports", number * UNITS[unit]
        return "size", number * UNITS[unit]

    def value(self):
        if self.tokens.kind == "number":
            return self.number()
        if self.tokens.kind == "name":
            return self.name()
        self.need("[", "a number", "a word")
        values = []
        self.until("]", lambda: values.append(self.number()), "a number", ",")
        return values

    def fill(self, decl):
        where = self.tokens.where()
        self.need("{")
        offset, length, kind = self.number(), self.number(), self.name()
        if kind != model.FILE_DATA:
            raise Problem(f"{decl.name}: fill {kind} is not known: only {model.FILE_DATA} is; nie has no boot "
                          f"information to fill a frame with", where)
        file = self.take("string", "a file name in quotes")[1:-1]
        file_offset = self.number()
        step = self.number() if self.skip("+") else 0
        self.need("}", "'+'")
        return model.Fill(offset, length, file, file_offset, step, kind, where)

    # Capabilities

    def caps_entry(self):
        """NAME = (container, slot), or a container with its slots."""
        ref = self.ref()
        if self.skip("="):
            at = self.slot_ref()
            if ref.ranges is not None or isinstance(at, model.Ref):
                raise Problem(f"{ref}: a name is given to one capability: NAME = (container, slot)", ref.where)
            return model.CapName(ref.name, at, ref.where)
        self.need("{", "'='")
        container = model.Container(ref, [], ref.where)
        self.until("}", lambda: container.caps.append(self.cap()), "a capability", ";")
        return container

    def cap(self):
        where, slot, name, ref = self.tokens.where(), None, None, None
        if self.tokens.kind == "number":
            slot = self.number()
            self.need(":")
        if not self.at("<"):
            ref = self.ref("a capability")
            if slot is None and ref.ranges is None and self.skip(":"):
                slot, ref = ref.name, None
                if not self.at("<"):
                    ref = self.ref("a capability")
        if ref and self.skip("="):
            name, ref = ref, None
            if not self.at("<"):
                ref = self.ref("a capability")
        copy = ref is None
        if copy:
            self.need("<")
            ref = self.ref("the name of a capability")
            self.need(">")
        cap = model.Cap(slot, ref, None, where, name, copy)
        if self.skip("("):
            self.cap_params(cap)
        if self.skip("-"):
            if not self.at_name("child_of"):
                self.expected("'child_of'")
            self.tokens.next()
            cap.parent = self.slot_ref()
        return cap

    def cap_params(self, cap):
        params = []
        while True:
            where = self.tokens.where()
            word = self.name("rights or a parameter")
            if self.skip(":"):
                params.append((word, self.cap_value(word)))
            elif word in ("cached", "uncached", "reply", "master_reply"):
                params.append((word, True))
            elif cap.rights is None:
                cap.rights = word
            else:
                raise Problem(f"{cap.ref}: rights are given twice: ({cap.rights}) and ({word})", where)
            if self.skip(")"):
                break
            self.need(",", "')'")
        names = [name for name, _ in params]
        for name in names:
            if names.count(name) > 1:
                raise Problem(f"{cap.ref}: {name} is given twice", cap.where)
        cap.params = tuple(params)

    def cap_value(self, word):
        if word == "masked":
            return self.name("rights")
        if word == "ports":
            self.need("[")
            return self.ranges()
        if word == "mapping":
            return self.slot_ref()
        if word == "asid":
            self.need("(")
            high = self.number()
            self.need(",")
            low = self.number()
            self.need(")")
            return (high, low)
        return self.number()

    # Sections

    def irq_map(self):
        intid = None
        if self.tokens.kind == "number":
            intid = self.number()
            self.need(":")
        return intid, self.ref()

    def derived(self, depth=1):
        where = self.tokens.where()
        entry = model.Derived(self.slot_ref(), [], where)
        if self.skip("{"):
            if depth == MOST_NESTED:
                raise Problem(f"cdt: more than {MOST_NESTED} deep", where)
            self.until("}", lambda: entry.children.append(self.derived(depth + 1)), "a capability", ";")
        return entry

    def entry(self, handover):
        where = self.tokens.where()
        name = self.name()
        self.need(":")
        if name in handover:
            raise Problem(f"handover: {name} is given twice", where)
        handover[name] = self.number() if self.tokens.kind == "number" else self.ref("a number or a name")

    def section(self, d):
        where = self.tokens.where()
        word = self.name(SECTIONS)
        if word == "irq":
            if not self.at_name("maps"):
                self.expected("'maps'")
            self.tokens.next()
        if word == "domains":
            raise Problem("domains: nie's kernel has no scheduler; which vCPU runs when is the VMM's own decision: "
                          "leave the section out", where)
        items = {"objects": lambda: d.objects.append(self.declaration(1)),
                 "caps": lambda: d.caps.append(self.caps_entry()),
                 "irq": lambda: d.irq_maps.append(self.irq_map()),
                 "cdt": lambda: d.cdt.append(self.derived()),
                 "handover": lambda: self.entry(d.handover)}
        if word not in items:
            raise Problem(f"'{word}' where {SECTIONS} is expected", where)
        self.need("{")
        self.until("}", items[word], "a name", ";" if word in ("irq", "cdt") else None)

    def description(self):
        if not self.at_name("arch"):
            self.expected("'arch'")
        self.tokens.next()
        where = self.tokens.where()
        arch = self.name("an architecture")
        if arch != "aarch64":
            raise Problem(f"arch {arch}: nie runs on aarch64 only", where)
        d = model.Description(file=self.tokens.file)
        while self.tokens.kind != "end":
            self.section(d)
        return d


def parse(text, file):
    return Parser(text, file).description()

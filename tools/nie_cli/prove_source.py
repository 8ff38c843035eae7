# SPDX-License-Identifier: Apache-2.0
"""The C of kernel/core and the contracts of proofs/c, woven into one file for each source file.

The kernel's text is never changed: a contract goes before its function, loop annotations before their loop, an
assertion before the text that it names. What a function is proved from is hashed, so that only a changed one is proved again.
"""
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from paths import ROOT
from say import Failure

CONTRACTS = ROOT / "proofs" / "c"
CORE = ROOT / "kernel" / "core"
HEADERS = ROOT / "kernel" / "include" / "nie"
LOGIC = ("logic.h", "spec.h")
LOGIC_OF_AUTHORITY = ("logic_authority.h", "logic_calls.h")
BLANKED = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
NAME = re.compile(r"[A-Za-z_]\w*")
# As each_conjunct() writes it, and what a contract says in that way: `requires next_but: next_but(s);`.
CONJUNCT = re.compile(r"\s*(?:ensures|requires|loop invariant|assert) (\w+): \1(?:\(\w+\))?;$")
LABEL = re.compile(r"\s*label \w+$")
CLAUSE = re.compile(r"\s*(?:ensures|requires|loop invariant|assert) (\w+):")


def blank(text):
    """Comments, strings and directives become spaces: positions stay."""
    text = BLANKED.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.M)


@dataclass
class Contract:
    name: str
    path: Path
    clauses: list = field(default_factory=list)
    loops: dict = field(default_factory=dict)
    before: list = field(default_factory=list)  # (text of the source, annotation)
    groups: list = field(default_factory=list)  # (goals, hypotheses): see `prove` in contracts_of()

    def text(self):
        return "\n".join(self.clauses)


@dataclass(eq=False)
class Function:
    name: str
    path: Path
    start: int      # of its first word
    body: int       # of its {
    end: int        # after its }
    source: str     # of the whole file
    plain: str

    @property
    def text(self):
        return self.source[self.start:self.end]

    @property
    def prototype(self):
        words = " ".join(self.source[self.start:self.body].split())
        return (words if self.path.suffix == ".h" else words.removeprefix("static ")) + ";"

    def loops(self):
        return [self.body + m.start() for m in re.finditer(r"\b(?:for|while)\b", self.plain[self.body:self.end])]

    def names(self):
        return set(NAME.findall(self.plain[self.body:self.end]))


def functions_of(path, source=None):
    """The functions that a C file defines, in its order."""
    source = path.read_text() if source is None else source
    plain = blank(source)
    result, depth, begin = [], 0, 0
    for m in re.finditer(r"[{};]", plain):
        if m[0] == "{":
            if depth == 0:
                head = plain[begin:m.start()].rstrip()
                opened = (m.start(), begin + len(plain[begin:]) - len(plain[begin:].lstrip()), head.endswith(")"))
            depth += 1
        elif m[0] == "}":
            depth -= 1
            if depth == 0:
                brace, start, is_function = opened
                if is_function:
                    name = NAME.findall(plain[start:plain.index("(", start)])[-1]
                    result.append(Function(name, path, start, brace, m.end(), source, plain))
                    begin = m.end()
        elif depth == 0:
            begin = m.end()
    return result


def contracts_of(path):
    """The blocks of an .acsl file: `function NAME`, below it `loop N`, `before TEXT` (`before }`: at the function's end), `after TEXT`,
    `prove GOAL... [from PREDICATE...] [without CLAUSE...]`; and `state`, declarations of the file's own variables for the others.

    `prove` is about what `every` stands for: these goals are tried by themselves, with no more of `every` at hand than they
    and the PREDICATEs are, and without what clauses of these names say, here and of callees (`-CLAUSE` in a group). To prove a
    thing from less is to prove it; the provers find it sooner.
    `prove every P` is a `prove` for each conjunct of P, of what that is short for, `prove each P` for each of those alone.
    `label NAME` below a `before` or `after` names that state: `P{NAME, Here}` in an assertion after it."""
    result, here, into = {}, None, None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line[0].isspace():
            if into is None:
                raise Failure(f"{path}:{number}: a clause outside a function: begin with `function NAME`")
            into.append(line)
            continue
        word, _, rest = line.partition(" ")
        if word == "function":
            if rest in result:
                raise Failure(f"{path}:{number}: {rest} has a contract above: join the two")
            here = result[rest] = Contract(rest, path)
            into = here.clauses
        elif line == "state":
            here = result["state"] = Contract("state", path)
            into = here.clauses
        elif word == "loop" and here is not None and rest.isdigit():
            into = here.loops.setdefault(int(rest), [])
        elif word in ("before", "after") and here is not None:
            into = []
            here.before.append((rest, into) if word == "before" else (rest, into, len(rest)))
        elif word == "prove" and here is not None:
            rest, _, without = rest.partition(" without ")
            goals, _, hypotheses = rest.partition(" from ")
            here.groups.append((goals.split(), {*goals.split(), *hypotheses.split(), *(f"-{name}" for name in without.split())}))
            into = None
        else:
            raise Failure(f"{path}:{number}: {line!r} is none of: state, function NAME, loop NUMBER, before TEXT, after TEXT, prove GOALS")
    return result


class Sources:
    """All functions of kernel/core, all contracts. `changed`: files with another text than theirs."""

    def __init__(self, changed=None):
        self.files = sorted(CORE.glob("isolation/*.c")) + sorted(CORE.glob("authority/*.[ch]")) + [CORE / "boot.c"]
        self.functions, self.by_file = {}, {}
        for path in self.files:
            self.by_file[path] = functions_of(path, (changed or {}).get(path))
            for function in self.by_file[path]:
                self.functions[(path, function.name)] = function
        self.contracts = {}
        for path in sorted(CONTRACTS.glob("*.acsl")):
            self.contracts[path.stem] = contracts_of(path)
        self.public = {f.name: f for f in self.functions.values() if not self.is_static(f) or f.path.suffix == ".h"}
        self.headers = "\n".join(p.read_text() for p in self.header_files())
        self.generated, self.blocks = "", None
        self.logic_text = "".join((CONTRACTS / name).read_text() for name in LOGIC)
        self.authority_text = "".join((CONTRACTS / name).read_text() for name in LOGIC_OF_AUTHORITY)
        self.logic = logic_blocks(self.logic_text + self.authority_text)
        self.check_names()
        for contracts in self.contracts.values():
            for contract in contracts.values():
                for lines in (contract.clauses, *contract.loops.values(), *(block[1] for block in contract.before)):
                    lines[:] = [line for clause in lines for line in each_conjunct(clause, self.logic)]
                contract.groups = [g for group in contract.groups for g in each_group(*group, self.logic)]

    @staticmethod
    def header_files():
        own = {p.name: p for p in (CONTRACTS / "include" / "nie").glob("*.h")}
        return sorted([p for p in HEADERS.glob("*.h") if p.name not in own] + list(own.values()))

    @staticmethod
    def is_static(function):
        return "static" in function.source[function.start:function.body].split("(")[0].split()

    def check_names(self):
        for stem, contracts in self.contracts.items():
            known = {f.name for fs in self.by_file.values() for f in fs if f.path.stem == stem}
            for name, contract in contracts.items():
                if name != "state" and known and name not in known:
                    raise Failure(f"{contract.path}: contract of {name}, which {stem}.c does not define: follow the source")

    def contract(self, function):
        return self.contracts.get(function.path.stem, {}).get(function.name)

    def contract_of_callee(self, path, name):
        """(contract, function) of what `name` means in a file; None if it is no function with a contract."""
        function = self.functions.get((path, name)) or self.public.get(name)
        if function is not None:
            contract = self.contract(function)
            return (contract, function) if contract else None
        contract = self.contracts.get("hw", {}).get(name)
        return (contract, None) if contract else None

    def callees(self, function):
        return sorted(n for n in function.names() - {function.name} if self.contract_of_callee(function.path, n))

    def callee_contracts(self, function):
        return {name: self.contract_of_callee(function.path, name)[0].text() for name in self.callees(function)}

    def prototype(self, name, function):
        if function is not None:
            return function.prototype
        match = re.search(rf"^[^\n;#]*\b{name}\([^;]*;", blank(self.headers), re.M)
        if not match:
            raise Failure(f"{CONTRACTS}/hw.acsl: {name} is in no header of kernel/include/nie: follow the source")
        return " ".join(match[0].split())

    def woven(self, path, only, kept=None):
        """One function with its annotations, below the contracts of those that it calls. No other function has a body:
        a proof rests on contracts alone. `kept`: what is left of each `every`; None: all."""
        def comment(lines):
            return annotation(lines if kept is None else less(lines, kept))

        function = self.functions[path, only]
        contract = self.contract(function)
        parts = [line.strip() + "\n" for stem, contracts in self.contracts.items() if stem != path.stem
                  and "state" in contracts for line in contracts["state"].clauses]
        callees = self.callees(function)
        if path.parent != CORE / "isolation":  # the headers' functions call these, in whichever file they are read
            inline = [f for header in self.files if header.suffix == ".h" for f in self.by_file[header]]
            callees = sorted({*callees, *(n for f in inline for n in self.callees(f))} - {only})
        said = [contract.text(), *(self.contract_of_callee(path, name)[0].text() for name in callees)]
        said += ["\n".join(lines) for lines in (*contract.loops.values(), *(block[1] for block in contract.before))]
        logic = self.logic_text + (self.authority_text if path.parent != CORE / "isolation" else "")
        top = "".join(f'#include "nie/{p.name}"\n' for p in self.header_files()) + without_idle_axioms(logic, "\n".join(said))
        for name in callees:
            other, definition = self.contract_of_callee(path, name)
            if definition is None or definition.path != path or path.suffix == ".h":
                parts.append(f"{comment(other.clauses)}{self.prototype(name, definition)}\n")
        if path.suffix == ".h":  # logic_authority.h includes it: the contract of a function that has its body already
            if contract.loops or contract.before:
                raise Failure(f"{contract.path}: {only} is a header's: it can have a contract, no annotation inside")
            return "".join([top, *parts, comment(contract.clauses), function.prototype, "\n"])
        end = 0
        for f in self.by_file[path]:
            parts.append(line_directive(path, f.source, end) + f.source[end:f.start])
            end = f.end
            if f is function:
                parts.append(comment(contract.clauses) + line_directive(path, f.source, f.start) +
                             self.annotated(f, contract, comment))
            elif f.name in callees:
                parts.append(f"{comment(self.contract(f).clauses)}{f.prototype}\n")
        return "".join([top, *parts])

    @staticmethod
    def annotated(function, contract, comment=None):
        """The function's text with its loop annotations and assertions."""
        comment = comment or annotation
        inserts, text, loops = [], function.text, function.loops()
        for number, lines in contract.loops.items():
            if number > len(loops):
                raise Failure(f"{contract.path}: {function.name} has no loop {number}: follow the source")
            inserts.append((loops[number - 1] - function.start, comment(lines)))
        if len(contract.loops) < len(loops):
            missing = min(set(range(1, len(loops) + 1)) - set(contract.loops))
            raise Failure(f"{contract.path}: loop {missing} of {function.name} has no annotation: "
                          "an invariant, what it assigns and a variant")
        for number, lines in contract.loops.items():
            if not re.search(r"\bloop variant\b", " ".join(lines)):
                raise Failure(f"{contract.path}: loop {number} of {function.name} has no variant: it might not end")
        for anchor, lines, *beyond in contract.before:
            last = len(text) - 1 if anchor == "}" else -1  # the end of the function
            if last < 0 and text.count(anchor) != 1:
                raise Failure(f"{contract.path}: {function.name} has {anchor!r} {text.count(anchor)} times: follow the source")
            inserts.append((max(last, text.find(anchor)) + sum(beyond), "".join(
                f"{one.split()[1]}: ;\n" if LABEL.match(one) else comment([one]) for one in assertions(lines))))
        for position, inserted in sorted(inserts, key=lambda i: i[0], reverse=True):
            text = text[:position] + inserted + text[position:]
        return text

    def key(self, function, also):
        """Hash of all that a function's proof depends on."""
        contract = self.contract(function)
        parts = [also, function.text, rest_of(function, self.by_file[function.path])]
        parts += [contract.text(), repr(sorted(contract.loops.items())), repr(contract.before)]
        parts += [repr([(goals, sorted(kept)) for goals, kept in contract.groups])] if contract.groups else []
        for name in self.callees(function):
            parts.append(self.contract_of_callee(function.path, name)[0].text())
        logic = self.logic if function.path.parent != CORE / "isolation" else logic_blocks(self.logic_text)
        parts.append(needed_logic(logic, " ".join(parts[1:])))
        self.blocks = self.blocks or header_blocks(self.headers + self.generated + self.authority_text)
        parts.append(needed_logic(self.blocks, " ".join(parts[1:])))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def less(lines, kept):
    """Clauses without those of `every` that are not in `kept`, and without those that are there with a `-`."""
    result, inside = [], False
    for line in lines:
        match, named = CONJUNCT.match(line), CLAUSE.match(line)
        if inside or (match and match[1] not in kept) or (named and f"-{named[1]}" in kept):
            inside = not line.rstrip().endswith(";")
        else:
            result.append(line)
    return result


def assertions(lines):
    """What stands before one text, labels too, each with the lines that it goes on in: an annotation of C holds one."""
    return re.split(r"\n(?=\s*(?:assert|label)\b)", "\n".join(lines).strip("\n"))


def line_directive(path, source, position):
    return f'\n#line {source.count(chr(10), 0, position) + 1} "{path.relative_to(ROOT)}"\n'


def annotation(lines):
    return "/*@" + "\n".join(lines).strip("\n") + "\n*/\n" if lines else ""


def rest_of(function, functions):
    """A source file without its functions: its types, constants and variables."""
    text, end = "", 0
    for f in functions:
        text += f.source[end:f.start]
        end = f.end
    return blank(text) + "".join(re.findall(r"^#.*$", text, re.M))


def logic_blocks(text):
    """(names it defines, text) of each annotation of logic.h."""
    blocks = re.findall(r"/\*@.*?\*/", text, re.S)
    pattern = r"\b(?:predicate|logic\s+\w+|lemma|axiom|axiomatic|ghost(?:\s+/@.*?@/)?\s+\w+)\s+(\w+)"
    return [(set(re.findall(pattern, b, re.S)), b) for b in blocks]


def conjuncts(name, blocks):
    """What a predicate of logic.h is short for, one level down; nothing if it is no conjunction of names."""
    for names, block in blocks:
        found = re.search(rf"predicate {name}\{{L\}}\s*=\s*((?:\w+\{{L\}}\s*(?:&&)?\s*)+);", block)
        if name in names and found:
            return re.findall(r"\w+(?=\{L\})", found[1])
    return []


def parts_of(name, blocks):
    return [p for inner in conjuncts(name, blocks) for p in parts_of(inner, blocks)] or [name]


def each_group(goals, kept, blocks):
    """`prove every P`: a group for each conjunct of P, of what that is short for; `prove each P`: for each thing that P is
    short for in the end."""
    if goals[0] not in ("every", "each"):
        return [(goals, kept)]
    if goals[0] == "each":
        groups = [[part] for part in parts_of(goals[1], blocks)]
    else:
        groups = [parts_of(part, blocks) for part in conjuncts(goals[1], blocks)]
    return [(group, {*kept - {*goals}, *group}) for group in groups]


def each_conjunct(clause, blocks):
    """`ensures every P;`: a clause, so a goal, for each of the conjuncts that P is short for."""
    match = re.match(r"(\s*)(ensures|requires|loop invariant|assert) every (\w+);", clause)
    if not match:
        return [clause]
    def label(part):
        return part if part.startswith(("wf_", "au_")) else f"{match[3]}_{part}"
    return [f"{match[1]}{match[2]} {label(part)}: {part};" for part in parts_of(match[3], blocks)]


def header_blocks(text):
    """(names it defines, text) of each macro and declaration of the headers."""
    result = [({m[1]}, m[0]) for m in re.finditer(r"^[ \t]*#[ \t]*define[ \t]+(\w+)(?:[^\n]*\\\n)*[^\n]*", text, re.M)]
    plain, depth, begin = blank(text), 0, 0
    for m in re.finditer(r"[{};]", plain):
        depth += {"{": 1, "}": -1}.get(m[0], 0)
        ends = depth == 0 and (m[0] == ";" or (m[0] == "}" and plain[begin:plain.index("{", begin)].rstrip().endswith(")")))
        if ends:
            chunk = plain[begin:m.end()]
            words = NAME.findall(chunk)
            if "enum" in words[:2] or chunk.lstrip().startswith("_Static_assert"):
                names = set(words)
            else:
                head = NAME.findall(re.split(r"[\[({;]", chunk)[0])
                names = {head[-1]} if head else set()
                if words[:1] == ["typedef"]:
                    names.add(words[-1])
            result.append((names, " ".join(chunk.split())))
            begin = m.end()
    return result


def without_idle_axioms(logic, text):
    """The logic without axioms that nothing in `text` rests on, and without what rests on them: of what an axiom reads WP supposes that
    pointers are apart from it."""
    blocks = logic_blocks(logic)
    needed = needed_logic(blocks, text)
    idle = set().union(*(names for names, block in blocks if re.search(r"\baxiomatic\b", block) and block not in needed))
    for names, block in blocks:  # what a block uses stands above it
        if block not in needed and idle & set(NAME.findall(block)):
            idle |= names
            logic = logic.replace(block, "")
    return logic


def needed_logic(blocks, text):
    """The blocks that a text uses, with what those use. Lemmas are everybody's."""
    needed = [b for names, b in blocks if "lemma" in b]
    words = set(NAME.findall(text + " ".join(needed)))
    todo = True
    while todo:
        todo = False
        for names, block in blocks:
            if block not in needed and names & words:
                needed.append(block)
                words |= set(NAME.findall(block))
                todo = True
    return "".join(b for _, b in blocks if b in needed)

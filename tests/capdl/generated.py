# SPDX-License-Identifier: Apache-2.0
"""Random descriptions: any that the language can say, and, of those, some that are right."""
import random

from capdl import model
from texts import GOOD

LETTERS = "abcdefgh"
TYPES = ("ut", "cnode", "frame", "pud", "pd", "pt", "vcpu", "irq", "core", "tcb", "ep", "notification", "asid_pool",
         "sc", "io_device")


class Maker:
    """Only the form counts here: names need not exist, types and parameters need not fit."""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def maybe(self, make, chance=0.5):
        return make() if self.r.random() < chance else None

    def name(self):
        return self.r.choice(LETTERS) + "".join(self.r.choice(LETTERS + "_09-.@") for _ in range(self.r.randrange(6)))

    def number(self):
        return self.r.choice((0, 1, 7, 4096, self.r.getrandbits(self.r.randint(1, 64))))

    def part(self):
        first, last = self.maybe(self.number), self.maybe(self.number)
        return (0, 0) if first is None and last is None else (first, last)

    def ref(self):
        ranges = self.maybe(lambda: tuple(self.part() for _ in range(self.r.randrange(4))))
        return model.Ref(self.name(), ranges)

    def fill(self):
        return model.Fill(self.number(), self.number(), self.name() + " x", self.number(), self.number())

    def value(self):
        return self.r.choice((self.number, self.name, lambda: [self.number() for _ in range(self.r.randrange(3))]))()

    def decl(self, depth=0):
        d = model.Decl(self.name(), self.r.choice(TYPES), self.maybe(self.number))
        d.bits, d.shared = self.maybe(lambda: self.r.randrange(64), 0.3), self.r.random() < 0.2
        d.size = self.maybe(lambda: self.r.choice((4096, 1 << 21, 1 << 30, 3 << 10)), 0.3)
        d.numbers = {f"p{i}": self.value() for i in range(self.r.randrange(3))}
        if self.r.random() < 0.1:
            d.numbers["pci_device"] = (self.number(), self.number(), self.number())
        d.fills = [self.fill() for _ in range(self.r.choice((0, 0, 0, 1, 2)))]
        d.above = [self.ref() for _ in range(self.r.choice((0, 0, 0, 1, 2)))]
        if depth < 3:
            d.children = [self.decl(depth + 1) if self.r.random() < 0.5 else self.ref()
                          for _ in range(self.r.choice((0, 0, 0, 1, 3)))]
        return d

    def slot(self):
        return self.r.choice((self.number, lambda: "cspace", lambda: "vspace"))()

    def at(self):
        return self.r.choice((self.ref, lambda: model.SlotRef(self.ref(), self.slot())))()

    def cap(self):
        params = [("masked", "RW"), ("badge", self.number()), ("guard", 0), ("asid", (1, self.number())),
                  ("cached", True), ("ports", tuple(self.part() for _ in range(2))), ("mapping", self.at())]
        cap = model.Cap(self.maybe(self.slot), self.ref(), self.maybe(lambda: self.r.choice(("R", "RWX", "C"))))
        cap.params = tuple(self.r.sample(params, self.r.choice((0, 0, 1, 3))))
        cap.name, cap.copy = self.maybe(self.ref, 0.3), self.r.random() < 0.3
        cap.parent = self.maybe(self.at, 0.2)
        return cap

    def caps_entry(self):
        if self.r.random() < 0.2:
            return model.CapName(self.name(), model.SlotRef(self.ref(), self.slot()))
        return model.Container(self.ref(), [self.cap() for _ in range(self.r.randrange(6))])

    def derived(self, depth=0):
        children = self.r.randrange(3) if depth < 3 else 0
        return model.Derived(self.at(), [self.derived(depth + 1) for _ in range(children)])

    def some(self, make, most=5):
        return [make() for _ in range(self.r.randrange(most))]

    def description(self):
        return model.Description(self.some(self.decl), self.some(self.caps_entry),
                                 self.some(lambda: (self.maybe(self.number), self.ref()), 3),
                                 self.some(self.derived, 3),
                                 {self.name(): self.r.choice((self.number, self.ref))() for _ in range(3)})


def right(seed):
    """Text of a system that checks, as large as the seed makes it."""
    r = random.Random(seed)
    frames, names = r.randint(1, 40), []
    objects = [f"box = ut {{ kept[{frames}] = frame (4k, shared) deep = ut {{ low = ut (13 bits) }} }}"]
    caps = [f"\t\t{(at := r.randint(300, 400))}: mine[] = kept[] ;"]
    for i in range(r.randint(0, 5)):
        names.append(f"c{i}")
        source = r.choice(["mine[0]", *names[:-1]])
        caps.append(f"\t\t{500 + i}: c{i} = <{source}> (masked: RW)")
    caps += [f"\t\t{600}: <mine[{r.randrange(frames)}..]> (masked: R)", f"\t\t{700}: kept[0] (R) - child_of (cn, {at})"]
    text = GOOD.replace("cn = cnode (10 bits)", "cn = cnode (11 bits) " + "\n".join(objects))
    return text.replace("\t\t8: inside (R)", "\t\t8: inside (R)\n" + "\n".join(caps)).replace("originals: 256",
                                                                                        "originals: 1100")

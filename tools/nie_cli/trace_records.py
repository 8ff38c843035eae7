# SPDX-License-Identifier: Apache-2.0
"""trace.bin (tools/trace/record.h, docs/tracing.md) read back, and told as events: which vCPU asked or did what, with what result."""
import struct
from dataclasses import dataclass, field

from say import Failure

MAGIC = 0x3145434152544549
ENTER, ENTER_IRQ, CALL, LOCK, INTERRUPT, LEAVE = range(1, 7)
NO_GRANULE = 0xFFFFFFFF
NO_INTERRUPT = 1023  # the GIC has none
EC_SVC64, EC_HVC64, EC_SMC64 = 0x15, 0x16, 0x17
UNITS = ("ns", "instructions")


@dataclass(slots=True)
class Record:
    kind: int
    core: int
    vcpu: int  # its granule; NO_GRANULE
    time: int
    words: tuple


@dataclass
class Trace:
    unit: str  # of time: "ns", or "instructions"
    data: bytes

    def records(self):
        """A record that the end of the file cuts off is not there."""
        at, end = 16, len(self.data)
        while at + 16 <= end:
            head, time = struct.unpack_from("<QQ", self.data, at)
            count = head >> 16 & 0xFFFF
            if at + 8 + 8 * count > end:
                return
            yield Record(head & 0xFF, head >> 8 & 0xFF, head >> 32, time, struct.unpack_from(f"<{count - 1}Q", self.data, at + 16))
            at += 8 + 8 * count


def read(path):
    data = path.read_bytes()
    if len(data) < 16:
        raise Failure(f"{path}: is empty: QEMU did not load the recorder, its message is above")
    magic, unit = struct.unpack_from("<QQ", data)
    if magic != MAGIC or unit >= len(UNITS):
        raise Failure(f"{path}: is no trace of this version")
    return Trace(UNITS[unit], data)


@dataclass(slots=True)
class Slot:
    """What an argument named, when its hypercall had the kernel lock."""
    number: int   # granule of the CNode * 128 + index; 0: there is no such slot
    kind: int     # object type; 0: empty
    rights: int
    object: int   # granule; device: page; irq: INTID; core; StreamID


@dataclass(slots=True)
class Event:
    """`call` of a task; `exit` that its run or wait returned with; `guest`: an HVC or SMC; `trap`: anything else of a vCPU that
    EL2 was entered for; `interrupt`; `on`: a vCPU has the core."""
    kind: str
    core: int
    vcpu: int
    start: int
    end: int
    number: int = 0     # of the call, exit reason, ESR, INTID
    words: tuple = ()   # arguments: x0 to x8 for calls; of an exit, x1 to x7; of a trap, FAR and HPFAR
    slots: dict = field(default_factory=dict)
    results: tuple = None  # x0 to x7 when it returned; None: it did not
    ran: int = NO_GRANULE  # of an exit: the vCPU whose run it ended
    told: bool = False


class Teller:
    """Puts events in the order in which they had the kernel lock; what never had it comes where it was over."""

    def __init__(self, switching):
        self.switching = switching  # numbers of the calls that another vCPU may return from
        self.events = []
        self.waiting = {}  # vCPU: the call or guest's call that it has not returned from
        self.current = {}  # core: what EL2 was entered for
        self.on = {}       # core: the vCPU that has it

    def tell(self, event):
        if event is not None and not event.told:
            event.told = True
            self.events.append(event)
        return event

    def take(self, r):
        if r.kind in (ENTER, ENTER_IRQ) and (event := self.on.pop(r.core, None)):
            event.end = r.time
        getattr(self, ("", "enter", "enter_irq", "call", "lock", "interrupt", "leave")[r.kind])(r)

    def enter(self, r):
        esr, _, _, far, hpfar, *x = r.words
        kind = {EC_SVC64: "call", EC_HVC64: "guest", EC_SMC64: "guest"}.get(esr >> 26 & 63, "trap")
        event = Event(kind, r.core, r.vcpu, r.time, r.time, x[8] if kind == "call" else x[0] if kind == "guest" else esr,
                      (far, hpfar) if kind == "trap" else tuple(x))
        self.current[r.core] = event
        if kind != "trap":
            self.waiting[r.vcpu] = event

    def enter_irq(self, r):
        self.current[r.core] = None

    def call(self, r):
        event = self.current.get(r.core)
        if event is None or event.kind != "call":
            raise Failure("trace: a hypercall has the lock that was not made: trace.bin is damaged")
        for place, content in zip(r.words[::2], r.words[1::2]):
            event.slots[place >> 32] = Slot(place & 0xFFFFFFFF, content & 0xFF, content >> 8 & 0x7F, content >> 32)
        self.tell(event)

    def lock(self, r):
        self.tell(self.current.get(r.core))

    def interrupt(self, r):
        if r.words[0] != NO_INTERRUPT:
            self.tell(self.current.get(r.core))
            self.current[r.core] = Event("interrupt", r.core, r.vcpu, r.time, r.time, r.words[0])

    def leave(self, r):
        _, _, *x = r.words
        if event := self.tell(self.current.pop(r.core, None)):
            event.end = r.time
        if event := self.waiting.pop(r.vcpu, None):
            event.results = tuple(x)
            if event.kind == "call" and event.number in self.switching and x[0] == 0:
                ran = event.slots[0].object if 0 in event.slots else NO_GRANULE
                self.tell(Event("exit", r.core, r.vcpu, r.time, r.time, x[1] & 0xFF, tuple(x[1:]), ran=ran))
        self.on[r.core] = self.tell(Event("on", r.core, r.vcpu, r.time, r.time))


def story(trace, interface):
    """-> events, in the order that the kernel lock gave them."""
    teller = Teller({n for n, call in enumerate(interface["calls"], 1) if call.get("switches")})
    last = 0
    for record in trace.records():
        last = max(last, record.time)
        if not ENTER <= record.kind <= LEAVE:
            raise Failure(f"trace: a record of kind {record.kind}: trace.bin is damaged")
        teller.take(record)
    for event in teller.current.values():
        teller.tell(event)
    for event in teller.on.values():
        event.end = last
    return teller.events


def first_vcpu(trace):
    """The initial task's: the first that EL2 was left for."""
    return next((r.vcpu for r in trace.records() if r.kind == LEAVE), NO_GRANULE)

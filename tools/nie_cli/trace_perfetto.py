# SPDX-License-Identifier: Apache-2.0
"""Events of a trace as Chrome's trace format, which Perfetto opens (https://ui.perfetto.dev): a track for each core, with who
has it and what the kernel does; and one for each vCPU, with what it asked and how its runs ended."""
import json

from trace_records import NO_GRANULE

CORES = 1  # the process that holds the cores' tracks


class Tracks:
    """Owners become processes, their vCPUs threads."""

    def __init__(self, emit):
        self.emit, self.owners, self.threads = emit, {}, {}

    def name(self, what, pid, name, **tid):
        self.emit({"ph": "M", "name": what, "pid": pid, **tid, "args": {"name": name}})

    def of(self, owner, vcpu):
        if owner not in self.owners:
            self.owners[owner] = CORES + 1 + len(self.owners)
            self.name("process_name", self.owners[owner], owner)
        pid = self.owners[owner]
        if (owner, vcpu) not in self.threads:
            self.threads[owner, vcpu] = 1 + len(self.threads)
            self.name("thread_name", pid, vcpu, tid=self.threads[owner, vcpu])
        return {"pid": pid, "tid": self.threads[owner, vcpu]}


def what(words, event):
    """-> name, arguments."""
    if event.kind in ("call", "guest"):
        name, arguments, results = getattr(words, event.kind)(event)
        return name, arguments | {f"-> {key}": value for key, value in results.items()}
    if event.kind == "exit":
        name, details = words.exit(event)
        return f"exit: {name}", {"of": words.name(event.ran), **details}
    if event.kind == "interrupt":
        return f"interrupt {event.number}", {}
    if event.kind == "on":
        return words.name(event.vcpu), {}
    return words.trap(event)


def write(events, words, unit, path):
    """Times are microseconds there; of instructions, a thousand make one."""
    with open(path, "w") as file:
        file.write('{"otherData": {"unit": "%s"}, "traceEvents": [' % unit)
        first = True

        def emit(entry):
            nonlocal first
            file.write(("\n" if first else ",\n") + json.dumps(entry))
            first = False

        tracks = Tracks(emit)
        tracks.name("process_name", CORES, "cores")
        for core in sorted({e.core for e in events}):
            tracks.name("thread_name", CORES, f"core {core}", tid=core)
        for event in events:
            name, arguments = what(words, event)
            span = {"ts": event.start / 1000, "dur": max(event.end - event.start, 0) / 1000}
            core = {"pid": CORES, "tid": event.core}
            track = tracks.of(*words.who(event.vcpu)) if event.vcpu != NO_GRANULE else None
            if event.kind == "on":
                emit({"ph": "X", "name": name, "cat": "on", **core, **span})
                emit({"ph": "X", "name": f"core {event.core}", "cat": "on", **track, **span})
            elif event.kind == "exit":
                emit({"ph": "i", "s": "t", "name": name, "cat": "exit", **track, "ts": span["ts"], "args": arguments})
            else:
                emit({"ph": "X", "name": name, "cat": event.kind, **core, **span})
                if track:
                    emit({"ph": "X", "name": name, "cat": event.kind, **track, **span, "args": arguments})
            words.learn(event)
        file.write("\n]}\n")

# SPDX-License-Identifier: Apache-2.0
"""`demo` and `run`: builds a system, boots it, and shows what became of its guests."""
import os
import tempfile
from pathlib import Path

import build
import devices
import machine
import report
import systems
import trace
from say import Failure, say

MOST_CORES = 8


def check_cores(cores, system):
    most = min(MOST_CORES, system.platform.get("cores", MOST_CORES))
    if not 1 <= cores <= most:
        raise Failure(f"--cores {cores}: {system.platform['name']} has 1 to {most}")


def check_machine(options, system):
    """What commands take that run a system."""
    cpus = system.platform.get("qemu", {}).get("cpus", [])
    if options.cpu not in cpus:
        raise Failure(f"--cpu {options.cpu}: {system.platform['name']} has {', '.join(cpus)}")
    check_cores(options.cores, system)
    for name in ("limit", "silence"):
        if getattr(options, name) < 1:
            raise Failure(f"--{name} {getattr(options, name)}: give a number of seconds from 1 on")


def check(options, system):
    check_machine(options, system)
    if options.interactive and options.icount:
        raise Failure("--interactive and --icount: choose one, a clock that skips idle time does not wait for keys")
    if options.interactive and not machine.has_terminal():
        raise Failure("--interactive needs a terminal on standard input")
    if options.json and Path(options.json).is_dir():
        raise Failure(f"--json {options.json}: is a folder: give a file")
    if options.json and not os.access(Path(options.json).absolute().parent, os.W_OK):
        raise Failure(f"--json {options.json}: its folder cannot be written")


def launch(options):
    system = systems.find(options.system)
    check(options, system)
    settings = {} if options.cores == system.cores else {"machine.cores": options.cores}
    if options.guest_kernel:
        kernel = Path(options.guest_kernel)
        if not kernel.is_file():
            raise Failure(f"--guest-kernel {kernel}: no such file: give an arm64 Image")
        if not system.linux():
            raise Failure(f"--guest-kernel: {system.name} has no Linux guest")
        settings |= {f"{name}.kernel": str(kernel.resolve()) for name in system.linux()}
    if options.interactive:
        settings |= {f"{name}.bootargs": f"{system.guests[name].get('bootargs', '')} nie.shell".strip()
                      for name in system.linux()}
    image = build.system(system, settings)
    platform = system.platform
    recording = trace.Recording(options.trace, image, system, options) if options.trace else None
    say(f"booting {system.name} on QEMU, -cpu {options.cpu}, {options.cores} core{'s' * (options.cores > 1)}"
        + ("; Ctrl-] switches consoles, Ctrl-A x ends QEMU" if options.interactive else ""))
    with tempfile.TemporaryDirectory(prefix="nie-devices-") as folder:
        outcome = machine.run(
            machine.Machine(image, options.cpu, options.cores, system.memory, platform["qemu"]["machine"],
                            options.icount, [*devices.arguments(system, Path(folder)), *(recording.arguments if recording else [])]),
            interactive=options.interactive, limit=options.limit, silence=options.silence)
    if recording:
        recording.finish()
    expected = system.expected()
    problems = [outcome.problem] if outcome.problem else []
    if outcome.problem == machine.NO_REPORT and system.own_vmm:
        say(f"{system.own_vmm} turned the machine off, in {outcome.seconds:.0f} s")
        return 0
    if outcome.report:
        problems += report.judge(outcome.report, expected)
        report.show(outcome.report, expected)
    if options.json:
        report.write(options.json, {
            "system": system.name, "cpu": options.cpu, "cores": options.cores,
            "seconds": round(outcome.seconds, 1), "passed": not problems, "problems": problems,
            "guests": outcome.report["guests"] if outcome.report else []})
    if problems:
        raise Failure("; ".join(problems))
    say(f"all {len(expected)} guests ended as expected, in {outcome.seconds:.0f} s")
    return 0

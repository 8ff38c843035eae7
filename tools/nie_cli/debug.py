# SPDX-License-Identifier: Apache-2.0
"""`debug`: a system in QEMU under gdb, with the symbols of the kernel and the VMM and the commands of tools/gdb/nie.py."""
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import build
import dump
import launch
import live_state
import machine
import measure
import ownership
import systems
from paths import ROOT, TARGET
from say import Failure, say

GDB = "gdb-multiarch"


def guest_symbols(system, image, given):
    """{guest: (ELF file, what to add to its addresses)}: of guests that host-vmm loads, and as --guest-symbols says."""
    found = {}
    for name, guest in system.guests.items():
        kernel = str(guest.get("kernel", ""))
        elf = TARGET / "guests" / f"{kernel.removeprefix('guest:')}.elf" if kernel.startswith("guest:") else system.path.parent / kernel
        if system.own_vmm is None and elf.is_file() and elf.read_bytes()[:4] == b"\x7fELF":
            # Those of this tree are linked at 0 and run where their image is put.
            found[name] = (str(elf), measure.layout(image.parent, name)["entry"] if kernel.startswith("guest:") else 0)
    for text in given:
        name, _, file = text.partition("=")
        file, _, offset = file.partition("@")
        if name not in system.guests or not Path(file).is_file():
            raise Failure(f"--guest-symbols {text}: give GUEST=FILE or GUEST=FILE@OFFSET; guests are {', '.join(system.guests)}")
        try:
            found[name] = (str(Path(file).resolve()), int(offset or "0", 0))
        except ValueError:
            raise Failure(f"--guest-symbols {text}: {offset} is no number") from None
    return found


def run(options):
    if shutil.which(GDB) is None:
        raise Failure(f"{GDB} is missing: install the package {GDB}")
    system = systems.find(options.system)
    launch.check_cores(options.cores, system)
    image = build.system(system)
    kernel, vmm = TARGET / "kernel" / "arch" / "arm64" / "kernel.elf", system.vmm_elf(TARGET)
    base = live_state.Kernel(kernel, TARGET / "generated" / "nie" / "platform.h").ram_base
    owners = ownership.planned(image, system, options.cores, base)[0].ranges
    facts = {"guests": guest_symbols(system, image, options.guest_symbols), "owners": owners, "vmm": str(vmm), "kernel": str(kernel)}
    # Tasks are linked at one address: a breakpoint in the VMM would stop the initial task before it. So begin where that hands over.
    start = f"thbreak *{dump.entry_of(image.parent):#x}"
    begin = [] if options.from_reset else [start, "continue", "stepi", start, "continue"]
    with tempfile.TemporaryDirectory(prefix="nie-debug-") as folder:
        socket, console = Path(folder) / "gdb", Path(folder) / "console"
        hardware = machine.Machine(image, "max", options.cores, system.memory, system.platform["qemu"]["machine"],
                                   extra=["-S", "-gdb", f"unix:{socket},server=on,wait=off"])
        with open(console, "wb") as output, subprocess.Popen(hardware.command(False), stdin=subprocess.DEVNULL, stdout=output,
                                                              start_new_session=True) as process:
            say(f"the console is {console}; help nie lists the commands, Ctrl-C stops the machine, quit ends it")
            commands = ["set confirm off", "set pagination off", f"directory {ROOT}", f"add-symbol-file {vmm}",
                        f"python NIE_FACTS = {facts!r}", f"source {ROOT / 'tools' / 'gdb' / 'nie.py'}", f"target remote {socket}", *begin, *options.execute]
            arguments = [word for command in commands for word in ("-ex", command)]
            previous = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is gdb's
            try:
                return subprocess.run([GDB, "-q", *(["-batch"] if options.batch else []), *arguments, str(kernel)]).returncode
            finally:
                signal.signal(signal.SIGINT, previous)
                process.kill()

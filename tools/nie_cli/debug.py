# SPDX-License-Identifier: Apache-2.0
"""`debug`: a system in QEMU under gdb, with the symbols of the kernel and the VMM and the commands of tools/gdb/nie.py."""
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import build
import dump
import machine
import systems
from paths import ROOT, TARGET
from say import Failure, say

GDB = "gdb-multiarch"


def run(options):
    if shutil.which(GDB) is None:
        raise Failure(f"{GDB} is missing: install the package {GDB}")
    system = systems.find(options.system)
    image = build.system(system)
    kernel, vmm = TARGET / "kernel" / "arch" / "arm64" / "kernel.elf", system.vmm_elf(TARGET)
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
                        f"source {ROOT / 'tools' / 'gdb' / 'nie.py'}", f"target remote {socket}", *begin, *options.execute]
            arguments = [word for command in commands for word in ("-ex", command)]
            previous = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is gdb's
            try:
                return subprocess.run([GDB, "-q", *(["-batch"] if options.batch else []), *arguments, str(kernel)]).returncode
            finally:
                signal.signal(signal.SIGINT, previous)
                process.kill()

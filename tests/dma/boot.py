# SPDX-License-Identifier: Apache-2.0
"""Boots dma.img with two edu devices and a disk, and keeps what it printed, the memory and the disk that it left."""
import json
import re
import socket
import subprocess
import threading
import time
from pathlib import Path

import machine

LIMIT = 120  # seconds; a run takes about four
EDU = [part for function in ("01.0", "02.0") for part in ("-device", f"edu,addr={function},dma_mask=0xffffffff")]
EVIL, GOOD = (word.to_bytes(8, "little") for word in (0xe711e711e711e711, 0x1234567812345678))  # as in task/dma.h
DISK_SIZE, EVIL_SIZE = 1 << 20, 64 * 512  # task/attack_disk.c
ATTACK = re.compile(r"attack (\d+): (.*): (held|BROKEN)")
END = re.compile(r"dma: (\d+) attacks, (\d+) held")


class Monitor:
    """QEMU's monitor protocol, as far as is needed here."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rw")
        self.file.readline()  # the greeting
        self.do("qmp_capabilities")

    def do(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "error" in answer:
                raise RuntimeError(f"QEMU: {command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def memory(self, address, size, path):
        self.do("pmemsave", val=address, size=size, filename=str(path))
        return Path(path).read_bytes()


class Run:
    def __init__(self, lines, memory, disk):
        self.lines, self.memory, self.disk = lines, memory, disk
        found = [match.groups() for line in lines if (match := ATTACK.fullmatch(line))]
        self.attacks = [(int(number), what, verdict == "held") for number, what, verdict in found]
        self.broken = [what for _, what, held in self.attacks if not held]
        counts = [match for line in lines if (match := END.fullmatch(line))]
        self.counts = tuple(map(int, counts[0].groups())) if len(counts) == 1 else None


def boot(image, cpu, folder, address=0, size=0):
    """-> Run; its `memory` is what lies at `address` when the machine is off."""
    path = folder / "monitor"
    path.unlink(missing_ok=True)
    disk = folder / "disk"
    disk.write_bytes((EVIL * (EVIL_SIZE // len(EVIL))).ljust(DISK_SIZE, b"\0"))
    extra = [*EDU, "-drive", f"if=none,id=disk,format=raw,file={disk}", "-device", "nvme,addr=03.0,serial=nie,drive=disk",
             "-no-shutdown", "-qmp", f"unix:{path},server=on,wait=off"]
    command = machine.Machine(str(image), cpu, 1, 1 << 30, icount=True, extra=extra).command(interactive=False)
    # With stdin a pipe that stays open: at its end the console would be gone.
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines, memory = [], b""
    timer = threading.Timer(LIMIT, process.kill)
    timer.start()
    try:
        for line in process.stdout:
            lines.append(line.decode(errors="replace").strip())
            if END.fullmatch(lines[-1]) or any(end in lines[-1] for end in ("dma: FAILED", "kernel panic", "nie: panic")):
                break
        else:
            lines.append(f"QEMU ended, or was stopped after {LIMIT} s")
            return Run(lines, memory, b"")
        monitor = Monitor(path)
        while monitor.do("query-status")["status"] != "shutdown":
            time.sleep(0.05)
        if size:
            memory = monitor.memory(address, size, folder / "memory")
        monitor.do("quit")
        process.wait(timeout=10)
    finally:
        timer.cancel()
        process.kill()
        process.wait()
    return Run(lines, memory, disk.read_bytes())

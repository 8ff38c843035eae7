# SPDX-License-Identifier: Apache-2.0
"""Instructions of the kernel's operations: tests/bench/task under QEMU's instruction counter.

With `-icount shift=0` an instruction takes a nanosecond of virtual time, so CNTPCT_EL0 counts instructions of all
exception levels: one by one on -cpu max (1 GHz), in steps of 16 on the others (62.5 MHz), where a mean is given."""
import subprocess

import build
from paths import TARGET
from requirements import QEMU
from say import Failure

GUEST_HANDLER = 7   # instructions of the guest's own interrupt handler (tests/bench/task/guest.S)
GUEST_FRAMES = 128  # of 2 MiB, in the guest that is made and destroyed
GIB_FRAMES = 512
ICOUNT = ["-icount", "shift=0,sleep=off", "-rtc", "base=2024-01-01,clock=vm"]


def command(image, cpu, cores, memory="1G"):
    return [QEMU, "-M", "virt,virtualization=on,gic-version=3,iommu=smmuv3,dtb-randomness=off", "-cpu", cpu, "-smp",
            str(cores), "-m", memory, *ICOUNT, "-nic", "none", "-display", "none", "-serial", "stdio", "-monitor", "none",
            "-no-reboot", "-kernel", str(image)]


def boot(image, cpu, cores, memory="1G", limit=300):
    try:
        result = subprocess.run(command(image, cpu, cores, memory), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=limit)
    except subprocess.TimeoutExpired:
        raise Failure(f"the benchmark did not end within {limit} s") from None
    except OSError as error:
        raise Failure(f"{QEMU}: {error.strerror}: run tools/nie setup") from None
    return result.stdout.decode(errors="replace").splitlines()


def parse(lines):
    """{name: mean ticks}, and the counter's frequency."""
    means, frequency, ended = {}, 0, False
    for line in lines:
        words = line.split()
        if words[:2] == ["bench:", "FAILED:"]:
            raise Failure(f"the benchmark's task: {' '.join(words[2:])}")
        if words[:2] == ["bench:", "frequency"]:
            frequency = int(words[2])
        elif words[:2] == ["bench:", "end"]:
            ended = True
        elif words[:1] == ["bench:"] and len(words) == 6:
            means[words[1]] = int(words[3]) / int(words[2])
    if not ended or not frequency:
        raise Failure("the benchmark did not finish: " + " / ".join(lines[-3:]))
    return means, frequency


def operations(ticks, frequency):
    """{operation: instructions}, from the mean ticks of what the task timed."""
    m = {name: value * 1e9 / frequency for name, value in ticks.items()}
    clock = m["guest-nothing"] - 1  # what is timed stands for one instruction between two readings

    def in_guest(name):
        return m[name] - clock

    clean = m["map-2m-executable"] - m["map-2m"]
    return {
        "null": m["null"],
        "hvc": in_guest("guest-hvc"),
        "map": m["map"],
        "unmap": m["unmap"],
        "donate": m["donate"],
        "donate-measured": m["donate-measured"],
        "retype": m["retype"],
        "destroy": m["destroy"],
        "zero-1g": m["destroy-2m"] * GIB_FRAMES,
        "mmio": max(in_guest("guest-mmio-write"), in_guest("guest-mmio-read")),
        "wfi": in_guest("guest-wfi"),
        "id-register": in_guest("guest-id-register"),
        "switch": m["two-switches"] / 2,
        "timer": m["guest-timer-loop"] - m["guest-quiet-loop"] - GUEST_HANDLER,
        "timer-latency": m["guest-timer-latency"],
        "ipi": m["guest-ipi"],
        "guest-create": m["guest-create"],
        "guest-create-rest": m["guest-create"] - GUEST_FRAMES * clean,
        "guest-destroy": m["guest-destroy"],
        "guest-destroy-rest": m["guest-destroy"] - GUEST_FRAMES * (m["destroy-2m"] - m["destroy"]),
    }


def measure(cpu="max", cores=1):
    build.target()
    return operations(*parse(boot(TARGET / "bench.img", cpu, cores)))

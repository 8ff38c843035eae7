# SPDX-License-Identifier: Apache-2.0
"""A Linux guest alone on one core against the same kernel, initramfs and device tree in QEMU without nie.

Both on one emulated core that executes an instruction in a nanosecond; idle time is skipped. The times are the
kernel's own (printk), from the start of its clock to the start of /init."""
import base64
import re
import subprocess
import sys

import bench_kernel
import build
import paths
from paths import CACHE, ROOT, TARGET
from requirements import QEMU
from say import Failure, say
from systems import find

FOLDER = ROOT / "tests" / "bench" / "boot"
COMMAND_LINE = "console=ttyAMA0 quiet"
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
DMESG = re.compile(r"bench-dmesg: \[ *(\d+)\.(\d{6})\] (.*)")


def initramfs():
    out = TARGET / "bench" / "initramfs.cpio.gz"
    out.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, str(ROOT / "tests/guests/linux/pack.py"), "--busybox", str(CACHE / "busybox"),
                    "--init", str(FOLDER / "init"), "--output", str(out)], check=True)
    return out


def parse(lines, what):
    """{"init": us, "lines": us}, and the device tree."""
    times, tree = {}, []
    for line in lines:
        line = ANSI.sub("", line).strip().removeprefix("[linux] ")
        if match := DMESG.match(line):
            times[match[3].split(" as ")[0]] = int(match[1]) * 1_000_000 + int(match[2])
        elif line.startswith("bench-fdt: "):
            tree.append(line.removeprefix("bench-fdt: "))
    try:
        result = {"init": times["Run /init"], "lines": times["bench-lines-to"] - times["bench-lines-from"]}
    except KeyError:
        raise Failure(f"{what}: did not boot to /init: " + " / ".join(lines[-3:])) from None
    return result, base64.b64decode("".join(tree))


def native(kernel, initrd, tree, cpu):
    command = [QEMU, "-M", "virt,gic-version=3", "-cpu", cpu, "-smp", "1", "-m", "256M", *bench_kernel.ICOUNT,
               "-nic", "none", "-display", "none", "-serial", "stdio", "-monitor", "none", "-no-reboot",
               "-kernel", str(kernel), "-initrd", str(initrd), "-dtb", str(tree), "-append", COMMAND_LINE]
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=300)
    except subprocess.TimeoutExpired:
        raise Failure(f"{kernel} without nie did not end within 300 s") from None
    return parse(result.stdout.decode(errors="replace").splitlines(), f"{kernel} without nie")[0]


def measure(series, cpu="max"):
    """-> {"nie": times, "native": times}, in microseconds of thousand instructions each."""
    kernel = paths.kernel(series)
    initrd = initramfs()
    out = TARGET / "bench" / series
    image = build.image(find(FOLDER / "linux.yaml"),
                        {"linux.kernel": f"debian-{series}", "linux.initrd": str(initrd)}, out)
    say(f"booting Linux {series} under nie and without")
    ours, tree = parse(bench_kernel.boot(image, cpu, 1), f"Linux {series} under nie")
    if len(tree) < 64:
        raise Failure(f"Linux {series} under nie: its device tree did not come through")
    (out / "guest.dtb").write_bytes(tree)
    return {"nie": ours, "native": native(kernel, initrd, out / "guest.dtb", cpu)}

# SPDX-License-Identifier: Apache-2.0
"""The same guests on the same QEMU, an instruction a nanosecond: without a hypervisor, under nie, KVM and Xen.

Linux is Debian's 6.1 with the initramfs of `bench boot` and the device tree that host-vmm makes (under Xen: Xen's);
`cost` is tests/guests/cost, of two vCPUs on one core."""
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bench_boot
import bench_kernel
import build
import paths
import peers_files
from requirements import QEMU
from say import Failure, say
from systems import find

FOLDER = paths.ROOT / "tests" / "bench" / "peers"
SERIES = "6.1"
COSTS = ("call", "device", "interrupt-controller", "late", "to-itself", "to-another")
LOOPED = ("call", "device", "interrupt-controller")  # the loop around it is counted with it
LIMIT = 1200  # seconds
# Where Xen's guest's files are put into the machine's memory.
KERNEL_AT, INITRD_AT = 0x60000000, 0x68000000
XEN_PREFIX = re.compile(r"^\(XEN\) DOM1: ")


def costs(lines, what):
    """{operation: instructions}, the loop around it left out."""
    found = {words[1]: int(words[2]) for words in (line.strip().split() for line in lines)
             if words[:1] == ["cost:"] and len(words) == 3}
    if set(found) != {"nothing", *COSTS}:
        raise Failure(f"{what}: the guest `cost` did not end: " + " / ".join(lines[-3:]))
    return {name: found[name] - (found["nothing"] if name in LOOPED else 0) for name in COSTS}


def run(command, what, last=None):
    """Lines until QEMU ends, or until the line `last`."""
    lines, end = [], time.monotonic() + LIMIT
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            for line in process.stdout:
                lines.append(bench_boot.ANSI.sub("", line.decode(errors="replace")).strip("\r\n\0"))
                if time.monotonic() > end:
                    raise Failure(f"{what} did not end within {LIMIT} s: " + " / ".join(lines[-3:]))
                if last and lines[-1].endswith(last):
                    break
        finally:
            process.kill()
    return lines


def machine(*options, memory, el2=True, cores=1):
    kind = "virt,virtualization=on,gic-version=3,dtb-randomness=off" if el2 else "virt,gic-version=3,dtb-randomness=off"
    return [QEMU, "-M", kind, "-cpu", "max", "-smp", str(cores), "-m", memory, *bench_kernel.ICOUNT, "-nic", "none", "-display", "none",
            "-serial", "stdio", "-monitor", "none", "-no-reboot", *map(str, options)]


def native_cost():
    command = machine("-kernel", paths.TARGET / "guests" / "cost.img", memory="16M", el2=False, cores=2)
    return costs(run(command, "QEMU", last="cost: done"), "QEMU")


def nie_cost(folder):
    system = folder / "cost.yaml"
    system.write_text("machine: {platform: qemu-virt, cores: 1}\nguests:\n  cost: {kernel: \"guest:cost\", memory: 16 MiB, vcpus: 2}\n")
    image = build.image(find(str(system)), out=folder / "cost")
    lines = bench_kernel.boot(image, "max", 1)
    return costs([bench_boot.ANSI.sub("", line).strip().removeprefix("[cost] ") for line in lines], "nie")


def kvm(folder, initrd, tree):
    """The host is Debian's kernel with its KVM; its initramfs holds QEMU and all that the guests need."""
    content = folder / "kvm"
    shutil.copytree(peers_files.KVM, content)
    for name, file in {"Image": paths.kernel(SERIES), "initramfs": initrd, "guest.dtb": tree,
                       "cost.img": paths.TARGET / "guests" / "cost.img"}.items():
        shutil.copyfile(file, content / "lib" / name)
    host = folder / "kvm.cpio.gz"
    subprocess.run([sys.executable, str(paths.ROOT / "tests/guests/linux/pack.py"), "--busybox", str(paths.CACHE / "busybox"),
                    "--init", str(FOLDER / "kvm-init"), "--tree", str(content), "--output", str(host)], check=True)
    say("booting Debian's kernel with KVM, and both guests in its QEMU")
    lines = run(machine("-kernel", paths.kernel(SERIES), "-initrd", host, "-append", "console=ttyAMA0 quiet", memory="2G"), "KVM")
    try:
        middle = lines.index("peers: linux")
    except ValueError:
        raise Failure("KVM: its host did not come to the guests: " + " / ".join(lines[-3:])) from None
    return costs(lines[:middle], "KVM"), bench_boot.parse(lines[middle:], "Linux under KVM")[0]


def xen_guest(folder, kernel, initrd, cpus, last):
    """Xen alone starts one guest (dom0less). Returns what that printed."""
    tree = folder / "xen.dtb"
    files = ["-device", f"loader,file={kernel},addr={KERNEL_AT:#x},force-raw=on", "-kernel", peers_files.XEN / "xen"]
    ramdisk = ""
    if initrd:
        files += ["-device", f"loader,file={initrd},addr={INITRD_AT:#x},force-raw=on"]
        ramdisk = (f"module@{INITRD_AT:x} {{ compatible = \"multiboot,ramdisk\", \"multiboot,module\"; "
                   f"reg = <0 {INITRD_AT:#x} 0 {initrd.stat().st_size:#x}>; }};")
    dump = machine(*files, memory="2G")
    dump[2] += f",dumpdtb={tree}"
    subprocess.run(dump, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    source = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", str(tree)], check=True, text=True, stdout=subprocess.PIPE).stdout
    guest = (FOLDER / "xen.dtsi").read_text().format(
        kernel=KERNEL_AT, kernel_size=kernel.stat().st_size, ramdisk=ramdisk, cpus=cpus, bootargs=bench_boot.COMMAND_LINE)
    subprocess.run(["dtc", "-q", "-O", "dtb", "-o", str(tree)], input=source + guest, check=True, text=True)
    return [XEN_PREFIX.sub("", line) for line in run(machine(*files, "-dtb", tree, memory="2G"), "Xen", last=last)]


def xen(folder, initrd):
    say("booting Xen with one guest, twice")
    cost = xen_guest(folder, paths.TARGET / "guests" / "cost-xen.img", None, 2, "cost: done")
    linux = xen_guest(folder, paths.kernel(SERIES), initrd, 1, "bench-end")
    return costs(cost, "Xen"), bench_boot.parse(linux, "Linux under Xen")[0]


def measure():
    versions = peers_files.ensure()
    build.target()
    linux = bench_boot.measure(SERIES)
    initrd, tree = paths.TARGET / "bench" / "initramfs.cpio.gz", paths.TARGET / "bench" / SERIES / "guest.dtb"
    with tempfile.TemporaryDirectory(prefix="nie-peers-") as name:
        folder = Path(name)
        kvm_costs, kvm_linux = kvm(folder, initrd, tree)
        xen_costs, xen_linux = xen(folder, initrd)
        return {"native": native_cost() | linux["native"], "nie": nie_cost(folder) | linux["nie"],
                f"KVM, {versions['kvm']}": kvm_costs | kvm_linux, f"Xen, {versions['xen']}": xen_costs | xen_linux}


def behind(table):
    """Where KVM is the better of the two."""
    kvm = next(figures for name, figures in table.items() if name.startswith("KVM"))
    return [f"peers: {name}: {table['nie'][name]:,} under nie, {kvm[name]:,} under KVM"
            for name in (*COSTS, "init", "lines") if table["nie"][name] >= kvm[name]]


def show(table):
    rows = {"Linux to /init, ms": lambda f: f"{f['init'] / 1000:,.1f}",
            "over native": lambda f: f"{f['init'] / table['native']['init']:.4f}",
            "20 console lines, ms": lambda f: f"{f['lines'] / 1000:,.2f}",
            "hypercall": lambda f: f"{f['call']:,}", "device register, in the VMM": lambda f: f"{f['device']:,}",
            "distributor register": lambda f: f"{f['interrupt-controller']:,}",
            "timer, late after WFI": lambda f: f"{f['late']:,}",
            "interrupt to itself": lambda f: f"{f['to-itself']:,}", "interrupt to another": lambda f: f"{f['to-another']:,}"}
    for name, figures in table.items():
        print(f"\n{name}")
        for row, text in rows.items():
            try:
                print(f"  {row:28} {text(figures):>12}")
            except KeyError:
                print(f"  {row:28} {'-':>12}")

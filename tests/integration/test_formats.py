# SPDX-License-Identifier: Apache-2.0
"""What boots in QEMU's `virt` machine boots by naming the file: an Image, an ELF file, a raw binary; with a device tree
of QEMU's own, too."""
import struct
import subprocess

import build
import measure
import paths
import systems

SYSTEM = """\
machine: {{platform: qemu-virt, cores: 2}}
guests:
  image: {{kernel: "{guests}/hello.img", memory: 16 MiB}}
  elf: {{kernel: hello.elf, memory: 18 MiB}}
  raw: {{kernel: "{guests}/hello.img", format: raw, memory: 20 MiB}}
  placed: {{kernel: "{guests}/hello.img", load: 0x40600000, memory: 22 MiB}}
  tree: {{kernel: "{guests}/hello.img", dtb: virt.dtb, memory: 24 MiB}}
  linked: {{kernel: linked.elf, memory: 26 MiB}}
  firmware: {{kernel: "{guests}/hello.img", load: 0, memory: 28 MiB, flash: 2 MiB}}
"""
OWN_TREE = """\
machine: {{platform: qemu-virt, cores: 2}}
guests:
  own: {{kernel: debian-6.1, initrd: initramfs, bootargs: console=ttyAMA0 nie.a.word, dtb: "{tree}", memory: 192 MiB, vcpus: 2}}
"""


def virt_tree(file, cpus=1):
    subprocess.run(["qemu-system-aarch64", "-M", f"virt,gic-version=3,dumpdtb={file}", "-cpu", "max", "-smp", str(cpus),
                    "-m", "512M", "-nic", "none", "-display", "none"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=60)


def linked_to(elf, offset):
    """An ELF file whose program is linked so far from where it is loaded."""
    data = bytearray(elf)
    entry, table = struct.unpack_from("<QQ", data, 24)
    struct.pack_into("<Q", data, 24, entry + offset)
    size, count = struct.unpack_from("<HH", data, 54)
    for at in range(table, table + size * count, size):
        address, = struct.unpack_from("<Q", data, at + 16)
        struct.pack_into("<Q", data, at + 16, address + offset)
    return bytes(data)


def test_formats(boot, tmp_path):
    virt_tree(tmp_path / "virt.dtb")
    subprocess.run(["aarch64-linux-gnu-objcopy", "--change-addresses", "0x40200000",
                    str(paths.TARGET / "guests" / "hello.elf"), str(tmp_path / "hello.elf")], check=True)
    elf = (tmp_path / "hello.elf").read_bytes()
    (tmp_path / "linked.elf").write_bytes(linked_to(elf, 0xFFFF_0000_0000_0000))
    file = tmp_path / "formats.yaml"
    file.write_text(SYSTEM.format(guests=paths.TARGET / "guests"))
    run = boot(file, cores=2, icount=True)
    assert run.outcome.problem is None, run.tail()
    for guest, size in {"image": 16, "elf": 18, "raw": 20, "placed": 22, "tree": 24, "linked": 26,
                        "firmware": 28}.items():
        assert f"hello: memory 0x40000000, {size} MiB" in run.of(guest), run.tail()
        assert run.of(guest)[-1] == "hello: done", run.tail()
    image = build.image(systems.find(str(file)), out=tmp_path / "again")
    measured = {guest["name"]: guest["measurement"] for guest in run.outcome.report["guests"]}
    for guest in ("linked", "firmware"):
        assert measured[guest] == measure.of_guest(image.parent, guest)


def test_linked_elsewhere_in_plain_qemu(plain, tmp_path):
    moved = tmp_path / "hello.elf"
    subprocess.run(["aarch64-linux-gnu-objcopy", "--change-addresses", "0x40200000",
                    str(paths.TARGET / "guests" / "hello.elf"), str(moved)], check=True)
    moved.write_bytes(linked_to(moved.read_bytes(), 0xFFFF_0000_0000_0000))
    # It starts there. To an ELF file QEMU does not tell the device tree's address.
    assert "hello: FAILED: no memory node in the device tree" in plain(moved, memory="16M", limit=30)


def test_linux_with_a_tree_of_its_own(boot, tmp_path):
    tree = tmp_path / "virt.dtb"
    virt_tree(tree, cpus=2)
    subprocess.run(["fdtput", "-r", str(tree), "/pcie@10000000"], check=True)  # all else may stay: host-vmm's absent.c
    subprocess.run(["fdtput", "-t", "s", str(tree), "/", "model", "a tree of its own"], check=True)
    file = tmp_path / "own.yaml"
    file.write_text(OWN_TREE.format(tree=tree))
    run = boot(file, cores=2, icount=True)
    assert run.outcome.problem is None, run.tail()
    lines = run.of("own")
    assert any(line.endswith("Machine model: a tree of its own") for line in lines), run.tail()
    assert any("Kernel command line: console=ttyAMA0 nie.a.word" in line for line in lines)
    assert any("Memory: " in line and "/196608K" in line for line in lines)
    assert "nie: cpus 2" in lines and "nie: done" in lines, run.tail()

# SPDX-License-Identifier: Apache-2.0
"""What boots in QEMU's `virt` machine boots by naming the file: an Image, an ELF file, a raw binary; with a device tree
of QEMU's own, too."""
import subprocess

import paths

SYSTEM = """\
machine: {{platform: qemu-virt, cores: 2}}
guests:
  image: {{kernel: "{guests}/hello.img", memory: 16 MiB}}
  elf: {{kernel: hello.elf, memory: 18 MiB}}
  raw: {{kernel: "{guests}/hello.img", format: raw, memory: 20 MiB}}
  placed: {{kernel: "{guests}/hello.img", load: 0x40600000, memory: 22 MiB}}
  tree: {{kernel: "{guests}/hello.img", dtb: virt.dtb, memory: 24 MiB}}
"""


def test_formats(boot, tmp_path):
    subprocess.run(["qemu-system-aarch64", "-M", f"virt,gic-version=3,dumpdtb={tmp_path}/virt.dtb", "-cpu", "max",
                    "-m", "512M", "-nic", "none", "-display", "none"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=60)
    subprocess.run(["aarch64-linux-gnu-objcopy", "--change-addresses", "0x40200000",
                    str(paths.TARGET / "guests" / "hello.elf"), str(tmp_path / "hello.elf")], check=True)
    file = tmp_path / "formats.yaml"
    file.write_text(SYSTEM.format(guests=paths.TARGET / "guests"))
    run = boot(file, cores=2)
    assert run.outcome.problem is None, run.tail()
    for guest, size in {"image": 16, "elf": 18, "raw": 20, "placed": 22, "tree": 24}.items():
        assert f"hello: memory 0x40000000, {size} MiB" in run.of(guest), run.tail()
        assert run.of(guest)[-1] == "hello: done", run.tail()

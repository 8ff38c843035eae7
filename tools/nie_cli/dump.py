# SPDX-License-Identifier: Apache-2.0
"""`dump`: the system as it was built. The machine is stopped where the first task gets the core from the initial task; the kernel's
granule table, capability slots and translation tables are read from its memory and held against the description."""
import subprocess
import sys
import tempfile
from pathlib import Path

import build
import gdb_remote
import launch
import live_state
import machine
import systems
from paths import ROOT, TARGET
from say import Failure, say

sys.path.insert(0, str(ROOT))

INTERFACE = ROOT / "kernel" / "api" / "nie.yaml"


def kernel():
    return live_state.Kernel(TARGET / "kernel" / "arch" / "arm64" / "kernel.elf", TARGET / "generated" / "nie" / "platform.h")


def entry_of(image_folder):
    """Where the initial task starts, and its successor: both are tasks, linked at the same address."""
    from capdl import elf, image

    return elf.flatten(image_folder / "capdl-init.elf", image.TASK_BASE).entry


def state_after_init(image, description, cores, folder):
    """Of a machine that stands at the first instruction of the task that the initial task started."""
    hardware = machine.Machine(image, "max", cores, description.memory, description.platform["qemu"]["machine"],
                               extra=["-S", "-gdb", f"unix:{folder}/gdb,server=on,wait=off",
                                      "-qmp", f"unix:{folder}/monitor,server=on,wait=off"])
    with subprocess.Popen(hardware.command(False), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            remote = gdb_remote.Remote(folder / "gdb")
            monitor = live_state.Monitor(folder / "monitor")
            remote.stop_at(entry_of(image.parent))  # the initial task
            remote.step()
            remote.stop_at(entry_of(image.parent))  # its successor
            return live_state.capture(monitor, kernel(), folder, tries=1)
        finally:
            process.kill()


def placed(image, name, cores, folder=TARGET):
    """-> what capdl.asbuilt.specified gives of an image, its checked system before it: where everything will be."""
    from capdl import archive, asbuilt, elf, image as images, memory, parser
    from capdl.build import Build, system_platform
    from capdl.checker import check
    from capdl.problem import Where

    facts = Build(folder)
    board = system_platform(facts.facts["platform"], facts, Where())
    packed = (image.parent / "archive.bin").read_bytes()
    kernel_size = facts.file("kernel").stat().st_size
    pieces = memory.free_pieces(board, kernel_size, images.TASK_LIMIT, len(packed))
    lengths = {file: size for file, (_, size) in archive.entries(packed).items()}
    path = image.parent / f"{name}.cdl"
    system = check(parser.parse(path.read_text(), path.name), board, lengths, board.cores, pieces)
    task = elf.flatten(image.parent / "capdl-init.elf", images.TASK_BASE)
    return system, *asbuilt.specified(system, board, kernel_size, task.size, len(packed), cores)


def compare(image, name, cores, state):
    """-> what was built as capDL text, and where it is not what NAME.cdl beside the image says."""
    from capdl import asbuilt

    system, wanted, names, addresses = placed(image, name, cores)
    real = asbuilt.found(system, addresses, state, asbuilt.types(INTERFACE))
    text = asbuilt.text_of(real, names, [f"{name}, as built: read from the memory of the machine after initialisation.",
                                         "Behind each object: its address or number. Mappings are at the end."])
    return text, asbuilt.differences(wanted, real, names)


def run(options):
    description = systems.find(options.system)
    launch.check_cores(options.cores, description)
    image = build.system(description)
    with tempfile.TemporaryDirectory(prefix="nie-dump-") as folder:
        state = state_after_init(image, description, options.cores, Path(folder))
        text, differences = compare(image, description.name, options.cores, state)
    if options.out:
        try:
            Path(options.out).write_text(text)
        except OSError as error:
            raise Failure(f"--out {options.out}: {error.strerror}: give a file that can be written") from None
    else:
        sys.stdout.write(text)
    if differences:
        raise Failure(f"{len(differences)} differences from the description: {'; '.join(differences[:3])}")
    say(f"{description.name}: as built is as specified")
    return 0

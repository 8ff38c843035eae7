# SPDX-License-Identifier: Apache-2.0
"""The devices that a system's guests are to have (`devices:` with a model), as arguments of QEMU."""
from paths import CACHE

DISK = 64 << 20  # bytes of an NVMe disk


def nvme(address, name, folder):
    """An empty disk, gone with the machine."""
    disk = folder / f"{name}.raw"
    with open(disk, "wb") as file:
        file.truncate(DISK)
    return ["-drive", f"if=none,id={name},format=raw,file={disk}", "-device", f"nvme,addr={address},serial=nie,drive={name}"]


def network(address, name, folder):
    """QEMU's own network: at 10.0.2.2 a TFTP server has `file`, the guests' busybox."""
    (folder / "file").write_bytes((CACHE / "busybox").read_bytes())
    return ["-netdev", f"user,id={name},tftp={folder},restrict=on", "-device",
            f"virtio-net-pci,addr={address},netdev={name},disable-legacy=on,iommu_platform=on,romfile="]


def edu(address, name, folder):
    return ["-device", f"edu,addr={address},dma_mask=0xffffffff"]


MODELS = {"nvme": nvme, "network": network, "edu": edu}


def arguments(system, folder):
    found = []
    for guest, description in system.guests.items():
        for number, device in enumerate(description.get("devices", [])):
            if "model" in device:
                found += MODELS[device["model"]](device["pci"].partition(":")[2], f"{guest}{number}", folder)
    return found

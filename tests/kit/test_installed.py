# SPDX-License-Identifier: Apache-2.0
"""What `cmake --install` leaves is enough: a VMM outside the tree, built with CMake and with pkg-config, boots a guest."""
import shutil
import subprocess

import paths
import pytest
from test_examples import EXAMPLES, run

COMPILER = "aarch64-linux-gnu-gcc"


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prefix")
    subprocess.run(["cmake", "--install", str(paths.TARGET), "--prefix", str(folder)], check=True, stdout=subprocess.DEVNULL)
    return folder


def boots(folder, elf):
    """Under tools/nie, as a VMM of that name."""
    name = f"outside-{folder.name}"
    place = paths.TARGET / "tasks" / f"{name}.elf"
    shutil.copy(elf, place)
    try:
        system = folder / "system.yaml"
        system.write_text((EXAMPLES / "2-guest.yaml").read_text().replace("task:2-guest", f"task:{name}"))
        assert "Hello from a guest that its VMM cannot look into." in run(system, cwd=folder)
    finally:
        place.unlink()


def test_cmake_package(prefix, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(EXAMPLES, source)
    subprocess.run(["cmake", "-G", "Ninja", "-S", str(source), "-B", str(tmp_path / "build"), f"-DCMAKE_PREFIX_PATH={prefix}",
                    f"-DCMAKE_TOOLCHAIN_FILE={prefix}/lib/cmake/nie/toolchain.cmake"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", str(tmp_path / "build")], check=True, stdout=subprocess.DEVNULL)
    commands = (tmp_path / "build" / "build.ninja").read_text()
    assert str(paths.ROOT) not in commands  # nothing of the checkout
    assert (tmp_path / "build" / "guests" / "greet.img").stat().st_size > 64
    boots(tmp_path, tmp_path / "build" / "tasks" / "2-guest.elf")


def test_pkg_config(prefix, tmp_path):
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "nie-vmm"], check=True, text=True, stdout=subprocess.PIPE,
                           env={"PATH": "/usr/bin:/bin", "PKG_CONFIG_LIBDIR": str(prefix / "lib" / "pkgconfig")}).stdout.split()
    assert str(paths.ROOT) not in " ".join(flags)
    elf = tmp_path / "vmm.elf"
    subprocess.run([COMPILER, "-O2", str(EXAMPLES / "2-guest.c"), *flags, "-o", str(elf)], check=True)
    boots(tmp_path, elf)


def test_documentation_is_installed(prefix):
    manual = prefix / "share" / "man"
    assert (manual / "man2" / "nie_donate.2").exists() and (manual / "man7" / "nie.7").exists()

# SPDX-License-Identifier: Apache-2.0
"""The same image, bit for bit, from another folder, at another time, with another hash seed, all of it built again."""
import json
import os
import shutil
import subprocess
import sys

import paths

SYSTEM = "configs/systems/minimal.yaml"


def image(source, build, out, seed):
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(source), "TZ": f"UTC{seed}"}
    subprocess.run([sys.executable, "-m", "capdl.build", "--system", str(source / SYSTEM), "--build", str(build),
                    "--cache", str(paths.CACHE), "--out", str(out), "--layout", str(paths.LAYOUT)], check=True,
                   cwd=out.parent, env=environment)
    return {path.name: path.read_bytes() for path in out.iterdir()}


def test_another_folder_another_time(tmp_path):
    other = tmp_path / "a folder with a longer name"
    files = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=paths.ROOT,
                           check=True, stdout=subprocess.PIPE, text=True).stdout.split("\0")
    for name in filter(None, files):
        if (paths.ROOT / name).is_file():
            (other / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(paths.ROOT / name, other / name)  # copies get the time of now
    for command in (["cmake", "--preset", "target", f"-DNIE_CACHE={paths.CACHE}"],
                    ["cmake", "--build", "build/target", "--target", "kernel", "host-vmm", "capdl_init", "nie",
                     "guests/hello.img"]):
        subprocess.run(command, cwd=other, check=True, stdout=subprocess.DEVNULL)
    first = image(paths.ROOT, paths.TARGET, tmp_path / "first", "1")
    second = image(other, other / "build" / "target", tmp_path / "second", "77")
    assert sorted(first) == sorted(second)
    assert [name for name in first if first[name] != second[name]] == []
    assert len(json.loads(first["manifest.json"])["measurements"]["gamma"]) == 64

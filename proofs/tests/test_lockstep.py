# SPDX-License-Identifier: Apache-2.0
"""The extracted model beside the kernel's C: they agree; and no longer, when the C is broken on purpose."""
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 1800
CALLS, CALLS_FULL = 200_000, 10_000_000
MUTATIONS = {m["name"]: m for m in yaml.safe_load((ROOT / "tests/mutation/mutations.yaml").read_text())}
CAUGHT = yaml.safe_load((Path(__file__).parent / "c_mutants.yaml").read_text())


def run(program, *arguments):
    return subprocess.run([program, *map(str, arguments)], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=LIMIT)


def test_model_and_kernel_agree(lockstep, full):
    result = run(lockstep.program, CALLS_FULL if full else CALLS, 1)
    assert result.returncode == 0, result.stdout
    compared = re.search(r"lockstep: (\d+) calls compared, (\d+) a second", result.stdout)
    assert int(compared[1]) >= (CALLS_FULL if full else CALLS)
    print(result.stdout)


def test_every_short_sequence_agrees(lockstep, full):
    """All sequences of three calls (with --full, four) out of the twenty-two of lockstep.ml's `few`."""
    depth = 4 if full else 3
    result = run(lockstep.program, "all", depth)
    assert result.returncode == 0, result.stdout
    assert f"all {22 ** depth} sequences of {depth} calls out of 22" in result.stdout


@pytest.mark.parametrize("name", CAUGHT["always"] + CAUGHT["full"])
def test_broken_c_is_caught(name, lockstep, full):
    if not full and name not in CAUGHT["always"]:
        pytest.skip("only with --full")
    result = run(lockstep.mutant(MUTATIONS[name]), CALLS, 1)
    assert result.returncode != 0, "the broken kernel agrees with the model"
    assert "lockstep: call" in result.stdout or result.returncode < 0, result.stdout

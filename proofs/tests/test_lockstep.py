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
CHAINS, CHAINS_FULL = 100_000, 1_000_000
MUTATIONS = {m["name"]: m for m in yaml.safe_load((ROOT / "tests/mutation/mutations.yaml").read_text())}
CAUGHT = yaml.safe_load((Path(__file__).parent / "c_mutants.yaml").read_text())
MUTATIONS |= {m["name"]: m for m in CAUGHT["own"]}


def run(program, *arguments):
    return subprocess.run([program, *map(str, arguments)], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=LIMIT)


def test_model_and_kernel_agree(lockstep, full):
    result = run(lockstep.program, CALLS_FULL if full else CALLS, 1)
    assert result.returncode == 0, result.stdout
    compared = re.search(r"lockstep: (\d+) calls compared, (\d+) a second", result.stdout)
    assert int(compared[1]) >= (CALLS_FULL if full else CALLS)
    print(result.stdout)


def test_what_runs_on_cores_agrees(lockstep, full):
    """Chains of vCPUs on three cores: how kicks, interrupts, deadlines and ends unwind them; wait, core_start, the irq calls."""
    result = run(lockstep.program, "chains", CHAINS_FULL if full else CHAINS, 1)
    assert result.returncode == 0, result.stdout
    compared = re.search(r"lockstep: (\d+) calls compared, (\d+) a second", result.stdout)
    assert int(compared[1]) >= (CHAINS_FULL if full else CHAINS)
    for seen in ("run: exit +error 1,", "run: exit +error 2,", "run: exit +error 3,", "wait: exit +error 6,", "wait: wakes +error [123],", "run in a chain +error 18,"):
        assert re.search(seen, result.stdout), f"never seen: {seen}"
    print(result.stdout)


def test_every_short_sequence_agrees(lockstep, full):
    """All sequences of three calls (with --full, four) out of the twenty-two of lockstep.ml's `few`."""
    depth = 4 if full else 3
    result = run(lockstep.program, "all", depth)
    assert result.returncode == 0, result.stdout
    assert f"all {22 ** depth} sequences of {depth} calls out of 22" in result.stdout


@pytest.mark.parametrize("name", CAUGHT["always"] + CAUGHT["chains"] + CAUGHT["full"])
def test_broken_c_is_caught(name, lockstep, full):
    if not full and name not in CAUGHT["always"] + CAUGHT["chains"][:1]:
        pytest.skip("only with --full")
    result = run(lockstep.mutant(MUTATIONS[name]), *(["chains", CHAINS] if name in CAUGHT["chains"] else [CALLS]), 1)
    assert result.returncode != 0, "the broken kernel agrees with the model"
    assert "lockstep: call" in result.stdout or result.returncode < 0, result.stdout

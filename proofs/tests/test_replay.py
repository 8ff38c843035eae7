# SPDX-License-Identifier: Apache-2.0
"""Traces of the kernel running whole systems in QEMU (docs/tracing.md), asked of the model: it answers every call as the kernel did."""
import io
import re
import subprocess

import pytest
import replay as replaying
import theories


def record(folder, *words):
    result = subprocess.run([str(theories.ROOT / "tools" / "nie"), *words, "--trace", str(folder)], cwd=theories.ROOT, stdin=subprocess.DEVNULL,
                            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900)
    assert result.returncode == 0, result.stdout[-3000:]
    return folder / "trace.bin"


def script(trace):
    out = io.StringIO()
    for (name, why), count in sorted(replaying.script(trace, out).items()):
        print(f"not asked of the model: {name}: {why}: {count}")
    return out.getvalue()


def ask(program, text):
    return subprocess.run([program], input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)


def agreed(program, text):
    result = ask(program, text)
    assert result.returncode == 0, result.stdout
    print(result.stdout)
    found = re.search(r"replay: (\d+) calls of \d+ lines compared; of boot's VSpaces (\d+) entries told", result.stdout)
    return int(found[1]), int(found[2])


@pytest.fixture(scope="session")
def minimal(tmp_path_factory):
    return script(record(tmp_path_factory.mktemp("minimal"), "run", "minimal", "--icount", "--cores", "2"))


def test_the_model_answers_as_a_running_kernel_did(lockstep, minimal):
    compared, told = agreed(lockstep.replay, minimal)
    assert compared >= 300 and told <= 2


@pytest.mark.parametrize("call, status", [("map_private", 782), ("donate", 785), ("vspace_kill", 1), ("map_table", 783)])
def test_another_answer_is_noticed(lockstep, minimal, call, status):
    """The kernel's answer to the last such call, changed."""
    lines = minimal.splitlines()
    at = max((i for i, line in enumerate(lines) if line.startswith(call + " ") and line.endswith(" 0")), default=None)
    assert at is not None, f"the trace has no {call}"
    lines[at] = f"{lines[at].rsplit(' ', 1)[0]} {status}"
    result = ask(lockstep.replay, "\n".join(lines) + "\n")
    assert result.returncode == 1 and f"line {at + 1}: {call.split('_private')[0]}" in result.stdout, result.stdout


def test_a_forgotten_call_is_noticed(lockstep, minimal):
    lines = minimal.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("map_table ") and line.endswith(" 0") and i > len(lines) // 20)
    assert ask(lockstep.replay, "\n".join(lines[:at] + lines[at + 1:]) + "\n").returncode == 1


def test_the_model_answers_as_the_demo_did(lockstep, full, tmp_path):
    if not full:
        pytest.skip("only with --full")
    compared, told = agreed(lockstep.replay, script(record(tmp_path, "demo")))
    assert compared >= 700 and told <= 2

# SPDX-License-Identifier: Apache-2.0
"""--icount: two runs are alike to the last byte, and the time that guests see is not the build host's."""


def test_two_runs_are_alike(boot):
    runs = [boot("minimal", cores=1, icount=True) for _ in range(2)]
    for run in runs:
        assert run.outcome.problem is None, run.tail()
    assert runs[0].lines == runs[1].lines
    assert runs[0].outcome.report == runs[1].outcome.report


def test_command(nie, tmp_path):
    result = nie("run", "minimal", "--cores=1", "--icount", "--cpu=cortex-a72")
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr
    assert "hello: 5 timer interrupts" in result.stdout

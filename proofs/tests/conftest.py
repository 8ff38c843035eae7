# SPDX-License-Identifier: Apache-2.0
import sys
from pathlib import Path

import pytest

PROOFS = Path(__file__).resolve().parents[1]
ROOT = PROOFS.parent
for folder in (PROOFS / "spec", PROOFS / "lockstep", ROOT / "tests" / "native"):
    sys.path.insert(0, str(folder))


def pytest_addoption(parser):
    parser.addoption("--folder", type=Path, default=ROOT / "build" / "spec", help="where all is built")
    parser.addoption("--full", action="store_true", help="ten million calls, and every mutant")


@pytest.fixture(scope="session")
def folder(request):
    return request.config.getoption("--folder").resolve()


@pytest.fixture(scope="session")
def full(request):
    return request.config.getoption("--full")


@pytest.fixture(scope="session")
def lockstep(folder):
    import build
    import theories

    theories.prepare(folder)
    theories.compile_all(folder, ["State", "Api", "Outcome", "Streams", "Calls", "Exits", "Debug", "Interrupts", "Chains", "Encode", "Extract"])
    return build.Lockstep(folder)

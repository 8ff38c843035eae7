# SPDX-License-Identifier: Apache-2.0
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tools" / "nie_cli"), str(ROOT / "tests" / "mutation"), str(Path(__file__).parent)]


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="cortex-a72 too, and kernels that are broken on purpose")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--full"):
        items[:] = [item for item in items if not item.originalname.endswith("with_full")]

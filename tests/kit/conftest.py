# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tools" / "nie_cli")]


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="what takes minutes, too")

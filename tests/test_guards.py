"""The suite fails on what a test leaves behind or lets slip."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent
_TESTS = """
import logging
import threading
import warnings

import pytest
from PyQt6.QtCore import qWarning

log = logging.getLogger("agecam.something")


def test_clean():
    log.info("nothing to see")


@pytest.mark.expects_log("disk .* full")
def test_expected_log():
    log.warning("the disk is full")


def test_thread():
    threading.Thread(target=threading.Event().wait, name="left-behind", daemon=True).start()


def test_log():
    log.warning("something is wrong")


@pytest.mark.expects_log("never said")
def test_missing_log():
    pass


def test_qt_warning():
    qWarning("a widget without a parent")


def test_python_warning():
    warnings.warn("old", DeprecationWarning)
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Names of tests, by how a run of them ended for them."""
    folder = tmp_path_factory.mktemp("guarded")
    shutil.copy(_ROOT / "tests" / "conftest.py", folder)
    (folder / "test_guarded.py").write_text(_TESTS, encoding="utf-8")
    # One process, without the plug-ins that these tests need nothing of.
    plugins = [
        option
        for name in ("cacheprovider", "xdist", "pytest_cov", "randomly", "hypothesispytest")
        for option in ("-p", f"no:{name}")
    ]
    command = [sys.executable, "-m", "pytest", "-c", str(_ROOT / "pyproject.toml"), "-rA", *plugins]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [*command, str(folder)],
        cwd=_ROOT,
        env={**environment, "AGECAM_TESTS_THREAD_GRACE_S": "0.2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found: dict[str, list[str]] = {"PASSED": [], "FAILED": []}
    for outcome, name in re.findall(r"^(PASSED|FAILED|ERROR) \S+::(\w+)", done.stdout, re.M):
        found["PASSED" if outcome == "PASSED" else "FAILED"].append(name)
    return found


@pytest.mark.parametrize("name", ["test_clean", "test_expected_log"])
def test_what_is_in_order_passes(outcomes: dict[str, list[str]], name: str) -> None:
    assert name in outcomes["PASSED"]
    assert name not in outcomes["FAILED"]


@pytest.mark.parametrize(
    "name", ["test_thread", "test_log", "test_missing_log", "test_qt_warning", "test_python_warning"]
)
def test_what_is_left_behind_or_let_slip_fails(outcomes: dict[str, list[str]], name: str) -> None:
    assert name in outcomes["FAILED"]

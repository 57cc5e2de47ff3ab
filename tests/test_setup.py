"""Setting up: the lock files fit the project, and what cannot be installed is said in one sentence."""

import importlib.util
import os
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from agecam.system_libraries import SystemLibrary

_ROOT = Path(__file__).resolve().parent.parent
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)(?: ; (.+?))? \\\n((?:    --hash=\S+(?: \\)?\n)+)", re.M)


def _locked(name: str) -> set[tuple[str, str, str]]:
    """Name, version and marker of each package that has a hash."""
    return {(one[1], one[2], one[3]) for one in _LOCKED.finditer((_ROOT / name).read_text())}


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=\[; ]", one)[0].lower().replace("_", "-") for one in requirements}


@pytest.fixture
def bootstrap(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", _ROOT / "tools" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    absent = SystemLibrary("libthat-is-not.so.7", "libthat7", "window")
    monkeypatch.setattr(module, "missing_libraries", lambda: [absent])
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    monkeypatch.setattr(module, "run", lambda *_, **__: pytest.fail("nothing may be run here"))
    return module


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_line_of_a_lock_is_a_hash_a_comment_or_a_package_that_has_one(name: str) -> None:
    text = (_ROOT / name).read_text()
    packages = len(re.findall(r"^\S+==", text, re.M))
    assert packages == len(_LOCKED.findall(text)) > 30
    assert not re.search(r"https?:|--\w*index|git\+", text)


def test_locks_hold_what_the_project_names() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())
    runtime = _names(project["project"]["dependencies"])
    extras = _names([one for group in project["project"]["optional-dependencies"].values() for one in group])
    development = _names(project["dependency-groups"]["dev"])
    assert runtime <= {name for name, _, _ in _locked("requirements.lock")}
    assert runtime | extras | development <= {name for name, _, _ in _locked("requirements-dev.lock")}


def test_tests_run_with_the_versions_that_users_get() -> None:
    runtime, development = _locked("requirements.lock"), _locked("requirements-dev.lock")
    assert {one[:2] for one in runtime} <= {one[:2] for one in development}


def test_users_do_not_get_tensorflow() -> None:
    assert not {"tensorflow", "keras"} & {name for name, _, _ in _locked("requirements.lock")}


def test_without_apt_the_missing_libraries_are_named(
    bootstrap: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["bootstrap.py", "dev"])
    monkeypatch.setattr("sys.platform", "linux")
    assert bootstrap.main() == 1
    sentence = capsys.readouterr().err
    assert re.fullmatch(r"Install .*libthat-is-not\.so\.7.*Xvfb.*strace.*\.\n", sentence)


def test_without_sudo_the_command_is_named(
    bootstrap: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    apt_alone = {"apt-get": "/usr/bin/apt-get"}
    monkeypatch.setattr(bootstrap.shutil, "which", apt_alone.get)
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    monkeypatch.setattr("sys.argv", ["bootstrap.py", "run"])
    monkeypatch.setattr("sys.platform", "linux")
    assert bootstrap.main() == 1
    assert "sudo apt-get install --yes --no-install-recommends libthat7" in capsys.readouterr().err


def test_unknown_word_is_wrong_usage(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["bootstrap.py", "everything"])
    assert bootstrap.main() == 2

"""Setting up: the lock files fit the project, and what cannot be installed is said in one sentence."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from agecam.system_libraries import SystemLibrary
from tools.bootstrap import System
from tools.bootstrap import main as bootstrap

_ROOT = Path(__file__).resolve().parent.parent
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)(?: ; (.+?))? \\\n((?:    --hash=\S+(?: \\)?\n)+)", re.M)


def _locked(name: str) -> set[tuple[str, str, str]]:
    """Name, version and marker of each package that has a hash."""
    return {(one[1], one[2], one[3]) for one in _LOCKED.finditer((_ROOT / name).read_text())}


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=\[; ]", one)[0].lower().replace("_", "-") for one in requirements}


_ABSENT = SystemLibrary("libthat-is-not.so.7", "libthat7", "window")


def _system(programs: Mapping[str, str] = MappingProxyType({})) -> System:
    """A Linux that lacks a library and has only these programs; its user is not root."""
    return System("linux", lambda: [_ABSENT], programs.get, lambda: False)


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
    extras -= {project["project"]["name"]}  # extras that go on from others
    development = _names(project["dependency-groups"]["dev"])
    assert runtime <= {name for name, _, _ in _locked("requirements.lock")}
    assert runtime | extras | development <= {name for name, _, _ in _locked("requirements-dev.lock")}


def test_tests_run_with_the_versions_that_users_get() -> None:
    runtime, development = _locked("requirements.lock"), _locked("requirements-dev.lock")
    assert {one[:2] for one in runtime} <= {one[:2] for one in development}


def test_users_do_not_get_tensorflow() -> None:
    assert not {"tensorflow", "keras"} & {name for name, _, _ in _locked("requirements.lock")}


def test_without_apt_the_missing_libraries_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap(["dev"], _system()) == 1
    sentence = capsys.readouterr().err
    assert re.fullmatch(r"Install .*libthat-is-not\.so\.7.*Xvfb.*\.\n", sentence)


def test_without_sudo_the_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap(["run"], _system({"apt-get": "/usr/bin/apt-get"})) == 1
    assert "sudo apt-get install --yes --no-install-recommends libthat7" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["everything"], [], ["run", "dev"]])
def test_other_words_are_wrong_usage(arguments: list[str]) -> None:
    assert bootstrap(arguments, _system()) == 2

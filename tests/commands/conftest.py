"""The command line, called as the operating system calls it."""

import contextlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from agecam import cli
from agecam.output import VideoWriter
from tests.commands.helpers import Result, Run, Unchanged, contents


@pytest.fixture(autouse=True)
def _close_log() -> Iterator[None]:
    """The log file of a command, which the end of its process would close."""
    yield
    for handler in list(logging.getLogger("agecam").handlers):
        if handler.name == "agecam":
            logging.getLogger("agecam").removeHandler(handler)
            handler.close()


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def run_command(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["agecam", *map(str, arguments)])
        monkeypatch.setattr(sys, "excepthook", sys.excepthook)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capfd.readouterr()
        return Result(int(ended.value.code or 0), captured.out, captured.err)

    return run_command


@pytest.fixture
def unchanged(tmp_path: Path) -> Unchanged:
    @contextlib.contextmanager
    def check(*but: str) -> Iterator[None]:
        before = contents(tmp_path)
        yield
        after = contents(tmp_path)
        for name in but:
            before.pop(name, None)
            after.pop(name)
        assert after == before

    return check


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five frames of ``(32, 32)`` pixels, each brighter than the last."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.mp4"
    with VideoWriter(path, 32, 32) as writer:
        for index in range(5):
            writer.write(np.full((32, 32, 3), 40 * index + 20, np.uint8), index / 25)
    return path

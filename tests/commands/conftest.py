"""The command line, called as the operating system calls it."""

import logging
import sys
from collections.abc import Iterator

import pytest

from agecam import cli
from tests.commands.helpers import Result, Run


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

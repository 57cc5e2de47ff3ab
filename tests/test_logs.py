"""The log: a small file that always exists somewhere, and stderr where that is asked for."""

import logging
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agecam.logs import set_up_logging


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """AgeCam's logger, as it was before the test afterwards."""
    logger = logging.getLogger("agecam")
    before = (logger.level, logger.propagate, list(logger.handlers))
    yield logger
    for handler in set(logger.handlers) - set(before[2]):
        handler.close()
    logger.setLevel(before[0])
    logger.propagate = before[1]
    logger.handlers[:] = before[2]


def test_messages_go_to_the_file_and_details_do_not(logger: logging.Logger, tmp_path: Path) -> None:
    path = tmp_path / "logs" / "agecam.log"
    set_up_logging(verbose=False, path=path)
    logger.info("opened Grüße.mp4")
    logger.debug("a detail")
    text = path.read_text(encoding="utf-8")
    assert "INFO MainThread agecam: opened Grüße.mp4" in text
    assert "a detail" not in text


def test_verbose_writes_everything_to_stderr_too(
    logger: logging.Logger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "agecam.log"
    set_up_logging(verbose=True, path=path)
    logger.debug("a detail")
    assert "DEBUG MainThread agecam: a detail" in capsys.readouterr().err
    assert "a detail" in path.read_text(encoding="utf-8")


def test_setting_it_up_again_writes_each_message_once(logger: logging.Logger, tmp_path: Path) -> None:
    path = tmp_path / "agecam.log"
    set_up_logging(verbose=False, path=path)
    set_up_logging(verbose=False, path=path)
    logger.info("once")
    assert path.read_text(encoding="utf-8").count("once") == 1


def test_the_file_does_not_grow_without_bound(logger: logging.Logger, tmp_path: Path) -> None:
    path = tmp_path / "agecam.log"
    set_up_logging(verbose=False, path=path)
    for _ in range(300):
        logger.info("x" * 5000)
    assert sum(one.stat().st_size for one in tmp_path.iterdir()) <= 1_000_000
    assert {one.name for one in tmp_path.iterdir()} == {"agecam.log", "agecam.log.1"}


def test_a_folder_that_cannot_be_made_is_no_reason_not_to_run(logger: logging.Logger, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    set_up_logging(verbose=False, path=tmp_path / "file" / "agecam.log")
    logger.info("nowhere")
    assert (tmp_path / "file").read_bytes() == b""


def test_a_log_that_cannot_be_written_prints_no_traceback(
    logger: logging.Logger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "agecam.log"
    path.mkdir()
    set_up_logging(verbose=False, path=path)
    logger.info("nowhere")
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_log_on_a_full_disk_prints_no_traceback(
    logger: logging.Logger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "agecam.log"
    path.symlink_to("/dev/full")
    set_up_logging(verbose=False, path=path)
    logger.info("nowhere")
    assert capsys.readouterr().err == ""


def test_bytes_of_a_name_that_are_no_text_can_be_logged(logger: logging.Logger, tmp_path: Path) -> None:
    path = tmp_path / "agecam.log"
    logger.handlers.clear()  # pytest-xdist cannot bring what pytest's handler keeps to another process
    set_up_logging(verbose=False, path=path)
    logger.info("opened caf\udce9.mp4")
    assert "opened caf\\udce9.mp4" in path.read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_the_logs_folder_is_private(logger: logging.Logger, tmp_path: Path) -> None:
    set_up_logging(verbose=False, path=tmp_path / "state" / "agecam.log")
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700

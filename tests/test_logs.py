"""The log: a small file that always exists somewhere, and stderr where that is asked for."""

import logging
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

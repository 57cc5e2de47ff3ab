"""Names for new files."""

import threading
from datetime import datetime
from pathlib import Path

import pytest

from agecam.errors import OutputError
from agecam.output.files import claim_file


def at_noon() -> datetime:
    return datetime(2026, 11, 23, 12, 0, 5)


def test_a_new_file_is_named_after_the_time_and_made_at_once(tmp_path: Path) -> None:
    path = claim_file(tmp_path, ".mp4", at_noon)
    assert path == tmp_path / "AgeCam 2026-11-23 12-00-05.mp4"
    assert path.read_bytes() == b""


def test_more_files_of_one_second_are_counted(tmp_path: Path) -> None:
    names = [claim_file(tmp_path, ".png", at_noon).name for _ in range(3)]
    assert names == [f"AgeCam 2026-11-23 12-00-05{number}.png" for number in ("", " (2)", " (3)")]


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "AgeCam 2026-11-23 12-00-05.mp4").write_bytes(b"something")
    (tmp_path / "AgeCam 2026-11-23 12-00-05 (2).mp4").mkdir()
    assert claim_file(tmp_path, ".mp4", at_noon).name == "AgeCam 2026-11-23 12-00-05 (3).mp4"
    assert (tmp_path / "AgeCam 2026-11-23 12-00-05.mp4").read_bytes() == b"something"


def test_no_two_threads_claim_the_same_file(tmp_path: Path) -> None:
    start = threading.Barrier(8)
    claimed: list[Path] = []

    def claim() -> None:
        start.wait(600)
        claimed.extend(claim_file(tmp_path, ".mp4", at_noon) for _ in range(10))

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(claimed)) == 80
    assert set(claimed) == set(tmp_path.iterdir())


def test_the_folder_is_made(tmp_path: Path) -> None:
    assert claim_file(tmp_path / "a" / "日本", ".mp4", at_noon).is_file()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"The folder .*inside cannot be made \(.*\); choose another\."):
        claim_file(tmp_path / "file" / "inside", ".mp4", at_noon)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder that nobody may write")
def test_a_folder_that_may_not_be_written_is_named() -> None:
    with pytest.raises(OutputError, match=r"/proc.*choose another"):
        claim_file(Path("/proc"), ".mp4", at_noon)

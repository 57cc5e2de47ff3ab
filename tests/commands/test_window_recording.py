"""What the command line of the window says of recordings is checked before a window opens."""

import os
from pathlib import Path

import pytest

from agecam.commands.arguments import WindowArguments
from agecam.commands.window import open_window
from agecam.errors import UsageError
from tests.commands.helpers import Run


@pytest.mark.parametrize(
    ("name", "split", "sentence"),
    [
        ("visit.mp4", "ten minutes", r"cannot be split every 'ten minutes'; give a time .* such as 10min"),
        ("visit.wmv", None, r"visit\.wmv is not a kind of video that AgeCam writes; end its name in"),
    ],
)
def test_a_recording_that_cannot_be_is_refused(
    demo_clip: Path, tmp_path: Path, name: str, split: str | None, sentence: str
) -> None:
    arguments = WindowArguments(str(demo_clip), record=tmp_path / name, split=split, original=True)
    with pytest.raises(UsageError, match=sentence):
        open_window(arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_no_file_to_record_into(demo_clip: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "visit.mp4"
    os.mkfifo(pipe)
    with pytest.raises(UsageError, match=r"visit\.mp4 is a pipe or a device; name a file"):
        open_window(WindowArguments(str(demo_clip), record=pipe, force=True))


def test_a_pipe_is_no_table_of_the_window_which_could_not_be_closed(demo_clip: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "rows.csv"
    os.mkfifo(pipe)
    with pytest.raises(UsageError, match=r"rows\.csv is a pipe or a device; name a file"):
        open_window(WindowArguments(str(demo_clip), csv=pipe, force=True))


@pytest.mark.parametrize("name", ["a" * 252 + ".mp4", "ä" * 126 + ".mp4"])
def test_a_name_too_long_to_record_into_is_told_at_the_start(
    run: Run, demo_clip: Path, tmp_path: Path, name: str
) -> None:
    result = run(demo_clip, "--record", tmp_path / name)
    assert result.code == 2
    assert result.err == f"agecam: {tmp_path / name} has too long a name for a file; choose a shorter one.\n"
    assert list(tmp_path.iterdir()) == []

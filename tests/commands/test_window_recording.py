"""What the command line of the window says of recordings is checked before a window opens."""

import os
from pathlib import Path

import pytest

from agecam.commands.arguments import WindowArguments
from agecam.commands.window import open_window
from agecam.errors import UsageError


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

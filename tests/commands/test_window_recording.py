"""What the command line of the window says of recordings is checked before a window opens."""

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

"""What a crash has left of recordings with a name of the user's choice is found by any later start."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from agecam.messages import Frame
from agecam.output import GrowingCsvSink, RecordingSink
from agecam.output.csv import COLUMNS
from agecam.output.notes import GrowingNote, finish_noted
from agecam.paths import growing_dir
from tests.output.helpers import cut_off_video, times_s

MakeFrame = Callable[..., Frame]

KILLED = """
import os, sys, time
from pathlib import Path
import numpy as np
from agecam.messages import Frame
from agecam.output import GrowingCsvSink, RecordingOptions, RecordingSink
folder = Path(sys.argv[1])
image = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
video = RecordingSink(folder / "visit.mp4", options=RecordingOptions(content="both"))
rows = GrowingCsvSink(folder / "visit.csv")
for index in range(40):
    for sink in (video, rows):
        sink.write(Frame(image, index / 10, index), ())
while video.status().written < 40 or rows.status().written < 40:
    time.sleep(0.01)
os._exit(1)
"""


def test_a_recording_and_a_table_that_a_crash_cut_off_are_finished_wherever_they_are(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path])
    assert killed.returncode == 1
    assert (tmp_path / "visit.part.mp4").exists()
    (tmp_path / "visit.part.csv").write_text(",".join(COLUMNS) + "\n1,0.1\n2,0.")
    kept = finish_noted()
    names = ["visit (2) original.mp4", "visit (2).csv", "visit (2).mp4"]
    assert sorted(path.name for path in kept) == names
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert all(len(times_s(tmp_path / name)) >= 30 for name in names if name.endswith(".mp4"))
    assert list(growing_dir().iterdir()) == []
    assert finish_noted() == []


def test_what_is_finished_leaves_no_note(tmp_path: Path, frame: MakeFrame) -> None:
    finish_noted()
    with RecordingSink(tmp_path / "out.mp4") as video, GrowingCsvSink(tmp_path / "out.csv") as rows:
        for sink in (video, rows):
            sink.write(frame(), ())
    assert list(growing_dir().iterdir()) == []
    assert growing_dir().stat().st_mode & 0o777 == 0o700


def test_a_note_that_is_held_is_left_alone_and_served_when_it_is_not(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    note = GrowingNote(tmp_path / "out.mp4", folder=notes)
    cut_off_video(tmp_path / "out.part.mp4", 25)
    assert finish_noted(notes) == []
    assert (tmp_path / "out.part.mp4").exists()
    note.release()
    assert finish_noted(notes) == [tmp_path / "out (2).mp4"]
    assert list(notes.iterdir()) == []


def test_a_note_of_a_disk_that_is_not_there_waits_and_what_is_no_note_goes(tmp_path: Path) -> None:
    notes, disk = tmp_path / "notes", tmp_path / "disk"
    GrowingNote(disk / "out.mp4", folder=notes).release()
    for number, text in enumerate(("[" * 100_000, "{}", '{"target": 5, "header": ""}', "\xff")):
        (notes / f"{number}.json").write_text(text)
    assert finish_noted(notes) == []
    assert len(list(notes.iterdir())) == 1
    disk.mkdir()
    cut_off_video(disk / "out.part.mp4", 25)
    assert finish_noted(notes) == [disk / "out (2).mp4"]


def test_without_a_place_for_notes_everything_else_works(tmp_path: Path, frame: MakeFrame) -> None:
    (tmp_path / "file").touch()
    note = GrowingNote(tmp_path / "out.mp4", folder=tmp_path / "file" / "notes")
    note.remove()
    assert finish_noted(tmp_path / "file" / "notes") == []

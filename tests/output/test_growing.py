"""Files that grow under a name that says so, and what becomes of them after a crash."""

import fcntl
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import pytest

from agecam.messages import Frame, Person
from agecam.output import GrowingCsvSink, RecordingOptions, RecordingSink, VideoWriter
from agecam.output.csv import COLUMNS, CsvWriter
from agecam.output.growing import claim_growing, finish_leftovers_in, finish_leftovers_of
from agecam.output.notes import finish_noted
from agecam.output.split import SplitRule
from tests.output.helpers import PATIENCE_S, HookedWriter, cut_off_video, times_s

MakeFrame = Callable[..., Frame]
BUTTON = "AgeCam 2026-11-25 20-00-00"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(params=[".mp4", ".mkv"])
def video(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / f"kept{request.param}"
    path.write_bytes(b"before")
    return path


def test_a_recording_grows_beside_what_it_replaces_and_takes_its_place_when_it_is_whole(
    video: Path, frame: MakeFrame
) -> None:
    seen: list[tuple[list[str], bytes]] = []

    class Watched(HookedWriter):
        def before_write(self) -> None:
            seen.append((names(video.parent), video.read_bytes()))

    video.chmod(0o600)
    with RecordingSink(video, make_writer=Watched) as sink:
        for index in range(30):
            sink.write(frame(index), ())
    assert seen == [([video.name, f"kept.part{video.suffix}"], b"before")] * 30
    assert len(times_s(video)) == 30
    assert names(video.parent) == [video.name]
    assert video.stat().st_mode & 0o777 == 0o600
    assert sink.paths() == (video,)


def test_what_came_to_be_there_meanwhile_is_not_replaced(tmp_path: Path, frame: MakeFrame) -> None:
    class Meanwhile(VideoWriter):
        def close(self, *, whole: bool = True) -> None:
            (tmp_path / "out.mp4").write_bytes(b"of somebody else")
            super().close(whole=whole)

    with RecordingSink(tmp_path / "out.mp4", make_writer=Meanwhile) as sink:
        sink.write(frame(), ())
    assert (tmp_path / "out.mp4").read_bytes() == b"of somebody else"
    assert sink.paths() == (tmp_path / "out (2).mp4",)


def test_a_file_that_cannot_get_its_name_is_kept_and_told(tmp_path: Path, frame: MakeFrame) -> None:
    path = tmp_path / "out.mp4"
    path.write_bytes(b"before")

    class Meanwhile(VideoWriter):
        def close(self, *, whole: bool = True) -> None:
            path.unlink()
            path.mkdir()
            super().close(whole=whole)

    with RecordingSink(path, make_writer=Meanwhile) as sink:
        sink.write(frame(), ())
    kept = tmp_path / "out.part.mp4"
    assert str(sink.status().error) == f"{path} is a folder; name a file. What was written is kept as {kept}."
    assert times_s(kept) == [0.0]
    assert finish_noted() == [tmp_path / "out (2).mp4"]


def test_a_link_stays_and_the_file_behind_it_is_replaced(tmp_path: Path, frame: MakeFrame) -> None:
    (tmp_path / "disk").mkdir()
    behind, link = tmp_path / "disk" / "behind.mp4", tmp_path / "link.mp4"
    behind.write_bytes(b"before")
    link.symlink_to(behind)
    with RecordingSink(link) as sink:
        sink.write(frame(), ())
    assert link.is_symlink()
    assert times_s(behind) == [0.0]


def test_two_programs_that_record_into_one_file_have_one_each(tmp_path: Path, frame: MakeFrame) -> None:
    first, second = (claim_growing(tmp_path / "out.mp4", may_replace=True) for _ in range(2))
    assert [one.target.name for one in (first, second)] == ["out.mp4", "out (2).mp4"]
    assert finish_leftovers_of(tmp_path / "out.mp4") == []
    assert names(tmp_path) == ["out (2).part.mp4", "out.part.mp4"]
    with RecordingSink(tmp_path / "out.mp4") as sink:
        sink.write(frame(), ())
    assert sink.paths() == (tmp_path / "out (3).mp4",)
    for one in (first, second):
        one.discard()


def test_a_name_as_long_as_can_be_is_recorded_and_finished_after_a_crash(
    tmp_path: Path, frame: MakeFrame
) -> None:
    path = tmp_path / ("ä" * 125 + ".mp4")
    with RecordingSink(path) as sink:
        sink.write(frame(), ())
    assert sink.paths() == (path,)
    growing = claim_growing(path, may_replace=True)
    assert len(os.fsencode(growing.path.name)) <= 255
    growing.discard()
    cut_off_video(growing.path, 30)
    (kept,) = finish_leftovers_of(path)
    assert len(times_s(kept)) >= 20
    assert len(times_s(path)) == 1


def test_parts_and_originals_of_a_name_as_long_as_can_be_get_names(tmp_path: Path, frame: MakeFrame) -> None:
    path = tmp_path / ("ä" * 125 + "a.mp4")
    path.write_bytes(b"before")
    options = RecordingOptions(content="both", split=SplitRule(seconds=1.0), may_replace=False)
    with RecordingSink(path, options=options) as sink:
        for index in range(15):
            sink.write(frame(index), ())
    assert sink.status().error is None
    assert path.read_bytes() == b"before"
    kept = [name for name in names(tmp_path) if name != path.name]
    assert len(kept) == 4
    assert all(len(os.fsencode(name)) <= 255 for name in kept)
    assert sorted(len(times_s(tmp_path / name)) for name in kept) == [5, 5, 10, 10]


def test_a_folder_is_no_file_to_record_into(tmp_path: Path, frame: MakeFrame) -> None:
    (tmp_path / "out.mp4").mkdir()
    with RecordingSink(tmp_path / "out.mp4") as sink:
        sink.write(frame(), ())
    assert "is a folder; name a file" in str(sink.status().error)
    assert names(tmp_path) == ["out.mp4"]


def test_a_table_that_is_removed_while_it_grows_is_told(tmp_path: Path, frame: MakeFrame) -> None:
    sink = GrowingCsvSink(tmp_path / "log.csv", clock=iter(range(1000)).__next__)
    sink.write(frame(0), [])
    while not (tmp_path / "log.part.csv").exists():
        time.sleep(0.01)
    (tmp_path / "log.part.csv").unlink()
    for index in range(1, 5):
        sink.write(frame(index), [])
    sink.close()
    assert "log.csv is gone: it was moved or removed" in str(sink.status().error)
    assert names(tmp_path) == []


def test_a_table_takes_the_place_when_it_is_whole(tmp_path: Path, frame: MakeFrame) -> None:
    path = tmp_path / "log.csv"
    path.write_text("before")

    class Watched(CsvWriter):
        def write(self, frame: Frame, people: Sequence[Person]) -> None:
            assert path.read_text() == "before"
            super().write(frame, people)

    with GrowingCsvSink(path, make_writer=Watched) as sink:
        sink.write(frame(), [])
    assert path.read_text().startswith("frame,")
    assert names(tmp_path) == ["log.csv"]
    assert sink.status().error is None


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_what_a_crash_has_left_of_a_file_is_kept_before_the_next_is_written(
    tmp_path: Path, frame: MakeFrame, suffix: str
) -> None:
    cut_off_video(tmp_path / f"out.part{suffix}", 30)
    cut_off_video(tmp_path / f"out part 2 original.part{suffix}", 30)
    cut_off_video(tmp_path / f"outside.part{suffix}", 20)
    told: list[Path] = []
    with RecordingSink(tmp_path / f"out{suffix}", on_recovered=told.extend) as sink:
        sink.write(frame(), ())
    kept = [tmp_path / f"out (2) part 2 original{suffix}", tmp_path / f"out (2){suffix}"]
    assert told == kept
    assert all(len(times_s(path)) >= 20 for path in kept), "less than a second is lost"
    assert times_s(tmp_path / f"out{suffix}") == [0.0]
    assert sorted(names(tmp_path)) == sorted(
        [f"out{suffix}", *(path.name for path in kept), f"outside.part{suffix}"]
    )


def test_a_table_that_a_crash_has_cut_off_is_kept_with_its_whole_rows(
    tmp_path: Path, frame: MakeFrame
) -> None:
    header = ",".join(COLUMNS)
    (tmp_path / "log.part.csv").write_text(f"{header}\n1,0.1\n2,0.2\n3,0.")
    (tmp_path / "log (2).part.csv").write_text(f"{header}\n1,0")
    told: list[Path] = []
    with GrowingCsvSink(tmp_path / "log.csv", on_recovered=told.extend) as sink:
        sink.write(frame(), [])
    assert told == [tmp_path / "log (2).csv"]
    assert told[0].read_text() == f"{header}\n1,0.1\n2,0.2\n"
    assert names(tmp_path) == ["log (2).csv", "log.csv"]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm", ".avi"])
def test_a_file_of_the_users_own_that_is_called_like_a_growing_one_is_left_alone(
    tmp_path: Path, frame: MakeFrame, suffix: str
) -> None:
    with av.open(str(tmp_path / "film.mp4"), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("mpeg4", 25)
        stream.width, stream.height = 64, 48
        for _ in range(25):
            container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode())
    download = (tmp_path / "film.mp4").read_bytes()[:-500]
    (tmp_path / f"out.part{suffix}").write_bytes(download)
    (tmp_path / "log.part.csv").write_bytes(b"name,telephone\nanna,12\nbert,345")
    (tmp_path / "log (2).part.csv").write_bytes(b"one line of mine")
    told: list[Path] = []
    with (
        RecordingSink(tmp_path / f"out{suffix}", on_recovered=told.extend) as video,
        GrowingCsvSink(tmp_path / "log.csv", on_recovered=told.extend) as rows,
    ):
        video.write(frame(), ())
        rows.write(frame(), ())
    assert told == []
    assert (tmp_path / f"out.part{suffix}").read_bytes() == download
    assert (tmp_path / "log.part.csv").read_bytes() == b"name,telephone\nanna,12\nbert,345"
    assert (tmp_path / "log (2).part.csv").read_bytes() == b"one line of mine"
    assert video.paths() == (tmp_path / f"out (2){suffix}",)
    assert rows.status().path == tmp_path / "log (3).csv"


def test_an_empty_file_that_a_crash_has_left_does_not_take_the_name(tmp_path: Path, frame: MakeFrame) -> None:
    (tmp_path / "out.part.mp4").touch()
    (tmp_path / "log.part.csv").touch()
    with RecordingSink(tmp_path / "out.mp4") as video, GrowingCsvSink(tmp_path / "log.csv") as rows:
        video.write(frame(), ())
        rows.write(frame(), ())
    assert names(tmp_path) == ["log.csv", "out.mp4"]


def test_a_file_that_was_cleared_away_while_it_was_begun_is_begun_again(tmp_path: Path) -> None:
    path, taken = tmp_path / "out.part.mp4", threading.Event()

    def clear_away() -> None:
        while not path.exists():
            time.sleep(0)
        taken.set()
        while path.exists():
            finish_leftovers_of(tmp_path / "out.mp4")

    for _ in range(20):
        taken.clear()
        clearing = threading.Thread(target=clear_away)
        clearing.start()
        file = claim_growing(tmp_path / "out.mp4", may_replace=True)
        assert taken.wait(PATIENCE_S)
        assert file.path == path
        assert path.exists()
        assert finish_leftovers_of(tmp_path / "out.mp4") == []
        assert path.exists(), "it is held"
        file.discard()
        clearing.join()


def test_recordings_by_button_get_their_names_and_nothing_else_is_touched(tmp_path: Path) -> None:
    cut_off_video(tmp_path / f"{BUTTON}.part.mp4", 25)
    shutil.copy(tmp_path / f"{BUTTON}.part.mp4", tmp_path / f"{BUTTON} (2) part 3 original.part.mp4")
    shutil.copy(tmp_path / f"{BUTTON}.part.mp4", tmp_path / "film.part.mp4")
    (tmp_path / f"{BUTTON} part 2.mp4").write_bytes(b"finished")
    shutil.copy(tmp_path / f"{BUTTON}.part.mp4", tmp_path / f"{BUTTON} part 2.part.mp4")
    kept = finish_leftovers_in(tmp_path)
    assert sorted(path.name for path in kept) == [
        f"{BUTTON} (2) part 3 original.mp4",
        f"{BUTTON} part 2 (2).mp4",
        f"{BUTTON}.mp4",
    ]
    assert all(len(times_s(path)) >= 15 for path in kept)
    assert set(names(tmp_path)) == {*(path.name for path in kept), f"{BUTTON} part 2.mp4", "film.part.mp4"}


def test_what_holds_no_frame_is_removed_but_not_what_is_large(tmp_path: Path) -> None:
    cut_off_video(tmp_path / "video.mp4", 25)
    beginning = (tmp_path / "video.mp4").read_bytes()[:900]
    (tmp_path / "video.mp4").unlink()
    (tmp_path / f"{BUTTON}.part.mp4").write_bytes(beginning)
    (tmp_path / f"{BUTTON} (2).part.mp4").write_bytes(b"")
    (tmp_path / f"{BUTTON} (3).part.mp4").write_bytes(b"x" * 1_500_000)
    assert finish_leftovers_in(tmp_path) == [tmp_path / f"{BUTTON} (3).mp4"]
    assert names(tmp_path) == [f"{BUTTON} (3).mp4"]
    assert finish_leftovers_in(tmp_path / "absent") == []


def test_what_another_process_still_records_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / f"{BUTTON}.part.mp4"
    cut_off_video(path, 25)
    before = path.read_bytes()
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert finish_leftovers_in(tmp_path) == []
    assert path.read_bytes() == before
    assert len(finish_leftovers_in(tmp_path)) == 1


def test_a_killed_recording_can_be_played_to_within_a_second_of_its_end(tmp_path: Path) -> None:
    code = (
        "import sys, numpy as np, time; from pathlib import Path; from agecam.messages import Frame\n"
        "from agecam.output import RecordingSink\n"
        "sink = RecordingSink(Path(sys.argv[1]), is_folder=True)\n"
        "image = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)\n"
        "for index in range(50): sink.write(Frame(image, index / 10, index), ())\n"
        "while sink.status().written < 50: time.sleep(0.01)\n"
        "print('written', flush=True); time.sleep(600)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        assert finish_leftovers_in(tmp_path) == [], "it is still held"
        process.kill()
        process.wait(PATIENCE_S)
    (path,) = finish_leftovers_in(tmp_path)
    assert names(tmp_path) == [path.name]
    assert times_s(path)[-1] >= 3.9

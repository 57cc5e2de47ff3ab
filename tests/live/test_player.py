"""A file that is paused, stepped, sought, sped up and looped; a frame's brightness tells its number."""

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from agecam.live.capture import CaptureCallbacks, Captured, CaptureThread, SourceRequest
from agecam.live.playback import PlaybackState
from agecam.live.player import PlayerConfig
from agecam.live.slot import LatestSlot
from agecam.live.state import SourceState
from agecam.live.statistics import StatisticsCollector
from agecam.output import VideoWriter
from tests.live.helpers import MakeSession, wait_for

FPS = 10
FRAMES = 20


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds; frame number ``n`` has a gray of ``12 n``."""
    path = tmp_path_factory.mktemp("numbered") / "numbered.mp4"
    with VideoWriter(path, 64, 64) as writer:
        for number in range(FRAMES):
            writer.write(np.full((64, 64, 3), 12 * number, np.uint8), number / FPS)
    return path


class Playing:
    """A capture thread that plays a file; ``seen`` holds the number and the epoch of each frame."""

    def __init__(self, path: Path) -> None:
        self.seen: list[tuple[int, int]] = []
        self.repeats: list[bool] = []
        self.times_s: list[float] = []
        self.media_s: list[float] = []
        self.told: list[str] = []
        ready = threading.Event()
        ready.set()
        self.thread = CaptureThread(
            LatestSlot[Captured](),
            StatisticsCollector(),
            ready,
            CaptureCallbacks(
                on_change=lambda: None, on_captured=self._note, on_damage=lambda text: self.told.append(text)
            ),
        )
        self.control = self.thread.playback
        self.path = path
        self.thread.start()

    def _note(self, captured: Captured) -> None:
        self.times_s.append(time.monotonic())
        self.media_s.append(captured.frame.time_s)
        self.repeats.append(captured.is_repeat)
        self.seen.append((round(captured.frame.image_bgr.mean() / 12), captured.epoch))

    def show(self, *, loop: bool = False) -> None:
        self.thread.request(SourceRequest(str(self.path), loop=loop))
        wait_for(lambda: self.seen, "the first frame")

    def state(self) -> PlaybackState:
        state = self.control.state()
        assert state is not None
        return state

    def numbers(self) -> list[int]:
        return [number for number, _ in self.seen]

    def wait_for_number(self, number: int) -> None:
        wait_for(lambda: self.seen[-1][0] == number, f"frame {number}")

    def wait_for_position(self, at_s: float) -> None:
        """That of the state, which follows the frame."""
        wait_for(lambda: self.state().position_s == pytest.approx(at_s), f"position {at_s}")


@pytest.fixture
def playing(numbered: Path) -> Iterator[Playing]:
    one = Playing(numbered)
    yield one
    one.thread.stop()
    assert one.thread.join(60)


def paused_at(playing: Playing, position_s: float) -> int:
    """Pause and go there; gives the number of the frame."""
    playing.control.pause(True)
    playing.control.seek(position_s)
    wait_for(lambda: playing.state().position_s == pytest.approx(position_s, abs=1e-3), "the place")
    return playing.numbers()[-1]


def test_a_paused_file_stands_still_and_goes_on_where_it_was(playing: Playing) -> None:
    playing.show()
    assert paused_at(playing, 0.5) == 5
    repeats = PlayerConfig().repeats
    wait_for(lambda: playing.numbers().count(5) == 1 + repeats, "the same again, so that faces are confirmed")
    time.sleep(0.3)
    assert playing.numbers()[-1 - repeats :] == [5] * (1 + repeats)
    assert np.diff(playing.media_s[-1 - repeats :]) == pytest.approx(PlayerConfig().repeat_interval_s)
    count = len(playing.seen)
    playing.control.pause(False)
    wait_for(lambda: playing.thread.state()[0].state is SourceState.ENDED, "the end")
    assert playing.numbers()[count - 1 :] == list(range(5, FRAMES))
    assert np.diff(playing.media_s).min() > 0, "time never goes back"


def test_steps_show_the_next_frame_and_the_one_before(playing: Playing) -> None:
    playing.show()
    paused_at(playing, 1.0)
    for frames, number in ((1, 11), (1, 12), (-1, 11), (-1, 10), (1, 11), (-3, 8)):
        playing.control.step(frames)
        playing.wait_for_number(number)
        playing.wait_for_position(number / FPS)
        assert playing.state().is_paused


def test_seeking_begins_an_epoch_so_that_nobody_is_taken_for_who_was_there(playing: Playing) -> None:
    playing.show()
    first = playing.seen[-1][1]
    paused_at(playing, 1.5)
    assert playing.seen[-1] == (15, first + 1)
    assert playing.state().duration_s == pytest.approx(FRAMES / FPS, abs=0.1), "as its header has it"
    playing.control.skip(-1.0)
    playing.wait_for_number(5)
    playing.control.seek(1e6)
    wait_for(lambda: playing.numbers()[-1] >= FRAMES - 5, "the end")
    playing.control.seek(-3)
    playing.wait_for_number(0)
    assert playing.thread.state()[1] == first, "it is the same source all the time"


def test_a_file_that_has_ended_can_be_gone_back_into(playing: Playing) -> None:
    playing.show()
    playing.control.set_speed(4.0)
    wait_for(lambda: playing.thread.state()[0].state is SourceState.ENDED, "the end")
    assert playing.state().position_s == playing.state().duration_s
    shown = len(playing.seen)
    playing.control.seek(1.0)
    wait_for(lambda: len(playing.seen) > shown and playing.numbers()[-1] == FRAMES - 1, "the end again")
    wait_for(lambda: playing.thread.state()[0].state is SourceState.ENDED, "its state")
    assert playing.numbers()[-10:] == list(range(10, 20))


def test_seeking_in_a_file_that_was_deleted_meanwhile_says_so(numbered: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone.mp4"
    shutil.copy(numbered, gone)
    playing = Playing(gone)
    try:
        playing.show()
        gone.unlink()
        playing.control.seek(1.0)
        wait_for(lambda: playing.thread.state()[0].state is SourceState.FAILED, "the failure")
        assert "gone.mp4" in playing.thread.state()[0].message
    finally:
        playing.thread.stop()
        playing.thread.join(60.0)


def test_a_file_loops_from_when_it_is_told_to(playing: Playing) -> None:
    playing.show()
    playing.control.set_speed(4.0)
    playing.control.loop(True)
    wait_for(lambda: len(playing.seen) > FRAMES + 3, "the second round")
    assert playing.numbers()[: FRAMES + 2] == [*range(FRAMES), 0, 1]
    assert playing.repeats[: FRAMES + 2] == [*([False] * FRAMES), True, True]


def test_places_of_a_file_that_were_played_before_are_told_from_new_ones(playing: Playing) -> None:
    playing.show()
    assert paused_at(playing, 1.5) == 15
    count = len(playing.seen)
    assert not playing.repeats[-1]
    playing.control.seek(1.3)
    playing.wait_for_number(13)
    playing.control.pause(False)
    wait_for(lambda: playing.thread.state()[0].state is SourceState.ENDED, "the end")
    told = dict(zip(playing.numbers()[count:], playing.repeats[count:], strict=True))
    assert told[13] is False
    assert told[15] is True
    assert [told[number] for number in range(16, FRAMES)] == [False] * 4
    playing.thread.restart()
    wait_for(lambda: playing.seen[-1][0] == FRAMES - 1 and playing.repeats[-1], "the end once more")


def test_speed_changes_how_long_a_file_takes_and_no_frame(playing: Playing) -> None:
    playing.show()
    playing.control.set_speed(0.25)
    wait_for(lambda: len(playing.seen) >= 5, "some frames")
    assert playing.times_s[4] - playing.times_s[2] > 0.6, "two frames of 0.1 s at a quarter of the pace"
    assert playing.numbers()[:5] == [0, 1, 2, 3, 4]


@pytest.mark.expects_log("is damaged")
def test_a_file_that_is_cut_off_is_told_when_it_has_been_played(tmp_path: Path) -> None:
    cut = tmp_path / "cut.mkv"
    with VideoWriter(cut, 64, 64) as writer:
        noise = np.random.default_rng(0)
        for number in range(FRAMES):
            writer.write(noise.integers(0, 255, (64, 64, 3), np.uint8), number / FPS)
    data = cut.read_bytes()
    cut.write_bytes(data[: len(data) // 2])
    playing = Playing(cut)
    try:
        playing.show()
        playing.control.set_speed(4.0)
        wait_for(lambda: playing.thread.state()[0].state is SourceState.ENDED, "the end")
        assert ["cut.mkv is damaged: it ends after" in text for text in playing.told] == [True]
    finally:
        playing.thread.stop()
        assert playing.thread.join(60)


def test_a_paused_frame_follows_the_label_style(make_session: MakeSession, demo_clip: Path) -> None:
    from agecam.drawing.label_text import LabelStyle

    session = make_session()
    session.show(SourceRequest(str(demo_clip), loop=True))
    wait_for(lambda: (one := session.latest()) and one.people and one.people[0].estimate, "a label")
    session.playback.pause(True)
    before, since_s = session.latest(), time.monotonic()

    def is_at_rest() -> bool:
        """Whether nothing newer has come for a second; on a busy machine one frame may still be at work."""
        nonlocal before, since_s
        if session.latest() is not before:
            before, since_s = session.latest(), time.monotonic()
        return time.monotonic() - since_s > 1

    wait_for(is_at_rest, "rest")
    assert before is not None
    assert before.preview is not None
    session.set_style(LabelStyle(blur=True))
    wait_for(lambda: (one := session.latest()) and one.style.blur, "the other style")
    after = session.latest()
    assert after is not None
    assert after.preview is not None
    assert after.analysis is before.analysis, "nothing was analysed again"
    x, y, width, height = (round(value) for value in after.people[0].face.box)
    face = np.s_[y + height // 4 : y + 3 * height // 4, x + width // 4 : x + 3 * width // 4]
    changed = np.abs(after.preview.image_bgra[face].astype(int) - before.preview.image_bgra[face]).max(axis=2)
    assert (changed > 5).mean() > 0.5


def test_people_are_labelled_where_a_paused_file_is_sought(
    make_session: MakeSession, demo_clip: Path
) -> None:
    session = make_session()
    session.show(SourceRequest(str(demo_clip), loop=True))
    wait_for(lambda: session.latest(), "a frame")
    session.playback.pause(True)
    session.playback.seek(6.5)

    def labelled() -> bool:
        latest = session.latest()
        people = [] if latest is None or latest.analysis.frame.time_s < 6.4 else latest.people
        return sum(one.confirmed and one.estimate is not None for one in people) == 2

    wait_for(labelled, "both labels")
    assert session.playback.state() is not None


def test_a_paused_file_goes_on_when_it_is_recorded(
    make_session: MakeSession, demo_clip: Path, tmp_path: Path
) -> None:
    session = make_session()
    session.show(SourceRequest(str(demo_clip), loop=True))
    wait_for(lambda: session.latest(), "a frame")
    session.playback.pause(True)
    session.start_recording(tmp_path / "out.mp4")
    wait_for(lambda: session.state().recording.written > 3, "frames in the recording")
    playback = session.state().playback
    assert playback is not None
    assert not playback.is_paused

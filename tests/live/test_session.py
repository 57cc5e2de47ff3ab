"""The session on real clips and photographs, and on cameras that come and go."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.errors import CameraBusyError, CameraNotFoundError, ModelError, SourceLostError
from agecam.live import capture
from agecam.live.capture import SourceRequest
from agecam.live.session import Session
from agecam.live.state import SourceState
from agecam.messages import Frame
from agecam.opencv import cv2
from agecam.sources.base import Source
from agecam.vision.analyzer import Analyzer, create_analyzer

_LONGEST_S = 30.0

MakeSession = Callable[..., Session]


@pytest.fixture
def make_session() -> Iterator[MakeSession]:
    sessions: list[Session] = []

    def make(make_analyzer: Callable[[], Analyzer] = create_analyzer) -> Session:
        session = Session(make_analyzer, on_change=lambda: None)
        sessions.append(session)
        session.start()
        return session

    yield make
    for session in sessions:
        session.close()


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline_s = time.monotonic() + _LONGEST_S
    while not condition():
        assert time.monotonic() < deadline_s, f"waited too long for {what}"
        time.sleep(0.01)


def state_of(session: Session) -> SourceState:
    return session.status().state


@pytest.fixture(scope="module")
def short_clip(tmp_path_factory: pytest.TempPathFactory, demo_clip: Path) -> Path:
    """The first second and a half of the demo clip."""
    from agecam.output import VideoWriter
    from agecam.sources import open_source

    path = tmp_path_factory.mktemp("clip") / "short.mp4"
    source = open_source(str(demo_clip))
    source.open()
    writer = VideoWriter(path, 1280, 720)
    while (frame := source.read()) is not None and frame.time_s < 1.5:
        writer.write(frame.image_bgr, frame.time_s)
    writer.close()
    source.close()
    return path


def test_a_clip_is_labelled_recorded_and_logged_to_its_end(
    make_session: MakeSession, short_clip: Path, tmp_path: Path
) -> None:
    session = make_session()
    video, rows = tmp_path / "out.mp4", tmp_path / "out.csv"
    session.start_recording(video)
    session.start_csv(rows)
    session.show(SourceRequest(str(short_clip)))
    wait_for(lambda: state_of(session) is SourceState.ENDED, "the end of the clip")
    # The source may end while its last frame is still being analysed.
    wait_for(lambda: session.status().recording is None, "the recording to be finished at the end")
    shown = session.latest()
    assert shown is not None
    assert len([person for person in shown.analysis.people if person.estimate is not None]) == 2
    assert not np.array_equal(shown.picture_bgr, shown.analysis.frame.image_bgr), "nothing was drawn"
    session.close()

    texts = [notice.text for notice in session.take_notices()]
    assert any(str(video) in text for text in texts), texts
    with av.open(str(video)) as container:
        times_s = [float(frame.time) for frame in container.decode(video=0)]
    assert times_s[0] == pytest.approx(0, abs=0.05)
    assert times_s[-1] == pytest.approx(shown.analysis.frame.time_s, abs=0.1)
    lines = rows.read_text().splitlines()
    assert lines[0].startswith("frame,time_s,track,")
    assert {line.split(",")[2] for line in lines[1:]} >= {"1", "2"}


def test_a_looped_clip_goes_on_with_time_that_never_goes_back(
    make_session: MakeSession, short_clip: Path
) -> None:
    session = make_session()
    session.show(SourceRequest(str(short_clip), loop=True))
    times_s: list[float] = []

    def second_round() -> bool:
        shown = session.latest()
        if shown is not None and (not times_s or times_s[-1] != shown.analysis.frame.time_s):
            times_s.append(shown.analysis.frame.time_s)
        return bool(times_s) and times_s[-1] > 2.0

    wait_for(second_round, "the second round")
    assert times_s == sorted(times_s)


def test_a_photograph_is_labelled_at_once(
    make_session: MakeSession, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    photograph = tmp_path / "astronaut.png"
    cv2.imwrite(str(photograph), astronaut_bgr)
    session = make_session()
    session.show(SourceRequest(str(photograph)))
    wait_for(lambda: session.latest() is not None, "the picture")
    shown = session.latest()
    assert shown is not None
    assert len(shown.analysis.people) == 1
    session.take_snapshot(tmp_path / "snapshots")
    wait_for(lambda: list((tmp_path / "snapshots").glob("*.png")), "the snapshot")


def test_switching_the_source_shows_nothing_of_the_old_one(
    make_session: MakeSession, short_clip: Path, hopper_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    photograph = tmp_path / "hopper.png"
    cv2.imwrite(str(photograph), hopper_bgr)
    session = make_session()
    session.show(SourceRequest(str(short_clip), loop=True))
    wait_for(lambda: state_of(session) is SourceState.LIVE, "the clip")
    session.show(SourceRequest(str(photograph)))
    wait_for(lambda: session.status().source_name == "hopper.png" and session.latest(), "the photograph")
    shown = session.latest()
    assert shown is not None
    assert shown.picture_bgr.shape == hopper_bgr.shape


def test_a_missing_file_is_told_in_one_sentence(make_session: MakeSession, tmp_path: Path) -> None:
    session = make_session()
    session.show(SourceRequest(str(tmp_path / "gone.mp4")))
    wait_for(lambda: state_of(session) is SourceState.FAILED, "the failure")
    assert "gone.mp4" in session.status().message
    assert "\n" not in session.status().message


@pytest.mark.expects_log("missing model")
def test_a_missing_model_is_told(make_session: MakeSession, short_clip: Path) -> None:
    def no_analyzer() -> Analyzer:
        raise ModelError("missing model")

    session = make_session(no_analyzer)
    session.show(SourceRequest(str(short_clip)))
    wait_for(lambda: state_of(session) is SourceState.FAILED, "the failure")
    assert session.status().message == "missing model"


def test_a_recording_that_cannot_be_written_is_told_and_the_picture_goes_on(
    make_session: MakeSession, short_clip: Path, tmp_path: Path
) -> None:
    session = make_session()
    session.start_recording(tmp_path / "no folder" / "out.mp4")
    session.show(SourceRequest(str(short_clip), loop=True))
    notices = []
    wait_for(lambda: notices.extend(session.take_notices()) or notices, "a notice")
    assert notices[0].is_error
    assert notices[0].ends_recording
    wait_for(lambda: state_of(session) is SourceState.LIVE, "the picture")


class _FakeCamera:
    """A camera that gives ``frames`` pictures and then is pulled out."""

    name = "Fake camera"
    is_live = True
    fps = 30.0
    frame_count = None

    def __init__(self, picture: NDArray[np.uint8], frames: int | None = None) -> None:
        self._picture = picture
        self._left = frames
        self.closed = threading.Event()

    def open(self) -> None: ...

    def read(self) -> Frame | None:
        time.sleep(0.02)
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise SourceLostError("The camera has been unplugged.")
        return Frame(self._picture, time.monotonic(), 0)

    def close(self) -> None:
        self.closed.set()


def _plug(monkeypatch: pytest.MonkeyPatch, *results: Source | Exception) -> None:
    """What opening a source gives, one after the other; the last again and again."""
    waiting = list(results)

    def open_source(_spec: str) -> Source:
        result = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(capture, "open_source", open_source)


def test_a_camera_pulled_out_and_put_back_goes_on_by_itself(
    make_session: MakeSession, monkeypatch: pytest.MonkeyPatch, astronaut_bgr: NDArray[np.uint8]
) -> None:
    pulled, back = _FakeCamera(astronaut_bgr, frames=60), _FakeCamera(astronaut_bgr)
    _plug(monkeypatch, pulled, CameraNotFoundError("gone"), CameraNotFoundError("gone"), back)
    session = make_session()
    session.show(SourceRequest("0"))
    wait_for(lambda: state_of(session) is SourceState.LIVE, "the camera")
    wait_for(lambda: state_of(session) is SourceState.DISCONNECTED, "the pull")
    assert pulled.closed.is_set()
    wait_for(lambda: state_of(session) is SourceState.LIVE, "the return")
    session.close()
    assert back.closed.is_set()


def test_a_recording_outlives_a_pulled_camera(
    make_session: MakeSession,
    monkeypatch: pytest.MonkeyPatch,
    astronaut_bgr: NDArray[np.uint8],
    tmp_path: Path,
) -> None:
    _plug(monkeypatch, _FakeCamera(astronaut_bgr, frames=80), _FakeCamera(astronaut_bgr))
    session = make_session()
    session.start_recording(tmp_path / "out.mp4")
    session.show(SourceRequest("0"))
    wait_for(lambda: state_of(session) is SourceState.DISCONNECTED, "the pull")
    wait_for(lambda: state_of(session) is SourceState.LIVE, "the return")
    before = session.status().recording
    assert before is not None
    wait_for(lambda: (now := session.status().recording) and now.written > before.written, "more frames")
    session.close()
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) > before.written


def test_a_busy_camera_is_tried_again(
    make_session: MakeSession, monkeypatch: pytest.MonkeyPatch, astronaut_bgr: NDArray[np.uint8]
) -> None:
    _plug(monkeypatch, CameraBusyError("held"), _FakeCamera(astronaut_bgr))
    session = make_session()
    session.show(SourceRequest("0"))
    wait_for(lambda: state_of(session) is SourceState.BUSY, "the refusal")
    assert session.status().message == "held"
    session.retry()
    wait_for(lambda: state_of(session) is SourceState.LIVE, "the camera")


def test_without_any_camera_it_says_so(make_session: MakeSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "list_cameras", list)
    session = make_session()
    session.show(SourceRequest(None))
    wait_for(lambda: state_of(session) is SourceState.NO_CAMERA, "the page")


def test_an_error_nobody_expected_still_leaves_a_whole_recording(
    make_session: MakeSession,
    monkeypatch: pytest.MonkeyPatch,
    astronaut_bgr: NDArray[np.uint8],
    tmp_path: Path,
) -> None:
    caught = []
    monkeypatch.setattr(threading, "excepthook", caught.append)
    _plug(monkeypatch, _FakeCamera(astronaut_bgr))
    broken = threading.Event()

    def fragile() -> Analyzer:
        analyzer = create_analyzer()
        analyze = analyzer.analyze

        def analyze_until_broken(frame: Frame):
            if broken.is_set():
                raise ZeroDivisionError
            return analyze(frame)

        monkeypatch.setattr(analyzer, "analyze", analyze_until_broken)
        return analyzer

    session = make_session(fragile)
    session.start_recording(tmp_path / "out.mp4")
    session.show(SourceRequest("0"))
    wait_for(lambda: (now := session.status().recording) and now.written > 10, "some frames")
    broken.set()
    wait_for(lambda: state_of(session) is SourceState.FAILED, "the failure")
    session.close()
    assert [type(one.exc_value) for one in caught] == [ZeroDivisionError]
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) >= 10

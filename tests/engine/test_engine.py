"""The engine on real clips and photographs, and on cameras that come and go."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.engine import capture
from agecam.engine.capture import SourceRequest
from agecam.engine.engine import Engine
from agecam.engine.state import SourceState
from agecam.errors import CameraBusyError, CameraNotFoundError, ModelError, SourceLostError
from agecam.messages import Frame
from agecam.opencv import cv2
from agecam.sources.base import Source
from agecam.vision.analyzer import Analyzer, create_analyzer

_LONGEST_S = 30.0

MakeEngine = Callable[..., Engine]


@pytest.fixture
def make_engine() -> Iterator[MakeEngine]:
    engines: list[Engine] = []

    def make(make_analyzer: Callable[[], Analyzer] = create_analyzer) -> Engine:
        engine = Engine(make_analyzer, on_change=lambda: None)
        engines.append(engine)
        engine.start()
        return engine

    yield make
    for engine in engines:
        engine.close()


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline_s = time.monotonic() + _LONGEST_S
    while not condition():
        assert time.monotonic() < deadline_s, f"waited too long for {what}"
        time.sleep(0.01)


def state_of(engine: Engine) -> SourceState:
    return engine.status().state


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
    make_engine: MakeEngine, short_clip: Path, tmp_path: Path
) -> None:
    engine = make_engine()
    video, rows = tmp_path / "out.mp4", tmp_path / "out.csv"
    engine.start_recording(video)
    engine.start_csv(rows)
    engine.show(SourceRequest(str(short_clip)))
    wait_for(lambda: state_of(engine) is SourceState.ENDED, "the end of the clip")
    # The source may end while its last frame is still being analysed.
    wait_for(lambda: engine.status().recording is None, "the recording to be finished at the end")
    shown = engine.latest()
    assert shown is not None
    assert len([person for person in shown.analysis.people if person.estimate is not None]) == 2
    assert not np.array_equal(shown.picture_bgr, shown.analysis.frame.image_bgr), "nothing was drawn"
    engine.close()

    texts = [notice.text for notice in engine.take_notices()]
    assert any(str(video) in text for text in texts), texts
    with av.open(str(video)) as container:
        times_s = [float(frame.time) for frame in container.decode(video=0)]
    assert times_s[0] == pytest.approx(0, abs=0.05)
    assert times_s[-1] == pytest.approx(shown.analysis.frame.time_s, abs=0.1)
    lines = rows.read_text().splitlines()
    assert lines[0].startswith("frame,time_s,track,")
    assert {line.split(",")[2] for line in lines[1:]} >= {"1", "2"}


def test_a_looped_clip_goes_on_with_time_that_never_goes_back(
    make_engine: MakeEngine, short_clip: Path
) -> None:
    engine = make_engine()
    engine.show(SourceRequest(str(short_clip), loop=True))
    times_s: list[float] = []

    def second_round() -> bool:
        shown = engine.latest()
        if shown is not None and (not times_s or times_s[-1] != shown.analysis.frame.time_s):
            times_s.append(shown.analysis.frame.time_s)
        return bool(times_s) and times_s[-1] > 2.0

    wait_for(second_round, "the second round")
    assert times_s == sorted(times_s)


def test_a_photograph_is_labelled_at_once(
    make_engine: MakeEngine, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    photograph = tmp_path / "astronaut.png"
    cv2.imwrite(str(photograph), astronaut_bgr)
    engine = make_engine()
    engine.show(SourceRequest(str(photograph)))
    wait_for(lambda: engine.latest() is not None, "the picture")
    shown = engine.latest()
    assert shown is not None
    assert len(shown.analysis.people) == 1
    engine.take_snapshot(tmp_path / "snapshots")
    wait_for(lambda: list((tmp_path / "snapshots").glob("*.png")), "the snapshot")


def test_switching_the_source_shows_nothing_of_the_old_one(
    make_engine: MakeEngine, short_clip: Path, hopper_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    photograph = tmp_path / "hopper.png"
    cv2.imwrite(str(photograph), hopper_bgr)
    engine = make_engine()
    engine.show(SourceRequest(str(short_clip), loop=True))
    wait_for(lambda: state_of(engine) is SourceState.LIVE, "the clip")
    engine.show(SourceRequest(str(photograph)))
    wait_for(lambda: engine.status().source_name == "hopper.png" and engine.latest(), "the photograph")
    shown = engine.latest()
    assert shown is not None
    assert shown.picture_bgr.shape == hopper_bgr.shape


def test_a_missing_file_is_told_in_one_sentence(make_engine: MakeEngine, tmp_path: Path) -> None:
    engine = make_engine()
    engine.show(SourceRequest(str(tmp_path / "gone.mp4")))
    wait_for(lambda: state_of(engine) is SourceState.FAILED, "the failure")
    assert "gone.mp4" in engine.status().message
    assert "\n" not in engine.status().message


@pytest.mark.expects_log("missing model")
def test_a_missing_model_is_told(make_engine: MakeEngine, short_clip: Path) -> None:
    def no_analyzer() -> Analyzer:
        raise ModelError("missing model")

    engine = make_engine(no_analyzer)
    engine.show(SourceRequest(str(short_clip)))
    wait_for(lambda: state_of(engine) is SourceState.FAILED, "the failure")
    assert engine.status().message == "missing model"


def test_a_recording_that_cannot_be_written_is_told_and_the_picture_goes_on(
    make_engine: MakeEngine, short_clip: Path, tmp_path: Path
) -> None:
    engine = make_engine()
    engine.start_recording(tmp_path / "no folder" / "out.mp4")
    engine.show(SourceRequest(str(short_clip), loop=True))
    notices = []
    wait_for(lambda: notices.extend(engine.take_notices()) or notices, "a notice")
    assert notices[0].is_error
    assert notices[0].ends_recording
    wait_for(lambda: state_of(engine) is SourceState.LIVE, "the picture")


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
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, astronaut_bgr: NDArray[np.uint8]
) -> None:
    pulled, back = _FakeCamera(astronaut_bgr, frames=60), _FakeCamera(astronaut_bgr)
    _plug(monkeypatch, pulled, CameraNotFoundError("gone"), CameraNotFoundError("gone"), back)
    engine = make_engine()
    engine.show(SourceRequest("0"))
    wait_for(lambda: state_of(engine) is SourceState.LIVE, "the camera")
    wait_for(lambda: state_of(engine) is SourceState.DISCONNECTED, "the pull")
    assert pulled.closed.is_set()
    wait_for(lambda: state_of(engine) is SourceState.LIVE, "the return")
    engine.close()
    assert back.closed.is_set()


def test_a_recording_outlives_a_pulled_camera(
    make_engine: MakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    astronaut_bgr: NDArray[np.uint8],
    tmp_path: Path,
) -> None:
    _plug(monkeypatch, _FakeCamera(astronaut_bgr, frames=80), _FakeCamera(astronaut_bgr))
    engine = make_engine()
    engine.start_recording(tmp_path / "out.mp4")
    engine.show(SourceRequest("0"))
    wait_for(lambda: state_of(engine) is SourceState.DISCONNECTED, "the pull")
    wait_for(lambda: state_of(engine) is SourceState.LIVE, "the return")
    before = engine.status().recording
    assert before is not None
    wait_for(lambda: (now := engine.status().recording) and now.written > before.written, "more frames")
    engine.close()
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) > before.written


def test_a_busy_camera_is_tried_again(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, astronaut_bgr: NDArray[np.uint8]
) -> None:
    _plug(monkeypatch, CameraBusyError("held"), _FakeCamera(astronaut_bgr))
    engine = make_engine()
    engine.show(SourceRequest("0"))
    wait_for(lambda: state_of(engine) is SourceState.BUSY, "the refusal")
    assert engine.status().message == "held"
    engine.retry()
    wait_for(lambda: state_of(engine) is SourceState.LIVE, "the camera")


def test_without_any_camera_it_says_so(make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "list_cameras", list)
    engine = make_engine()
    engine.show(SourceRequest(None))
    wait_for(lambda: state_of(engine) is SourceState.NO_CAMERA, "the page")


def test_an_error_nobody_expected_still_leaves_a_whole_recording(
    make_engine: MakeEngine,
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

    engine = make_engine(fragile)
    engine.start_recording(tmp_path / "out.mp4")
    engine.show(SourceRequest("0"))
    wait_for(lambda: (now := engine.status().recording) and now.written > 10, "some frames")
    broken.set()
    wait_for(lambda: state_of(engine) is SourceState.FAILED, "the failure")
    engine.close()
    assert [type(one.exc_value) for one in caught] == [ZeroDivisionError]
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) >= 10

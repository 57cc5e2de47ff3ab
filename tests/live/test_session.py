"""The session on real clips and photographs, and on cameras that come and go."""

import csv
import threading
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.drawing.label_text import LabelStyle
from agecam.errors import CameraBusyError, CameraNotFoundError, ModelError
from agecam.live.capture import SourceOpener, SourceRequest
from agecam.live.notices import Notice, NoticeKind
from agecam.live.recording import RecordingOptions, RecordingPhase
from agecam.live.state import SourceState
from agecam.messages import Analysis, Frame
from agecam.opencv import cv2
from agecam.vision.analyzer import Analyzer, create_detector
from agecam.vision.classifier import LiteRtClassifier
from tests.live.helpers import FakeCamera, MakeSession, opening, state_of, wait_for


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
    off = RecordingPhase.OFF
    wait_for(lambda: session.state().recording.phase is off, "the recording to be finished at the end")
    latest = session.latest()
    assert latest is not None
    assert latest.preview is not None
    assert latest.plain_bgr is not None, "it was recorded"
    frame_bgr = latest.analysis.frame.image_bgr
    labelled = [person for person in latest.people if person.confirmed and person.estimate is not None]
    assert len(labelled) == 2
    for person in labelled:
        x, y, width, _ = (round(value) for value in person.face.box)
        edge = np.s_[y - 2 : y + 3, x + width // 4 : x + 3 * width // 4]
        changed = np.abs(latest.plain_bgr[edge].astype(int) - frame_bgr[edge]).max(axis=(0, 2))
        assert (changed > 40).mean() > 0.9, "no line along the top of this face's box"
    session.close()

    texts = [notice.text for notice in session.take_notices()]
    assert any(str(video) in text for text in texts), texts
    with av.open(str(video)) as container:
        times_s = [float(frame.time) for frame in container.decode(video=0)]
    assert times_s[0] == pytest.approx(0, abs=0.05)
    assert times_s[-1] == pytest.approx(latest.analysis.frame.time_s, abs=0.1)
    with rows.open(newline="") as file:
        assert {row["track"] for row in csv.DictReader(file)} == {"1", "2"}


def test_a_looped_clip_goes_on_with_time_that_never_goes_back(
    make_session: MakeSession, short_clip: Path
) -> None:
    session = make_session()
    session.show(SourceRequest(str(short_clip), loop=True))
    times_s: list[float] = []

    def second_round() -> bool:
        latest = session.latest()
        if latest is not None and (not times_s or times_s[-1] != latest.analysis.frame.time_s):
            times_s.append(latest.analysis.frame.time_s)
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
    wait_for(lambda: session.latest() is not None, "the image")
    latest = session.latest()
    assert latest is not None
    assert len(latest.analysis.people) == 1
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
    wait_for(lambda: session.state().source.name == "hopper.png" and session.latest(), "the photograph")
    latest = session.latest()
    assert latest is not None
    assert latest.analysis.frame.image_bgr.shape == hopper_bgr.shape


def test_a_missing_file_is_told_in_one_sentence(make_session: MakeSession, tmp_path: Path) -> None:
    session = make_session()
    session.show(SourceRequest(str(tmp_path / "gone.mp4")))
    wait_for(lambda: state_of(session) is SourceState.FAILED, "the failure")
    assert "gone.mp4" in session.state().source.message
    assert "\n" not in session.state().source.message


def test_a_recording_asked_for_of_a_source_that_fails_ends_with_it(
    make_session: MakeSession, tmp_path: Path
) -> None:
    session = make_session()
    session.start_recording(tmp_path / "out.mp4")
    session.show(SourceRequest(str(tmp_path / "gone.mp4")))
    wait_for(lambda: state_of(session) is SourceState.FAILED, "the failure")
    wait_for(lambda: session.state().recording.phase is RecordingPhase.OFF, "the end of the recording")
    assert not (tmp_path / "out.mp4").exists()


def test_a_clip_that_has_ended_is_played_again_as_it_was_asked_for(
    make_session: MakeSession, short_clip: Path
) -> None:
    session = make_session()
    session.show(SourceRequest(str(short_clip)))
    wait_for(lambda: state_of(session) is SourceState.ENDED, "the end")
    first = session.latest()
    assert first is not None
    session.retry()
    wait_for(lambda: (again := session.latest()) and again.epoch > first.epoch, "the clip again")
    wait_for(lambda: state_of(session) is SourceState.ENDED, "its end")


def test_nothing_is_kept_once_it_is_closed(
    make_session: MakeSession, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    session = make_session(opener=opening(FakeCamera(astronaut_bgr)))
    session.show(SourceRequest("0"))
    wait_for(lambda: session.latest() is not None, "a frame")
    session.close()
    session.start_recording_in(tmp_path)
    session.start_csv(tmp_path / "rows.csv")
    session.take_snapshot(tmp_path)
    assert not session.state().recording.is_running
    assert list(tmp_path.iterdir()) == []


@pytest.mark.expects_log("missing model")
def test_a_missing_model_is_told(make_session: MakeSession, short_clip: Path) -> None:
    def no_analyzer() -> Analyzer:
        raise ModelError("missing model")

    session = make_session(no_analyzer)
    session.show(SourceRequest(str(short_clip)))
    wait_for(lambda: state_of(session) is SourceState.ANALYSIS_FAILED, "the failure")
    assert session.state().source.message == "missing model"


def test_a_recording_that_cannot_be_written_is_told_and_the_picture_goes_on(
    make_session: MakeSession, short_clip: Path, tmp_path: Path
) -> None:
    session = make_session()
    session.start_recording(tmp_path / "no folder" / "out.mp4")
    session.show(SourceRequest(str(short_clip), loop=True))
    notices: list[Notice] = []

    def told() -> bool:
        notices.extend(session.take_notices())
        return bool(notices)

    wait_for(told, "a notice")
    assert notices[0].is_error
    assert "no folder" in notices[0].text
    wait_for(lambda: session.state().recording.phase is RecordingPhase.OFF, "the end of the recording")
    wait_for(lambda: state_of(session) is SourceState.LIVE, "frames")


def test_a_camera_pulled_out_and_put_back_goes_on_by_itself(
    make_session: MakeSession, astronaut_bgr: NDArray[np.uint8]
) -> None:
    pulled, back = FakeCamera(astronaut_bgr, frames=60), FakeCamera(astronaut_bgr)
    gone = CameraNotFoundError("gone")
    session = make_session(opener=opening(pulled, gone, gone, back))
    session.show(SourceRequest("0"))
    wait_for(lambda: state_of(session) is SourceState.LIVE, "the camera")
    wait_for(lambda: state_of(session) is SourceState.DISCONNECTED, "the pull")
    assert pulled.closed.is_set()
    wait_for(lambda: state_of(session) is SourceState.LIVE, "the return")
    session.close()
    assert back.closed.is_set()


def test_a_recording_outlives_a_pulled_camera(
    make_session: MakeSession, astronaut_bgr: NDArray[np.uint8], tmp_path: Path
) -> None:
    session = make_session(opener=opening(FakeCamera(astronaut_bgr, frames=80), FakeCamera(astronaut_bgr)))
    session.start_recording(tmp_path / "out.mp4")
    session.show(SourceRequest("0"))
    wait_for(lambda: state_of(session) is SourceState.DISCONNECTED, "the pull")
    wait_for(lambda: state_of(session) is SourceState.LIVE, "the return")
    before = session.state().recording
    assert before.phase is RecordingPhase.ON
    wait_for(lambda: session.state().recording.written > before.written, "more frames")
    assert session.state().recording.recording_id == before.recording_id
    session.close()
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) > before.written


def test_a_busy_camera_is_tried_again(make_session: MakeSession, astronaut_bgr: NDArray[np.uint8]) -> None:
    session = make_session(opener=opening(CameraBusyError("held"), FakeCamera(astronaut_bgr)))
    session.show(SourceRequest("0"))
    wait_for(lambda: state_of(session) is SourceState.BUSY, "the refusal")
    assert session.state().source.message == "held"
    session.retry()
    wait_for(lambda: state_of(session) is SourceState.LIVE, "the camera")


def test_without_any_camera_it_says_so(make_session: MakeSession) -> None:
    session = make_session(opener=SourceOpener(list_cameras=list))
    session.show(SourceRequest(None))
    wait_for(lambda: state_of(session) is SourceState.NO_CAMERA, "the page")


def test_an_error_nobody_expected_still_leaves_a_whole_recording(
    make_session: MakeSession,
    monkeypatch: pytest.MonkeyPatch,
    astronaut_bgr: NDArray[np.uint8],
    tmp_path: Path,
) -> None:
    caught: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", caught.append)
    broken = threading.Event()

    class Fragile(Analyzer):
        def analyze(self, frame: Frame) -> Analysis:
            if broken.is_set():
                raise ZeroDivisionError
            return super().analyze(frame)

    def fragile() -> Analyzer:
        return Fragile(create_detector(), LiteRtClassifier())

    session = make_session(fragile, opener=opening(FakeCamera(astronaut_bgr)))
    session.start_recording(tmp_path / "out.mp4")
    session.show(SourceRequest("0"))
    wait_for(lambda: session.state().recording.written > 10, "some frames")
    broken.set()
    wait_for(lambda: state_of(session) is SourceState.ANALYSIS_FAILED, "the failure")
    session.close()
    assert [type(one.exc_value) for one in caught] == [ZeroDivisionError]
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) >= 10


def test_a_recording_without_labels_tells_that_its_faces_are_blurred(
    make_session: MakeSession, tmp_path: Path
) -> None:
    session = make_session()
    told = "Faces are blurred in the picture without labels too."
    both, labelled = RecordingOptions(content="both"), RecordingOptions()
    for blur, options, warns in ((True, both, True), (True, labelled, False), (False, both, False)):
        session.set_style(LabelStyle(blur=blur))
        session.start_recording_in(tmp_path, options)
        warned = [one.text for one in session.take_notices() if one.kind is NoticeKind.WARNING]
        assert (told in warned) is warns

"""A recording holds every captured frame, with boxes on the faces, however slow the analysis is."""

import threading
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.drawing.annotate import draw_overlay
from agecam.drawing.label_text import LabelStyle
from agecam.errors import SourceLostError
from agecam.live.capture import SourceOpener, SourceRequest
from agecam.live.feed import FeedConfig
from agecam.live.recording import RecordingPhase
from agecam.live.session import Session
from agecam.live.state import SourceState
from agecam.messages import Analysis, Frame
from agecam.opencv import cv2
from agecam.output import VideoWriter
from agecam.sources import Source, open_source
from agecam.vision.analyzer import Analyzer, create_detector
from agecam.vision.classifier import LiteRtClassifier
from tests.live.helpers import MAX_WAIT_S, MakeSession, state_of, wait_for

Image = NDArray[np.uint8]

FPS = 25.0
GAP = 4
"""Captured frames for each analysed one: 6 a second of a camera that gives 25."""
STEP_PX = 5
"""How far the face moves from frame to frame: 20 pixels between two analyses."""
FACE_ROW = 80 + 150
"""Where the moving face is."""
WAITS = FeedConfig(capacity_bytes=1_000_000_000, longest_wait_s=MAX_WAIT_S)
"""A machine may be so slow that more frames wait, and for longer, than should; that is not what is tested."""


class Lockstep:
    """Makes each analysis take as long as ``GAP`` captured frames, neither more nor less."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._begun = -GAP
        self._captured = 0
        self._ended = False

    def before_capture(self, index: int) -> None:
        """All earlier frames have been captured; returns when this one may be."""
        with self._changed:
            self._captured = index
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: index <= self._begun + GAP or self._ended, MAX_WAIT_S)

    def during_analysis(self, index: int) -> None:
        """Returns when as many frames have been captured as an analysis takes."""
        with self._changed:
            self._begun = index
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._captured > index + GAP or self._ended, MAX_WAIT_S)

    def end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()


class SteppedCamera:
    """Gives images, 25 a second of its own clock, as fast as the lockstep lets it, and ends or is lost."""

    name = "Stepped camera"
    is_live = True
    is_camera = True
    fps = FPS
    frame_count = None

    def __init__(self, images: Sequence[Image], lockstep: Lockstep, *, is_pulled_out: bool = False) -> None:
        self._images = images
        self._is_pulled_out = is_pulled_out
        self._lockstep = lockstep
        self._index = 0
        self.opened, self.released = threading.Event(), threading.Event()

    def open(self) -> None:
        self.opened.set()

    def read(self) -> Frame | None:
        assert self.released.wait(MAX_WAIT_S)
        index = self._index
        if index == len(self._images):
            self._lockstep.end()
            if self._is_pulled_out:
                raise SourceLostError("The camera has been unplugged.")
            return None
        self._lockstep.before_capture(index)
        self._index += 1
        return Frame(self._images[index], 1000.0 + index / FPS, index)

    def close(self) -> None: ...


class HeldAnalyzer(Analyzer):
    """Analyses each ``GAP``-th frame of the camera."""

    def __init__(self, lockstep: Lockstep) -> None:
        super().__init__(create_detector(), LiteRtClassifier())
        self.analysed: list[int] = []
        self._lockstep = lockstep

    def analyze(self, frame: Frame) -> Analysis:
        analysis = super().analyze(frame)
        if frame.time_s >= 1000.0:
            self.analysed.append(frame.index)
            self._lockstep.during_analysis(frame.index)
        return analysis


def moving_face(photograph_bgr: Image, frames: int) -> tuple[list[Image], list[int]]:
    """A photograph that moves to the right over a gray canvas, and where its left edge is in each frame."""
    size = (round(0.6 * photograph_bgr.shape[1]), round(0.6 * photograph_bgr.shape[0]))
    small = np.asarray(cv2.resize(photograph_bgr, size, interpolation=cv2.INTER_AREA), np.uint8)
    edges = [index * STEP_PX for index in range(frames)]
    images = []
    for edge in edges:
        canvas = np.full((480, 320 + frames * STEP_PX, 3), 110, np.uint8)
        canvas[80 : 80 + size[1], edge : edge + size[0]] = small
        canvas.flags.writeable = False
        images.append(canvas)
    return images, edges


def record(session: Session, camera: SteppedCamera, photograph: Path, out: Path) -> None:
    """Record from the first frame of the camera on; models are loaded when that begins."""
    session.show(SourceRequest(str(photograph)))
    wait_for(lambda: session.latest() is not None, "the models")
    session.show(SourceRequest("0"))
    assert camera.opened.wait(MAX_WAIT_S)
    session.start_recording(out)
    camera.released.set()


def wait_for_file(session: Session) -> None:
    wait_for(lambda: session.state().recording.phase is RecordingPhase.OFF, "the end of the recording")


def opener(camera: Source) -> SourceOpener:
    return SourceOpener(open_source=lambda spec: camera if spec == "0" else open_source(spec))


def decoded(path: Path) -> list[tuple[float, Image]]:
    with av.open(str(path)) as container:
        return [
            (float(frame.time), np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))
            for frame in container.decode(video=0)
        ]


def box_sides(drawn_bgr: Image, original_bgr: Image, columns: slice) -> tuple[int, int] | None:
    """Where the outermost upright lines are that are drawn at the height of the face, or ``None``."""
    band = np.s_[FACE_ROW - 4 : FACE_ROW + 5, columns]
    changed = np.abs(drawn_bgr[band].astype(int) - original_bgr[band])
    lines = np.nonzero(changed.mean(axis=0).max(axis=1) > 35)[0]
    return (columns.start + int(lines[0]), columns.start + int(lines[-1])) if len(lines) else None


def test_all_frames_of_a_camera_are_recorded_with_boxes_on_a_face_that_moves(
    make_session: MakeSession, hopper_bgr: Image, tmp_path: Path
) -> None:
    frames = 61
    images, edges = moving_face(hopper_bgr, frames)
    photograph, out = tmp_path / "hopper.png", tmp_path / "out.mp4"
    cv2.imwrite(str(photograph), hopper_bgr)
    lockstep = Lockstep()
    camera = SteppedCamera(images, lockstep)
    analyzers: list[HeldAnalyzer] = []

    def held() -> Analyzer:
        analyzers.append(HeldAnalyzer(lockstep))
        return analyzers[0]

    session = make_session(held, opener=opener(camera), feed_config=WAITS)
    record(session, camera, photograph, out)
    wait_for_file(session)
    assert session.state().recording.dropped == 0
    assert session.statistics().dropped > 0, "the preview skips frames, and says so"
    session.close()

    assert analyzers[0].analysed == list(range(0, frames, GAP)), "6 a second were analysed"
    recorded = decoded(out)
    assert [time_s for time_s, _ in recorded] == pytest.approx([n / FPS for n in range(frames)], abs=0.005)
    sides = {}
    for index, ((_, drawn), original, edge) in enumerate(zip(recorded, images, edges, strict=True)):
        within = slice(edge + 20, edge + 290)  # without the sides of the photograph, which codecs smear
        if (lines := box_sides(drawn, original, within)) is not None:
            sides[index] = lines[0] - edge, lines[1] - edge
    first = min(sides)
    assert first in analyzers[0].analysed
    assert first <= 5 * GAP, "a track is confirmed by then"
    assert sorted(sides) == list(range(first, frames)), "once there is a box, every frame has it"
    left, right = np.array([sides[index] for index in sorted(sides)]).T
    assert 80 < np.median(right - left) < 160, "it is as wide as the face"
    # Boxes that stayed where they were until the next analysis would be 15 pixels behind.
    assert np.abs(left - np.median(left)).max() <= 8
    assert np.abs(right - np.median(right)).max() <= 8


def test_a_file_that_is_played_is_recorded_frame_by_frame(
    make_session: MakeSession, short_clip: Path, tmp_path: Path
) -> None:
    clip, out = tmp_path / "small.mp4", tmp_path / "out.mp4"
    times_s = []
    with VideoWriter(clip, 640, 360) as writer:  # so small that all its frames fit into the queues
        for time_s, image in decoded(short_clip):
            times_s.append(time_s)
            writer.write(np.asarray(cv2.resize(image, (640, 360)), np.uint8), time_s)
    session = make_session(feed_config=WAITS)
    session.start_recording(out)
    session.show(SourceRequest(str(clip)))
    wait_for(lambda: session.state().recording.path is not None, "the first frame")
    wait_for_file(session)
    assert [time_s for time_s, _ in decoded(out)] == pytest.approx(times_s, abs=0.005)
    assert session.state().recording.dropped == 0


def test_frames_that_wait_when_the_camera_is_pulled_out_are_recorded(
    make_session: MakeSession, hopper_bgr: Image, tmp_path: Path
) -> None:
    frames = 2 * GAP + 3
    images, _ = moving_face(hopper_bgr, frames)
    photograph, out = tmp_path / "hopper.png", tmp_path / "out.mp4"
    cv2.imwrite(str(photograph), hopper_bgr)
    lockstep = Lockstep()
    camera = SteppedCamera(images, lockstep, is_pulled_out=True)
    session = make_session(lambda: HeldAnalyzer(lockstep), opener=opener(camera))
    record(session, camera, photograph, out)
    wait_for(lambda: state_of(session) is SourceState.DISCONNECTED, "the pull")
    session.stop_recording()
    wait_for_file(session)
    assert [time_s for time_s, _ in decoded(out)] == pytest.approx(
        [n / FPS for n in range(frames)], abs=0.005
    )


@pytest.mark.parametrize("blur", [False, True])
def test_a_photograph_is_recorded_with_the_same_labels_in_every_frame(
    make_session: MakeSession, astronaut_bgr: Image, tmp_path: Path, blur: bool
) -> None:
    photograph, out = tmp_path / "astronaut.png", tmp_path / "out.mp4"
    cv2.imwrite(str(photograph), astronaut_bgr)
    session = make_session()
    session.set_style(LabelStyle(blur=blur))
    session.show(SourceRequest(str(photograph)))
    wait_for(lambda: session.latest() is not None, "the photograph")
    latest = session.latest()
    assert latest is not None
    assert latest.preview is not None
    drawn = draw_overlay(astronaut_bgr, latest.preview.overlay)
    session.start_recording(out)
    wait_for(lambda: session.state().recording.written >= 5, "some frames")
    session.close()
    images = [image for _, image in decoded(out)]
    assert len(images) >= 5
    for image in images:
        assert np.abs(image.astype(int) - drawn).mean() < 6, "what the screen shows, but for the codec"

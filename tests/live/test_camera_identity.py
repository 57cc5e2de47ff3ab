"""Which camera is shown when several come and go: the one that was, or none."""

import itertools
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.live.capture import (
    CaptureCallbacks,
    CaptureConfig,
    Captured,
    CaptureThread,
    PreferredCamera,
    SourceOpener,
    SourceRequest,
)
from agecam.live.notices import NoticeKind
from agecam.live.slot import LatestSlot
from agecam.live.state import SourceState
from agecam.live.statistics import StatisticsCollector
from agecam.opencv import cv2
from agecam.sources import Camera, open_source
from agecam.sources.camera import CameraConfig, CameraSource
from tests.live.helpers import MakeSession, state_of, wait_for

FRONT = Camera(0, "Front camera", "/dev/video0", "V4L2", "usb1/1-1")
DESK = Camera(2, "Desk camera", "/dev/video2", "V4L2", "usb1/1-2")
TWIN = replace(DESK, name=FRONT.name)


class Capture:
    """A camera's images, gray as its device says, for as long as it is plugged in."""

    def __init__(self, ports: "Ports", camera: Camera) -> None:
        self._ports = ports
        self._camera = camera
        self._noise = itertools.count()

    def isOpened(self) -> bool:  # noqa: N802 (OpenCV's name)
        return self._camera in self._ports.plugged

    def get(self, propId: int, /) -> float:  # noqa: N803
        return 30.0 if propId == cv2.CAP_PROP_FPS else 0.0

    def set(self, propId: int, value: float, /) -> bool:  # noqa: N803
        return True

    def grab(self) -> bool:
        return self._camera in self._ports.plugged

    def retrieve(self) -> tuple[bool, NDArray[np.uint8]]:
        image_bgr = np.full((48, 64, 3), gray_of(self._camera), np.uint8)
        image_bgr[0, 0] = next(self._noise) % 200
        threading.Event().wait(0.005)  # as long as an exposure
        return True, image_bgr

    def release(self) -> None: ...


class Ports:
    """Where cameras are plugged in; ``plugged`` is replaced as a whole."""

    def __init__(self, *plugged: Camera) -> None:
        self.plugged = plugged
        self.asked = 0
        self.may_open = True

    def list_cameras(self, backend: str | None = None, /) -> list[Camera]:
        self.asked += 1
        return [one for one in self.plugged if backend in (None, one.backend)]

    def open(self, camera: Camera) -> CameraSource:
        return CameraSource(
            camera,
            CameraConfig(stall_s=0.05, retry_s=0.005),
            list_cameras=self.list_cameras,
            has_permission=lambda _camera: self.may_open,
            open_capture=self._open_capture,
        )

    def opener(self) -> SourceOpener:
        def by_name(spec: str) -> CameraSource:
            source = open_source(spec, list_cameras=self.list_cameras)
            assert isinstance(source, CameraSource)
            return self.open(source.camera)

        return SourceOpener(by_name, self.list_cameras, self.open)

    def _open_capture(self, index: int, _api: int) -> Capture:
        return Capture(self, next(one for one in self.plugged if one.index == index))


def gray_of(camera: Camera) -> int:
    """The brightness of all that a camera sees, so that a frame tells whose it is."""
    return {"usb1/1-1": 40, "usb1/1-2": 200}.get(camera.device or "", 120)


class Live:
    """A capture thread on ports; ``seen`` are the brightnesses of its frames so far."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.seen: list[int] = []
        ready = threading.Event()
        ready.set()
        self.thread = CaptureThread(
            LatestSlot[Captured](),
            StatisticsCollector(),
            ready,
            CaptureCallbacks(on_change=lambda: None, on_captured=self._note),
            ports.opener(),
            CaptureConfig(retry_first_s=0.01, retry_longest_s=0.02),
        )
        self.thread.start()

    def _note(self, captured: Captured) -> None:
        self.seen.append(int(captured.frame.image_bgr[20, 20, 0]))

    def wait_for_state(self, state: SourceState) -> None:
        wait_for(lambda: self.thread.state()[0].state is state, state.value)

    def wait_for_frames(self) -> None:
        count = len(self.seen)
        wait_for(lambda: len(self.seen) > count + 3, "frames")

    def wait_for_tries(self) -> None:
        """Until the camera has been looked for several times more."""
        asked = self.ports.asked
        wait_for(lambda: self.ports.asked > asked + 5, "more tries")

    def plug(self, *cameras: Camera) -> None:
        self.ports.plugged = cameras
        self.thread.note_plugged_in(cameras)


@pytest.fixture
def live() -> Iterator[Live]:
    one = Live(Ports(FRONT, DESK))
    yield one
    one.thread.stop()
    assert one.thread.join(60)


def test_a_camera_that_is_pulled_out_is_waited_for_and_not_replaced_by_another(live: Live) -> None:
    live.thread.request(SourceRequest(None))
    live.wait_for_frames()
    live.plug(DESK)
    live.wait_for_state(SourceState.DISCONNECTED)
    live.wait_for_tries()
    status = live.thread.state()[0]
    assert (status.state, status.name) == (SourceState.DISCONNECTED, "Front camera")
    live.plug(replace(FRONT, index=4, path="/dev/video4"), DESK)
    live.wait_for_state(SourceState.LIVE)
    live.wait_for_frames()
    assert set(live.seen) == {gray_of(FRONT)}
    camera = live.thread.state()[0].camera
    assert camera is not None
    assert camera.index == 4


def test_of_two_cameras_of_one_name_the_other_one_is_not_taken(live: Live) -> None:
    live.ports.plugged = (FRONT, TWIN)
    live.thread.request(SourceRequest(None, camera=TWIN))
    live.wait_for_frames()
    live.plug(FRONT)
    live.wait_for_state(SourceState.DISCONNECTED)
    live.wait_for_tries()
    live.plug(FRONT, replace(TWIN, index=6, path="/dev/video6", device="usb2/2-3"))
    live.wait_for_state(SourceState.LIVE)
    live.wait_for_frames()
    assert set(live.seen) == {gray_of(TWIN), 120}, "itself, and itself in another port"


def test_cameras_of_one_name_that_come_back_with_their_numbers_swapped_are_told_apart(live: Live) -> None:
    live.ports.plugged = (FRONT, TWIN)
    live.thread.request(SourceRequest(None, camera=FRONT))
    live.wait_for_frames()
    live.plug()
    live.wait_for_state(SourceState.DISCONNECTED)
    live.plug(replace(TWIN, index=0, path="/dev/video0"), replace(FRONT, index=2, path="/dev/video2"))
    live.wait_for_state(SourceState.LIVE)
    live.wait_for_frames()
    assert set(live.seen) == {gray_of(FRONT)}


def test_a_camera_of_the_same_name_that_came_while_the_first_was_live_does_not_take_its_place(
    live: Live,
) -> None:
    live.ports.plugged = (FRONT,)
    live.thread.request(SourceRequest(None))
    live.wait_for_frames()
    live.plug(FRONT, TWIN)
    live.wait_for_frames()
    live.plug(TWIN)
    live.wait_for_state(SourceState.DISCONNECTED)
    live.wait_for_tries()
    assert live.thread.state()[0].state is SourceState.DISCONNECTED
    assert set(live.seen) == {gray_of(FRONT)}


@pytest.mark.parametrize("spec", ["0", "front", "/dev/video0"])
def test_a_camera_named_at_the_start_is_waited_for_and_kept(live: Live, spec: str) -> None:
    live.ports.plugged = (DESK,)
    live.thread.request(SourceRequest(spec))
    if spec != "front":  # a name that nothing has may be that of a file
        live.wait_for_state(SourceState.NO_CAMERA)
        live.wait_for_tries()
    live.ports.plugged = (FRONT, DESK)
    live.thread.request(SourceRequest(spec))
    live.wait_for_frames()
    live.plug(replace(DESK, index=0, path="/dev/video0"))
    live.wait_for_state(SourceState.DISCONNECTED)
    live.wait_for_tries()
    assert set(live.seen) == {gray_of(FRONT)}


def test_the_camera_used_last_is_found_by_its_device_among_those_of_its_name(live: Live) -> None:
    live.ports.plugged = (FRONT, TWIN)
    live.thread.request(SourceRequest(None, preferred=PreferredCamera(TWIN.name, TWIN.device)))
    live.wait_for_frames()
    assert set(live.seen) == {gray_of(TWIN)}


def test_a_camera_that_may_not_be_used_is_shown_once_it_may(live: Live) -> None:
    live.ports.may_open = False
    live.thread.request(SourceRequest(None))
    live.wait_for_state(SourceState.DENIED)
    assert "You may not use Front camera" in live.thread.state()[0].message
    live.ports.may_open = True
    live.wait_for_frames()
    assert set(live.seen) == {gray_of(FRONT)}


def test_a_recording_holds_the_camera_it_began_with_and_no_other(
    make_session: MakeSession, tmp_path: Path
) -> None:
    ports = Ports(FRONT, DESK)
    session = make_session(opener=ports.opener())
    session.start_recording(tmp_path / "out.mp4")
    session.show(SourceRequest(None))
    wait_for(lambda: session.state().recording.written > 5, "some frames")
    ports.plugged = (DESK,)
    wait_for(lambda: state_of(session) is SourceState.DISCONNECTED, "the pull")
    asked = ports.asked
    session.retry()
    wait_for(lambda: ports.asked > asked, "a try")
    assert session.state().recording.is_running
    before = session.state().recording.written
    ports.plugged = (FRONT, DESK)
    session.retry()
    wait_for(lambda: session.state().recording.written > before + 5, "more frames")
    session.close()
    with av.open(str(tmp_path / "out.mp4")) as container:
        frames = [(float(one.time), one.to_ndarray(format="gray")) for one in container.decode(video=0)]
    assert max(image.mean() for _, image in frames) < 100, "nothing of the brighter camera"
    (gap,) = [notice for notice in session.take_notices() if "away" in notice.text]
    longest_s = max(np.diff([time_s for time_s, _ in frames]))
    told = re.fullmatch(r"The camera was away for (\d+\.\d) s; the recording goes on\.", gap.text)
    assert told is not None
    assert 0 < float(told[1]) <= longest_s + 0.06
    assert gap.kind is NoticeKind.WARNING


def test_a_gap_is_told_only_of_a_recording_that_has_it(make_session: MakeSession, tmp_path: Path) -> None:
    ports = Ports(FRONT)
    session = make_session(opener=ports.opener())

    def pull_and_put_back() -> None:
        ports.plugged = ()
        wait_for(lambda: state_of(session) is SourceState.DISCONNECTED, "the pull")
        ports.plugged = (FRONT,)
        session.retry()
        wait_for(lambda: state_of(session) is SourceState.LIVE, "the return")

    session.show(SourceRequest(None))
    wait_for(lambda: state_of(session) is SourceState.LIVE, "the camera")
    pull_and_put_back()
    session.start_recording(tmp_path / "out.mp4")
    wait_for(lambda: session.state().recording.written > 2, "some frames")
    session.pause_recording()
    pull_and_put_back()
    assert [notice.text for notice in session.take_notices() if "away" in notice.text] == []

"""Size, rate, brightness and exposure of a camera, set by the capture thread for whoever asks."""

import itertools
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.live.camera_control import CameraControl, CameraState, camera_key, mode_for
from agecam.live.capture import (
    CaptureCallbacks,
    CaptureConfig,
    Captured,
    CaptureThread,
    SourceOpener,
    SourceRequest,
)
from agecam.live.slot import LatestSlot
from agecam.live.state import SourceState
from agecam.live.statistics import StatisticsCollector
from agecam.opencv import cv2
from agecam.sources import Camera
from agecam.sources.camera import CameraConfig, CameraSource
from agecam.sources.camera_controls import CameraControls, ControlName
from agecam.sources.camera_modes import CameraMode
from tests.live.helpers import wait_for

WEBCAM = Camera(0, "Webcam", "/dev/video-of-a-test", "V4L2", "usb1/1-1")
MODES = (CameraMode(64, 48, 30), CameraMode(128, 96, 15))
SIZE_KEYS = (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)


class Driver:
    """One camera that is set as a V4L2 driver is; ``offered`` are its controls when it is plugged in."""

    def __init__(self, offered: dict[ControlName, float]) -> None:
        self.offered = offered
        self.values: dict[int, float] = {}
        self.threads: set[str] = set()
        self.is_plugged = True
        self._noise = itertools.count()

    def open_capture(self, _index: int, _api: int) -> "Driver":
        self.threads.add(threading.current_thread().name)
        return self

    def plug(self) -> None:
        self.values = {name.value: value for name, value in self.offered.items()}
        self.is_plugged = True

    def isOpened(self) -> bool:  # noqa: N802 (OpenCV's name)
        return self.is_plugged

    def get(self, propId: int, /) -> float:  # noqa: N803
        self.threads.add(threading.current_thread().name)
        return self.values.get(propId, -1.0)

    def set(self, propId: int, value: float, /) -> bool:  # noqa: N803
        self.threads.add(threading.current_thread().name)
        is_known = propId in {name.value for name in self.offered} or propId not in {
            name.value for name in ControlName
        }
        if is_known:
            self.values[propId] = value
        return is_known

    def grab(self) -> bool:
        return self.is_plugged

    def retrieve(self) -> tuple[bool, NDArray[np.uint8]]:
        threading.Event().wait(0.005)  # as long as an exposure
        width, height = (min(128, int(self.values[key])) for key in SIZE_KEYS)
        image_bgr = np.full((height, width, 3), 90, np.uint8)
        image_bgr[0, 0] = next(self._noise) % 200
        return True, image_bgr

    def release(self) -> None: ...


class Live:
    """A capture thread on one camera."""

    def __init__(self, driver: Driver) -> None:
        driver.plug()
        self.driver = driver
        ready = threading.Event()
        ready.set()
        self.thread = CaptureThread(
            LatestSlot[Captured](),
            StatisticsCollector(),
            ready,
            CaptureCallbacks(on_change=lambda: None, on_captured=lambda _captured: None),
            SourceOpener(list_cameras=self.list_cameras, open_camera=self.open),
            CaptureConfig(retry_first_s=0.01, retry_longest_s=0.02),
        )
        self.thread.start()

    @property
    def control(self) -> CameraControl:
        return self.thread.camera

    def list_cameras(self, backend: str | None = None, /) -> list[Camera]:
        return [WEBCAM] if self.driver.is_plugged and backend in (None, "V4L2") else []

    def open(self, camera: Camera) -> CameraSource:
        return CameraSource(
            camera,
            CameraConfig(stall_s=0.05, retry_s=0.005),
            list_cameras=self.list_cameras,
            has_permission=lambda _camera: True,
            open_capture=self.driver.open_capture,
            list_modes=lambda _camera: MODES,
        )

    def state(self) -> CameraState:
        state = self.control.state()
        assert state is not None
        return state

    def wait_for(self, state: SourceState) -> None:
        wait_for(lambda: self.thread.state()[0].state is state, state.value)


@pytest.fixture
def live() -> Iterator[Live]:
    offered = {ControlName.BRIGHTNESS: 0.5, ControlName.AUTO_EXPOSURE: 0.75, ControlName.EXPOSURE: 0.1}
    one = Live(Driver(offered))
    yield one
    one.thread.stop()
    assert one.thread.join(60)
    assert one.driver.threads == {"agecam-capture"}, "no other thread touches the device"


def test_a_mode_is_asked_of_the_camera_and_what_it_really_gives_is_told(live: Live) -> None:
    live.thread.request(SourceRequest(None))
    live.wait_for(SourceState.LIVE)
    assert live.state().modes == MODES
    live.control.set_modes({camera_key(WEBCAM): CameraMode(4096, 96, 60)})
    live.thread.reopen_camera()
    wait_for(lambda: live.state().mode.height_px == 96, "the other mode")
    assert [live.driver.values[key] for key in SIZE_KEYS] == [4096, 96]
    assert live.state().mode == CameraMode(128, 96, 60), "no wider than the camera can"
    live.wait_for(SourceState.LIVE)


def test_brightness_and_exposure_are_set_and_told_as_they_are(live: Live) -> None:
    live.thread.request(SourceRequest(None))
    live.wait_for(SourceState.LIVE)
    assert live.state().controls == CameraControls(0.5, 0.1, auto_exposure=True)
    live.control.set(ControlName.BRIGHTNESS, 0.7)
    live.control.set(ControlName.EXPOSURE, 0.2)
    live.control.set(ControlName.AUTO_EXPOSURE, 0)
    wanted = CameraControls(0.7, 0.2, auto_exposure=False)
    wait_for(lambda: live.state().controls == wanted, "what was set")


def test_a_camera_that_was_pulled_out_is_set_again_as_it_was(live: Live) -> None:
    live.thread.request(SourceRequest(None))
    live.wait_for(SourceState.LIVE)
    live.control.set(ControlName.BRIGHTNESS, 0.7)
    wait_for(lambda: live.state().controls.brightness == 0.7, "what was set")
    live.driver.is_plugged = False
    live.wait_for(SourceState.DISCONNECTED)
    live.driver.plug()
    live.wait_for(SourceState.LIVE)
    assert live.driver.values[ControlName.BRIGHTNESS.value] == 0.7


def test_what_a_driver_does_not_offer_is_told_apart() -> None:
    live = Live(Driver({ControlName.BRIGHTNESS: 0.5}))
    live.thread.request(SourceRequest(None))
    live.wait_for(SourceState.LIVE)
    controls = live.state().controls
    live.thread.stop()
    assert live.thread.join(60)
    assert controls == CameraControls(brightness=0.5)


def test_a_mode_is_remembered_for_its_camera_and_in_another_port_by_its_name() -> None:
    large, small = CameraMode(1920, 1080, 30), CameraMode(640, 480, 30)
    twin = Camera(2, "Webcam", None, "V4L2", "usb1/1-2")
    modes = {camera_key(WEBCAM): large, camera_key(twin): small}
    assert mode_for(WEBCAM, modes) == large
    assert mode_for(twin, modes) == small
    assert mode_for(Camera(4, "Webcam", None, "V4L2", "usb2/2-1"), modes) == small
    assert mode_for(Camera(0, "Desk camera", None, "V4L2", "usb1/1-1"), modes) is None

"""Size, rate, brightness and exposure of a camera, set by the capture thread for whoever asks."""

import threading
from collections.abc import Iterator

import pytest

from agecam.live.camera_control import CameraControl, CameraState, camera_key, remembered_for
from agecam.live.capture import (
    CaptureCallbacks,
    CaptureConfig,
    Captured,
    CaptureThread,
    SourceRequest,
)
from agecam.live.slot import LatestSlot
from agecam.live.state import SourceState
from agecam.live.statistics import StatisticsCollector
from agecam.sources import Camera
from agecam.sources.camera_controls import CameraControls, ControlName
from agecam.sources.camera_modes import CameraMode
from tests.live.camera_driver import ALL_CONTROLS, MODES, SIZE_KEYS, WEBCAM, Driver
from tests.live.helpers import wait_for


class Live:
    """A capture thread on one camera."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        ready = threading.Event()
        ready.set()
        self.thread = CaptureThread(
            LatestSlot[Captured](),
            StatisticsCollector(),
            ready,
            CaptureCallbacks(on_change=lambda: None, on_captured=lambda _captured: None),
            driver.opener(),
            CaptureConfig(retry_first_s=0.01, retry_longest_s=0.02),
        )
        self.thread.start()

    @property
    def control(self) -> CameraControl:
        return self.thread.camera

    def state(self) -> CameraState:
        state = self.control.state()
        assert state is not None
        return state

    def wait_for(self, state: SourceState) -> None:
        wait_for(lambda: self.thread.state()[0].state is state, state.value)


@pytest.fixture
def live() -> Iterator[Live]:
    one = Live(Driver(ALL_CONTROLS))
    yield one
    one.thread.stop()
    assert one.thread.join(60)
    assert one.driver.threads == {"agecam-capture"}, "no other thread touches the device"


def test_a_mode_is_asked_of_the_camera_and_what_it_really_gives_is_told(live: Live) -> None:
    live.thread.request(SourceRequest(None))
    live.wait_for(SourceState.LIVE)
    assert live.state().modes == MODES
    live.control.set_modes({camera_key(WEBCAM): CameraMode(64, 4096, 60)})
    live.thread.reopen_camera()
    wait_for(lambda: live.state().mode.width_px == 64, "the other mode")
    assert [live.driver.values[key] for key in SIZE_KEYS] == [64, 4096]
    assert live.state().mode == CameraMode(64, 96, 60), "no taller than the camera can"
    live.wait_for(SourceState.LIVE)


def test_brightness_and_exposure_are_set_and_told_as_they_are(live: Live) -> None:
    live.thread.request(SourceRequest(None))
    live.wait_for(SourceState.LIVE)
    assert live.state().controls == CameraControls(0.5, 0.125, auto_exposure=True)
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


def test_what_is_set_while_a_camera_is_away_is_set_as_soon_as_it_is_back(live: Live) -> None:
    live.thread.request(SourceRequest(None))
    live.wait_for(SourceState.LIVE)
    live.driver.is_plugged = False
    live.wait_for(SourceState.DISCONNECTED)
    live.control.set(ControlName.BRIGHTNESS, 0.7)
    live.driver.plug()
    wait_for(lambda: live.driver.values[ControlName.BRIGHTNESS.value] == 0.7, "what was set")


def test_what_was_set_of_a_camera_is_set_whenever_it_is_opened_until_its_defaults_are_restored(
    live: Live,
) -> None:
    wanted = {ControlName.BRIGHTNESS: 0.7, ControlName.AUTO_EXPOSURE: 0.0, ControlName.EXPOSURE: 0.2}
    live.control.set_values({camera_key(WEBCAM): wanted, "Desk camera\t": {ControlName.BRIGHTNESS: 0.1}})
    live.thread.request(SourceRequest(None))
    live.wait_for(SourceState.LIVE)
    assert live.state().controls == CameraControls(0.7, 0.2, auto_exposure=False)
    live.control.restore_defaults()
    wait_for(lambda: live.state().controls == CameraControls(0.5, 0.125, auto_exposure=True), "the defaults")
    live.driver.values[ControlName.BRIGHTNESS.value] = 0.3
    live.thread.reopen_camera()
    wait_for(lambda: live.state().controls.brightness == 0.3, "that nothing is set any more")


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
    assert remembered_for(WEBCAM, modes) == large
    assert remembered_for(twin, modes) == small
    assert remembered_for(Camera(4, "Webcam", None, "V4L2", "usb2/2-1"), modes) == small
    assert remembered_for(Camera(0, "Desk camera", None, "V4L2", "usb1/1-1"), modes) is None

import dataclasses
import time
from types import SimpleNamespace

import numpy as np
import pytest

from agecam.errors import CameraBusyError, CameraNotFoundError, SourceError, SourceLostError
from agecam.messages import Frame
from agecam.opencv import cv2
from agecam.sources import Camera, camera
from agecam.sources.camera import CameraSource, FreezeWatch

WEBCAM = Camera(0, "Webcam", "/dev/video-of-a-test", "V4L2")


class FakeCapture:
    """Stands for ``cv2.VideoCapture``: gives the pictures of ``script``, then the last ever again.

    ``None`` in the script is a failed read.
    """

    def __init__(self, script, opens=True, told_fps=30.0):
        self.script = list(script)
        self.opens = opens
        self.told_fps = told_fps
        self.opened_with = None
        self.settings = []
        self.released = 0
        self.current = None

    def __call__(self, index, api):
        self.opened_with = (index, api)
        return self

    def isOpened(self):  # noqa: N802 (OpenCV's name)
        return self.opens

    def set(self, name, value):
        self.settings.append((name, value))
        return True

    def get(self, name):
        return self.told_fps if name == cv2.CAP_PROP_FPS else 0.0

    def grab(self):
        self.current = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return self.current is not None

    def retrieve(self):
        return True, self.current.copy()

    def release(self):
        self.released += 1


@pytest.fixture
def noisy(astronaut_bgr):
    """Makes pictures as a sensor does, no two alike."""
    random = np.random.default_rng(0)

    def picture():
        noise = random.integers(0, 5, (120, 160, 3), np.uint8)
        return astronaut_bgr[:120, :160] // 2 + noise

    return picture


@pytest.fixture
def plugged(monkeypatch):
    """The cameras that are plugged in, to be changed by a test; waiting is short."""
    present = [WEBCAM]
    monkeypatch.setattr(
        camera, "list_cameras", lambda backend=None: [c for c in present if backend in (None, c.backend)]
    )
    monkeypatch.setattr(camera, "STALL_S", 0.3)
    monkeypatch.setattr(camera, "FIRST_FRAME_S", 0.3)
    return present


def open_with(monkeypatch, capture, which=WEBCAM):
    monkeypatch.setattr(cv2, "VideoCapture", capture)
    source = CameraSource(which)
    source.open()
    return source


def test_gives_frames_with_the_time_of_capture(plugged, monkeypatch, noisy):
    pictures = [noisy() for _ in range(5)]
    source = open_with(monkeypatch, FakeCapture(pictures))
    frames = [source.read() for _ in range(5)]
    source.close()
    assert (source.name, source.is_live, source.fps, source.frame_count) == ("Webcam", True, 30.0, None)
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert all(np.array_equal(f.image_bgr, p) for f, p in zip(frames, pictures, strict=True))
    assert all(abs(frame.time_s - time.monotonic()) < 5 for frame in frames)
    assert not any(frame.image_bgr.flags.writeable for frame in frames)


def test_asks_for_mjpg_before_the_size_and_for_a_short_buffer(plugged, monkeypatch, noisy):
    capture = FakeCapture([noisy()])
    open_with(monkeypatch, capture).close()
    assert capture.opened_with == (0, cv2.CAP_V4L2)
    assert capture.settings == [
        (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")),
        (cv2.CAP_PROP_FRAME_WIDTH, 1280),
        (cv2.CAP_PROP_FRAME_HEIGHT, 720),
        (cv2.CAP_PROP_FPS, 30.0),
        (cv2.CAP_PROP_BUFFERSIZE, 1),
    ]


@pytest.mark.parametrize("told", [0.0, -1.0, 1e9, float("nan")])
def test_does_not_believe_a_senseless_frame_rate(plugged, monkeypatch, noisy, told):
    source = open_with(monkeypatch, FakeCapture([noisy()], told_fps=told))
    assert source.fps is None
    source.close()


def test_gives_three_channels_from_a_grey_camera(plugged, monkeypatch, noisy):
    source = open_with(monkeypatch, FakeCapture([noisy()[:, :, 0]]))
    assert source.read().image_bgr.shape == (120, 160, 3)
    source.close()


def test_a_camera_that_another_program_holds_is_busy(plugged, monkeypatch):
    capture = FakeCapture([None], opens=False)
    with pytest.raises(CameraBusyError, match="Webcam does not start; close other programs"):
        open_with(monkeypatch, capture)
    assert capture.released == 1


def test_a_camera_that_opens_but_gives_no_picture_is_busy(plugged, monkeypatch):
    capture = FakeCapture([None])
    with pytest.raises(CameraBusyError):
        open_with(monkeypatch, capture)
    assert capture.released == 1


def test_waits_for_a_camera_that_wakes_up_slowly(plugged, monkeypatch, noisy):
    source = open_with(monkeypatch, FakeCapture([None, None, noisy()]))
    assert source.read() is not None
    source.close()


def test_a_camera_that_was_pulled_out_is_not_found(plugged, monkeypatch, noisy):
    plugged.clear()
    with pytest.raises(CameraNotFoundError, match="Webcam is not plugged in; no camera is plugged in"):
        open_with(monkeypatch, FakeCapture([noisy()]))


def test_a_camera_in_another_port_is_found_by_its_name(plugged, monkeypatch, noisy):
    plugged[:] = [dataclasses.replace(WEBCAM, index=0, name="Other"), dataclasses.replace(WEBCAM, index=4)]
    capture = FakeCapture([noisy()])
    source = open_with(monkeypatch, capture)
    source.close()
    assert capture.opened_with == (4, cv2.CAP_V4L2)
    assert source.camera.index == 4


def test_tries_the_other_back_end_of_windows(plugged, monkeypatch, noisy):
    backends = {"MSMF": cv2.CAP_MSMF, "DSHOW": cv2.CAP_DSHOW}
    monkeypatch.setattr("agecam.sources.cameras._BACKENDS", {"win32": backends})
    monkeypatch.setattr("agecam.sources.cameras.sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(camera, "sys", SimpleNamespace(platform="win32"))
    plugged[:] = [Camera(0, "Webcam", None, "MSMF"), Camera(3, "Webcam", None, "DSHOW")]
    opened = []

    def capture(index, api):
        opened.append((index, api))
        return FakeCapture([noisy()], opens=api == cv2.CAP_DSHOW)

    source = open_with(monkeypatch, capture, plugged[0])
    source.close()
    assert opened == [(0, cv2.CAP_MSMF), (3, cv2.CAP_DSHOW)]
    assert source.camera.backend == "DSHOW"


def test_says_how_to_be_allowed_to_use_the_camera(plugged, monkeypatch, tmp_path):
    device = tmp_path / "video0"
    device.touch()
    plugged[:] = [dataclasses.replace(WEBCAM, path=str(device))]
    monkeypatch.setattr(camera.os, "access", lambda path, mode: False)
    monkeypatch.setattr(camera, "sys", SimpleNamespace(platform="linux"))
    with pytest.raises(SourceError, match=r"You may not use Webcam .* usermod -aG video"):
        open_with(monkeypatch, FakeCapture([None]), plugged[0])


def test_a_camera_that_stops_giving_pictures_is_lost(plugged, monkeypatch, noisy):
    capture = FakeCapture([noisy(), noisy(), None])
    source = open_with(monkeypatch, capture)
    source.read()
    source.read()
    started_s = time.monotonic()
    with pytest.raises(SourceLostError, match="Webcam gives no more pictures; check its cable"):
        source.read()
    assert 0.3 <= time.monotonic() - started_s < 2
    source.close()
    source.close()
    assert capture.released == 1
    assert source.read() is None


def test_a_hiccup_is_not_a_loss(plugged, monkeypatch, noisy):
    source = open_with(monkeypatch, FakeCapture([noisy(), None, None, noisy()]))
    assert source.read().index == 0
    assert source.read().index == 1
    source.close()


def test_a_camera_that_repeats_its_last_picture_is_lost(plugged, monkeypatch, noisy):
    source = open_with(monkeypatch, FakeCapture([noisy() for _ in range(60)]))

    def read_on():
        while True:
            source.read()
            time.sleep(0.001)

    with pytest.raises(SourceLostError):
        read_on()
    source.close()


def watched(pictures, interval_s=0.1):
    """Whether any of ``pictures`` is seen as frozen."""
    watch = FreezeWatch()
    return any(watch.is_frozen(Frame(p, i * interval_s, i)) for i, p in enumerate(pictures))


def test_frozen_is_the_same_picture_for_three_seconds_after_live_ones(noisy):
    live = [noisy() for _ in range(40)]
    assert not watched(live)
    assert not watched(live + [live[-1]] * 29)
    assert watched(live + [live[-1]] * 31)


def test_a_covered_lens_is_not_frozen(noisy):
    live = [noisy() for _ in range(40)]
    assert not watched(live + [np.zeros_like(live[0])] * 100)


def test_a_virtual_camera_with_a_still_picture_is_not_frozen(noisy):
    assert not watched([noisy()] * 100)

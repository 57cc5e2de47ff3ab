"""A camera on fakes of ``cv2.VideoCapture`` that fail, stall and come back as real ones do."""

import dataclasses
import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.errors import CameraBusyError, CameraNotFoundError, SourceError, SourceLostError
from agecam.messages import Frame
from agecam.opencv import cv2
from agecam.sources import Camera
from agecam.sources.camera import CameraConfig, CameraSource
from agecam.sources.freeze import FreezeDetector

Image = NDArray[np.uint8]
MakeImage = Callable[[], Image]

WEBCAM = Camera(0, "Webcam", "/dev/video-of-a-test", "V4L2")
_TICK_S = 0.01


class FakeCapture:
    """Gives the images of ``script``, then the last ever again; ``None`` in it is a failed read."""

    def __init__(
        self, script: Sequence[Image | None], *, opens: bool = True, reported_fps: float = 30.0
    ) -> None:
        self.script = list(script)
        self.opens = opens
        self.reported_fps = reported_fps
        self.opened_with: tuple[int, int] | None = None
        self.settings: list[tuple[int, float]] = []
        self.released = 0
        self.current: Image | None = None

    def __call__(self, index: int, api: int) -> "FakeCapture":
        self.opened_with = (index, api)
        return self

    def isOpened(self) -> bool:  # noqa: N802 (OpenCV's name)
        return self.opens

    def set(self, name: int, value: float, /) -> bool:
        self.settings.append((name, value))
        return True

    def get(self, name: int, /) -> float:
        return self.reported_fps if name == cv2.CAP_PROP_FPS else 0.0

    def grab(self) -> bool:
        self.current = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return self.current is not None

    def retrieve(self) -> tuple[bool, Image | None]:
        assert self.current is not None
        return True, self.current.copy()

    def release(self) -> None:
        self.released += 1


class FakeClock:
    """Monotonic seconds that grow by 10 ms with each look, so that no test waits."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        self.now_s += _TICK_S
        return self.now_s


def camera_source(
    capture: Callable[[int, int], FakeCapture],
    which: Camera = WEBCAM,
    *,
    plugged: Sequence[Camera] = (WEBCAM,),
    clock: FakeClock | None = None,
    may_open: bool = True,
) -> CameraSource:
    return CameraSource(
        which,
        CameraConfig(retry_s=0.0),
        list_cameras=lambda backend=None: [c for c in plugged if backend in (None, c.backend)],
        has_permission=lambda _: may_open,
        open_capture=capture,
        clock=clock or FakeClock(),
    )


def opened(capture: FakeCapture, clock: FakeClock | None = None) -> CameraSource:
    source = camera_source(capture, clock=clock)
    source.open()
    return source


def read(source: CameraSource) -> Frame:
    frame = source.read()
    assert frame is not None
    return frame


@pytest.fixture
def noisy(astronaut_bgr: Image) -> MakeImage:
    """Makes images as a sensor does, no two alike."""
    random = np.random.default_rng(0)

    def make() -> Image:
        image = astronaut_bgr[:120, :160] // 2
        image += random.integers(0, 5, image.shape, np.uint8)
        return image

    return make


def test_gives_frames_with_the_time_of_capture(noisy: MakeImage) -> None:
    images = [noisy() for _ in range(5)]
    clock = FakeClock()
    source = opened(FakeCapture(images), clock)
    frames = [read(source) for _ in range(5)]
    source.close()
    assert (source.name, source.is_live, source.fps, source.frame_count) == ("Webcam", True, 30.0, None)
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert all(np.array_equal(f.image_bgr, i) for f, i in zip(frames, images, strict=True))
    times_s = [frame.time_s for frame in frames]
    assert times_s[0] > 1000
    assert times_s[-1] == pytest.approx(clock.now_s)
    assert all(later > earlier for earlier, later in itertools.pairwise(times_s))
    assert not any(frame.image_bgr.flags.writeable for frame in frames)
    assert not any(frame.is_still for frame in frames)


def test_asks_for_mjpg_before_the_size_and_for_a_short_buffer(noisy: MakeImage) -> None:
    capture = FakeCapture([noisy()])
    opened(capture).close()
    assert capture.opened_with == (0, cv2.CAP_V4L2)
    assert capture.settings == [
        (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")),
        (cv2.CAP_PROP_FRAME_WIDTH, 1280),
        (cv2.CAP_PROP_FRAME_HEIGHT, 720),
        (cv2.CAP_PROP_FPS, 30.0),
        (cv2.CAP_PROP_BUFFERSIZE, 1),
    ]


@pytest.mark.parametrize("reported", [0.0, -1.0, 1e9, float("nan")])
def test_does_not_believe_a_senseless_frame_rate(noisy: MakeImage, reported: float) -> None:
    source = opened(FakeCapture([noisy()], reported_fps=reported))
    assert source.fps is None
    source.close()


def test_gives_three_channels_from_a_gray_camera(noisy: MakeImage) -> None:
    gray = np.ascontiguousarray(noisy()[:, :, 0])
    source = opened(FakeCapture([gray]))
    assert np.array_equal(read(source).image_bgr, np.dstack([gray] * 3))
    source.close()


def test_a_camera_that_another_program_holds_is_busy() -> None:
    capture = FakeCapture([None], opens=False)
    with pytest.raises(CameraBusyError, match="Webcam does not start; close other programs"):
        opened(capture)
    assert capture.released == 1


@pytest.mark.parametrize(
    ("backend", "advice"),
    [("V4L2", "plug it out"), ("MSMF", "allow desktop apps"), ("AVFOUNDATION", "Privacy & Security, Camera")],
)
def test_a_busy_camera_comes_with_the_advice_for_its_system(backend: str, advice: str) -> None:
    camera = Camera(0, "Webcam", None, backend)
    with pytest.raises(CameraBusyError, match=advice):
        camera_source(FakeCapture([None], opens=False), camera, plugged=[camera]).open()


def test_a_camera_that_opens_but_gives_no_image_is_busy() -> None:
    capture, clock = FakeCapture([None]), FakeClock()
    with pytest.raises(CameraBusyError):
        opened(capture, clock)
    assert capture.released == 1
    assert clock.now_s - 1000 == pytest.approx(CameraConfig().first_frame_s, abs=5 * _TICK_S)


def test_waits_for_a_camera_that_wakes_up_slowly(noisy: MakeImage) -> None:
    image = noisy()
    source = opened(FakeCapture([None] * 500 + [image]))
    assert np.array_equal(read(source).image_bgr, image)
    source.close()


def test_a_camera_that_was_pulled_out_is_not_found(noisy: MakeImage) -> None:
    with pytest.raises(CameraNotFoundError, match=r"^Webcam is not plugged in\.$"):
        camera_source(FakeCapture([noisy()]), plugged=[]).open()


def test_a_camera_in_another_port_is_found_by_its_name(noisy: MakeImage) -> None:
    plugged = [dataclasses.replace(WEBCAM, index=0, name="Other"), dataclasses.replace(WEBCAM, index=4)]
    capture = FakeCapture([noisy()])
    source = camera_source(capture, plugged=plugged)
    source.open()
    source.close()
    assert capture.opened_with == (4, cv2.CAP_V4L2)
    assert source.camera.index == 4


def test_tries_the_other_back_end_of_windows(noisy: MakeImage) -> None:
    plugged = [Camera(0, "Webcam", None, "MSMF"), Camera(3, "Webcam", None, "DSHOW")]
    attempts: list[tuple[int, int]] = []

    def capture(index: int, api: int) -> FakeCapture:
        attempts.append((index, api))
        return FakeCapture([noisy()], opens=api == cv2.CAP_DSHOW)

    source = camera_source(capture, plugged[0], plugged=plugged)
    source.open()
    source.close()
    assert attempts == [(0, cv2.CAP_MSMF), (3, cv2.CAP_DSHOW)]
    assert source.camera.backend == "DSHOW"


def test_says_how_to_be_allowed_to_use_the_camera(noisy: MakeImage) -> None:
    capture = FakeCapture([noisy()])
    with pytest.raises(SourceError, match=r"You may not use Webcam .* usermod -aG video"):
        camera_source(capture, may_open=False).open()
    assert capture.opened_with is None


def test_a_camera_that_stops_giving_images_is_lost(noisy: MakeImage) -> None:
    capture, clock = FakeCapture([noisy(), noisy(), None]), FakeClock()
    source = opened(capture, clock)
    read(source)
    last = read(source)
    with pytest.raises(SourceLostError, match="Webcam gives no more pictures; check its cable"):
        source.read()
    assert clock.now_s - last.time_s == pytest.approx(CameraConfig().stall_s, abs=5 * _TICK_S)
    source.close()
    source.close()
    assert capture.released == 1
    assert source.read() is None


def test_a_hiccup_is_not_a_loss(noisy: MakeImage) -> None:
    source = opened(FakeCapture([noisy(), None, None, noisy()]))
    assert read(source).index == 0
    assert read(source).index == 1
    source.close()


def test_a_camera_that_repeats_its_last_image_is_lost(noisy: MakeImage) -> None:
    images, clock = [noisy() for _ in range(60)], FakeClock()
    source = opened(FakeCapture(images), clock)
    frames = [read(source) for _ in images]
    with pytest.raises(SourceLostError, match="gives no more pictures"):
        list(iter(source.read, None))
    assert clock.now_s - frames[-1].time_s == pytest.approx(3.0, abs=5 * _TICK_S)
    source.close()


def is_seen_frozen(images: Sequence[Image], interval_s: float = 0.1) -> bool:
    detector = FreezeDetector()
    return any(detector.is_frozen(Frame(image, i * interval_s, i)) for i, image in enumerate(images))


def test_frozen_is_the_same_image_for_three_seconds_after_live_ones(noisy: MakeImage) -> None:
    live = [noisy() for _ in range(40)]
    assert not is_seen_frozen(live)
    assert not is_seen_frozen(live + [live[-1]] * 29)
    assert is_seen_frozen(live + [live[-1]] * 31)


def test_a_covered_lens_is_not_frozen(noisy: MakeImage) -> None:
    live = [noisy() for _ in range(40)]
    assert not is_seen_frozen(live + [np.zeros_like(live[0])] * 100)


def test_a_virtual_camera_with_a_still_image_is_not_frozen(noisy: MakeImage) -> None:
    assert not is_seen_frozen([noisy()] * 100)

"""A camera as a source of frames."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agecam.errors import CameraBusyError, CameraDeniedError, CameraNotFoundError, SourceLostError
from agecam.messages import Frame
from agecam.opencv import cv2
from agecam.sources.camera_controls import CameraControls, ControlName, read_controls, set_control
from agecam.sources.camera_defaults import driver_defaults
from agecam.sources.camera_modes import CameraMode, list_modes
from agecam.sources.cameras import (
    BACKENDS,
    Camera,
    CameraIdentity,
    ListCameras,
    has_permission,
    list_cameras,
)
from agecam.sources.freeze import FreezeConfig, FreezeDetector

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """What is asked of a camera, and when it is given up; chosen, where no evidence is named."""

    width_px: int = 1280
    height_px: int = 720
    fps: float = 30.0
    """Pixels, pixels and frames a second; the camera chooses the mode that comes nearest to these. It is a
    usual one of webcams, and the size of the demo clip, on which speed is measured."""

    stall_s: float = 3.0
    """A camera without a fresh image for so many seconds is lost. V4L2 itself reports a pulled camera after
    2 s (see :mod:`agecam.opencv`)."""

    first_frame_s: float = 8.0
    """Seconds to the first image, more than ``stall_s``: some cameras wake up slowly."""

    retry_s: float = 0.02
    """Seconds of pause after a failed read, less than a frame lasts: a pulled camera fails at once, again and
    again, and would take a core."""

    max_fps: float = 1000.0
    """Frames a second; a rate above this, which some drivers report, is none: no webcam is as fast."""

    freeze: FreezeConfig = field(default_factory=FreezeConfig)


class Capture(Protocol):
    """The part of ``cv2.VideoCapture`` that is used."""

    def isOpened(self) -> bool: ...  # noqa: N802 (OpenCV's name)
    def get(self, propId: int, /) -> float: ...  # noqa: N803
    def set(self, propId: int, value: float, /) -> bool: ...  # noqa: N803
    def grab(self) -> bool: ...
    def retrieve(self) -> tuple[bool, NDArray[np.uint8] | None]: ...
    def release(self) -> None: ...


OpenCapture = Callable[[int, int], Capture]
"""Opens the camera of an index and a ``cv2.CAP_`` number, as ``cv2.VideoCapture`` does."""


@dataclass(frozen=True, slots=True)
class CameraDriver:
    """What the driver of a camera tells of it: sizes and rates, and how it is set where nobody sets it."""

    list_modes: Callable[[Camera], Sequence[CameraMode]] = list_modes
    list_defaults: Callable[[Camera], Mapping[ControlName, float]] = driver_defaults


class CameraSource:
    """A plugged-in camera; its frames tell the size it chose.

    ``read`` raises :class:`agecam.errors.SourceLostError` after ``config.stall_s`` seconds without a fresh
    image. When it is next opened, the very same camera is waited for: it is known by its port, and in another
    port by its name, unless that is the name of one that was there all the time.
    ``clock`` gives monotonic seconds. ``mode`` is what is asked of the camera when it is next opened; without
    one it is what the config says.
    """

    is_live = True
    is_camera = True
    frame_count: int | None = None

    def __init__(
        self,
        camera: Camera,
        config: CameraConfig | None = None,
        *,
        list_cameras: ListCameras = list_cameras,
        has_permission: Callable[[Camera], bool] = has_permission,
        open_capture: OpenCapture = cv2.VideoCapture,
        clock: Callable[[], float] = time.monotonic,
        driver: CameraDriver | None = None,
    ) -> None:
        self.mode: CameraMode | None = None
        self._driver = driver or CameraDriver()
        self._identity = CameraIdentity(camera)
        self._config = config or CameraConfig()
        self._list_cameras = list_cameras
        self._has_permission = has_permission
        self._open_capture = open_capture
        self._clock = clock
        self._capture: Capture | None = None
        self._fps: float | None = None
        self._first: Frame | None = None
        self._size_wh: tuple[int, int] | None = None
        self._index = 0
        self._freeze = FreezeDetector(self._config.freeze)

    @property
    def name(self) -> str:
        return self.camera.name

    @property
    def camera(self) -> Camera:
        """The camera as it was last found; its index may change when it is plugged in again."""
        return self._identity.camera

    @property
    def fps(self) -> float | None:
        return self._fps

    @property
    def obtained_mode(self) -> CameraMode | None:
        """What the camera gives, as far as its driver tells: 0 frames a second is unknown; ``None`` where it
        is not open."""
        if self._size_wh is None:
            return None
        return CameraMode(*self._size_wh, self._fps or 0.0)

    def modes(self) -> tuple[CameraMode, ...]:
        """What may be asked of it."""
        return tuple(self._driver.list_modes(self.camera))

    def controls(self) -> CameraControls:
        """How it is set now; nothing while it is not open."""
        return (
            CameraControls() if self._capture is None else read_controls(self._capture, self.camera.backend)
        )

    def set_control(self, name: ControlName, value: float) -> None:
        """Set brightness or exposure, a share of its range, or automatic exposure, 1 or 0."""
        if self._capture is not None:
            set_control(self._capture, name, value)

    def default_controls(self) -> Mapping[ControlName, float]:
        """How its driver sets it where nobody does, as :meth:`set_control` takes it, as far as it tells."""
        return self._driver.list_defaults(self.camera)

    def note_plugged_in(self, cameras: Sequence[Camera]) -> None:
        """Tell which cameras are plugged in, while this one is: none of the others is taken for it later."""
        self._identity = self._identity.seen_beside(cameras)

    def open(self) -> None:
        self.close()
        self._find_again()
        if not self._has_permission(self.camera):
            raise CameraDeniedError(
                f"You may not use {self.name} ({self.camera.path}); run “sudo usermod -aG video $USER”, "
                "then log out and in again."
            )
        for camera in [self.camera, *self._through_other_backends()]:
            self._capture = self._start(camera)
            if self._capture is not None:
                self._first = self._next_frame(self._capture, self._config.first_frame_s)
            if self._first is not None:
                self._identity = replace(self._identity, camera=camera)
                break
            self.close()
        else:
            raise CameraBusyError(_busy_text(self.camera))
        self._size_wh = self._first.width, self._first.height
        _log.info(
            "%s: %d x %d at %s frames a second through %s",
            self.name,
            self._first.width,
            self._first.height,
            self._fps or "unknown",
            self.camera.backend,
        )

    def read(self) -> Frame | None:
        if self._capture is None:
            return None
        frame, self._first = self._first, None
        frame = frame or self._next_frame(self._capture, self._config.stall_s)
        if frame is None or self._freeze.is_frozen(frame):
            raise SourceLostError(
                f"{self.name} gives no more pictures; check its cable or choose another camera."
            )
        return frame

    def close(self) -> None:
        self._first = self._size_wh = None
        self._index = 0
        self._freeze = FreezeDetector(self._config.freeze)
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _find_again(self) -> None:
        """Note where the same camera is plugged in now. Raises :class:`CameraNotFoundError`."""
        cameras = self._list_cameras(self.camera.backend)
        found = self._identity.find(cameras)
        if found is None:
            raise CameraNotFoundError(f"{self.name} is not plugged in.")
        self._identity = replace(self._identity, camera=found).seen_beside(cameras)

    def _through_other_backends(self) -> list[Camera]:
        """The same camera through the operating system's other back ends, where only one has its name."""
        mine = self.camera.backend
        others = [name for names in BACKENDS.values() if mine in names for name in names if name != mine]
        found = [
            [camera for camera in self._list_cameras(name) if camera.name == self.name] for name in others
        ]
        return [named[0] for named in found if len(named) == 1]

    def _start(self, camera: Camera) -> Capture | None:
        """An open capture, or ``None`` where the camera refuses."""
        capture = self._open_capture(camera.index, camera.api)
        if not capture.isOpened():
            capture.release()
            return None
        config = self._config
        mode = self.mode or CameraMode(config.width_px, config.height_px, config.fps)
        if camera.backend == "V4L2":
            # Before the size: without MJPG most USB cameras give large images at 5 to 10 frames a second.
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, mode.width_px)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, mode.height_px)
        capture.set(cv2.CAP_PROP_FPS, mode.fps)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest image, not one from half a second ago
        reported_fps = float(capture.get(cv2.CAP_PROP_FPS))
        self._fps = reported_fps if 0 < reported_fps <= config.max_fps else None
        return capture

    def _next_frame(self, capture: Capture, timeout_s: float) -> Frame | None:
        """The next frame, or ``None`` after ``timeout_s`` seconds without one."""
        deadline_s = self._clock() + timeout_s
        while True:
            if capture.grab():
                time_s = self._clock()
                is_decoded, image = capture.retrieve()
                if is_decoded and image is not None and image.size:
                    image = _three_channels(image)
                    image.setflags(write=False)
                    self._index += 1
                    return Frame(image, time_s, self._index - 1)
            if self._clock() >= deadline_s:
                return None
            time.sleep(self._config.retry_s)


def _three_channels(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Infrared and industrial cameras give gray images."""
    if image.ndim == 2 or image.shape[2] == 1:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
    return np.ascontiguousarray(image[:, :, :3])


def _busy_text(camera: Camera) -> str:
    if camera.backend in BACKENDS["darwin"]:
        return (
            f"{camera.name} does not start; close other programs that use it, and allow the camera "
            "in System Settings, Privacy & Security, Camera."
        )
    if camera.backend in BACKENDS["win32"]:
        return (
            f"{camera.name} does not start; close other programs that use it, and allow desktop apps to use "
            "the camera in Settings, Privacy, Camera."
        )
    return f"{camera.name} does not start; close other programs that use it, or plug it out and in again."

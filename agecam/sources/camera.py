"""A camera as a source of frames."""

from __future__ import annotations

import logging
import os
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agecam.errors import CameraBusyError, CameraNotFoundError, SourceError, SourceLostError
from agecam.messages import Frame
from agecam.opencv import cv2
from agecam.sources.cameras import Camera, backends, describe, list_cameras

_log = logging.getLogger(__name__)

STALL_S = 3.0
"""A camera that gives no fresh picture for this long is lost."""

FIRST_FRAME_S = 8.0
"""A camera may take this long to its first picture; some wake up slowly."""

_RETRY_S = 0.02
_HIGHEST_FPS = 1000


class CameraSource:
    """A plugged-in camera, asked for ``width`` x ``height`` pixels at ``fps`` frames a second.

    The camera chooses what comes nearest; frames tell what it chose. ``read`` raises
    :class:`agecam.errors.SourceLostError` after :data:`STALL_S` without a fresh picture. A camera that was
    plugged into another port is found again by its name when it is next opened.
    """

    is_live = True
    frame_count: int | None = None

    def __init__(self, camera: Camera, width: int = 1280, height: int = 720, fps: float = 30.0) -> None:
        self._camera = camera
        self._wanted = (width, height, fps)
        self._capture: Any = None
        self._fps: float | None = None
        self._first: Frame | None = None
        self._index = 0
        self._freeze = FreezeWatch()

    @property
    def name(self) -> str:
        return self._camera.name

    @property
    def camera(self) -> Camera:
        """The camera as it was last found; its index may change when it is plugged in again."""
        return self._camera

    @property
    def fps(self) -> float | None:
        return self._fps

    def open(self) -> None:
        self.close()
        self._camera = _find_again(self._camera)
        _check_permission(self._camera)
        for camera in _ways_to(self._camera):
            self._capture = self._start(camera)
            self._first = self._next_frame(FIRST_FRAME_S) if self._capture is not None else None
            if self._first is not None:
                self._camera = camera
                break
            self.close()
        else:
            raise CameraBusyError(_busy_text(self._camera))
        _log.info(
            "%s: %d x %d at %s frames a second through %s",
            self.name,
            self._first.width,
            self._first.height,
            self._fps or "unknown",
            self._camera.backend,
        )

    def read(self) -> Frame | None:
        if self._capture is None:
            return None
        frame, self._first = self._first, None
        frame = frame or self._next_frame(STALL_S)
        if frame is None or self._freeze.is_frozen(frame):
            raise SourceLostError(
                f"{self.name} gives no more pictures; check its cable or choose another camera."
            )
        return frame

    def close(self) -> None:
        self._first = None
        self._index = 0
        self._freeze = FreezeWatch()
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _start(self, camera: Camera) -> Any:
        """An open ``cv2.VideoCapture``, or ``None`` where the camera refuses."""
        capture = cv2.VideoCapture(camera.index, camera.api)
        if not capture.isOpened():
            capture.release()
            return None
        width, height, fps = self._wanted
        if camera.backend == "V4L2":
            # Before the size: without MJPG most USB cameras give large pictures at 5 to 10 frames a second.
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        capture.set(cv2.CAP_PROP_FPS, fps)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest picture, not one from half a second ago
        told = float(capture.get(cv2.CAP_PROP_FPS))
        self._fps = told if 0 < told <= _HIGHEST_FPS else None
        return capture

    def _next_frame(self, patience_s: float) -> Frame | None:
        """The next picture, or ``None`` after ``patience_s`` seconds without one."""
        deadline_s = time.monotonic() + patience_s
        while True:
            if self._capture.grab():
                time_s = time.monotonic()
                decoded, image = self._capture.retrieve()
                if decoded and image is not None and image.size:
                    image = _three_channels(image)
                    image.setflags(write=False)
                    self._index += 1
                    return Frame(image, time_s, self._index - 1)
            if time.monotonic() >= deadline_s:
                return None
            # A pulled camera fails at once, again and again.
            time.sleep(_RETRY_S)


class FreezeWatch:
    """Notices a camera that repeats its last picture for ever, as some drivers do when it is pulled.

    Sensor noise makes every picture differ, so the very same bytes for :data:`STALL_S` mean that nothing
    is being captured, unless the picture is flat (a covered lens clips to one black) or the camera has
    never shown a change (a virtual camera with a still picture).
    """

    _CHANGES = 30  # about a second of live pictures
    _FLAT_LEVELS = 3.0  # standard deviation, in levels of 255
    _STRIDE = 4  # every 16th pixel is plenty of noise, and costs 0.1 ms

    def __init__(self) -> None:
        self._digest: int | None = None
        self._since_s = 0.0
        self._changes = 0

    def is_frozen(self, frame: Frame) -> bool:
        """Whether ``frame`` repeats what the camera gave :data:`STALL_S` ago and ever since."""
        sample = frame.image_bgr[:: self._STRIDE, :: self._STRIDE].tobytes()
        digest = zlib.crc32(sample)
        if digest != self._digest:
            self._changes += self._digest is not None
            self._digest = digest
            self._since_s = frame.time_s
            return False
        if frame.time_s - self._since_s < STALL_S or self._changes < self._CHANGES:
            return False
        return float(np.frombuffer(sample, np.uint8).std()) > self._FLAT_LEVELS


def _three_channels(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Infrared and industrial cameras give grey pictures."""
    if image.ndim == 2 or image.shape[2] == 1:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
    return np.ascontiguousarray(image[:, :, :3])


def _find_again(camera: Camera) -> Camera:
    """The same camera as it is plugged in now: same device, else same name."""
    cameras = list_cameras(camera.backend)
    same_name = [other for other in cameras if other.name == camera.name]
    same_place = [other for other in same_name if (other.index, other.path) == (camera.index, camera.path)]
    if not same_name:
        raise CameraNotFoundError(f"{camera.name} is not plugged in; {describe(cameras)}")
    return (same_place or same_name)[0]


def _ways_to(camera: Camera) -> list[Camera]:
    """``camera``, then the same one through the operating system's other back ends."""
    others = [other for name in backends() if name != camera.backend for other in list_cameras(name)]
    return [camera, *(other for other in others if other.name == camera.name)]


def _check_permission(camera: Camera) -> None:
    if sys.platform != "linux" or camera.path is None or not Path(camera.path).exists():
        return
    if not os.access(camera.path, os.R_OK | os.W_OK):
        raise SourceError(
            f"You may not use {camera.name} ({camera.path}); run “sudo usermod -aG video $USER”, "
            "then log out and in again."
        )


def _busy_text(camera: Camera) -> str:
    if sys.platform == "darwin":
        return (
            f"{camera.name} does not start; close other programs that use it, and allow the camera "
            "in System Settings, Privacy & Security, Camera."
        )
    if sys.platform == "win32":
        return (
            f"{camera.name} does not start; close other programs that use it, and allow desktop apps to use "
            "the camera in Settings, Privacy, Camera."
        )
    return f"{camera.name} does not start; close other programs that use it, or plug it out and in again."

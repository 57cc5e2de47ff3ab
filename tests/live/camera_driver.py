"""A camera on a driver that is set as V4L2 drivers are."""

import itertools
import threading

import numpy as np
from numpy.typing import NDArray

from agecam.live.capture import SourceOpener
from agecam.opencv import cv2
from agecam.sources import Camera
from agecam.sources.camera import CameraConfig, CameraDriver, CameraSource
from agecam.sources.camera_controls import ControlName
from agecam.sources.camera_modes import CameraMode

WEBCAM = Camera(0, "Webcam", "/dev/video-of-a-test", "V4L2", "usb1/1-1")
MODES = (CameraMode(64, 48, 30), CameraMode(128, 96, 15), CameraMode(128, 96, 30))
SIZE_KEYS = (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
ALL_CONTROLS = {ControlName.BRIGHTNESS: 0.5, ControlName.AUTO_EXPOSURE: 0.75, ControlName.EXPOSURE: 0.125}


class Driver:
    """One camera that is set as a V4L2 driver is; ``offered`` are its controls when it is plugged in."""

    def __init__(self, offered: dict[ControlName, float]) -> None:
        self.offered = offered
        self.values: dict[int, float] = {}
        self.threads: set[str] = set()
        self.is_plugged = True
        self.opened = 0
        self._noise = itertools.count()
        self.plug()

    def open_capture(self, _index: int, _api: int) -> "Driver":
        self.threads.add(threading.current_thread().name)
        self.opened += 1
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
        width, height = (
            min(most, int(self.values[key])) for most, key in zip((128, 96), SIZE_KEYS, strict=True)
        )
        image_bgr = np.full((height, width, 3), 90, np.uint8)
        image_bgr[0, 0] = next(self._noise) % 200
        return True, image_bgr

    def release(self) -> None: ...

    def list_defaults(self) -> dict[ControlName, float]:
        """As :meth:`agecam.sources.camera.CameraSource.set_control` takes them."""
        self.threads.add(threading.current_thread().name)
        auto = ControlName.AUTO_EXPOSURE
        return {name: float(value != 0.25) if name is auto else value for name, value in self.offered.items()}

    def opener(self) -> SourceOpener:
        """Of the one camera."""
        return SourceOpener(list_cameras=self._list_cameras, open_camera=self._open)

    def _list_cameras(self, backend: str | None = None, /) -> list[Camera]:
        return [WEBCAM] if self.is_plugged and backend in (None, "V4L2") else []

    def _open(self, camera: Camera) -> CameraSource:
        return CameraSource(
            camera,
            CameraConfig(stall_s=0.05, retry_s=0.005),
            list_cameras=self._list_cameras,
            has_permission=lambda _camera: True,
            open_capture=self.open_capture,
            driver=CameraDriver(
                list_modes=lambda _camera: MODES, list_defaults=lambda _camera: self.list_defaults()
            ),
        )

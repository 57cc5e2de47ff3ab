"""Which cameras are plugged in."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from agecam.errors import CameraNotFoundError
from agecam.opencv import cv2  # before cv2_enumerate_cameras, which imports cv2 by itself

_BACKENDS = {
    "linux": {"V4L2": cv2.CAP_V4L2},
    "win32": {"MSMF": cv2.CAP_MSMF, "DSHOW": cv2.CAP_DSHOW},
    "darwin": {"AVFOUNDATION": cv2.CAP_AVFOUNDATION},
}


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera that is plugged in.

    ``index`` counts within ``backend``, the name of OpenCV's way to it (V4L2, MSMF, DSHOW, AVFOUNDATION);
    ``path`` is the operating system's name of the device, where it has one.
    """

    index: int
    name: str
    path: str | None
    backend: str

    @property
    def api(self) -> int:
        """OpenCV's number of :attr:`backend`, for ``cv2.VideoCapture(index, api)``."""
        return backends()[self.backend]


def backends() -> dict[str, int]:
    """OpenCV's ways to cameras on this operating system, best first: name to ``cv2.CAP_`` number.

    They are always named: ``CAP_ANY`` tries file readers as well, and prints their errors.
    """
    return _BACKENDS.get(sys.platform, {})


def list_cameras(backend: str | None = None) -> list[Camera]:
    """The cameras that are plugged in, by index; an empty list where there are none.

    Through the best back end that finds any, or through ``backend`` alone.
    """
    from cv2_enumerate_cameras import enumerate_cameras

    for name in [backend] if backend else backends():
        try:
            found = enumerate_cameras(backends()[name])
        except (OSError, NotImplementedError):
            continue
        cameras = [Camera(info.index, info.name or f"Camera {info.index}", info.path, name) for info in found]
        if cameras:
            return sorted(cameras, key=lambda camera: camera.index)
    return []


def find_camera(spec: str) -> Camera:
    """The camera that ``spec`` means: an index, a device path, a name or a part of a name, in any case.

    Where several fit, the first.

    Raises :class:`agecam.errors.CameraNotFoundError`, which tells the cameras there are.
    """
    cameras = list_cameras()
    wanted = spec.strip()
    if wanted.isdecimal():
        matches = [camera for camera in cameras if camera.index == int(wanted)]
    else:
        matches = (
            [camera for camera in cameras if camera.path and _same_device(camera.path, wanted)]
            or [camera for camera in cameras if camera.name.casefold() == wanted.casefold()]
            or [camera for camera in cameras if wanted and wanted.casefold() in camera.name.casefold()]
        )
    if matches:
        return matches[0]
    raise CameraNotFoundError(f"There is no camera “{wanted}”; {describe(cameras)}")


def describe(cameras: list[Camera]) -> str:
    """The end of a sentence that says which cameras there are."""
    if not cameras:
        return "no camera is plugged in."
    return "there is " + ", ".join(f"{camera.index} ({camera.name})" for camera in cameras) + "."


def _same_device(path: str, wanted: str) -> bool:
    """Whether both name one device, also through links such as /dev/v4l/by-id/..."""
    return path == wanted or (wanted.startswith("/dev/") and Path(wanted).resolve() == Path(path).resolve())

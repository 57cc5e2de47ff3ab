"""Which cameras are plugged in."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, Self

from agecam.errors import CameraNotFoundError
from agecam.opencv import cv2  # before cv2_enumerate_cameras, which imports cv2 by itself

BACKENDS: Final[Mapping[str, Sequence[str]]] = {
    "linux": ("V4L2",),
    "win32": ("MSMF", "DSHOW"),
    "darwin": ("AVFOUNDATION",),
}
"""The camera interfaces of each operating system (``sys.platform``), best first.

They are always named: ``CAP_ANY`` tries file readers as well, and prints their errors.
"""

_CAPTURE_APIS: Final[Mapping[str, int]] = {
    "V4L2": cv2.CAP_V4L2,
    "MSMF": cv2.CAP_MSMF,
    "DSHOW": cv2.CAP_DSHOW,
    "AVFOUNDATION": cv2.CAP_AVFOUNDATION,
}


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera that is plugged in.

    ``index`` counts within ``backend``, the camera interface (one of :data:`BACKENDS`); ``path`` is the
    operating system's name of the device, where it has one. ``device`` stays the same for as long as the
    camera stays in its port, whatever number it gets; ``None`` where the system does not tell.
    """

    index: int
    name: str
    path: str | None
    backend: str
    device: str | None = None

    @property
    def api(self) -> int:
        """OpenCV's number of :attr:`backend`, for ``cv2.VideoCapture(index, api)``."""
        return _CAPTURE_APIS[self.backend]


@dataclass(frozen=True, slots=True)
class CameraIdentity:
    """One camera among all that are called the same, to be found again wherever it is plugged in.

    ``others`` are the cameras of that name that were seen beside it, by :func:`_key`: none of them is it.
    """

    camera: Camera
    others: frozenset[str] = frozenset()

    def seen_beside(self, cameras: Iterable[Camera]) -> Self:
        """The same, once ``cameras`` were plugged in; without it among them, they tell nothing."""
        keys = {_key(one) for one in cameras if one.name == self.camera.name}
        mine = _key(self.camera)
        return type(self)(self.camera, self.others | keys - {mine}) if mine in keys else self

    def find(self, cameras: Iterable[Camera]) -> Camera | None:
        """The camera as it is plugged in now, or ``None``.

        In the same port it is known by its device. In another it is the one of its name that was not seen
        beside it; where several could be it, it is none of them.
        """
        named = [one for one in cameras if one.name == self.camera.name]
        same = [one for one in named if _key(one) == _key(self.camera)]
        if same:  # one device may have several paths, as for colour and infrared
            return next((one for one in same if one.path == self.camera.path), same[0])
        strangers = [one for one in named if _key(one) not in self.others]
        return strangers[0] if len(strangers) == 1 else None


def _key(camera: Camera) -> str:
    """What tells a camera from another of its name: the device, else the path, else the number."""
    return camera.device or camera.path or str(camera.index)


def _port_of(path: str | None, sysfs: Path = Path("/sys/class/video4linux")) -> str | None:
    """The port that a V4L2 device is plugged into, such as ``usb1/1-2/1-2:1.0``; ``None`` where unknown."""
    if path is None or not path.startswith("/dev/"):
        return None
    link = sysfs / Path(path).name / "device"
    return str(link.resolve()) if link.exists() else None


class DeviceInfo(Protocol):
    """What is read of an entry of ``cv2_enumerate_cameras``."""

    @property
    def index(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str | None: ...


class EnumerateDevices(Protocol):
    """``cv2_enumerate_cameras.enumerate_cameras``: the devices of one ``cv2.CAP_`` number.

    Raises :class:`OSError` or :class:`NotImplementedError` where the system cannot be asked.
    """

    def __call__(self, api: int, /) -> Iterable[DeviceInfo]: ...


class ListCameras(Protocol):
    """:func:`list_cameras`, or what stands for it in a test."""

    def __call__(self, backend: str | None = None, /) -> list[Camera]: ...


def _enumerate_devices(api: int) -> Iterable[DeviceInfo]:
    from cv2_enumerate_cameras import enumerate_cameras

    devices: Iterable[DeviceInfo] = enumerate_cameras(api)
    return devices


def list_cameras(
    backend: str | None = None,
    *,
    enumerate_devices: EnumerateDevices = _enumerate_devices,
    platform: str = sys.platform,
    port_of: Callable[[str | None], str | None] = _port_of,
) -> list[Camera]:
    """The cameras that are plugged in, by index; an empty list where there are none.

    Through the best back end of ``platform`` that has any, or through ``backend`` alone.
    """
    for name in [backend] if backend else BACKENDS.get(platform, ()):
        try:
            devices = enumerate_devices(_CAPTURE_APIS[name])
        except (OSError, NotImplementedError):
            continue
        cameras = [
            Camera(
                one.index,
                one.name or f"Camera {one.index}",
                one.path,
                name,
                port_of(one.path) if name == "V4L2" else one.path,
            )
            for one in devices
        ]
        if cameras:
            return sorted(cameras, key=lambda camera: camera.index)
    return []


def find_camera(spec: str, *, list_cameras: ListCameras = list_cameras) -> Camera:
    """The camera that ``spec`` names: an index, a device path, a name or a part of a name, in any case.

    Where several fit, the first.

    Raises :class:`agecam.errors.CameraNotFoundError`, which lists the cameras there are.
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


def describe(cameras: Sequence[Camera]) -> str:
    """The end of a sentence that says which cameras there are."""
    if not cameras:
        return "no camera is plugged in."
    return "there is " + ", ".join(f"{camera.index} ({camera.name})" for camera in cameras) + "."


def has_permission(camera: Camera, access: Callable[[str, int], bool] = os.access) -> bool:
    """Whether this user may open the device; true where only opening it can tell."""
    path = camera.path
    if camera.backend != "V4L2" or path is None or not Path(path).exists():
        return True
    return access(path, os.R_OK | os.W_OK)


def _same_device(path: str, wanted: str) -> bool:
    """Whether both name one device, also through links such as /dev/v4l/by-id/..."""
    return path == wanted or (wanted.startswith("/dev/") and Path(wanted).resolve() == Path(path).resolve())

"""Sizes and frame rates of cameras: what is asked of one, and what its driver offers."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from agecam.sources.cameras import Camera

_TEXT: Final = re.compile(r"(\d{1,5})x(\d{1,5})@(\d{1,4}(?:\.\d{1,3})?)", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class CameraMode:
    """A size in pixels and a rate in frames a second."""

    width_px: int
    height_px: int
    fps: float

    def __str__(self) -> str:
        return f"{self.width_px}x{self.height_px}@{self.fps:g}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """What ``str`` has made of one; ``None`` for anything else.

        >>> CameraMode.parse("1280x720@30")
        CameraMode(width_px=1280, height_px=720, fps=30.0)
        """
        found = _TEXT.fullmatch(text)
        if found is None or not all(map(float, found.groups())):
            return None
        return cls(int(found[1]), int(found[2]), float(found[3]))


USUAL_MODES: Final = tuple(
    CameraMode(width, height, fps)
    for width, height in ((640, 480), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160))
    for fps in (15.0, 30.0, 60.0)
)
"""What is offered where the driver does not tell: a camera takes what comes nearest."""

# <linux/videodev2.h>: numbers of the requests, and layouts of what they fill in.
_ENUM_FORMATS: Final = 0xC0405602
_ENUM_SIZES: Final = 0xC02C564A
_ENUM_INTERVALS: Final = 0xC034564B
_FORMAT: Final = struct.Struct("=3I32s5I")
_SIZE: Final = struct.Struct("=11I")
_INTERVAL: Final = struct.Struct("=13I")
_CAPTURE: Final = 1
"""``V4L2_BUF_TYPE_VIDEO_CAPTURE``."""
_DISCRETE: Final = 1
"""One value; else a range of them, as of virtual cameras."""
_MJPG: Final = int.from_bytes(b"MJPG", "little")
_MOST: Final = 200
"""No driver lists more; one that never ends is left."""

Ioctl = Callable[[int, int, bytearray], int]
"""``fcntl.ioctl``: raises :class:`OSError` at the end of a list."""


def list_modes(camera: Camera, *, ioctl: Ioctl | None = None) -> tuple[CameraMode, ...]:
    """What the driver of a camera offers, smallest first; :data:`USUAL_MODES` where it does not tell.

    The device is asked for its lists alone, which does not disturb who reads it. ``ioctl`` is the system's.
    """
    if camera.backend != "V4L2" or camera.path is None:
        return USUAL_MODES
    ask = ioctl or system_ioctl()
    try:
        device = os.open(camera.path, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return USUAL_MODES
    try:
        modes = {mode for form in _formats(ask, device) for mode in _modes(ask, device, form)}
    finally:
        os.close(device)
    return tuple(sorted(modes)) or USUAL_MODES


def system_ioctl() -> Ioctl:
    """That of the operating system, which has one."""
    import fcntl  # which Windows does not have

    return fcntl.ioctl


def _formats(ioctl: Ioctl, device: int) -> Sequence[int]:
    """The pixel formats that are read: MJPG where there is one, as it alone is asked for."""
    formats = [
        fields[4] for fields in _entries(ioctl, device, _ENUM_FORMATS, _FORMAT, (_CAPTURE, 0, b"", *[0] * 5))
    ]
    return [_MJPG] if _MJPG in formats else formats


def _modes(ioctl: Ioctl, device: int, form: int) -> Iterator[CameraMode]:
    for size in _entries(ioctl, device, _ENUM_SIZES, _SIZE, (form, *[0] * 9)):
        if size[2] != _DISCRETE:
            smallest, largest = (size[3], size[6]), (size[4], size[7])
            yield from (one for one in USUAL_MODES if _is_between(one, smallest, largest))
            return
        width, height = size[3:5]
        for interval in _entries(ioctl, device, _ENUM_INTERVALS, _INTERVAL, (form, width, height, *[0] * 9)):
            # Of a range the shortest comes first, and is the one that is worth it.
            numerator, denominator = interval[5:7]
            if numerator:
                yield CameraMode(width, height, round(denominator / numerator, 2))
            if interval[4] != _DISCRETE:
                break


def _is_between(mode: CameraMode, smallest: tuple[int, int], largest: tuple[int, int]) -> bool:
    return smallest[0] <= mode.width_px <= largest[0] and smallest[1] <= mode.height_px <= largest[1]


def _entries(
    ioctl: Ioctl, device: int, request: int, layout: struct.Struct, rest: tuple[object, ...]
) -> Iterator[tuple[int, ...]]:
    """The entries of one of the driver's lists; ``rest`` is what follows the index."""
    for index in range(_MOST):
        entry = bytearray(layout.pack(index, *rest))
        try:
            ioctl(device, request, entry)
        except OSError:
            return
        yield layout.unpack(entry)

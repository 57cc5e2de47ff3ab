"""What V4L2 drivers say brightness and exposure are when nobody has set them."""

from __future__ import annotations

import os
import struct
from typing import Final

from agecam.sources.camera_controls import ControlName
from agecam.sources.camera_modes import Ioctl, system_ioctl
from agecam.sources.cameras import Camera

# <linux/videodev2.h>, <linux/v4l2-controls.h>: number and layout of the request, and numbers of controls.
_QUERY_CONTROL: Final = 0xC0445624
_CONTROL: Final = struct.Struct("=2I32s4i3I")
_IDS: Final = {
    ControlName.BRIGHTNESS: 0x00980900,
    ControlName.AUTO_EXPOSURE: 0x009A0901,
    ControlName.EXPOSURE: 0x009A0902,
}
_MANUAL: Final = 1
"""``V4L2_EXPOSURE_MANUAL``; all other values are automatic in some way."""


def driver_defaults(camera: Camera, *, ioctl: Ioctl | None = None) -> dict[ControlName, float]:
    """The driver's defaults, as :func:`agecam.sources.camera_controls.set_control` takes them.

    What is not offered, or not told, is left out. ``ioctl`` is the system's.
    """
    if camera.backend != "V4L2" or camera.path is None:
        return {}
    ask = ioctl or system_ioctl()
    try:
        device = os.open(camera.path, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return {}
    try:
        told = {name: _default(ask, device, name) for name in ControlName}
    finally:
        os.close(device)
    return {name: value for name, value in told.items() if value is not None}


def _default(ioctl: Ioctl, device: int, name: ControlName) -> float | None:
    control = bytearray(_CONTROL.pack(_IDS[name], 0, b"", *[0] * 7))
    try:
        ioctl(device, _QUERY_CONTROL, control)
    except OSError:
        return None
    least, most, _step, default = _CONTROL.unpack(control)[3:7]
    if name is ControlName.AUTO_EXPOSURE:
        return float(default != _MANUAL)
    return (default - least) / (most - least) if least <= default <= most and least < most else None

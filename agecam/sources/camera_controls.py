"""Brightness and exposure of cameras, where their driver offers them."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from agecam.opencv import cv2


class ControlCapture(Protocol):
    """The part of ``cv2.VideoCapture`` that is used."""

    def get(self, propId: int, /) -> float: ...  # noqa: N803 (OpenCV's name)
    def set(self, propId: int, value: float, /) -> bool: ...  # noqa: N803


class ControlName(enum.Enum):
    """What can be set; the value is OpenCV's number of it."""

    BRIGHTNESS = cv2.CAP_PROP_BRIGHTNESS
    AUTO_EXPOSURE = cv2.CAP_PROP_AUTO_EXPOSURE
    EXPOSURE = cv2.CAP_PROP_EXPOSURE


@dataclass(frozen=True, slots=True)
class CameraControls:
    """How a camera is set; ``None`` is what its driver does not offer.

    ``brightness`` and ``exposure`` are in [0, 1], shares of the driver's range; ``exposure`` is a time, which
    holds while ``auto_exposure`` is off.
    """

    brightness: float | None = None
    exposure: float | None = None
    auto_exposure: bool | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is offered."""
        return self == CameraControls()


_NUMBER: Final = re.compile(r"\d{1,9}(\.\d{1,9})?(e-\d{1,2})?", re.ASCII)
_MANUAL: Final = 0.25
_AUTOMATIC: Final = 0.75
"""``V4L2_EXPOSURE_MANUAL`` and ``V4L2_EXPOSURE_APERTURE_PRIORITY``, which is what webcams call automatic, as
OpenCV normalizes them: fourths of ``enum v4l2_exposure_auto_type``."""


def read_controls(capture: ControlCapture, backend: str) -> CameraControls:
    """How the camera is set now.

    Of V4L2 alone: OpenCV gives values as shares of the driver's range there (see :mod:`agecam.opencv`) and -1
    for what it does not offer; other back ends tell neither ranges nor what they lack.
    """
    if backend != "V4L2":
        return CameraControls()
    automatic = capture.get(ControlName.AUTO_EXPOSURE.value)
    return CameraControls(
        _share(capture.get(ControlName.BRIGHTNESS.value)),
        _share(capture.get(ControlName.EXPOSURE.value)),
        None if automatic < 0 else automatic != _MANUAL,
    )


def controls_text(values: Mapping[ControlName, float]) -> str:
    """Values of controls as a text that :func:`parse_controls` reads.

    >>> controls_text({ControlName.BRIGHTNESS: 0.7, ControlName.AUTO_EXPOSURE: 0})
    'brightness=0.7 auto_exposure=0'
    """
    return " ".join(f"{name.name.lower()}={value:g}" for name, value in values.items())


def parse_controls(text: str) -> dict[ControlName, float]:
    """The values in a text, in [0, 1] each, without what cannot be read.

    >>> parse_controls("brightness=0.7 zoom=2 exposure=much")
    {<ControlName.BRIGHTNESS: 10>: 0.7}
    """
    values = {}
    for word in text.split():
        name, _, number = word.partition("=")
        if name.upper() in ControlName.__members__ and _NUMBER.fullmatch(number):
            values[ControlName[name.upper()]] = min(1.0, float(number))
    return values


def set_control(capture: ControlCapture, name: ControlName, value: float) -> None:
    """Set one, as :class:`CameraControls` counts: a share, or 1 and 0 for on and off."""
    if name is ControlName.AUTO_EXPOSURE:
        value = _AUTOMATIC if value else _MANUAL
    capture.set(name.value, value)


def _share(value: float) -> float | None:
    return value if 0 <= value <= 1 else None

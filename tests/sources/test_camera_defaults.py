"""What a V4L2 driver says of brightness and exposure: a simulated one, answering as those of webcams do."""

import errno
import struct
from pathlib import Path

import pytest

from agecam.sources import Camera
from agecam.sources.camera_controls import ControlName, controls_text, parse_controls
from agecam.sources.camera_defaults import driver_defaults

QUERY_CONTROL = 0xC0445624
BRIGHTNESS, AUTO_EXPOSURE, EXPOSURE = 0x00980900, 0x009A0901, 0x009A0902


class Driver:
    """``ioctl`` of a camera with these controls: least, most and default value of each, by its number."""

    def __init__(self, controls: dict[int, tuple[int, int, int]]) -> None:
        self._controls = controls

    def __call__(self, _device: int, request: int, control: bytearray) -> int:
        number = struct.unpack_from("=I", control)[0]
        if request != QUERY_CONTROL or number not in self._controls:
            raise OSError(errno.EINVAL, "no such control")
        least, most, default = self._controls[number]
        struct.pack_into("=4i", control, 40, least, most, 1, default)
        return 0


@pytest.fixture
def camera(tmp_path: Path) -> Camera:
    (tmp_path / "video0").touch()
    return Camera(0, "Webcam", str(tmp_path / "video0"), "V4L2")


def test_defaults_are_shares_of_the_drivers_range_and_exposure_is_automatic(camera: Camera) -> None:
    # As "v4l2-ctl --list-ctrls" gives them of a common webcam.
    webcam = Driver({BRIGHTNESS: (-64, 64, 0), AUTO_EXPOSURE: (0, 3, 3), EXPOSURE: (1, 5001, 251)})
    assert driver_defaults(camera, ioctl=webcam) == {
        ControlName.BRIGHTNESS: 0.5,
        ControlName.AUTO_EXPOSURE: 1.0,
        ControlName.EXPOSURE: 0.05,
    }
    manual = Driver({AUTO_EXPOSURE: (0, 3, 1)})
    assert driver_defaults(camera, ioctl=manual) == {ControlName.AUTO_EXPOSURE: 0.0}


def test_what_is_not_told_is_left_out(camera: Camera) -> None:
    assert driver_defaults(camera, ioctl=Driver({BRIGHTNESS: (5, 5, 5), EXPOSURE: (0, 9, 12)})) == {}
    assert driver_defaults(Camera(0, "Webcam", None, "AVFOUNDATION")) == {}
    assert driver_defaults(Camera(0, "Webcam", "/dev/none-such", "V4L2")) == {}


def test_values_are_remembered_as_a_text_of_which_what_cannot_be_read_is_left_out() -> None:
    values = {ControlName.AUTO_EXPOSURE: 0.0, ControlName.EXPOSURE: 0.0000082, ControlName.BRIGHTNESS: 0.35}
    assert parse_controls(controls_text(values)) == values
    assert parse_controls("brightness=-1 exposure=nan auto_exposure=1e9 exposure=7 =3 x") == {
        ControlName.EXPOSURE: 1.0
    }

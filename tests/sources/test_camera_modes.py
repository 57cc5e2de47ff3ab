"""Which sizes and rates a V4L2 driver offers: a simulated driver, which answers as those of webcams do."""

import errno
import struct
from pathlib import Path

import pytest

from agecam.sources import Camera
from agecam.sources.camera_modes import USUAL_MODES, CameraMode, list_modes

MJPG, YUYV = (int.from_bytes(name, "little") for name in (b"MJPG", b"YUYV"))
ENUM_FORMATS, ENUM_SIZES, ENUM_INTERVALS = 0xC0405602, 0xC02C564A, 0xC034564B
DISCRETE, STEPWISE = 1, 3


class Driver:
    """``ioctl`` of a camera with these rates, by pixel format and size."""

    def __init__(self, formats: dict[int, dict[tuple[int, int], tuple[float, ...]]]) -> None:
        self._formats = formats

    def __call__(self, _device: int, request: int, entry: bytearray) -> int:
        index = struct.unpack_from("=I", entry)[0]
        try:
            if request == ENUM_FORMATS:
                struct.pack_into("=I", entry, 44, list(self._formats)[index])
            elif request == ENUM_SIZES:
                sizes = self._formats[struct.unpack_from("=I", entry, 4)[0]]
                struct.pack_into("=3I", entry, 8, DISCRETE, *list(sizes)[index])
            else:
                form, width, height = struct.unpack_from("=3I", entry, 4)
                fps = self._formats[form][width, height][index]
                struct.pack_into("=3I", entry, 16, DISCRETE, 1000, round(1000 * fps))
        except IndexError:
            raise OSError(errno.EINVAL, "no more") from None
        return 0


@pytest.fixture
def camera(tmp_path: Path) -> Camera:
    (tmp_path / "video0").touch()
    return Camera(0, "Webcam", str(tmp_path / "video0"), "V4L2")


def test_what_the_driver_lists_is_offered_of_the_format_that_is_read(camera: Camera) -> None:
    jpeg = {(1280, 720): (30.0, 15.0), (640, 480): (30.0,), (1920, 1080): (29.97,)}
    driver = Driver({YUYV: {(352, 288): (30.0,), (1280, 720): (10.0,)}, MJPG: jpeg})
    assert list_modes(camera, ioctl=driver) == (
        CameraMode(640, 480, 30),
        CameraMode(1280, 720, 15),
        CameraMode(1280, 720, 30),
        CameraMode(1920, 1080, 29.97),
    )
    assert list_modes(camera, ioctl=Driver({YUYV: {(352, 288): (30.0,)}})) == (CameraMode(352, 288, 30),)


def test_of_a_range_of_sizes_the_usual_ones_within_it_are_offered(camera: Camera) -> None:
    def virtual(_device: int, request: int, entry: bytearray) -> int:
        if struct.unpack_from("=I", entry)[0] > 0:
            raise OSError(errno.EINVAL, "no more")
        if request == ENUM_FORMATS:
            struct.pack_into("=I", entry, 44, YUYV)
        elif request == ENUM_SIZES:
            struct.pack_into("=7I", entry, 8, STEPWISE, 2, 1920, 2, 2, 1080, 2)
        return 0

    modes = list_modes(camera, ioctl=virtual)
    assert {(mode.width_px, mode.height_px) for mode in modes} == {(640, 480), (1280, 720), (1920, 1080)}


def test_a_camera_that_does_not_tell_is_offered_the_usual_ones(camera: Camera) -> None:
    def silent(_device: int, _request: int, _entry: bytearray) -> int:
        raise OSError(errno.ENOTTY, "not a camera")

    assert list_modes(camera, ioctl=silent) == USUAL_MODES
    assert list_modes(Camera(0, "Webcam", None, "AVFOUNDATION")) == USUAL_MODES
    assert list_modes(Camera(0, "Webcam", "/dev/none-such", "V4L2")) == USUAL_MODES


@pytest.mark.parametrize("mode", [CameraMode(1280, 720, 30), CameraMode(640, 480, 7.5)])
def test_a_mode_is_read_as_it_was_written(mode: CameraMode) -> None:
    assert CameraMode.parse(str(mode)) == mode


@pytest.mark.parametrize("text", ["", "720p", "1280x720", "0x720@30", "1280x720@0", "1280x720@30 ", "ax1@1"])
def test_what_is_no_mode_is_none(text: str) -> None:
    assert CameraMode.parse(text) is None

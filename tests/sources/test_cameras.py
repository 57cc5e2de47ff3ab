"""What is plugged in, and which camera a name means."""

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from agecam.errors import CameraNotFoundError, SourceError
from agecam.opencv import cv2
from agecam.sources import Camera, find_camera, list_cameras, open_source
from agecam.sources.camera import CameraSource
from agecam.sources.cameras import has_permission
from agecam.sources.files import input_file
from agecam.sources.image import ImageSource
from agecam.sources.stream import StreamSource
from agecam.sources.video import VideoFileSource


@dataclass(frozen=True)
class Device:
    """An entry of the system's list."""

    index: int
    name: str
    path: str | None = None


TWO_CAMERAS = [
    Camera(0, "Integrated Camera", "/dev/video0", "V4L2"),
    Camera(2, "HD Webcam C525", "/dev/video2", "V4L2"),
]


def devices(*plugged: Device, only_api: int | None = None) -> Callable[[int], Iterable[Device]]:
    """An enumerator that finds ``plugged``, through every interface or one alone."""

    def enumerate_devices(api: int, /) -> Iterable[Device]:
        if only_api is not None and api != only_api:
            raise OSError("no such back end here")
        return plugged

    return enumerate_devices


def two_cameras(backend: str | None = None, /) -> list[Camera]:
    return TWO_CAMERAS


def no_cameras(backend: str | None = None, /) -> list[Camera]:
    return []


def test_lists_cameras_by_index() -> None:
    found = list_cameras(
        enumerate_devices=devices(
            Device(2, "HD Webcam C525", "/dev/video2"), Device(0, "Integrated Camera", "/dev/video0")
        ),
        platform="linux",
        port_of=lambda _path: None,
    )
    assert found == TWO_CAMERAS


def test_lists_nothing_where_there_is_no_camera() -> None:
    assert list_cameras(enumerate_devices=devices(), platform="linux") == []


def test_asks_this_system_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    assert all(isinstance(camera, Camera) for camera in list_cameras())
    assert capfd.readouterr() == ("", "")


def test_lists_nothing_where_the_system_cannot_be_asked() -> None:
    assert list_cameras(enumerate_devices=devices(only_api=-1), platform="linux") == []


def test_lists_nothing_on_an_unknown_system() -> None:
    assert list_cameras(enumerate_devices=devices(Device(0, "Camera")), platform="plan9") == []


def test_asks_the_second_back_end_of_windows_where_the_first_finds_nothing() -> None:
    enumerate_devices = devices(Device(0, "USB Video"), only_api=cv2.CAP_DSHOW)
    (camera,) = list_cameras(enumerate_devices=enumerate_devices, platform="win32")
    assert camera.backend == "DSHOW"
    assert camera.api == cv2.CAP_DSHOW


def test_asks_one_back_end_alone_where_it_is_named() -> None:
    enumerate_devices = devices(Device(0, "USB Video"), only_api=cv2.CAP_DSHOW)
    assert list_cameras("MSMF", enumerate_devices=enumerate_devices, platform="win32") == []


def test_gives_a_nameless_camera_a_name() -> None:
    (camera,) = list_cameras(enumerate_devices=devices(Device(1, "")), platform="linux")
    assert camera.name == "Camera 1"


@pytest.mark.parametrize(
    ("spec", "index"),
    [
        ("2", 2),
        ("Integrated Camera", 0),
        ("integrated camera", 0),
        ("c525", 2),
        ("camera", 0),
        (" 0 ", 0),
        ("/dev/video2", 2),
    ],
)
def test_finds_a_camera_by_index_name_or_path(spec: str, index: int) -> None:
    assert find_camera(spec, list_cameras=two_cameras).index == index


def test_a_whole_name_goes_before_a_part_of_one() -> None:
    cameras = [Camera(0, "Camera Pro", None, "V4L2"), Camera(1, "Camera", None, "V4L2")]
    assert find_camera("camera", list_cameras=lambda _=None: cameras).index == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs device files")
def test_finds_a_camera_through_a_link_to_its_device() -> None:
    silent = Camera(0, "Silent", "/dev/null", "V4L2")
    assert find_camera("/dev/../dev/null", list_cameras=lambda _=None: [silent]) is silent


@pytest.mark.parametrize("spec", ["1", "Kinect", ""])
def test_names_the_cameras_there_are_where_one_is_not_found(spec: str) -> None:
    with pytest.raises(CameraNotFoundError, match=r"there is 0 \(Integrated Camera\), 2 \(HD Webcam"):
        find_camera(spec, list_cameras=two_cameras)


def test_says_that_no_camera_is_plugged_in() -> None:
    with pytest.raises(CameraNotFoundError, match=r"There is no camera “0”; no camera is plugged in\."):
        find_camera("0", list_cameras=no_cameras)


@pytest.mark.parametrize(
    ("path", "backend"), [(None, "V4L2"), ("/dev/video-that-is-not", "V4L2"), ("whatever", "MSMF")]
)
def test_permission_is_not_denied_where_only_opening_can_tell(path: str | None, backend: str) -> None:
    assert has_permission(Camera(0, "Camera", path, backend), lambda *_: False)


@pytest.mark.parametrize("allowed", [True, False])
def test_permission_to_use_a_device_file_is_the_systems_to_give(tmp_path: Path, allowed: bool) -> None:
    device = tmp_path / "video0"
    device.touch()
    asked: list[tuple[str, int]] = []

    def access(path: str, mode: int) -> bool:
        asked.append((path, mode))
        return allowed

    assert has_permission(Camera(0, "Camera", str(device), "V4L2"), access) is allowed
    assert asked == [(str(device), os.R_OK | os.W_OK)]


def test_opens_what_is_named(demo_clip: Path, tmp_path: Path) -> None:
    image = tmp_path / "Grüße 1.png"
    image.write_bytes(b"\x89PNG\r\n\x1a\n")
    expected = {
        "2": CameraSource,
        "integrated": CameraSource,
        str(demo_clip): VideoFileSource,
        demo_clip.as_uri(): VideoFileSource,
        "rtsp://127.0.0.1/live": StreamSource,
        image.as_uri(): ImageSource,
    }
    assert {spec: type(open_source(spec, list_cameras=two_cameras)) for spec in expected} == expected


def test_a_file_goes_before_a_camera_of_the_same_name(
    demo_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "camera").write_bytes(demo_clip.read_bytes())
    assert isinstance(open_source("camera", list_cameras=two_cameras), VideoFileSource)


@pytest.mark.skipif(sys.platform == "win32", reason="takes no such names")
@pytest.mark.parametrize("name", [" clip.mp4", "clip.mp4 ", "clip.mp4\n"])
def test_blanks_around_a_name_are_left_away_unless_they_are_its_own(
    demo_clip: Path, tmp_path: Path, name: str
) -> None:
    stripped = tmp_path / "clip.mp4"
    stripped.write_bytes(demo_clip.read_bytes())
    spec = f"{tmp_path}/{name}"
    if name.startswith("clip"):
        assert input_file(spec) == stripped, "there is no other"
    (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\n")
    assert input_file(spec) == tmp_path / name
    assert isinstance(open_source(spec, list_cameras=two_cameras), ImageSource)
    assert isinstance(open_source(f" {stripped}\n", list_cameras=two_cameras), VideoFileSource)


@pytest.mark.parametrize("spec", ["holiday.mp4", "", "x" * 5000, "nul\0byte"])
def test_says_that_it_is_neither_a_file_nor_a_camera(spec: str) -> None:
    with pytest.raises(SourceError, match=r"neither a file nor a camera; there is 0 \(Integrated"):
        open_source(spec, list_cameras=two_cameras)


def test_says_that_a_file_is_gone(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"There is no file “.*gone\.mp4”"):
        open_source(str(tmp_path / "gone.mp4"), list_cameras=two_cameras)


def test_says_that_a_camera_of_that_index_is_missing() -> None:
    with pytest.raises(CameraNotFoundError, match="There is no camera “5”"):
        open_source("5", list_cameras=two_cameras)


def test_says_that_a_folder_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a folder"):
        open_source(str(tmp_path), list_cameras=two_cameras)

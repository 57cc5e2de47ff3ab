import sys
from types import SimpleNamespace

import cv2_enumerate_cameras
import pytest

from agecam.errors import CameraNotFoundError, SourceError
from agecam.sources import cameras, find_camera, list_cameras, open_source
from agecam.sources.camera import CameraSource
from agecam.sources.image import ImageSource
from agecam.sources.stream import StreamSource
from agecam.sources.video import VideoFileSource


def plug_in(
    monkeypatch, *plugged: tuple[int, str, str | None], platform: str = "linux", api: int | None = None
):
    """Makes the enumerator find cameras, on every back end or only through ``api``."""

    def enumerate_cameras(wanted):
        if api is not None and wanted != api:
            raise OSError("no such back end here")
        return [SimpleNamespace(index=index, name=name, path=path) for index, name, path in plugged]

    monkeypatch.setattr(cv2_enumerate_cameras, "enumerate_cameras", enumerate_cameras)
    monkeypatch.setattr(cameras, "sys", SimpleNamespace(platform=platform))


@pytest.fixture
def two_cameras(monkeypatch):
    plug_in(monkeypatch, (2, "HD Webcam C525", "/dev/video2"), (0, "Integrated Camera", "/dev/video0"))


def test_lists_cameras_by_index(two_cameras):
    assert [(camera.index, camera.name, camera.path, camera.backend) for camera in list_cameras()] == [
        (0, "Integrated Camera", "/dev/video0", "V4L2"),
        (2, "HD Webcam C525", "/dev/video2", "V4L2"),
    ]


def test_lists_nothing_and_says_nothing_where_there_is_no_camera(monkeypatch, capfd):
    plug_in(monkeypatch)
    assert list_cameras() == []
    assert capfd.readouterr() == ("", "")


def test_lists_nothing_where_the_system_cannot_be_asked(monkeypatch):
    plug_in(monkeypatch, api=-1)
    assert list_cameras() == []


def test_lists_nothing_on_an_unknown_system(monkeypatch):
    plug_in(monkeypatch, (0, "Camera", None), platform="plan9")
    assert list_cameras() == []


def test_asks_the_second_back_end_of_windows_where_the_first_finds_nothing(monkeypatch):
    plug_in(monkeypatch, (0, "USB Video", None), platform="win32", api=cameras.cv2.CAP_DSHOW)
    (camera,) = list_cameras()
    assert camera.backend == "DSHOW"
    assert camera.api == cameras.cv2.CAP_DSHOW


def test_gives_a_nameless_camera_a_name(monkeypatch):
    plug_in(monkeypatch, (1, "", None))
    assert list_cameras()[0].name == "Camera 1"


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
def test_finds_a_camera_by_index_name_or_path(two_cameras, spec, index):
    assert find_camera(spec).index == index


def test_a_whole_name_goes_before_a_part_of_one(monkeypatch):
    plug_in(monkeypatch, (0, "Camera Pro", None), (1, "Camera", None))
    assert find_camera("camera").index == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs device files")
def test_finds_a_camera_through_a_link_to_its_device(monkeypatch):
    plug_in(monkeypatch, (0, "Silent", "/dev/null"))
    assert find_camera("/dev/../dev/null").index == 0


@pytest.mark.parametrize("spec", ["1", "Kinect", ""])
def test_names_the_cameras_there_are_where_one_is_not_found(two_cameras, spec):
    with pytest.raises(CameraNotFoundError, match=r"there is 0 \(Integrated Camera\), 2 \(HD Webcam"):
        find_camera(spec)


def test_says_that_no_camera_is_plugged_in(monkeypatch):
    plug_in(monkeypatch)
    with pytest.raises(CameraNotFoundError, match=r"There is no camera “0”; no camera is plugged in\."):
        find_camera("0")


def test_opens_what_is_named(two_cameras, demo_clip, tmp_path):
    assert isinstance(open_source("2"), CameraSource)
    assert isinstance(open_source("integrated"), CameraSource)
    assert isinstance(open_source(str(demo_clip)), VideoFileSource)
    assert isinstance(open_source(demo_clip.as_uri()), VideoFileSource)
    assert isinstance(open_source("rtsp://127.0.0.1/live"), StreamSource)
    (tmp_path / "Grüße 1.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert isinstance(open_source((tmp_path / "Grüße 1.png").as_uri()), ImageSource)


def test_a_file_goes_before_a_camera_of_the_same_name(two_cameras, demo_clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "camera").write_bytes(demo_clip.read_bytes())
    assert isinstance(open_source("camera"), VideoFileSource)


@pytest.mark.parametrize("spec", ["holiday.mp4", "", "x" * 5000, "nul\0byte"])
def test_says_that_it_is_neither_a_file_nor_a_camera(two_cameras, spec):
    with pytest.raises(SourceError, match=r"neither a file nor a camera; there is 0 \(Integrated"):
        open_source(spec)


def test_says_that_a_camera_of_that_index_is_missing(two_cameras):
    with pytest.raises(CameraNotFoundError):
        open_source("5")


def test_says_that_a_folder_is_no_source(two_cameras, tmp_path):
    with pytest.raises(SourceError, match="is a folder"):
        open_source(str(tmp_path))

"""From what a user names to the source it means."""

from __future__ import annotations

from pathlib import Path

from agecam.errors import CameraNotFoundError, SourceError
from agecam.sources.base import Source
from agecam.sources.camera import CameraSource
from agecam.sources.cameras import ListCameras, describe, find_camera, list_cameras
from agecam.sources.files import check_file, exists, input_file, is_image, without_margins
from agecam.sources.image import ImageSource, is_animated
from agecam.sources.stream import StreamSource
from agecam.sources.video import VideoFileSource


def open_source(spec: str, *, list_cameras: ListCameras = list_cameras, keeps_coded: bool = False) -> Source:
    """The source that ``spec`` names, not yet opened; ``keeps_coded`` is that of a video file.

    Digits are the index of a camera, ``scheme://`` an address (``file://`` a file), the path of a file that
    exists an image or a video, told apart by content; anything else the name of a camera.
    Raises :class:`agecam.errors.SourceError` where ``spec`` is none of these.
    """
    spec = without_margins(spec)
    if spec.isdecimal():
        return _camera_source(spec, list_cameras)
    path = input_file(spec)
    if path is None:
        return StreamSource(spec)
    if "://" in spec:
        return _file_source(path, keeps_coded=keeps_coded)
    if spec and exists(path) and not path.is_char_device():
        return _file_source(path, keeps_coded=keeps_coded)
    try:
        return _camera_source(spec, list_cameras)
    except CameraNotFoundError:
        if not spec.startswith("/dev/") and Path(spec).name != spec and not exists(path):
            raise SourceError(f"There is no file “{spec}”; it was moved or deleted.") from None
        sentence = f"“{spec}” is neither a file nor a camera; {describe(list_cameras())}"
        # A device may be plugged in later; what may be the name of a file is not waited for.
        raise (CameraNotFoundError if spec.startswith("/dev/") else SourceError)(sentence) from None


def _camera_source(spec: str, list_cameras: ListCameras) -> CameraSource:
    return CameraSource(find_camera(spec, list_cameras=list_cameras), list_cameras=list_cameras)


def _file_source(path: Path, *, keeps_coded: bool) -> Source:
    check_file(path)
    if is_image(path) and not is_animated(path):
        return ImageSource(path)
    return VideoFileSource(path, keeps_coded=keeps_coded)

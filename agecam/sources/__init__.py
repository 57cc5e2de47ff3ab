"""Where frames come from: cameras, video files, network streams, images."""

from typing import TYPE_CHECKING

from agecam.lazy import lazy_names

if TYPE_CHECKING:
    from agecam.sources.base import Source
    from agecam.sources.cameras import Camera, ListCameras, find_camera, list_cameras
    from agecam.sources.factory import open_source
    from agecam.sources.files import IMAGE_SUFFIXES, VIDEO_SUFFIXES, is_image, is_video
    from agecam.sources.image import image_damage, is_still, pages_left_out, read_image
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "base": ("Source",),
            "cameras": ("Camera", "ListCameras", "find_camera", "list_cameras"),
            "factory": ("open_source",),
            "files": ("IMAGE_SUFFIXES", "VIDEO_SUFFIXES", "is_image", "is_video"),
            "image": ("image_damage", "is_still", "pages_left_out", "read_image"),
        },
    )

__all__ = [
    "IMAGE_SUFFIXES",
    "VIDEO_SUFFIXES",
    "Camera",
    "ListCameras",
    "Source",
    "find_camera",
    "image_damage",
    "is_image",
    "is_still",
    "is_video",
    "list_cameras",
    "open_source",
    "pages_left_out",
    "read_image",
]

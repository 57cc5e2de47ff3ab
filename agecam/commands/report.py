"""``--report``: what the command knows of crops that the report's sink cannot."""

from __future__ import annotations

from agecam.messages import Detection, Frame
from agecam.vision.align import align_face
from agecam.vision.quality import crop_quality, face_quality


def measure_crop(frame: Frame, face: Detection, limit: float) -> float:
    """How good a crop a face makes, in (0, 1]: large, sharp, frontal and whole is best.

    0 where it cannot be better than ``limit`` by the detection alone, which takes no time to tell. As
    :data:`agecam.output.report.MeasureCrop` says.
    """
    if face_quality(face) <= limit:
        return 0.0
    try:
        crop = align_face(frame.image_bgr, face)
    except ValueError:  # eyes and mouth in one place
        return 0.0
    return crop_quality(face, crop, (frame.width, frame.height))

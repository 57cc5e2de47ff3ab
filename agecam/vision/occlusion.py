"""Who is before whom: tracks that somebody else hides, or is about to."""

from __future__ import annotations

import math
from collections.abc import Sequence

from agecam.vision.boxes import intersection_over_smaller
from agecam.vision.track import Track
from agecam.vision.tracker_config import TrackerConfig


def is_about_to_be_hidden(
    track: Track, present: Sequence[Track], time_s: float, config: TrackerConfig
) -> bool:
    """Whether somebody nearer, and so larger, is about to hide it, or does: their colours mix."""
    size, (x, y) = track.size_px, track.face.centre
    for other in present:
        other_size = other.size_px
        if other_size <= config.nearer_ratio * size or other is track:
            continue
        if time_s - other.detected_s > config.max_coast_s:
            continue
        left, top, width, height = other.predicted_box(time_s)
        reach = config.head_sizes * other_size + config.look_sizes * size
        if math.dist((x, y), (left + width / 2, top + height / 2)) < reach:
            return True
    return False


def is_coasting(track: Track, present: Sequence[Track], time_s: float, config: TrackerConfig) -> bool:
    """Whether it was lost just now and is in sight, and nobody else has been detected there since."""
    detected_s = track.detected_s
    if track.is_out_of_sight or time_s - detected_s > config.max_coast_s:
        return False
    box = track.predicted_box(time_s)
    for other in present:
        if (
            other.detected_s > detected_s
            and intersection_over_smaller(box, other.predicted_box(time_s)) > config.duplicate_ios
        ):
            return False
    return True

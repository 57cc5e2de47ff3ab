"""Who is before whom: tracks that somebody else hides, or is about to."""

from __future__ import annotations

import math
from collections.abc import Sequence

from agecam.vision.boxes import intersection_over_smaller
from agecam.vision.changes import Box
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


def in_sight(present: Sequence[Track], time_s: float, config: TrackerConfig) -> list[Track]:
    """Those detected in a frame, and those lost just now where nobody else has been detected since."""
    places = [(one.detected_s, one.predicted_box(time_s)) for one in present]
    return [one for one in present if one.detected or _is_coasting(one, places, time_s, config)]


def _is_coasting(
    track: Track, places: Sequence[tuple[float, Box]], time_s: float, config: TrackerConfig
) -> bool:
    """``places`` is when everybody was detected last, and where they are."""
    last_s = track.detected_s
    if track.is_out_of_sight or time_s - last_s > config.max_coast_s:
        return False
    box = track.predicted_box(time_s)
    for detected_s, other in places:
        if detected_s > last_s and intersection_over_smaller(box, other) > config.duplicate_ios:
            return False
    return True

"""Tracks and detections that turn out to be of one and the same person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agecam.vision.boxes import intersection_over_smaller, size_px, size_ratio
from agecam.vision.track import Track


def known_again(
    new: Sequence[Track], lost: Sequence[Track], least_likeness: float
) -> Iterator[tuple[Track, Track]]:
    """Those of ``new`` who look like somebody of ``lost`` by their mean colours, the most alike first.

    Only whoever was lost before the other came, and any of them in several pairs.
    """
    pairs = [
        (likeness, track, one)
        for track in new
        for one in lost
        if one.detected_s < track.started_s
        and (likeness := track.appearance.likeness_of_means(one.appearance)) >= least_likeness
    ]
    for _, track, one in sorted(pairs, key=lambda pair: pair[0], reverse=True):
        yield track, one


def doubles(
    tracks: Sequence[Track],
    time_s: float,
    *,
    within_s: float,
    least_ios: float,
    least_size_ratio: float,
    least_likeness: float,
) -> Iterator[tuple[Track, Track]]:
    """Pairs of confirmed tracks that are one head, detected at two sizes in turn; of higher score first."""
    confirmed = [track for track in tracks if track.confirmed]
    just_lost = [one for one in confirmed if one.detected_s < time_s <= one.detected_s + within_s]
    for track in confirmed if just_lost else ():
        for other in just_lost if track.detected else ():
            if track.detected_before_s >= other.detected_s:
                continue
            box, place = track.predicted_box(time_s), other.predicted_box(time_s)
            is_one = intersection_over_smaller(box, place) > least_ios
            is_alike = track.appearance.likeness_of_means(other.appearance) >= least_likeness
            if is_one and is_alike and size_ratio(box, place) > least_size_ratio:
                yield (track, other) if track.score >= other.score else (other, track)


def is_ear(box: Sequence[float], face: Sequence[float], largest: float, reach: float) -> bool:
    """Whether a box may be an ear of a face, both xywh: up to so many times its size, and widths beside."""
    x, y, width, height = face
    return (
        size_px(box) <= largest * size_px(face)
        and box[0] >= x - reach * width
        and box[0] + box[2] <= x + (1 + reach) * width
        and box[1] >= y
        and box[1] + box[3] <= y + height
    )

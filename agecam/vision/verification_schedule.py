"""Which tracks are verified in a frame."""

from __future__ import annotations

import math
from collections.abc import Sequence

from agecam.vision.track import Track
from agecam.vision.tracker_config import TrackerConfig


def due_for_verification(
    present: Sequence[Track], time_s: float, elapsed_s: float, config: TrackerConfig
) -> list[Track]:
    """Those of the tracks in a frame that verification may confirm or reject, as many as there is time for.

    ``elapsed_s`` is the time since the frame before. First come those that few more verifications will
    decide. Of the tentative ones also those that are not detected in this frame: verification may detect
    them.
    """
    pending = [one for one in present if time_s >= one.next_verification_s and _is_pending(one, config)]
    # In a crowd one decided track after the other, rather than all of them at the very end.
    pending.sort(key=lambda track: (track.is_decided, abs(track.verifications_left)))
    is_slow = config.track.slow_frame_s <= elapsed_s < math.inf
    most = config.verifications_per_slow_frame if is_slow else config.verifications_per_frame
    return pending[:most]


def _is_pending(track: Track, config: TrackerConfig) -> bool:
    if not track.detected:
        return not track.confirmed and not track.rejected
    return not track.confirmed or track.score < config.reverify_score

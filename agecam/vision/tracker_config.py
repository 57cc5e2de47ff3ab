"""Settings of the tracker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from agecam.vision.matching import MatchConfig
from agecam.vision.track import TrackConfig


@dataclass(frozen=True, slots=True)
class TrackerConfig:
    """Settings of :class:`agecam.vision.tracker.Tracker`; scores and confidences are in [0, 1].

    Where nothing else is said, a value was chosen by its meaning and checked on the clips of a classroom, a
    crowd and people from behind, not fitted.
    """

    activation_threshold: float = 0.5
    """A detection of this score can start a track: the score from which MediaPipe's detectors report."""
    continue_score: float = 0.4
    """A detection of this score can continue a track: faces that turn away fall below the one above."""
    max_age_s: float = 1.0
    """A confirmed track without detection is searched for so long: half a second behind a pillar changes
    nobody."""
    hidden_max_age_s: float = 2.0
    """It lasts so long, in case that it comes back: who stands behind somebody else may be there a while."""
    gone_max_age_s: float = 10.0
    """And it is remembered for so long, for who comes back wherever that is, from out of the image too ..."""
    gone_likeness: float = 0.94
    """... if mean colours are alike by so much, and predictions agree. On clips of a classroom and of walkers
    0.07 % of pairs of people do; 28 % of returns after 2 s in other light, 65 to 83 % in the same."""
    tentative_max_age_s: float = 0.5
    """The same for a track that is not confirmed."""
    max_coast_s: float = 0.3
    """A track without detection is reported at its predicted place so long, while that looks like it: blinks
    of the detector do not show, and a box does not drift on visibly alone. On made films, of who is hidden by
    less than half it looks alike by 0.87 at least, but for one in a crowd; of who is hidden by others or a
    hand, or has gone out of the frame, by 0.58 at most."""
    least_inside: float = 0.1
    """Nor where less of its box than this share would be inside the frame: the edge may look like it."""
    duplicate_ios: float = 0.6
    """Intersection over smaller with a track from which a new detection is the same head, found at another
    size."""
    ear_size: float = 0.4
    """Size of an ear at most, in sizes of the face to which it belongs: one that was detected had 0.25 ..."""
    ear_reach: float = 0.25
    """... and how far it reaches beside the face, in its widths: the head hides who is behind it there,
    but not beside jaw or nose. Who is in this place is confirmed on more evidence; see
    :attr:`agecam.vision.track.TrackConfig.head_confidence`."""
    double_likeness: float = 0.75
    """Likeness of mean colours from which two tracks that take turns there are one head, too. Of made films
    one head had 0.82, and a man behind a woman 0.35. Chosen."""
    head_sizes: float = 0.8
    """Half the width of a head, in widths of its face: so far it hides what is behind it."""
    look_sizes: float = 0.62
    """Half the width that a look takes in, in widths of the face."""
    nearer_ratio: float = 0.9
    """Who is larger than so many times somebody's size may be nearer than them."""
    young_s: float = 0.4
    """Somebody new is young for so long, and until they are confirmed: they may turn out to be one who was
    lost near by, and come out from behind what hid them. Their look is not clear before that. Chosen."""
    hold_s: float = 0.24
    """Where that is possible they are not confirmed sooner: a number once shown is to stay. Chosen."""
    mixed_new_s: float = 0.28
    """A dissolve of half a second is found half-way, or a little later: who has come since it began, so long
    before, is of the shot after it."""
    mixed_hold_s: float = 0.1
    """Who comes while shots mix is not confirmed for so long after that, as if they came then: a face of the
    shot before may still show. Chosen."""
    other_scene_max_age_s: float = 1.5
    """A track of another shot waits so long for it to come back."""
    verifications_per_frame: int = 2
    """Tracks verified in one frame at most; each takes a run of one network or of both."""
    verifications_per_slow_frame: int = 8
    """The same where frames come as slowly as :attr:`TrackConfig.slow_frame_s` says."""
    reverify_score: float = 0.6
    """A confirmed track whose smoothed score falls below this is verified again."""
    match: MatchConfig = field(default_factory=MatchConfig)
    """Settings of matching."""
    track: TrackConfig = field(default_factory=TrackConfig)
    """Settings of the single track."""


DEFAULT_CONFIG: Final = TrackerConfig()

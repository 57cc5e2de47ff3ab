"""One estimate a person, fused from the models' predictions over time.

**Weights.** An age counts by the quality of its crop and against the square of the width of its interval,
which is the model's own uncertainty. Genders are averaged as log-odds, where an uncertain prediction is near
zero; they count by the quality of the crop and by what is new of it (below), since a head that is turned away
is taken for the other gender for as long as it stays so.

**Interval.** The error of a prediction has two parts. One changes from frame to frame: light, blur, alignment
of the crop. The other stays with the person, whom the models take for older or younger than they are however
often they are run. The models' intervals are calibrated on photographs, one a person, so they cover mostly
the second; a camera's frames add to the first. More frames average out the first and leave the second: with
``n`` predictions' worth of independent evidence the variance is ``person_part + frame_part / n`` times that
of the models' intervals, so no number of frames narrows the interval below ``sqrt(person_part)``. Frames in
quick succession are nearly the same frame: the frame part is taken as correlated over ``correlation_s``, and
a prediction ``t`` after the last one brings ``1 - exp(-t / correlation_s)`` of new evidence.

**Scatter.** Predictions on one face that turns, squints or is far away can be further apart than the models'
own intervals say. Whatever they scatter beyond the frame part widens the interval, and poor crops leave the
estimate near the mean age of people in front of cameras.

**Change of person.** Predictions alone say little about who it is: a face that turns away has been taken for
20 years older. Only where something else says so too (the track has jumped over a gap, or looks otherwise)
are the predictions from then on compared with those before; where they are too far apart, the track is
somebody else's by now, and begins anew with the later ones alone.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field

from agecam.messages import Detection, Estimate
from agecam.vision.evidence import Evidence, EvidenceConfig, Prediction


@dataclass(frozen=True, slots=True)
class FusionConfig:
    """Settings of :class:`Fusion`."""

    evidence: EvidenceConfig = field(default_factory=EvidenceConfig)
    """Settings of the means of one track."""
    least_width_years: float = 4.0
    """No age counts more than one with an interval of so many years: a narrower one may be chance. Chosen."""
    least_probability: float = 1e-3
    """Genders are kept this far from 0 and 1, so that one prediction cannot outweigh dozens. Chosen."""
    change_limit: float = 1.8
    """Drift (:meth:`Evidence.drift`) beyond which a track that looks otherwise is somebody else's: on made-up
    videos of 190 people it was reached in one case of a thousand by one person's predictions, and in two of
    three where they went over to somebody else's."""
    change_limit_after_jump: float = 0.9
    """The same after a gap and a jump, where a change of person is likely."""
    gap_s: float = 0.4
    """Somebody may have come out from behind whatever hid a track for longer. Chosen, not measured."""
    jump_sizes: float = 0.8
    """Movement over a gap, in face sizes, that is a jump: further than people go behind a pillar. Chosen."""
    jump_ratio: float = 1.4
    """Ratio of sizes before and after a gap that is a jump. Chosen, not measured."""


class Fusion:
    """Fuses one track's predictions; where it turns out to be somebody else's, it begins anew."""

    def __init__(self, config: FusionConfig = FusionConfig()) -> None:
        self._config = config
        self._evidence: Evidence | None = None

    def add(self, raw: Estimate, quality: float, face: Detection, time_s: float) -> bool:
        """Take the models' prediction for one frame into account.

        ``quality``, > 0, is :func:`agecam.vision.quality.crop_quality` of its crop; ``face`` is where the
        crop was cut. Times must not decrease. True where the track has turned out to be somebody else's.
        """
        config = self._config
        prediction = _prediction(raw, quality, time_s, config)
        evidence = self._evidence
        if evidence is None:
            evidence = self._evidence = Evidence(face, time_s, config.evidence)
        elif time_s - evidence.time_s > config.gap_s and self._is_jump(evidence.face, face):
            # Somebody else may have come out from behind whatever hid this one.
            self.suspect()
            evidence.has_jumped = True
        evidence.add(prediction)
        evidence.face = face
        if not (evidence.is_suspect and evidence.recent_is_full):
            return False
        limit = config.change_limit_after_jump if evidence.has_jumped else config.change_limit
        evidence.is_suspect = evidence.has_jumped = False
        if evidence.drift() <= limit:
            return False
        self._evidence = evidence.recent_alone()
        return True

    @property
    def is_suspect(self) -> bool:
        """Whether it may be somebody else's by now, which the predictions have yet to tell."""
        return self._evidence is not None and self._evidence.is_suspect

    def acquit(self) -> None:
        """It is the same person's after all: no longer compare what comes with what was before."""
        if self._evidence is not None:
            self._evidence.is_suspect = self._evidence.has_jumped = False

    def snapshot(self) -> Fusion:
        """A fusion of all predictions so far, which later ones do not change."""
        kept = Fusion(self._config)
        if self._evidence is not None:
            kept._evidence = copy.copy(self._evidence)
            kept._evidence.recent = self._evidence.recent.copy()
        return kept

    def continued_by(self, other: Fusion) -> Fusion | None:
        """This one's predictions, then the latest ones of ``other``, who seems to be the same person.

        They stay suspect. ``None`` where either has no predictions, or theirs are too far apart.
        """
        continued = self.snapshot()
        evidence, later = continued._evidence, other._evidence
        if evidence is None or later is None or not later.recent:
            return None
        evidence.recent.clear()
        evidence.is_suspect = evidence.has_jumped = True
        for prediction in later.recent:
            evidence.add(prediction)
        evidence.face = later.face
        return continued if evidence.drift() <= self._config.change_limit_after_jump else None

    def suspect(self) -> bool:
        """The track may be somebody else's from here on: compare what comes with what was before.

        False where there is nothing to compare with, or that is being done already.
        """
        evidence = self._evidence
        if evidence is None or evidence.is_suspect:
            return False
        evidence.recent.clear()
        evidence.is_suspect = True
        return True

    def estimate(self) -> Estimate | None:
        """The fused estimate, as it is: unrounded; ``None`` before the first prediction."""
        return None if self._evidence is None else self._evidence.estimate()

    def _is_jump(self, before: Detection, after: Detection) -> bool:
        before_px, after_px = (max(1.0, math.sqrt(one.box[2] * one.box[3])) for one in (before, after))
        larger_px = max(before_px, after_px)
        (x0, y0), (x1, y1) = before.centre, after.centre
        return (
            larger_px / min(before_px, after_px) > self._config.jump_ratio
            or math.hypot(x1 - x0, y1 - y0) > self._config.jump_sizes * larger_px
        )


def _prediction(raw: Estimate, quality: float, time_s: float, config: FusionConfig) -> Prediction:
    below, above = raw.age - raw.age_low, raw.age_high - raw.age
    weight = quality / max(config.least_width_years, below + above) ** 2
    if math.isnan(raw.female):
        return Prediction(time_s, quality, weight, (raw.age, below, above, math.nan), has_gender=False)
    female = min(max(raw.female, config.least_probability), 1 - config.least_probability)
    return Prediction(time_s, quality, weight, (raw.age, below, above, math.log(female / (1 - female))))

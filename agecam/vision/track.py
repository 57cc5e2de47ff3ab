"""One track: a person from frame to frame, and all that is remembered of them."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from agecam.messages import Detection, Estimate
from agecam.vision.appearance import Appearance
from agecam.vision.box_filter import BoxFilter, BoxFilterConfig
from agecam.vision.boxes import size_px
from agecam.vision.changes import Box
from agecam.vision.fusion import Fusion, FusionConfig
from agecam.vision.verification import Verification


@dataclass(frozen=True, slots=True)
class TrackConfig:
    """Settings of :class:`Track`; scores and confidences are in [0, 1].

    Where nothing else is said, a value was chosen by its meaning and checked on the clips of a classroom, a
    crowd and people from behind, not fitted.
    """

    velocity_memory_s: float = 0.15
    """Time constant of the exponential mean of velocities: detections jitter from frame to frame."""
    velocity_decay_s: float = 0.25
    """Time constant with which a predicted movement dies away: a face that is lost while it moves rarely
    goes on in a straight line."""
    way_memory_s: float = 0.5
    """The same for where somebody goes while hidden, for which bobbing and jitter must not count. Chosen."""
    longest_way_s: float = 1.0
    """Who is hidden is not taken to go on in a straight line for longer. Chosen."""
    score_memory_s: float = 0.3
    """Time constant of the exponential mean of scores."""
    confirm_score: float = 0.85
    """A mean score from which no verification is needed: on six clips no false face reached 0.84 in a frame;
    nearly all true ones do when they face the camera."""
    min_hits: int = 3
    """Detections before a track is confirmed."""
    min_age_s: float = 0.06
    """Age before a track is confirmed, for cameras of many frames a second: two frames at 30 a second."""
    slow_frame_s: float = 0.15
    """A detection in a frame so long after the one before, or a verification so long after the last one,
    counts as two: what only looks like a face for a moment is gone by then. So at five frames a second and
    fewer the second frame decides. What has been missed in frames between counts once: it was gone."""
    max_step_years: float = 6.0
    """The age of a confirmed track moves by so much from frame to frame at most. Chosen: who looks on is to
    see a person, not a counter."""
    min_verifications: int = 3
    """Verifications before they decide; their mean is over the last so many. See
    :meth:`agecam.vision.detector.MediaPipeDetector.verify` for where true and false faces lie."""
    confirm_confidence: float = 0.72
    """Mean confidence from which a track is confirmed: false faces had 0.62 at most."""
    lasting_s: float = 0.5
    """A track that has been detected for so long, in ``lasting_share`` of that time at least, is confirmed by
    less: a mean score of ``lasting_score`` and a mean confidence of ``lasting_confidence``. On the clips no
    false face of any age had 0.55 of both; a boy who looks down at his hands has 0.7 and 0.66 for seconds."""
    lasting_share: float = 0.5
    """An ear had both, and was detected in every fourth frame. Chosen."""
    head_confidence: float = 0.95
    """Mean confidence from which who may be an ear is none: small faces before the edge of a head had 0.99
    each time, an ear 0, 0.7, 0.41, 0.95 and 0.92."""
    lasting_score: float = 0.65
    lasting_confidence: float = 0.65
    reject_confidence: float = 0.45
    """Mean confidence below which a track is rejected: true faces had 0.7 at least, in profile too."""
    verify_pause_step_s: float = 0.1
    """Each verification beyond the first ones makes the pause before the next so much longer: on the
    classroom clip 57 are made in 329 frames."""
    verify_pause_max_s: float = 0.5
    """The longest such pause, ..."""
    sure_pause_max_s: float = 2.0
    """... and that of a confirmed track with a mean confidence of ``sure_confidence``, which grows by the
    square of their number: far faces have low scores in the whole frame for as long as they are there."""
    sure_confidence: float = 0.9
    box_filter: BoxFilterConfig = field(default_factory=BoxFilterConfig)
    """Settings of the track's box filter."""
    fusion: FusionConfig = field(default_factory=FusionConfig)
    """Settings of the track's fusion."""


_LEAST_KNOWN: Final = 0.3
"""Share of a velocity's mean that must be of the track itself, to be told from jitter."""


class Track:
    """One person over time, from the first detection on. Times are seconds and must not decrease.

    A track is tentative until it is ``confirmed``. It owns its motion, its box filter (``boxes``), what it
    looks like (``appearance``), the fusion of its predictions (``fusion``) and what the classification
    schedule knows of it (``runs``, ``last_run_s``). ``scene`` is the number of the shot it belongs to.
    """

    def __init__(
        self, track_id: int, detection: Detection, time_s: float, config: TrackConfig, *, scene: int = 0
    ) -> None:
        self.track_id = track_id
        self.scene = scene
        self.confirmed = False
        self.time_s = time_s
        """Of the current frame."""
        self.detected = True
        """Whether it was detected in the current frame."""
        self.detected_s = time_s
        """When it was detected last ..."""
        self.detected_before_s = -math.inf
        """... and when before that."""
        self.present_s = time_s
        """The same, or when its scene came back after that."""
        self.score = detection.score
        """Exponential mean over its detections."""
        self.next_verification_s = 0.0
        """No verification is worth its time before."""
        self.boxes = BoxFilter(config.box_filter)
        self.appearance = Appearance()
        self.fusion = Fusion(config.fusion)
        self.runs = 0
        """How often it was due for the models."""
        self.last_run_s = time_s
        """When it was due last."""
        self.tentative_id: int | None = None
        """The number that it had before it turned out, in this frame, to be somebody else, known or new."""
        self.confirmed_s = math.inf
        """When it was confirmed first."""
        self.has_resumed = False
        """Whether it has taken over the number of somebody who was lost."""
        self.rival: Track | None = None
        """Somebody lost where this one may be somebody else by now: it may be them."""
        self._config = config
        self._detection = detection
        # Where it is at a time is asked for a dozen times in a frame.
        self._predicted_s, self._predicted_box = time_s, detection.box
        self._predicted: Detection | None = detection
        self._shift = (0.0, 0.0)  # since its last detection, pixels
        self.size_px = size_px(detection.box)
        """Size of its box, detected or predicted; see :func:`agecam.vision.boxes.size_px`."""
        self.started_s = time_s
        """When it was detected first."""
        self._hits = 1
        self._frame_s = 0.0  # from the frame before to the current one
        self._seen_s = 0.0  # between frames in both of which it was detected
        self.is_out_of_sight = False
        """Whether its place has stopped looking like it since it was detected: it is hidden or gone."""
        self.is_on_head = False
        """Whether it was once where an ear of somebody is: it is confirmed once it ``is_lasting`` or verified
        by :attr:`TrackConfig.head_confidence`."""
        self._held_until_s = -math.inf
        self._before_suspicion: Track | None = None
        self._age: float | None = None  # years, as last estimated while confirmed
        self._velocity = self._way_velocity = (0.0, 0.0)  # of the centre, pixels per second
        self._verifications = 0
        self._verified_s = time_s
        self._confidence = 0.0  # mean of the last verifications

    @property
    def is_shown(self) -> bool:
        """Whether it is confirmed, and there is no doubt which of two people it is."""
        return self.confirmed and self.rival is None

    @property
    def face(self) -> Detection:
        """Its detection in the current frame; where there is none, the last one at a predicted place."""
        return self._detection if self.detected else self.predicted(self.time_s)

    @property
    def last_box(self) -> Box:
        """Its box where it was detected last: xywh, pixels."""
        return self._detection.box

    @property
    def is_decided(self) -> bool:
        """Whether there were verifications enough to decide."""
        return self._verifications >= self._config.min_verifications

    @property
    def has_vanished(self) -> bool:
        """Whether it is not detected in this frame, nor was it in any verification so far."""
        return not self.detected and self._verifications > 0 and not self._confidence

    @property
    def verifications_left(self) -> int:
        """How many more will decide; negative after that."""
        return self._config.min_verifications - self._verifications

    @property
    def rejected(self) -> bool:
        """Whether verification has found that it is no face."""
        return self.is_decided and self._confidence < self._config.reject_confidence

    def predicted_box(self, time_s: float) -> Box:
        """Where its box is at ``time_s``: xywh, pixels."""
        if time_s != self._predicted_s:
            self._predict(time_s)
        return self._predicted_box

    def predicted(self, time_s: float) -> Detection:
        """Its last detection, moved to where it is at ``time_s``."""
        if time_s != self._predicted_s:
            self._predict(time_s)
        if self._predicted is None:
            keypoints = self._detection.keypoints + np.array(self._shift, np.float32)
            self._predicted = Detection(self._predicted_box, self._detection.score, keypoints)
        return self._predicted

    def _predict(self, time_s: float) -> None:
        self._predicted_s = time_s
        if time_s == self.detected_s:
            self._predicted_box, self._predicted = self._detection.box, self._detection
            return
        decay_s = self._config.velocity_decay_s
        span_s = decay_s * (1 - math.exp(-(time_s - self.detected_s) / decay_s))
        dx, dy = self._shift = self._velocity[0] * span_s, self._velocity[1] * span_s
        x, y, width, height = self._detection.box
        self._predicted_box, self._predicted = (x + dx, y + dy, width, height), None

    def box_unslowed(self, time_s: float) -> Box:
        """Where its box would be at ``time_s`` had it gone on as when it was detected last: xywh, pixels."""
        (dx, dy), (x, y, width, height) = self.shift_unslowed(time_s), self.last_box
        return x + dx, y + dy, width, height

    def shift_unslowed(self, time_s: float) -> tuple[float, float]:
        """How far from its last detection its centre would be had it gone on as then, pixels."""
        config = self._config
        # A mean that began at rest is too low for so long.
        known = -math.expm1((self.started_s - self.detected_s) / config.way_memory_s)
        span_s = min(config.longest_way_s, time_s - self.detected_s) / max(_LEAST_KNOWN, known)
        return self._way_velocity[0] * span_s, self._way_velocity[1] * span_s

    @property
    def is_lasting(self) -> bool:
        """Whether it has been detected for long, and in most of that time."""
        config, lasted_s = self._config, self.detected_s - self.started_s
        return lasted_s >= config.lasting_s and self._seen_s >= config.lasting_share * lasted_s

    def begin_frame(self, time_s: float) -> None:
        """The frame at ``time_s`` is the current one, in which it has not been detected yet."""
        self._frame_s, self.time_s, self.tentative_id = time_s - self.time_s, time_s, None
        self.detected = time_s == self.detected_s

    def hold_until(self, time_s: float) -> None:
        """It is not confirmed before ``time_s``: it may be somebody known."""
        self._held_until_s = time_s

    def add_detection(self, detection: Detection) -> None:
        """Continue the track with a detection in the current frame."""
        config, time_s = self._config, self.time_s
        elapsed_s = time_s - self.detected_s
        since_s = min(elapsed_s, self._frame_s)
        if elapsed_s > 0:
            self.detected_before_s = self.detected_s
            (x0, y0), (x1, y1) = self._detection.centre, detection.centre
            moved = (x1 - x0) / elapsed_s, (y1 - y0) / elapsed_s
            self._velocity = _mean(self._velocity, moved, elapsed_s / config.velocity_memory_s)
            self._way_velocity = _mean(self._way_velocity, moved, elapsed_s / config.way_memory_s)
            gain = 1 - math.exp(-elapsed_s / config.score_memory_s)
            self.score += gain * (detection.score - self.score)
            self._seen_s += since_s
        self._detection = self._predicted = detection
        self._predicted_box, self.size_px = detection.box, size_px(detection.box)
        self.detected_s = self.present_s = self._predicted_s = time_s
        self.detected, self.is_out_of_sight = True, False
        self._hits += self._counted(since_s)
        self._confirm()

    def add_verification(self, verification: Verification) -> None:
        """Take a verification in the current frame into account; it may detect what detection missed."""
        if verification.detection is not None and not self.detected:
            self.add_detection(verification.detection)
        config = self._config
        for _ in range(self._counted(self.time_s - self._verified_s)):
            self._verifications += 1
            share = min(self._verifications, config.min_verifications)
            self._confidence += (verification.confidence - self._confidence) / share
        self._verified_s = self.time_s
        more = max(0, -self.verifications_left)
        pause_s = min(config.verify_pause_step_s * more, config.verify_pause_max_s)
        if self.confirmed and self._confidence >= config.sure_confidence:
            pause_s = min(config.verify_pause_step_s * more**2, config.sure_pause_max_s)
        self.next_verification_s = self.time_s + pause_s
        if self.rejected:
            self.confirmed = False
        self._confirm()

    def _counted(self, elapsed_s: float) -> int:
        """As how many a detection or verification counts that comes so long after the last one."""
        return 2 if elapsed_s >= self._config.slow_frame_s else 1

    def estimate(self) -> Estimate | None:
        """The fused estimate, once a frame; ``None`` before the first prediction.

        The age of a confirmed track moves by ``max_step_years`` at most from one call to the next.
        """
        fused = self.fusion.estimate()
        if fused is None:
            return None
        step = self._config.max_step_years
        if self.confirmed and self._age is not None and abs(fused.age - self._age) > step:
            age = min(max(fused.age, self._age - step), self._age + step)
            fused = replace(
                fused, age=age, age_low=min(age, fused.age_low), age_high=max(age, fused.age_high)
            )
        self._age = fused.age if self.confirmed else None
        return fused

    def suspect(self) -> None:
        """It may be somebody else from this frame on: the models are to tell, and soon."""
        if self.fusion.is_suspect:
            return
        before = copy.copy(self)
        before.appearance, before.fusion = copy.copy(self.appearance), self.fusion.snapshot()
        before.boxes, before.rival, before._before_suspicion = BoxFilter(self._config.box_filter), None, None
        if self.fusion.suspect():
            self.runs = 0
            self._before_suspicion = before

    def acquit(self) -> None:
        """It is the same person after all."""
        self.fusion.acquit()
        self._before_suspicion = self.rival = None

    def add_prediction(self, raw: Estimate, quality: float) -> bool:
        """Take the models' prediction for the current frame into account; see :meth:`Fusion.add`.

        True where it has turned out to be somebody else: then :meth:`split` it.
        """
        is_other = self.fusion.add(raw, quality, self.face, self.time_s)
        if not is_other and not self.fusion.is_suspect:
            self.acquit()
        return is_other

    def take_over(self, other: Track) -> None:
        """Another track's detection in the current frame is this one's, which was lost."""
        self.add_detection(other._detection)
        self.appearance.take_last(other.appearance)
        self.tentative_id = other.track_id

    def resume(self, lost: Track) -> bool:
        """It seems to be somebody who was lost: take over their number and what the models said of them.

        False where the models say otherwise. Further predictions may still tell that it is somebody else.
        """
        fusion = lost.fusion.continued_by(self.fusion)
        if fusion is None:
            return False
        self.track_id, self.tentative_id = lost.track_id, self.track_id
        self.has_resumed = True
        self.fusion, self._age = fusion, lost._age
        lost.rival = lost._before_suspicion = None
        self._before_suspicion = lost
        return True

    def renumber_as(self, other: Track) -> None:
        """It is another track of the same person: take over the number, and go on from the age shown."""
        self.track_id, self._age = other.track_id, other._age

    def split(self) -> Track | None:
        """It has turned out to be somebody else, of whom nothing before tells anything.

        Returns the track that it was until then, if it is known until when.
        """
        before = self._before_suspicion
        self._age = None
        self._before_suspicion = self.rival = None
        self.next_verification_s = self.time_s  # what is sure is sure of who it was
        self.appearance.forget_lasting()
        return before

    def _confirm(self) -> None:
        config = self._config
        if self.confirmed or self.time_s < self._held_until_s:
            return
        is_verified = self.is_decided and self._confidence >= config.head_confidence
        if self.is_on_head and not (self.is_lasting or is_verified):
            return
        lasts = self._hits >= config.min_hits and self.detected_s - self.started_s >= config.min_age_s
        is_face = self.score >= config.confirm_score or (
            self.is_decided and self._confidence >= self._least_confidence()
        )
        if lasts and is_face:
            self.confirmed = True
            self.confirmed_s = min(self.confirmed_s, self.time_s)

    def _least_confidence(self) -> float:
        config = self._config
        if self.is_lasting and self.score >= config.lasting_score:
            return config.lasting_confidence
        return config.confirm_confidence


def _mean(mean: tuple[float, float], value: tuple[float, float], elapsed: float) -> tuple[float, float]:
    """The exponential mean of a vector after a new value; ``elapsed`` in time constants."""
    keep = math.exp(-elapsed)
    return keep * mean[0] + (1 - keep) * value[0], keep * mean[1] + (1 - keep) * value[1]

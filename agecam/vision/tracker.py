"""Tracks: detections that belong to one person from frame to frame.

Each frame's detections are assigned to the tracks' predicted places at the least total cost, those of high
score first and those of low score only to continue what is there (after Zhang et al., "ByteTrack:
Multi-Object Tracking by Associating Every Detection Box", ECCV 2022). All limits are in seconds and in face
sizes, so that they hold for any frame rate and resolution.

A place is no identity. A detection continues a track only where it also looks like it; who stands where
somebody else was is a track of their own. After a cut to another shot nobody is continued, and the tracks of
the shot before wait for a moment, in case that it comes back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection
from agecam.vision.appearance import Look
from agecam.vision.assignment import linear_assignment
from agecam.vision.boxes import intersection_over_smaller
from agecam.vision.scene_cut import Scene
from agecam.vision.track import Track, TrackConfig
from agecam.vision.verification import Verify

_FIRST_SCENE: Final = Scene()

_GATED: Final = 3.0
"""Cost of an assignment beyond the gates, and of none at all: a bad one (1 for the distance at its gate, 1
for boxes apart, 0.5 for sizes, 1.1 for looks at theirs) must not be made only to make another possible."""

Describe = Callable[[Detection], Look]
"""The look of a face of the current frame, as :func:`agecam.vision.appearance.describe` gives it."""


@dataclass(frozen=True, slots=True)
class TrackerConfig:
    """Settings of :class:`Tracker`; scores and confidences are in [0, 1].

    Where nothing else is said, a value was chosen by its meaning and checked on the clips of a classroom, a
    crowd and people from behind, not fitted.
    """

    activation_threshold: float = 0.5
    """A detection of this score can start a track: the score from which MediaPipe's detectors report."""
    continue_score: float = 0.4
    """A detection of this score can continue a track: faces that turn away fall below the one above."""
    max_age_s: float = 1.0
    """A confirmed track without detection lasts so long: half a second behind a pillar changes nobody."""
    tentative_max_age_s: float = 0.5
    """The same for a track that is not confirmed."""
    max_coast_s: float = 0.3
    """A track without detection is reported at its predicted place so long: blinks of the detector do not
    show, and a box does not drift on visibly alone."""
    duplicate_ios: float = 0.6
    """Intersection over smaller with a track from which a new detection is the same head, found at another
    size."""
    gate_sizes: float = 0.7
    """A detection continues a track up to so many face sizes from the predicted centre."""
    gate_growth_sizes_per_s: float = 1.0
    """How the gate grows while the track has no detection, face sizes per second."""
    gate_size_ratio: float = 1.7
    """A detection continues a track up to this ratio of their sizes."""
    same_likeness: float = 0.66
    """A detection continues a track from this likeness of their looks on; see
    :mod:`agecam.vision.appearance` for what one person and two have. Of pairs of photographs of
    two people 2 to 6 % have more. Who steps from shade into the sun may have less, and a new number then."""
    likeness_decay_per_s: float = 0.13
    """How that falls while the track has no detection, in its first second: looks change with time."""
    doubtful_likeness: float = 0.88
    """Below this likeness the track may be somebody else's now, which the predictions have to tell."""
    likeness_cost: float = 4.0
    """Cost of an assignment per unit of likeness that lacks: at 0.8 as much as being a face's size away."""
    look_every_s: float = 0.2
    """The look of a track is taken so often where nobody else is near, and in every frame elsewhere: one
    costs as much as all else that tracking does for a face."""
    clear_cost: float = 0.8
    """Cost of place and size (see ``_GATED``) below which an only candidate needs no look."""
    lost_s: float = 0.25
    """A track without detection for longer is lost, and comes back only by one that is sure: of the score or
    the likeness below. A detection of 0.48 on a blank wall must not bring somebody back."""
    revive_score: float = 0.6
    """The score, together with ``revive_likeness``. Chosen on the same clips."""
    revive_likeness: float = 0.8
    """See above."""
    revive_size_ratio: float = 1.35
    """Ratio of sizes up to which a lost track comes back: a box that spans two heads is neither's."""
    revive_likeness_alone: float = 0.9
    """The likeness that needs no such score: two people have it in 2 % of cases."""
    other_scene_max_age_s: float = 1.5
    """A track of another shot waits so long for it to come back."""
    verifications_per_frame: int = 2
    """Tracks verified in one frame at most; each takes a run of both networks."""
    verifications_per_slow_frame: int = 8
    """The same where frames come as slowly as :attr:`TrackConfig.slow_frame_s` says."""
    reverify_score: float = 0.6
    """A confirmed track whose smoothed score falls below this is verified again."""
    track: TrackConfig = field(default_factory=TrackConfig)
    """Settings of the single track."""


class _Seen:
    """A detection and its look, which is taken when it is first asked for."""

    __slots__ = ("_describe", "_look", "detection", "score")

    def __init__(self, detection: Detection, describe: Describe | None) -> None:
        self.detection, self.score = detection, detection.score
        self._describe = describe
        self._look: Look | None = None

    @property
    def look(self) -> Look | None:
        """``None`` where looks are not taken at all."""
        if self._look is None and self._describe is not None:
            self._look = self._describe(self.detection)
        return self._look


class Tracker:
    """Gives each person a number that stays through movement and short absence.

    Numbers count from 1 and are not given twice until :meth:`reset`. A track starts tentative; it is
    confirmed by a high score over some frames or by verification, which also rejects it.

    >>> tracker = Tracker()
    >>> for detections, time_s in frames:
    ...     tracks = tracker.update(detections, time_s, verify)
    """

    def __init__(self, config: TrackerConfig = TrackerConfig()) -> None:
        self._config = config
        self.reset()

    def reset(self) -> None:
        """Forget everybody: the source changed."""
        self._tracks: dict[int, Track] = {}
        self._ids = count(1)
        self._time_s = self._before_s = -np.inf
        self._scene = Scene()

    def update(
        self,
        detections: Sequence[Detection],
        time_s: float,
        verify: Verify | None = None,
        *,
        describe: Describe | None = None,
        scene: Scene = _FIRST_SCENE,
    ) -> list[Track]:
        """The people of one frame, those just lost at their predicted places, in order of number.

        ``verify`` is called for up to ``verifications_per_frame`` tracks that it may confirm or reject.
        Without ``describe`` looks do not count. In another ``scene`` than before nobody is continued, but
        those who were in it. Raises :class:`ValueError` when time runs backwards.
        """
        if time_s < self._time_s:
            raise ValueError("time runs backwards: reset the tracker when the source changes")
        self._before_s, self._time_s = self._time_s, time_s
        if scene.number != self._scene.number:
            self._return_to(scene.number)
        self._scene = scene
        for track in self._tracks.values():
            track.time_s = time_s
        # Of two shots that mix every face is one of two, and in a blank frame it is hardly one.
        if not (scene.is_mixed or scene.is_blank):
            self._assign_all([_Seen(one, describe) for one in detections])
        self._remove_aged()
        if verify is not None:
            for track in self._pending_verification()[: self._most_verifications()]:
                track.add_verification(verify(track.face))
        return self._reported()

    def expected(self, time_s: float, scene: Scene = _FIRST_SCENE) -> list[Detection]:
        """Where those who are confirmed would be at ``time_s``, the longest undetected first."""
        confirmed = (
            track for track in self._tracks.values() if track.confirmed and track.scene == scene.number
        )
        return [track.predicted(time_s) for track in sorted(confirmed, key=lambda track: track.detected_s)]

    def renumber(self, track: Track) -> None:
        """Give a track another number: its predictions have shown that it is somebody else now."""
        del self._tracks[track.track_id]
        track.renumber(next(self._ids))
        self._tracks[track.track_id] = track

    def _return_to(self, scene: int) -> None:
        for track in self._tracks.values():
            if track.scene == scene:
                track.present_s = self._time_s

    def _present(self) -> list[Track]:
        """The tracks of this scene."""
        return [track for track in self._tracks.values() if track.scene == self._scene.number]

    def _assign_all(self, seen: Sequence[_Seen]) -> None:
        config = self._config
        high = [one for one in seen if one.score >= config.activation_threshold]
        low = [one for one in seen if config.continue_score <= one.score < config.activation_threshold]
        unassigned = self._assign(self._present(), high)
        self._assign([track for track in self._present() if not track.detected], low)
        for one in unassigned:
            if not self._is_duplicate(one):
                track = Track(
                    next(self._ids), one.detection, self._time_s, config.track, scene=self._scene.number
                )
                self._tracks[track.track_id] = track
                if one.look is not None:
                    track.appearance.add(one.look, self._time_s)

    def _assign(self, tracks: list[Track], seen: list[_Seen]) -> list[_Seen]:
        """Continue tracks with detections; returns the detections that are left."""
        if not tracks or not seen:
            return seen
        costs = _costs(tracks, [one.detection for one in seen], self._time_s, self._config)
        likeness = np.full(costs.shape, np.nan)
        possible = costs < _GATED
        rivals = possible.sum(axis=0, keepdims=True) + possible.sum(axis=1, keepdims=True) > 2
        clear = ~rivals & (costs < self._config.clear_cost)
        for row, column in zip(*np.nonzero(possible), strict=True):
            if clear[row, column] and self._is_known(tracks[row]):
                continue
            likeness[row, column] = self._likeness(tracks[row], seen[column])
            costs[row, column] += self._cost_of_look(tracks[row], seen[column], likeness[row, column])
        left = set(range(len(seen)))
        for row, column in linear_assignment(costs):
            if costs[row, column] < _GATED:
                is_known = bool(clear[row, column]) and self._is_known(tracks[row])
                self._continue(tracks[row], seen[column], None if is_known else float(likeness[row, column]))
                left.discard(column)
        return [seen[index] for index in sorted(left)]

    def _likeness(self, track: Track, seen: _Seen) -> float:
        """In [0, 1]; NaN where looks tell nothing."""
        if seen.look is None:
            return np.nan
        likeness = track.appearance.likeness(seen.look, is_relit=self._scene.is_relit)
        return np.nan if likeness is None else likeness

    def _cost_of_look(self, track: Track, seen: _Seen, likeness: float) -> float:
        config = self._config
        if self._is_lost(track):
            is_sure = seen.score >= config.revive_score
            is_like = np.isnan(likeness) or likeness >= config.revive_likeness
            ratio = _size_ratio(track.predicted_box(self._time_s), seen.detection.box)
            if ratio > config.revive_size_ratio:
                return _GATED
            if not (is_sure and is_like) and not likeness >= config.revive_likeness_alone:
                return _GATED
        elif likeness < self._least_likeness(track, config.same_likeness):
            return _GATED
        return 0.0 if np.isnan(likeness) else config.likeness_cost * (1 - likeness)

    def _least_likeness(self, track: Track, at_once: float) -> float:
        undetected_s = min(1.0, self._time_s - track.detected_s)
        return at_once - self._config.likeness_decay_per_s * undetected_s

    def _is_lost(self, track: Track) -> bool:
        """Whether it has missed frames, and for long: of slow sources each frame is long after the last."""
        return track.detected_s < self._before_s and self._time_s - track.detected_s > self._config.lost_s

    def _is_known(self, track: Track) -> bool:
        """Whether its look is still fresh, in a frame in which nobody may have been replaced."""
        return (
            not self._scene.is_restless
            and not self._scene.is_relit
            and self._time_s - track.appearance.time_s < self._config.look_every_s
        )

    def _continue(self, track: Track, seen: _Seen, likeness: float | None) -> None:
        """``likeness`` is ``None`` where it was not asked for, and NaN where looks tell nothing."""
        if likeness is None:
            track.add_detection(seen.detection)
            return
        if likeness < self._least_likeness(track, self._config.doubtful_likeness):
            track.suspect()
        track.add_detection(seen.detection)
        if seen.look is not None:
            track.appearance.add(seen.look, self._time_s)

    def _is_duplicate(self, seen: _Seen) -> bool:
        """Whether it lies on somebody just detected: one head found at two sizes is not two people.

        Who stands where somebody else was is none: of the same size, and of another look.
        """
        time_s, config = self._time_s, self._config
        for track in self._present():
            box = track.predicted_box(time_s)
            if time_s - track.detected_s > config.max_coast_s:
                continue
            if intersection_over_smaller(box, seen.detection.box) <= config.duplicate_ios:
                continue
            is_sized_alike = _size_ratio(box, seen.detection.box) <= config.gate_size_ratio
            least = self._least_likeness(track, config.same_likeness)
            is_replaced = not track.detected and self._likeness(track, seen) < least
            if not (is_sized_alike and is_replaced):
                return True
        return False

    def _reported(self) -> list[Track]:
        """Those who are in this frame, and those just lost, unless somebody else is before them."""
        present = self._present()
        if self._scene.is_blank or self._scene.is_mixed:
            return [track for track in present if track.detected]
        return [track for track in present if track.detected or self._is_coasting(track, present)]

    def _is_coasting(self, track: Track, present: Sequence[Track]) -> bool:
        """Whether it was lost just now, and nobody else has been detected there since."""
        time_s, config = self._time_s, self._config
        box = track.predicted_box(time_s)
        return time_s - track.detected_s <= config.max_coast_s and not any(
            other.detected_s > track.detected_s
            and intersection_over_smaller(box, other.predicted_box(time_s)) > config.duplicate_ios
            for other in present
        )

    def _most_verifications(self) -> int:
        config = self._config
        is_slow = config.track.slow_frame_s <= self._time_s - self._before_s < np.inf
        return config.verifications_per_slow_frame if is_slow else config.verifications_per_frame

    def _remove_aged(self) -> None:
        self._tracks = {
            track_id: track
            for track_id, track in self._tracks.items()
            if self._time_s - track.present_s <= self._max_age_s(track)
        }

    def _max_age_s(self, track: Track) -> float:
        config = self._config
        if track.scene != self._scene.number:
            return config.other_scene_max_age_s
        return config.max_age_s if track.confirmed else config.tentative_max_age_s

    def _pending_verification(self) -> list[Track]:
        """Tracks that verification may confirm or reject, those first that few more will decide.

        Of the tentative ones also those that are not detected in this frame: verification may detect them.
        """
        pending = [track for track in self._present() if self._is_pending(track)]
        # In a crowd one decided track after the other, rather than all of them at the very end.
        pending.sort(key=lambda track: (track.is_decided, abs(track.verifications_left)))
        return pending

    def _is_pending(self, track: Track) -> bool:
        if self._time_s < track.next_verification_s:
            return False
        if not track.detected:
            return not track.confirmed and not track.rejected
        return not track.confirmed or track.score < self._config.reverify_score


def _size_ratio(a: Sequence[float], b: Sequence[float]) -> float:
    """How many times as large the larger of two boxes xywh is, by its side."""
    ratio = math.sqrt(max(1.0, a[2] * a[3]) / max(1.0, b[2] * b[3]))
    return max(ratio, 1 / ratio)


def _costs(
    tracks: list[Track], detections: list[Detection], time_s: float, config: TrackerConfig
) -> NDArray[np.float64]:
    """How badly detections continue tracks: ``(tracks, detections)``, ``_GATED`` beyond the gates."""
    predicted = np.array([track.predicted_box(time_s) for track in tracks])[:, None]
    detected = np.array([detection.box for detection in detections])[None]
    predicted_px, detected_px = (
        np.sqrt(np.maximum(1.0, boxes[..., 2] * boxes[..., 3])) for boxes in (predicted, detected)
    )
    larger_px = np.maximum(predicted_px, detected_px)
    ratio = larger_px / np.minimum(predicted_px, detected_px)
    between = predicted[..., :2] + predicted[..., 2:] / 2 - detected[..., :2] - detected[..., 2:] / 2
    distance = np.hypot(between[..., 0], between[..., 1]) / larger_px
    undetected_s = np.array([time_s - track.detected_s for track in tracks])[:, None]
    gate = config.gate_sizes + config.gate_growth_sizes_per_s * undetected_s
    costs = distance / gate + (1 - _ious(predicted, detected)) + np.log(ratio)
    return np.where((ratio <= config.gate_size_ratio) & (distance <= gate), np.minimum(costs, _GATED), _GATED)


def _ious(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of boxes xywh ``(..., 4)``, broadcast against each other."""
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    common = np.maximum(0.0, high - low).prod(axis=-1)
    areas = a[..., 2:].prod(axis=-1) + b[..., 2:].prod(axis=-1)
    return np.asarray(common / np.maximum(1e-9, areas - common))

"""Which detection continues which track: by place and size, and by looks.

A place is no identity. A detection continues a track only where it also looks like it; who stands where
somebody else was is a track of their own. Costs are sums over place, size and looks, and the assignment of
the least sum is made. A track that has been hidden for a while comes back by a detection that is sure: on its
way, of about its size, and alike. On the way means anywhere between where it was lost and where it would be
had it gone on, since who is hidden may have stopped or not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from agecam.messages import Detection
from agecam.vision.appearance import Look
from agecam.vision.assignment import linear_assignment
from agecam.vision.boxes import centre_distance, iou, size_px, size_ratio
from agecam.vision.scene_cut import Scene
from agecam.vision.track import Track

_GATED: Final = 3.0
"""Cost of an assignment beyond the gates, and of none at all: a bad one (1 for the distance at its gate, 1
for boxes apart, 0.5 for sizes, 1.1 for looks at theirs) must not be made only to make another possible."""

_SHORT_ABSENCE_S: Final = 1.0
"""Absence for which the least likeness to come back was measured."""

Describe = Callable[[Detection], Look]
"""The look of a face of the current frame, as :func:`agecam.vision.appearance.describe` gives it."""


@dataclass(frozen=True, slots=True)
class MatchConfig:
    """Settings of :class:`Matcher`; scores and likenesses are in [0, 1].

    Where nothing else is said, a value was chosen by its meaning and checked on the clips of a classroom, a
    crowd and people from behind, not fitted.
    """

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
    revive_likeness: float = 0.68
    """The likeness right on the track's way. On made films of people who pass before one another, who come
    back have 0.71 or more within half a face of it; others, of about their size, 0.66 at most within a
    quarter of a face and 0.75 within a half."""
    revive_likeness_per_size: float = 0.25
    """So much more for each face size off it."""
    revive_likeness_per_s: float = 0.06
    """And for each second beyond the first one: somebody else may have come meanwhile. Chosen."""
    revive_size_ratio: float = 1.35
    """Ratio of sizes up to which a lost track comes back: a box that spans two heads is neither's. Of one
    that was half hidden at last the box was smaller than the face: the likeness below needs no such size."""
    revive_likeness_alone: float = 0.9
    """The likeness that needs neither: two people have it in 2 % of cases."""
    contested_cost: float = 1.5
    """Cost of place and size up to which a detection may be somebody who has just been lost ..."""
    contested_likeness: float = 0.8
    """... where it looks less than that like the track that it continues did undisturbed: on made films it is
    0.78 at most where one comes before the other, and above 0.85 for who is in front. Chosen."""
    possible_likeness: float = 0.6
    """Somebody new may be a lost one from this likeness on, whose face is still half hidden."""


class Candidate:
    """A detection of the current frame and its look, which is taken when it is first asked for."""

    __slots__ = ("_describe", "_look", "detection", "score", "size_px")

    def __init__(self, detection: Detection, describe: Describe | None = None) -> None:
        self.detection, self.score = detection, detection.score
        self.size_px = size_px(detection.box)
        self._describe = describe
        self._look: Look | None = None

    @property
    def look(self) -> Look | None:
        """``None`` where looks are not taken at all."""
        if self._look is None and self._describe is not None:
            self._look = self._describe(self.detection)
        return self._look


class Match(NamedTuple):
    """A track and the candidate that continues it."""

    track: Track
    candidate: Candidate
    is_doubtful: bool
    """Whether it may be somebody else by now."""
    is_looked_at: bool
    """Whether the look was asked for."""


class Matcher:
    """Matches the candidates of one frame, at ``time_s`` of ``scene``, with tracks; ``before_s`` is the time
    of the frame before."""

    def __init__(self, config: MatchConfig, time_s: float, before_s: float, scene: Scene) -> None:
        self._config = config
        self._time_s, self._before_s = time_s, before_s
        self._scene = scene

    def match(
        self, tracks: Sequence[Track], candidates: Sequence[Candidate]
    ) -> tuple[list[Match], list[Candidate]]:
        """Who continues whom, and the candidates that are left."""
        if not candidates:
            return [], []
        costs = self._place_costs(tracks, candidates)
        # Of a low cost, and neither of which has anybody else.
        clear = {pair for pair in _alone(costs) if costs[pair] < self._config.clear_cost}
        likeness: dict[tuple[int, int], float] = {}
        for pair in costs:
            row, column = pair
            track, candidate = tracks[row], candidates[column]
            if pair in clear and self._is_known(track):
                continue
            likeness[pair] = self.likeness(track, candidate)
            costs[pair] += self._look_cost(track, candidate, likeness[pair])
        matches = []
        left = dict(enumerate(candidates))
        for row, column in least_cost_pairs({pair: cost for pair, cost in costs.items() if cost < _GATED}):
            track, value = tracks[row], likeness.get((row, column))
            is_doubtful = value is not None and value < self.least_likeness(
                track, self._config.doubtful_likeness
            )
            matches.append(Match(track, left.pop(column), is_doubtful, value is not None))
        return matches, list(left.values())

    def likeness(self, track: Track, candidate: Candidate) -> float:
        """In [0, 1]; NaN where looks tell nothing. Of a lost track that with how it looked undisturbed."""
        look = candidate.look
        if look is None:
            return math.nan
        is_relit = self._scene.is_relit
        if self.is_lost(track):
            likeness = track.appearance.lasting_likeness(look, is_relit=is_relit)
        else:
            likeness = track.appearance.likeness(look, is_relit=is_relit)
        return math.nan if likeness is None else likeness

    def least_likeness(self, track: Track, at_once: float) -> float:
        """The likeness that counts as ``at_once`` in the next frame, after so long."""
        undetected_s = min(1.0, self._time_s - track.detected_s)
        return at_once - self._config.likeness_decay_per_s * undetected_s

    def is_lost(self, track: Track) -> bool:
        """Whether it has missed frames, and for long: of slow sources each frame is long after the last."""
        return track.detected_s < self._before_s and self._time_s - track.detected_s > self._config.lost_s

    def is_as_before(self, track: Track, candidate: Candidate) -> bool:
        """Whether a candidate looks as the track did before somebody may have taken its place."""
        look = candidate.look
        if look is None or self._scene.is_relit:
            return False
        likeness = track.appearance.lasting_likeness(look)
        return likeness is not None and likeness >= self._config.doubtful_likeness

    def is_contested(self, track: Track, other: Track, candidate: Candidate) -> bool:
        """Whether the candidate that continues a track may be another one, lost there."""
        config = self._config
        if self._place_costs([other], [candidate]).get((0, 0), _GATED) >= config.contested_cost:
            return False
        look = candidate.look
        likeness = None if look is None else track.appearance.lasting_likeness(look)
        return likeness is not None and likeness < config.contested_likeness

    def is_return(self, track: Track, candidate: Candidate) -> bool:
        """Whether a lost track comes back by this candidate, at whatever place within the gates."""
        cost = self._place_costs([track], [candidate]).get((0, 0), _GATED)
        return cost + self._look_cost(track, candidate, self.likeness(track, candidate)) < _GATED

    def may_be_return(self, track: Track, candidate: Candidate) -> bool:
        """Whether it is possible that a lost track comes back by this candidate, which is no clear case."""
        return (0, 0) in self._place_costs([track], [candidate]) and self.likeness(
            track, candidate
        ) >= self._config.possible_likeness

    def _place_costs(
        self, tracks: Sequence[Track], candidates: Sequence[Candidate]
    ) -> dict[tuple[int, int], float]:
        """How badly candidates continue tracks by place and size, by row and column, within the gates."""
        config, time_s = self._config, self._time_s
        places = [
            (column, one.detection.centre[0], one.detection.box, one.size_px)
            for column, one in enumerate(candidates)
        ]
        costs = {}
        for row, track in enumerate(tracks):
            predicted = track.predicted_box(time_s)
            size = track.size_px
            gate = config.gate_sizes + config.gate_growth_sizes_per_s * (time_s - track.detected_s)
            is_lost = self.is_lost(track)
            x = predicted[0] + predicted[2] / 2
            # Most of a frame's pairs are further apart, by any sizes. More than the gate, for rounding.
            reach_px = 1.01 * gate * config.gate_size_ratio * size
            if is_lost:  # from the middle of its way
                half_way = track.shift_unslowed(time_s)[0] / 2
                x, reach_px = track.last_box[0] + predicted[2] / 2 + half_way, reach_px + abs(half_way)
            for column, other_x, box, other in places:
                if abs(x - other_x) > reach_px:
                    continue
                larger, smaller = (size, other) if size > other else (other, size)
                if larger > config.gate_size_ratio * smaller:
                    continue
                place = self._place_on_way(track, box) if is_lost else predicted
                distance = centre_distance(place, box) / larger
                if distance <= gate:
                    cost = distance / gate + (1 - iou(place, box)) + math.log(larger / smaller)
                    if cost < _GATED:
                        costs[row, column] = cost
        return costs

    def _place_on_way(self, track: Track, box: Sequence[float]) -> tuple[float, float, float, float]:
        """The place of a lost track on its way that is nearest to ``box``: xywh."""
        x, y, width, height = track.last_box
        dx, dy = track.shift_unslowed(self._time_s)
        to_x, to_y = box[0] + box[2] / 2 - x - width / 2, box[1] + box[3] / 2 - y - height / 2
        along = min(1.0, max(0.0, (to_x * dx + to_y * dy) / max(1e-9, dx * dx + dy * dy)))
        return x + along * dx, y + along * dy, width, height

    def _look_cost(self, track: Track, candidate: Candidate, likeness: float) -> float:
        config = self._config
        if self.is_lost(track):
            box = candidate.detection.box
            place = self._place_on_way(track, box)
            is_very_like = likeness >= config.revive_likeness_alone
            if size_ratio(place, box) > config.revive_size_ratio and not is_very_like:
                return _GATED
            off = centre_distance(place, box) / max(track.size_px, candidate.size_px)
            long_s = max(0.0, self._time_s - track.detected_s - _SHORT_ABSENCE_S)
            least = (
                config.revive_likeness
                + config.revive_likeness_per_size * off
                + config.revive_likeness_per_s * long_s
            )
            is_sure = candidate.score >= config.revive_score and not likeness < least
            if not is_sure and not is_very_like:
                return _GATED
        elif likeness < self.least_likeness(track, config.same_likeness):
            return _GATED
        return 0.0 if math.isnan(likeness) else config.likeness_cost * (1 - likeness)

    def _is_known(self, track: Track) -> bool:
        """Whether its look is still fresh, in a frame in which nobody may have been replaced."""
        return (
            not self._scene.is_restless
            and not self._scene.is_relit
            and self._time_s - track.appearance.time_s < self._config.look_every_s
        )


def least_cost_pairs(costs: dict[tuple[int, int], float]) -> list[tuple[int, int]]:
    """The assignment of the least sum, a pair not made costing ``_GATED``.

    Pairs that have nobody else need no search, which is most of a frame.
    """
    alone = _alone(costs)
    if len(alone) == len(costs):
        return alone
    rivals = {pair: cost for pair, cost in costs.items() if pair not in alone}
    rows, columns = (sorted({pair[axis] for pair in rivals}) for axis in (0, 1))
    table = np.full((len(rows), len(columns)), _GATED)
    for (row, column), cost in rivals.items():
        table[rows.index(row), columns.index(column)] = cost
    found = ((rows[i], columns[j]) for i, j in linear_assignment(table) if table[i, j] < _GATED)
    return alone + list(found)


def _alone(pairs: Collection[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those pairs of a row and a column neither of which is in another one."""
    rows, columns = [row for row, _ in pairs], [column for _, column in pairs]
    return [pair for pair in pairs if rows.count(pair[0]) == columns.count(pair[1]) == 1]

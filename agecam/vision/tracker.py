"""Tracks: detections that belong to one person from frame to frame.

Each frame's detections are assigned to the tracks' predicted places at the least total cost, those of high
score first and those of low score only to continue what is there (after Zhang et al., "ByteTrack:
Multi-Object Tracking by Associating Every Detection Box", ECCV 2022). All limits are in seconds and in face
sizes, so that they hold for any frame rate and resolution.

Which detection continues which track is told by :mod:`agecam.vision.matching`. After a cut to another shot
nobody is continued, and the tracks of the shot before wait for a moment, in case that it comes back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Final

import numpy as np

from agecam.messages import Detection
from agecam.vision.appearance import Appearance
from agecam.vision.boxes import intersection_over_smaller, size_ratio
from agecam.vision.known_people import HiddenFace
from agecam.vision.matching import Candidate, Describe, Match, Matcher
from agecam.vision.occlusion import in_sight, is_about_to_be_hidden
from agecam.vision.rois import ExpectedFace
from agecam.vision.same_person import doubles, is_ear, known_again
from agecam.vision.scene_cut import Scene
from agecam.vision.track import Track
from agecam.vision.tracker_config import DEFAULT_CONFIG, TrackerConfig
from agecam.vision.verification import Verification, Verify
from agecam.vision.verification_schedule import due_for_verification

_FIRST_SCENE: Final = Scene()
_SEES_NOTHING: Final = Verification(0.0, None)


class Tracker:
    """Gives each person a number that stays through movement and short absence.

    Numbers count from 1 and are not given twice until :meth:`reset`. A track starts tentative; it is
    confirmed by a high score over some frames or by verification, which also rejects it.

    >>> tracker = Tracker()
    >>> for detections, time_s in frames:
    ...     tracks = tracker.update(detections, time_s, verify)
    """

    def __init__(self, config: TrackerConfig = DEFAULT_CONFIG) -> None:
        self._config = config
        self.reset()

    def reset(self) -> None:
        """Forget everybody: the source changed."""
        self._tracks: dict[int, Track] = {}
        self._ids = count(1)
        self._time_s = self._before_s = -np.inf
        self._scene = Scene()
        self._reported: list[Track] = []

    def update(
        self,
        detections: Sequence[Detection],
        time_s: float,
        verify: Verify | None = None,
        *,
        describe: Describe | None = None,
        scene: Scene = _FIRST_SCENE,
        carried: Sequence[Detection] = (),
        size_wh: tuple[int, int] | None = None,
    ) -> list[Track]:
        """The people of one frame, those just lost at their predicted places, in order of number.

        ``verify`` is called for up to ``verifications_per_frame`` tracks that it may confirm or reject, but
        not for those that have vanished: 27 of 28 times, on eight clips, it would detect nothing again.
        ``carried`` are more detections, carried on from the frame before: they look like themselves, so their
        looks do not count, and without ``describe`` none do. In another ``scene`` than before nobody is
        continued, but those who were in it. Who would be outside a frame of ``size_wh`` pixels is not
        reported any more. Raises :class:`ValueError` when time runs backwards.
        """
        if time_s < self._time_s:
            raise ValueError("time runs backwards: reset the tracker when the source changes")
        self._before_s, self._time_s = self._time_s, time_s
        if scene.number != self._scene.number:
            self._change_to(scene)
        self._scene = scene
        for track in self._tracks.values():
            track.begin_frame(time_s)
        matcher = Matcher(self._config.match, time_s, self._before_s, scene)
        # In a blank frame a face is hardly one.
        looked_at = {}
        if not scene.is_blank:
            describe_found = None if scene.is_mixed else describe
            candidates = [Candidate(one, describe_found) for one in detections]
            looked_at = self._assign_all(candidates + [Candidate(one) for one in carried], matcher)
        self._remove_aged()
        present = self._present()
        if not scene.is_blank:
            self._add_looks(looked_at, present)
            self._find_ears(present)
        if scene.is_mixed:
            # Every face is one of two, and looks like both: those of the shot before are gone when it is.
            for track in present:
                track.hold_until(time_s + self._config.mixed_hold_s)
        elif verify is not None:
            for track in due_for_verification(present, time_s, time_s - self._before_s, self._config):
                track.add_verification(_SEES_NOTHING if track.has_vanished else verify(track.face))
        self._join_doubles(present)
        self._recognize(present)
        self._reported = self._in_sight()
        if describe is not None:
            self._lose_sight(matcher, describe, size_wh)
        return self._reported

    def reported(self) -> list[Track]:
        """What :meth:`update` has returned, or what it would have after a :meth:`split`."""
        return self._reported

    def expected(self, time_s: float, scene: Scene = _FIRST_SCENE) -> list[ExpectedFace]:
        """Where those who are confirmed would be at ``time_s``, the longest undetected first."""
        confirmed = (
            track
            for track in self._tracks.values()
            if track.confirmed
            and track.scene == scene.number
            and time_s - track.present_s <= self._config.max_age_s
        )
        return [
            ExpectedFace(track.track_id, track.predicted(time_s), time_s - track.detected_s)
            for track in sorted(confirmed, key=lambda track: track.detected_s)
        ]

    def hidden(self) -> dict[int, HiddenFace]:
        """Where those who are confirmed, and not detected in this frame, would be, by number."""
        time_s = self._time_s
        return {
            track.track_id: HiddenFace(
                (track.predicted_box(time_s), track.box_unslowed(time_s)), time_s - track.detected_s
            )
            for track in self._present()
            if track.confirmed and not track.detected
        }

    def split(self, track: Track) -> Track:
        """Part a track, whose predictions have shown that it is somebody else now, from who it was.

        Those are lost since then and may come back. Returns the track of who it is now: somebody new, or who
        was lost there then.
        """
        del self._tracks[track.track_id]
        rival = track.rival
        before = track.split()
        if before is not None:
            self._tracks[before.track_id] = before
        if rival is not None and self._tracks.get(rival.track_id) is rival and not rival.detected:
            rival.take_over(track)
            track = rival
        else:
            track.tentative_id, track.track_id = track.track_id, next(self._ids)
            self._tracks[track.track_id] = track
        self._reported = self._in_sight()
        return track

    def _change_to(self, scene: Scene) -> None:
        mixed_new_s = self._config.mixed_new_s if scene.is_mixed and not self._scene.is_mixed else -1.0
        for track in self._tracks.values():
            if track.scene == scene.number:
                track.present_s = self._time_s
            elif self._time_s - track.started_s <= mixed_new_s:  # not a cut while shots mix
                track.scene, track.appearance = scene.number, Appearance()

    def _present(self) -> list[Track]:
        """The tracks of this scene, but for those who are gone."""
        # Of slow sources each frame is long after the last: who was in that one is not gone.
        oldest_s = min(self._before_s, self._time_s - self._config.hidden_max_age_s)
        scene = self._scene.number
        return [
            track for track in self._tracks.values() if track.present_s >= oldest_s and track.scene == scene
        ]

    def _assign_all(self, candidates: Sequence[Candidate], matcher: Matcher) -> dict[int, Candidate]:
        """Returns those whose look counts, by the number of their track."""
        config = self._config
        high = [one for one in candidates if one.score >= config.activation_threshold]
        low = [one for one in candidates if config.continue_score <= one.score < config.activation_threshold]
        present = self._present()
        lost = [track for track in present if track.confirmed and matcher.is_lost(track)]
        matches, unassigned = matcher.match(present, high)
        for match in matches:
            self._continue(match, matcher)
        undetected = [track for track in present if not track.detected] if low else ()
        more, _ = matcher.match(undetected, low)
        for match in more:
            self._continue(match, matcher)
        matches += more
        self._contest(matches, present, matcher)
        by_track = {match.track.track_id: match.candidate for match in matches}
        looked_at = {match.track.track_id for match in matches if match.is_looked_at}
        for one in unassigned:
            if not self._is_duplicate(one, present, matcher):
                track = Track(
                    next(self._ids), one.detection, self._time_s, config.track, scene=self._scene.number
                )
                self._tracks[track.track_id] = track
                present.append(track)
                by_track[track.track_id] = one
                looked_at.add(track.track_id)
        if lost:
            self._return_lost(lost, present, by_track, looked_at, matcher)
            self._drop_second_tracks([track for track in lost if track.detected], present)
        return {track_id: by_track[track_id] for track_id in looked_at}

    def _add_looks(self, looked_at: Mapping[int, Candidate], present: Sequence[Track]) -> None:
        for track_id, candidate in looked_at.items():
            look = candidate.look
            if look is not None:
                track = self._tracks[track_id]
                is_disturbed = is_about_to_be_hidden(track, present, self._time_s, self._config)
                track.appearance.add(look, self._time_s, is_disturbed=is_disturbed)

    def _continue(self, match: Match, matcher: Matcher) -> None:
        track = match.track
        if match.is_doubtful:
            track.suspect()
        elif track.fusion.is_suspect and matcher.is_as_before(track, match.candidate):
            track.acquit()
        track.add_detection(match.candidate.detection)

    def _contest(self, matches: Sequence[Match], present: Sequence[Track], matcher: Matcher) -> None:
        """Show no label while it is in doubt which of two people a face is, one of whom has just been lost.

        The predictions are to tell, unless looks do before.
        """
        just_lost = [
            one for one in present if one.confirmed and not one.detected and one.detected_s >= self._before_s
        ]
        for track, candidate, *_ in matches if just_lost else ():
            if track.rival is not None or not track.confirmed:
                continue
            rival = next((one for one in just_lost if matcher.is_contested(track, one, candidate)), None)
            if rival is not None:
                track.suspect()
                if track.fusion.is_suspect:
                    track.rival = rival

    def _return_lost(
        self,
        lost: Sequence[Track],
        present: Sequence[Track],
        by_track: dict[int, Candidate],
        looked_at: set[int],
        matcher: Matcher,
    ) -> None:
        """Give young tracks back to those lost ones that they turn out to be; hold those that may be."""
        config = self._config
        for young in present:
            if young.confirmed or not young.detected or self._time_s - young.started_s > config.young_s:
                continue
            candidate = by_track.get(young.track_id)
            if candidate is None:  # detected in a frame of the very same time
                continue
            gone_before = [one for one in lost if one.detected_s < young.started_s and not one.detected]
            returned = [one for one in gone_before if matcher.is_return(one, candidate)]
            if returned:
                track = max(returned, key=lambda one: matcher.likeness(one, candidate))
                track.add_detection(candidate.detection)
                track.tentative_id = young.track_id
                del self._tracks[young.track_id]
                by_track[track.track_id] = by_track.pop(young.track_id)
                looked_at.discard(young.track_id)
                looked_at.add(track.track_id)
            elif any(matcher.may_be_return(one, candidate) for one in gone_before):
                young.hold_until(young.started_s + config.hold_s)

    def _recognize(self, present: Sequence[Track]) -> None:
        """Give those confirmed in this frame the numbers of whom they look like who was lost before."""
        scene = self._scene.number
        new = [track for track in present if track.confirmed_s == self._time_s]
        if not new:
            return
        lost = [one for one in self._tracks.values() if one.confirmed and one.scene == scene]
        for track, known in known_again(new, lost, self._config.gone_likeness):
            number = track.track_id
            is_open = self._tracks.get(number) is track and self._tracks.get(known.track_id) is known
            if is_open and not track.has_resumed and track.resume(known):
                del self._tracks[number]
                self._tracks[known.track_id] = track

    def _join_doubles(self, present: Sequence[Track]) -> None:
        """Give a head that two tracks take turns in the number of the older one, and the better's boxes."""
        config = self._config
        pairs = doubles(
            present,
            self._time_s,
            within_s=config.max_coast_s,
            least_ios=config.duplicate_ios,
            least_size_ratio=config.match.revive_size_ratio,
            least_likeness=config.double_likeness,
        )
        for better, worse in list(pairs):
            if all(self._tracks.get(track.track_id) is track for track in (better, worse)):
                del self._tracks[better.track_id], self._tracks[worse.track_id]
                if worse.started_s < better.started_s:
                    better.renumber_as(worse)
                self._tracks[better.track_id] = better

    def _drop_second_tracks(self, returned: Sequence[Track], present: Sequence[Track]) -> None:
        """Who was taken for somebody new, until the one who had been lost there came back, is nobody."""
        config = self._config
        for track in present if returned else ():
            is_young = not track.confirmed and self._time_s - track.started_s <= config.young_s
            if is_young and not track.detected:
                box = track.predicted_box(self._time_s)
                if any(
                    intersection_over_smaller(box, one.predicted_box(self._time_s)) > config.duplicate_ios
                    for one in returned
                ):
                    del self._tracks[track.track_id]

    def _find_ears(self, present: Sequence[Track]) -> None:
        """Tell who may be an ear of somebody just detected.

        An ear is detected now and then, its box here and there; somebody beside or before a head steadily.
        """
        config, time_s = self._config, self._time_s
        tentative = [one for one in present if not (one.confirmed or one.is_on_head)]
        if not tentative:
            return
        heads = [one for one in present if one.confirmed and time_s - one.detected_s <= config.max_coast_s]
        for track in tentative:
            box = track.predicted_box(time_s)
            track.is_on_head = any(
                is_ear(box, head.predicted_box(time_s), config.ear_size, config.ear_reach) for head in heads
            )

    def _is_duplicate(self, candidate: Candidate, present: Sequence[Track], matcher: Matcher) -> bool:
        """Whether it lies on somebody just detected: one head found at two sizes is not two people.

        Who stands where somebody else was is none: of the same size, and of another look.
        """
        time_s, config, found = self._time_s, self._config, candidate.detection.box
        for track in present:
            if time_s - track.detected_s > config.max_coast_s:
                continue
            box = track.predicted_box(time_s)
            if intersection_over_smaller(box, found) <= config.duplicate_ios:
                continue
            is_sized_alike = size_ratio(box, found) <= config.match.gate_size_ratio
            least = matcher.least_likeness(track, config.match.same_likeness)
            is_replaced = not track.detected and matcher.likeness(track, candidate) < least
            if not (is_sized_alike and is_replaced):
                return True
        return False

    def _lose_sight(self, matcher: Matcher, describe: Describe, size_wh: tuple[int, int] | None) -> None:
        """Report those just lost only where they are still to be seen where they would be.

        Who is missed by the detector for a moment looks there as before. Where somebody or something has come
        before them no detection there would continue them, either; nor is there one of who has gone out of
        the frame, whose edge may look like them.
        """
        for track in self._reported:
            if track.confirmed and not track.detected:
                least = matcher.least_likeness(track, self._config.match.same_likeness)
                has_left = size_wh is not None and (
                    intersection_over_smaller(track.face.box, (0, 0, *size_wh)) < self._config.least_inside
                )
                track.is_out_of_sight = has_left or (
                    matcher.likeness(track, Candidate(track.face, describe)) < least
                )
        self._reported = [track for track in self._reported if track.detected or not track.is_out_of_sight]

    def _in_sight(self) -> list[Track]:
        """Those who are in this frame, and those just lost who may still be seen."""
        present = self._present()
        if self._scene.is_blank or self._scene.is_mixed:
            return [track for track in present if track.detected]
        return in_sight(present, self._time_s, self._config)

    def _remove_aged(self) -> None:
        aged = [
            track_id
            for track_id, track in self._tracks.items()
            if track.present_s < self._time_s and self._time_s - track.present_s > self._max_age_s(track)
        ]
        for track_id in aged:
            del self._tracks[track_id]

    def _max_age_s(self, track: Track) -> float:
        config = self._config
        if track.scene != self._scene.number:
            return config.other_scene_max_age_s
        return config.gone_max_age_s if track.confirmed else config.tentative_max_age_s

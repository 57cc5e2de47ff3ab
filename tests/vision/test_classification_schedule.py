"""New tracks are due at once, known ones in turn."""

from collections import Counter
from collections.abc import Callable

from agecam.messages import Detection, Estimate
from agecam.vision.classification_schedule import ClassificationSchedule, ClassificationScheduleConfig
from agecam.vision.track import Track, TrackConfig

MakeFace = Callable[..., Detection]


def tracks_of(face: MakeFace, count: int) -> list[Track]:
    return [Track(number, face(200 * number, 0), 0.0, TrackConfig()) for number in range(1, count + 1)]


def test_new_tracks_are_due_in_every_frame(face: MakeFace) -> None:
    schedule, tracks = ClassificationSchedule(), tracks_of(face, 6)
    for index in range(8):
        assert schedule.due(tracks, index / 25) == tracks
    assert [track.runs for track in tracks] == [8] * 6
    assert len(schedule.due(tracks, 8 / 25)) < 6


def test_known_tracks_have_their_turn_a_few_times_a_second_and_never_all_at_once(face: MakeFace) -> None:
    schedule, tracks = ClassificationSchedule(), tracks_of(face, 6)
    turns: Counter[int] = Counter()
    most = 0
    for index in range(60):
        due = schedule.due(tracks, index / 25)
        if index >= 10:
            turns.update(track.track_id for track in due)
            most = max(most, len(due))
    assert most <= 2
    assert all(7 <= turns[number] <= 9 for number in range(1, 7))


def test_settled_tracks_have_their_turn_twice_a_second_until_they_are_new_again(face: MakeFace) -> None:
    schedule, (track, other) = ClassificationSchedule(), tracks_of(face, 2)
    turns = [index for index in range(400) if track in schedule.due([track, other], index / 25)]
    assert 9 <= len([index for index in turns if 250 <= index < 375]) <= 11
    assert 18 <= len([index for index in turns if 50 <= index < 175]) <= 22
    track.runs = 0  # as Track.suspect does
    assert all(track in schedule.due([track, other], 16 + index / 25) for index in range(8))


def test_at_a_low_frame_rate_everybody_is_due(face: MakeFace) -> None:
    schedule, tracks = ClassificationSchedule(), tracks_of(face, 5)
    assert all(len(schedule.due(tracks, index / 4)) == 5 for index in range(16))


def test_a_predicted_face_is_never_due(face: MakeFace) -> None:
    tracks = tracks_of(face, 3)
    tracks[1].begin_frame(0.04)
    assert ClassificationSchedule().due(tracks, 0.04) == [tracks[0], tracks[2]]
    assert tracks[1].runs == 0


def test_the_limits_of_the_configuration_are_used(face: MakeFace) -> None:
    schedule = ClassificationSchedule(ClassificationScheduleConfig(new_until_runs=1, interval_s=1.0))
    (track,) = tracks_of(face, 1)
    due_at = [index / 25 for index in range(76) if schedule.due([track], index / 25)]
    assert due_at == [0.0, 1.0, 2.0, 3.0]


def test_reset_starts_time_anew(face: MakeFace) -> None:
    schedule = ClassificationSchedule()
    schedule.due(tracks_of(face, 1), 100.0)
    schedule.reset()
    assert len(schedule.due(tracks_of(face, 1), 0.0)) == 1


def test_a_gender_is_predicted_in_few_runs_once_it_is_certain_or_the_track_settled(
    face: MakeFace,
) -> None:
    schedule, (track, other) = ClassificationSchedule(), tracks_of(face, 2)
    genders: dict[int, list[bool]] = {1: [], 2: []}
    for index in range(400):
        for one in schedule.due([track, other], index / 25):
            genders[one.track_id].append(schedule.wants_gender(one))
            one.fusion.add(Estimate(30, 25, 36, 0.95 if one is track else 0.6), 1.0, one.face, index / 25)
    assert genders[1][:8] == [True] * 8
    assert genders[1][8:28] == [run % 4 == 0 for run in range(9, 29)]
    assert genders[2] == [run < 40 or run % 3 == 0 for run in range(1, 1 + len(genders[2]))]
    assert len(genders[2]) >= 40
    track.suspect()
    assert all(schedule.wants_gender(one) for one in schedule.due([track], 16.0))

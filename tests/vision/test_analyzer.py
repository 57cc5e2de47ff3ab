import contextlib
import itertools
from dataclasses import replace

import numpy as np
import pytest

from agecam.errors import ModelError, SourceLostError
from agecam.messages import Estimate, Frame
from agecam.opencv import cv2
from agecam.sources import open_source
from agecam.sources.prefetch import each_frame
from agecam.vision import analyzer as analyzer_module
from agecam.vision.align import TTA_VIEWS, view_matrix
from agecam.vision.analyzer import Analyzer, create_analyzer
from agecam.vision.classifier import LiteRtClassifier
from agecam.vision.detector import MediaPipeDetector
from agecam.vision.pyramid import Pyramid


@pytest.fixture
def analyzer(model_folder):
    with Analyzer(MediaPipeDetector(min_score=0.4), LiteRtClassifier(model_folder)) as analyzer:
        yield analyzer


def walk(scene, steps, fps=25.0):
    """Frames of a head that moves right by 6 pixels a frame."""
    for index in range(steps):
        yield Frame(scene((60 + 6 * index, 70)), index / fps, index)


def test_a_moving_person_gets_one_number_and_steady_answers(analyzer, scene):
    analyses = [analyzer.analyze(frame) for frame in walk(scene, 20)]
    assert {person.track_id for one in analyses for person in one.people} == {1}
    assert not analyses[0].people[0].confirmed
    assert all(one.people[0].confirmed for one in analyses[5:])
    assert all(person.estimate for one in analyses for person in one.people)
    runs = sum(person.raw is not None for one in analyses for person in one.people)
    assert 8 <= runs < 15
    assert analyses[-1].people[0].face.box[0] > analyses[0].people[0].face.box[0] + 90


def test_looks_at_a_face_are_classified_in_turn(scene):
    seen = []

    class Keeper:
        def classify(self, crops_gray):
            seen.extend(crops_gray)
            return [Estimate(30, 20, 40, 0.5)] * len(crops_gray)

    with Analyzer(MediaPipeDetector(min_score=0.4), Keeper()) as analyzer:
        for index in range(5):
            analyzer.analyze(Frame(scene((60, 70)), index / 25, index))
    for look, crop in zip((*TTA_VIEWS, TTA_VIEWS[0]), seen, strict=True):
        expected = cv2.warpAffine(seen[0], view_matrix(look), (128, 128), borderMode=cv2.BORDER_REPLICATE)
        assert np.abs(expected.astype(int) - crop)[8:-8, 8:-8].mean() < 3
    assert np.abs(seen[0].astype(int) - seen[1]).mean() > 10


def test_a_far_face_appears_within_half_a_second_and_stays(analyzer, astronaut_bgr):
    far = cv2.resize(astronaut_bgr, (150, 150), interpolation=cv2.INTER_AREA)  # a face 33 pixels wide
    image = np.full((720, 1280, 3), 120, np.uint8)
    image[180:330, 900:1050] = far
    assert not any(
        face.box[0] > 930 and face.box[2] < 60 for face in analyzer._detector.detect_frame(Pyramid(image), [])
    )
    confirmed = []
    for index in range(50):
        people = analyzer.analyze(Frame(image, index / 25, index)).people
        confirmed.append([person for person in people if person.confirmed])
    first = next(index for index, people in enumerate(confirmed) if people)
    assert first <= 13
    assert all(len(people) == 1 for people in confirmed[first:])
    assert {people[0].track_id for people in confirmed[first:]} == {confirmed[first][0].track_id}
    x, y, width, height = confirmed[-1][0].face.box
    assert 945 < x + width / 2 < 985
    assert 195 < y + height / 2 < 235


def test_an_analysis_holds_its_frame_and_the_time_of_each_stage(analyzer, scene):
    (frame,) = walk(scene, 1)
    analysis = analyzer.analyze(frame)
    assert analysis.frame is frame
    assert set(analysis.stages_ms) == {"detect", "align", "classify", "track"}
    assert all(value > 0 for value in analysis.stages_ms.values())


def answers(analyses):
    """All that an analysis says, but for the times it took; keypoints as lists, so that == compares them."""
    return [
        (
            one.frame.index,
            *(replace(p, face=replace(p.face, keypoints=p.face.keypoints.tolist())) for p in one.people),
        )
        for one in analyses
    ]


def test_frames_seen_ahead_get_the_very_answers_of_one_frame_after_the_other(analyzer, demo_clip):
    def frames():
        source = open_source(str(demo_clip))
        source.open()
        with contextlib.closing(source):
            yield from itertools.islice(each_frame(source), 0, 120, 3)

    one_by_one = answers(analyzer.analyze(frame) for frame in frames())
    assert any(people for _, *people in one_by_one)
    analyzer.reset()
    assert answers(analyzer.analyze_all(frames())) == one_by_one


def test_what_ends_the_frames_early_comes_after_all_answers(analyzer, scene):
    def broken():
        yield from walk(scene, 5)
        raise SourceLostError("gone")

    analyses = analyzer.analyze_all(broken())
    assert [next(analyses).frame.index for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(SourceLostError, match="gone"):
        next(analyses)


def test_frames_seen_ahead_may_be_given_up_at_any_time(analyzer, scene):
    with contextlib.closing(analyzer.analyze_all(walk(scene, 20))) as analyses:
        next(analyses)
    analyzer.reset()
    assert len(list(analyzer.analyze_all(walk(scene, 1)))) == 1
    assert list(analyzer.analyze_all([])) == []


def test_a_close_up_is_followed_by_the_near_network(analyzer, astronaut_bgr):
    close_up = cv2.resize(astronaut_bgr[60:190, 170:290], (600, 650), interpolation=cv2.INTER_CUBIC)
    people = [analyzer.analyze(Frame(np.asarray(close_up), index / 25, index)).people for index in range(12)]
    assert [person.track_id for person in people[-1]] == [1]
    assert people[-1][0].confirmed


def test_frames_may_be_read_only(analyzer, scene):
    for frame in walk(scene, 3):
        frame.image_bgr.flags.writeable = False
        assert len(analyzer.analyze(frame).people) == 1


def test_an_empty_frame_has_no_people(analyzer):
    assert analyzer.analyze(Frame(np.zeros((480, 640, 3), np.uint8), 0.0, 0)).people == ()


def test_reset_starts_numbers_and_time_anew(analyzer, scene):
    frames = list(walk(scene, 5))
    first = [analyzer.analyze(frame).people[0] for frame in frames]
    analyzer.reset()
    again = [analyzer.analyze(frame).people[0] for frame in frames]
    assert [person.track_id for person in again] == [person.track_id for person in first]
    assert [person.confirmed for person in again] == [person.confirmed for person in first]
    assert again[-1].estimate == first[-1].estimate


def test_a_photograph_is_answered_at_once_from_left_to_right(analyzer, scene):
    found = analyzer.analyze_image(scene((380, 60), (40, 60)))
    assert [face.box[0] < 300 for face, _ in found] == [True, False]
    left, right = (estimate for _, estimate in found)
    assert left.age == pytest.approx(right.age, abs=3)


def test_a_photograph_between_frames_leaves_the_tracks_alone(analyzer, scene, hopper_bgr):
    frames = list(walk(scene, 6))
    for frame in frames[:5]:
        analyzer.analyze(frame)
    assert len(analyzer.analyze_image(hopper_bgr)) == 1
    assert [person.track_id for person in analyzer.analyze(frames[5]).people] == [1]


def far_face(astronaut_bgr):
    picture = np.full((1000, 1600, 3), 120, np.uint8)
    picture[600:760, 1200:1360] = cv2.resize(astronaut_bgr, (160, 160), interpolation=cv2.INTER_AREA)
    return picture


def test_photographs_are_searched_for_far_faces(analyzer, astronaut_bgr):
    picture = far_face(astronaut_bgr)
    assert len(analyzer.analyze_image(picture)) == 1
    assert analyzer.analyze(Frame(picture, 0.0, 0)).people == ()


def test_missing_models_are_an_error_before_any_detector_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr("agecam.vision.classifier.models_dir", lambda: tmp_path)
    monkeypatch.setattr(analyzer_module, "MediaPipeDetector", lambda **_: pytest.fail("loaded a detector"))
    with pytest.raises(ModelError, match=r"manifest\.json"):
        create_analyzer()


@pytest.mark.parametrize("runtime", ["litert", "keras"])
def test_create_analyzer_runs_the_engine_asked_for(model_folder, monkeypatch, hopper_bgr, runtime):
    for module in ("classifier", "keras_classifier"):
        monkeypatch.setattr(f"agecam.vision.{module}.models_dir", lambda: model_folder)
    with create_analyzer(runtime=runtime) as analyzer:
        ((_, estimate),) = analyzer.analyze_image(hopper_bgr)
    assert 0 <= estimate.age_low <= estimate.age <= estimate.age_high <= 100

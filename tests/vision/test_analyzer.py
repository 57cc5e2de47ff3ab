"""From frames to people: one number each, fused estimates, and the same whatever the way of reading."""

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from threading import Semaphore

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.errors import ModelError, SourceLostError
from agecam.messages import Analysis, Detection, Estimate, Frame
from agecam.opencv import cv2
from agecam.runtime import Runtime
from agecam.sources import open_source
from agecam.sources.prefetch import each_frame
from agecam.vision.align import TTA_VIEWS, view_matrix
from agecam.vision.analyzer import (
    Analyzer,
    AnalyzerConfig,
    create_analyzer,
    create_detector,
)
from agecam.vision.boxes import iou
from agecam.vision.classifier import LiteRtClassifier
from agecam.vision.detector import FrameDetections, MediaPipeDetector
from agecam.vision.look_back import LookBack, LookBackConfig
from agecam.vision.pyramid import Pyramid, Roi
from agecam.vision.rois import RoiConfig, RoiRequest, TileConfig

Image = NDArray[np.uint8]
MakeScene = Callable[..., Image]


@pytest.fixture
def analyzer(model_folder: Path) -> Iterator[Analyzer]:
    with create_analyzer(models=model_folder) as analyzer:
        yield analyzer


class Recorder:
    """A classifier that keeps the crops it is given and says the same of each."""

    def __init__(self) -> None:
        self.crops: list[Image] = []

    def classify(self, *views: Image, with_gender: Sequence[bool] | None = None) -> list[Estimate]:
        self.crops.extend(views[0])
        return [Estimate(30, 20, 40, 0.5)] * len(views[0])


def walk(scene: MakeScene, steps: int, fps: float = 25.0) -> Iterator[Frame]:
    """Frames of a head that moves right by 6 pixels a frame."""
    for index in range(steps):
        yield Frame(scene((60 + 6 * index, 70)), index / fps, index)


def test_a_moving_person_gets_one_number_and_an_estimate(analyzer: Analyzer, scene: MakeScene) -> None:
    analyses = [analyzer.analyze(frame) for frame in walk(scene, 20)]
    assert {person.track_id for one in analyses for person in one.people} == {1}
    assert not analyses[0].people[0].confirmed
    assert all(one.people[0].confirmed for one in analyses[5:])
    assert all(person.estimate for one in analyses for person in one.people)
    runs = sum(person.raw is not None for one in analyses for person in one.people)
    assert 8 <= runs < 15
    assert analyses[-1].people[0].face.box[0] > analyses[0].people[0].face.box[0] + 90


def test_views_of_a_face_are_classified_in_turn(scene: MakeScene) -> None:
    recorder = Recorder()
    with Analyzer(create_detector(), recorder) as analyzer:
        for index in range(5):
            analyzer.analyze(Frame(scene((60, 70)), index / 25, index))
    plain = recorder.crops[0]
    for view, crop in zip((*TTA_VIEWS, TTA_VIEWS[0]), recorder.crops, strict=True):
        expected = cv2.warpAffine(plain, view_matrix(view), (128, 128), borderMode=cv2.BORDER_REPLICATE)
        assert np.abs(expected.astype(int) - crop)[8:-8, 8:-8].mean() < 3
    assert np.abs(plain.astype(int) - recorder.crops[1]).mean() > 10


def test_a_far_face_appears_within_half_a_second_and_stays(
    analyzer: Analyzer, detector: MediaPipeDetector, astronaut_bgr: Image
) -> None:
    far = cv2.resize(astronaut_bgr, (150, 150), interpolation=cv2.INTER_AREA)  # a face 33 pixels wide
    image = np.full((720, 1280, 3), 120, np.uint8)
    image[180:330, 900:1050] = far
    assert not any(face.box[0] > 930 for face in detector.detect_frame(Pyramid(image), []).faces)
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


def test_without_tiles_a_far_face_stays_undetected(astronaut_bgr: Image) -> None:
    image = np.full((720, 1280, 3), 120, np.uint8)
    image[180:330, 900:1050] = cv2.resize(astronaut_bgr, (150, 150), interpolation=cv2.INTER_AREA)
    tiles = TileConfig(per_s=0, known_per_s=0)
    config = AnalyzerConfig(tiles=tiles, rois=RoiConfig(short_range_every_s=1e9))
    with Analyzer(create_detector(), Recorder(), config) as analyzer:
        analyses = [analyzer.analyze(Frame(image, index / 25, index)) for index in range(1, 20)]
    assert [person for one in analyses for person in one.people if person.confirmed] == []


def test_an_analysis_holds_its_frame_and_the_time_of_each_stage(analyzer: Analyzer, scene: MakeScene) -> None:
    (frame,) = walk(scene, 1)
    analysis = analyzer.analyze(frame)
    assert analysis.frame is frame
    assert set(analysis.stages_ms) == {"detect", "align", "classify", "track"}
    assert all(value > 0 for value in analysis.stages_ms.values())


def results(analyses: Iterable[Analysis]) -> list[tuple[object, ...]]:
    """All of an analysis but the times it took; keypoints as bytes, so that == compares them."""
    return [
        (
            one.frame.index,
            *(
                (
                    p.track_id,
                    p.face.box,
                    p.face.score,
                    p.face.keypoints.tobytes(),
                    p.estimate,
                    p.raw,
                    p.confirmed,
                )
                for p in one.people
            ),
        )
        for one in analyses
    ]


def test_detection_ahead_gives_the_very_results_of_one_frame_after_the_other(
    analyzer: Analyzer, demo_clip: Path
) -> None:
    def frames() -> Iterator[Frame]:
        source = open_source(str(demo_clip))
        source.open()
        with contextlib.closing(source):
            yield from itertools.islice(each_frame(source), 0, 120, 3)

    one_by_one = results(LookBack().fill(analyzer.analyze(frame) for frame in frames()))
    assert any(people for _, *people in one_by_one)
    analyzer.reset()
    assert results(analyzer.analyze_all(frames())) == one_by_one


def test_the_first_frames_of_a_film_are_labelled_too(analyzer: Analyzer, scene: MakeScene) -> None:
    analyses = list(analyzer.analyze_all(walk(scene, 8)))
    assert [one.frame.index for one in analyses] == list(range(8))
    assert all(person.confirmed for one in analyses for person in one.people)
    assert {person.track_id for one in analyses for person in one.people} == {1}
    assert all(person.estimate for one in analyses for person in one.people)


@pytest.mark.parametrize(("fps", "labelled"), [(25, 3), (5, 1), (1, 1)])
def test_the_first_label_comes_soon_at_any_frame_rate(
    analyzer: Analyzer, astronaut_bgr: Image, fps: float, labelled: int
) -> None:
    """Within 0.4 s at 5 frames a second, in the second frame at 1."""
    people = [
        analyzer.analyze(Frame(astronaut_bgr, index / fps, index)).people for index in range(labelled + 1)
    ]
    assert [person.confirmed for person in people[labelled]] == [True]
    assert people[labelled][0].estimate is not None


def test_after_a_cut_everybody_is_new_in_the_first_frame(
    analyzer: Analyzer, astronaut_bgr: Image, hopper_bgr: Image
) -> None:
    """One head in the other's place, at the same size."""
    first = np.ascontiguousarray(astronaut_bgr[0:256, 96:352])
    second = np.asarray(cv2.resize(hopper_bgr[0:500, 20:520], (256, 256)), np.uint8)
    shots = [first] * 12 + [second] * 12
    people = [analyzer.analyze(Frame(one, i / 25, i)).people for i, one in enumerate(shots)]
    assert {person.track_id for one in people[:12] for person in one} == {1}
    assert {person.track_id for one in people[12:] for person in one} == {2}
    assert people[11][0].confirmed
    assert not any(person.confirmed for person in people[12])
    assert people[23][0].confirmed


def test_from_half_of_a_dissolve_on_a_film_shows_the_next_one_as_in_frames_of_their_own(
    analyzer: Analyzer, astronaut_bgr: Image, hopper_bgr: Image
) -> None:
    first = np.ascontiguousarray(astronaut_bgr[0:256, 96:352])
    second = np.asarray(cv2.resize(hopper_bgr[0:500, 20:520], (256, 256)), np.uint8)
    shares = [min(1.0, max(0.0, (i - 14) / 12)) for i in range(40)]
    mixed = [cv2.addWeighted(first, 1 - share, second, share, 0.0) for share in shares]
    frames = [Frame(np.asarray(one, np.uint8), i / 25, i) for i, one in enumerate(mixed)]
    people = [one.people for one in analyzer.analyze_all(frames)]
    assert [[person.confirmed for person in one] for one in people[23:]] == [[True]] * 17
    (before,), (after,) = ({one[0].track_id for one in some} for some in (people[:15], people[23:]))
    assert before != after
    # The models see no mixture of two people, nor does an estimate change for one.
    assert [one[0].raw for one in people[23:26]] == [None] * 3
    assert {one[0].estimate for one in people[23:26]} == {people[26][0].estimate}


def test_empty_scenery_after_a_cut_has_no_boxes(analyzer: Analyzer, scene: MakeScene) -> None:
    hills = np.linspace(60, 200, 640, dtype=np.uint8)[None, :, None].repeat(360, 0).repeat(3, 2)
    head = scene((60, 70))
    frames = [head] * 10 + [np.ascontiguousarray(hills)] * 10
    people = [analyzer.analyze(Frame(one, i / 25, i)).people for i, one in enumerate(frames)]
    assert all(people[2:10])
    assert people[10:] == [()] * 10


def test_what_ends_the_frames_early_comes_after_all_analyses(analyzer: Analyzer, scene: MakeScene) -> None:
    def broken() -> Iterator[Frame]:
        yield from walk(scene, 5)
        raise SourceLostError("gone")

    analyses = analyzer.analyze_all(broken())
    assert [next(analyses).frame.index for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(SourceLostError, match="gone"):
        next(analyses)


def test_analysing_all_frames_may_be_given_up_at_any_time(analyzer: Analyzer, scene: MakeScene) -> None:
    with contextlib.closing(analyzer.analyze_all(walk(scene, 20))) as analyses:
        next(analyses)
    analyzer.reset()
    (again,) = analyzer.analyze_all(walk(scene, 1))
    assert [person.track_id for person in again.people] == [1]
    assert list(analyzer.analyze_all([])) == []


def test_no_more_frames_are_read_ahead_than_configured(scene: MakeScene) -> None:
    read = []

    def frames() -> Iterator[Frame]:
        for frame in walk(scene, 10):
            read.append(frame.index)
            yield frame

    config = AnalyzerConfig(frames_ahead=4, look_back=LookBackConfig(most_frames=0))
    with (
        Analyzer(create_detector(), Recorder(), config) as analyzer,
        contextlib.closing(analyzer.analyze_all(frames())) as analyses,
    ):
        next(analyses)
        assert read == [0, 1, 2, 3, 4]


def test_an_analysis_that_is_given_up_waits_for_nobody_and_can_begin_anew(
    scene: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames that are searched wait for who is known in earlier ones, which are not tracked any more."""
    detector, searched = create_detector(), Semaphore(0)
    detect = detector.detect_frame_concurrently

    def counted(
        pyramid: Pyramid, rois: Callable[[], Sequence[Roi]], *, whole: bool = True
    ) -> FrameDetections:
        searched.release()
        return detect(pyramid, rois, whole=whole)

    monkeypatch.setattr(detector, "detect_frame_concurrently", counted)
    config = AnalyzerConfig(frames_ahead=6, look_back=LookBackConfig(most_frames=0))
    with Analyzer(detector, Recorder(), config) as analyzer:
        with contextlib.closing(analyzer.analyze_all(walk(scene, 12, fps=10))) as analyses:
            next(analyses)
            assert all(searched.acquire(timeout=10) for _ in range(5))
        analyzer.reset()
        assert [len(one.people) for one in analyzer.analyze_all(walk(scene, 12))] == [1] * 12


def test_a_close_up_is_tracked_by_the_short_range_network(analyzer: Analyzer, astronaut_bgr: Image) -> None:
    close_up = cv2.resize(astronaut_bgr[60:190, 170:290], (600, 650), interpolation=cv2.INTER_CUBIC)
    people = [analyzer.analyze(Frame(np.asarray(close_up), index / 25, index)).people for index in range(12)]
    assert [person.track_id for person in people[-1]] == [1]
    assert people[-1][0].confirmed
    assert iou(people[-1][0].face.box, (40, 50, 500, 550)) > 0.5


def test_frames_may_be_read_only(analyzer: Analyzer, scene: MakeScene) -> None:
    for frame in walk(scene, 3):
        frame.image_bgr.flags.writeable = False
        assert len(analyzer.analyze(frame).people) == 1


def test_an_empty_frame_has_no_people(analyzer: Analyzer) -> None:
    assert analyzer.analyze(Frame(np.zeros((480, 640, 3), np.uint8), 0.0, 0)).people == ()


def test_reset_starts_numbers_and_time_anew(analyzer: Analyzer, scene: MakeScene) -> None:
    frames = list(walk(scene, 5))
    first = results(analyzer.analyze(frame) for frame in frames)
    analyzer.reset()
    assert results(analyzer.analyze(frame) for frame in frames) == first


@pytest.mark.parametrize("runtime", ["litert", "keras"])
def test_create_analyzer_runs_the_models_of_a_folder_by_the_runtime_asked_for(
    model_folder: Path, hopper_bgr: Image, runtime: Runtime
) -> None:
    with create_analyzer(runtime=runtime, models=model_folder) as analyzer:
        ((_, estimate),) = analyzer.analyze_image(hopper_bgr)
    with Analyzer(create_detector(), LiteRtClassifier(model_folder)) as reference:
        ((_, expected),) = reference.analyze_image(hopper_bgr)
    assert (estimate.age, estimate.female) == pytest.approx((expected.age, expected.female), abs=2e-3)


def test_missing_models_are_an_error_before_any_detector_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"manifest\.json"):
        create_analyzer(models=tmp_path)


@pytest.mark.parametrize(("newcomer", "expected"), [(False, (0, 1)), (True, (1, 0))])
def test_who_is_missed_is_searched_by_the_full_range_network_while_somebody_is_in_doubt(
    scene: MakeScene, newcomer: bool, expected: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    detector, faces, asked = create_detector(), list[Detection](), list[tuple[int, int]]()

    def redetect(pyramid: Pyramid, request: RoiRequest) -> list[Detection]:
        asked.append((len(request.rois), len(request.near_rois)))
        return []

    with Analyzer(detector, Recorder()) as analyzer:
        found = detector.detect_frame(Pyramid(scene((40, 60), (400, 60))), []).faces
        one, other = sorted(found, key=lambda face: face.box[0])
        monkeypatch.setattr(detector, "detect_frame", lambda *_, **__: FrameDetections(faces))
        monkeypatch.setattr(detector, "redetect", redetect)
        for index in range(24):
            faces[:] = [one] * (index < 22) + [other] * (newcomer and index >= 20)
            image = scene((40 + index, 60), (400 + index, 60))
            analyzer.analyze(Frame(image, index / 25, index))
    assert next(counts for counts in asked if any(counts)) == expected

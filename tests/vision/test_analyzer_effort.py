"""What is known already costs little: fewer runs of the networks, and the same people."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.commands.scene import FacesScene
from agecam.messages import Frame
from agecam.vision.analyzer import Analyzer, AnalyzerConfig, create_classifier, create_detector
from agecam.vision.boxes import iou
from agecam.vision.detector import FrameDetections
from agecam.vision.frame_schedule import FrameScheduleConfig
from agecam.vision.pyramid import Pyramid, Roi

Image = NDArray[np.uint8]
MakeScene = Callable[..., Image]
FPS = 30.0


@pytest.fixture
def analyzer() -> Iterator[Analyzer]:
    with Analyzer(create_detector(), create_classifier("litert")) as made:
        yield made


def full_range_runs(analyzer: Analyzer) -> float:
    return analyzer.network_usage()["full_range"].runs


def test_a_still_scene_with_a_known_face_costs_a_third(analyzer: Analyzer, scene: MakeScene) -> None:
    """Of a run on each whole frame and 16 tiles a second."""
    image = scene((60, 70))
    runs, labelled = [], []
    for index in range(90):
        before = full_range_runs(analyzer)
        people = analyzer.analyze(Frame(image, index / FPS, index)).people
        runs.append(full_range_runs(analyzer) - before)
        labelled.append([person.track_id for person in people if person.confirmed])
    assert sum(runs[60:]) <= (30 + 16) / 3
    assert labelled[10:] == [[1]] * 80


def test_the_short_range_network_runs_once_a_second_in_a_still_scene(
    analyzer: Analyzer, scene: MakeScene
) -> None:
    image = scene((60, 70))
    for index in range(120):
        if index == 60:
            before = analyzer.network_usage()["short_range"].runs
        analyzer.analyze(Frame(image, index / FPS, index))
    assert analyzer.network_usage()["short_range"].runs - before == 2


def test_who_enters_a_still_scene_is_found_within_a_fifth_of_a_second(
    analyzer: Analyzer, scene: MakeScene
) -> None:
    alone, both = scene((40, 70)), scene((40, 70))
    both[:, both.shape[1] // 2 :] = scene((40 + both.shape[1] // 2, 70))[:, both.shape[1] // 2 :]
    numbers = []
    for index in range(56):
        image = alone if index < 45 else both
        people = analyzer.analyze(Frame(image, index / FPS, index)).people
        numbers.append(len(people))
    assert numbers[10:45] == [1] * 35
    assert 2 in numbers[45 : 45 + 6]


def test_faces_too_far_for_the_whole_frame_are_labelled_though_not_every_one_is_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    detector, scene = create_detector(), FacesScene(20)
    detect_frame, searched = detector.detect_frame, list[Pyramid]()

    def counted(pyramid: Pyramid, rois: Sequence[Roi], *, whole: bool = True) -> FrameDetections:
        searched.append(pyramid)
        return detect_frame(pyramid, rois, whole=whole)

    monkeypatch.setattr(detector, "detect_frame", counted)
    labelled = []
    scene.open()
    with Analyzer(detector, create_classifier("litert")) as analyzer:
        for index in range(90):
            if index == 60:
                searched.clear()
            frame = scene.read()
            assert frame is not None
            labelled.append(sum(person.confirmed for person in analyzer.analyze(frame).people))
    assert sum(labelled[60:]) >= 16 * 30
    assert len(searched) <= 22


def test_people_who_are_carried_on_are_where_detection_finds_them(scene: MakeScene) -> None:
    boxes = []
    for every_s in (FrameScheduleConfig().every_s, 0.0):
        frames = FrameScheduleConfig(every_s=every_s, still_every_s=every_s)
        with Analyzer(
            create_detector(), create_classifier("litert"), AnalyzerConfig(frames=frames)
        ) as analyzer:
            analyses = [
                analyzer.analyze(Frame(scene((60 + 3 * index, 70)), index / FPS, index))
                for index in range(30)
            ]
            boxes.append([one.people[0].face.box for one in analyses])
            assert {person.track_id for one in analyses for person in one.people} == {1}
    assert min(iou(one, other) for one, other in zip(*boxes, strict=True)) > 0.9


def test_after_a_cut_a_frame_is_searched_though_it_was_not_due(analyzer: Analyzer, scene: MakeScene) -> None:
    for index in range(40):
        analyzer.analyze(Frame(scene((60, 70)), index / FPS, index))
    other = np.ascontiguousarray(255 - scene((60, 70))[::-1])
    before = full_range_runs(analyzer)
    assert analyzer.analyze(Frame(other, 40 / FPS, 40)).people == ()
    assert full_range_runs(analyzer) > before

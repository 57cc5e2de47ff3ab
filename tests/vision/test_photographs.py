"""Still images: searched, numbered from left to right, confirmed at once, analysed once."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.messages import Estimate, Frame
from agecam.opencv import cv2
from agecam.vision.analyzer import Analyzer, create_analyzer, create_detector
from agecam.vision.boxes import iou
from agecam.vision.photographs import PhotographAnalyzer, PhotographConfig

Image = NDArray[np.uint8]
MakeScene = Callable[..., Image]


class Counter:
    """A classifier that counts how often it is run, and on how many views of each face."""

    def __init__(self) -> None:
        self.views: list[int] = []

    def classify(self, *views: Image, with_gender: Sequence[bool] | None = None) -> list[Estimate]:
        self.views.append(len(views))
        return [Estimate(30, 20, 40, 0.5)] * len(views[0])


@pytest.fixture
def analyzer(model_folder: Path) -> Iterator[Analyzer]:
    with create_analyzer(models=model_folder) as analyzer:
        yield analyzer


@pytest.fixture
def far(astronaut_bgr: Image) -> Image:
    """A face that only a search detects."""
    image = np.full((1000, 1600, 3), 120, np.uint8)
    image[600:760, 1200:1360] = cv2.resize(astronaut_bgr, (160, 160), interpolation=cv2.INTER_AREA)
    return image


def still(image: Image, index: int = 0, time_s: float = 0.0) -> Frame:
    return Frame(image, time_s, index, is_still=True)


def test_people_are_numbered_from_left_to_right_and_confirmed_at_once(
    analyzer: Analyzer, scene: MakeScene
) -> None:
    image = scene((380, 60), (40, 60))
    analysis = analyzer.analyze(still(image))
    left, right = analysis.people
    assert (left.track_id, right.track_id) == (1, 2)
    assert left.face.box[0] < 300 < right.face.box[0]
    assert left.confirmed
    assert right.confirmed
    assert [(p.face.box, p.estimate, p.raw) for p in analysis.people] == [
        (face.box, estimate, estimate) for face, estimate in analyzer.analyze_image(image)
    ]
    assert set(analysis.stages_ms) == {"detect", "align", "classify"}
    assert all(value > 0 for value in analysis.stages_ms.values())


def test_an_image_alone_gives_faces_from_left_to_right(analyzer: Analyzer, scene: MakeScene) -> None:
    found = analyzer.analyze_image(scene((380, 60), (40, 60)))
    assert [face.box[0] < 300 for face, _ in found] == [True, False]
    left, right = (estimate for _, estimate in found)
    assert left.age == pytest.approx(right.age, abs=3)


def test_still_images_are_searched_for_far_faces_and_frames_are_not(analyzer: Analyzer, far: Image) -> None:
    (person,) = analyzer.analyze(still(far)).people
    assert iou(person.face.box, (1256, 622, 31, 34)) > 0.4
    assert analyzer.analyze(Frame(far, 0.0, 0)).people == ()


def test_an_image_that_is_held_is_analysed_once_with_all_views(scene: MakeScene) -> None:
    counter, image = Counter(), scene((40, 60))
    with Analyzer(create_detector(), counter) as analyzer:
        first, second = (analyzer.analyze(still(image, index, index / 5)) for index in range(2))
        assert counter.views == [4]
        assert second.people is first.people
        assert (second.frame.index, second.stages_ms) == (1, {})
        analyzer.analyze(still(image.copy(), 2, 0.4))
        assert counter.views == [4, 4]
        analyzer.reset()
        analyzer.analyze(still(image))
        assert counter.views == [4, 4, 4]


def test_a_face_of_a_large_group_is_classified_on_fewer_views(scene: MakeScene) -> None:
    counter, config = Counter(), PhotographConfig(all_views_faces=1)
    with create_detector() as detector:
        photographs = PhotographAnalyzer(detector, counter, config)
        assert len(photographs.search(scene((380, 60), (40, 60)))) == 2
        assert len(photographs.search(scene((40, 60)))) == 1
    assert counter.views == [2, 4]


def test_analysing_all_frames_handles_still_images(scene: MakeScene, far: Image) -> None:
    counter = Counter()
    frames = [still(far), still(far, 1), Frame(scene((40, 60)), 0.08, 2), still(far, 3)]
    with Analyzer(create_detector(), counter) as analyzer:
        analyses = list(analyzer.analyze_all(frames))
        assert [one.frame for one in analyses] == frames
        assert counter.views == [4, 1]
        assert analyses[0].people == analyses[1].people == analyses[3].people
        ((far_person,), (walker,)) = analyses[0].people, analyses[2].people
        assert far_person.confirmed
        assert not walker.confirmed


def test_an_image_between_frames_leaves_the_tracks_alone(
    analyzer: Analyzer, scene: MakeScene, hopper_bgr: Image
) -> None:
    frames = [Frame(scene((60 + 6 * index, 70)), index / 25, index) for index in range(6)]
    for frame in frames[:5]:
        analyzer.analyze(frame)
    assert len(analyzer.analyze_image(hopper_bgr)) == 1
    assert len(analyzer.analyze(still(hopper_bgr)).people) == 1
    assert [person.track_id for person in analyzer.analyze(frames[5]).people] == [1]

"""Which images of a person are kept, and what ends it."""

import queue
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.live.background import BackgroundTasks
from agecam.live.collect import CollectConfig, CollectedPerson, Collector, TrueLabel, face_image
from agecam.live.notices import Notices
from agecam.messages import Detection, Frame, Person
from agecam.opencv import cv2
from agecam.vision.detector import MediaPipeDetector
from train.data.crops import align_with_margin, find_labelled_face

ANNA = TrueLabel("Anna", 34)


class Writer:
    """Does the work when it is told to."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def __call__(self, work: Callable[[], None]) -> None:
        self._waiting.put(work)

    def finish(self) -> None:
        while not self._waiting.empty():
            self._waiting.get()()


class Desk:
    """A collector that keeps images in ``folder``, of a face that frames show where they are told to."""

    def __init__(self, folder: Path) -> None:
        self.writer = Writer()
        self.notices = Notices(lambda: None)
        self.collector = Collector(self.notices, self.writer, lambda: None, CollectConfig())
        self.collector.use(folder)

    def show(self, time_s: float, *, size: float = 100.0, turn: float = 0.0, track: int = 1) -> None:
        image = np.full((720, 1280, 3), 60, np.uint8)
        self.collector.observe(Frame(image, time_s, 0), [Person(track, face(size, turn), None, None)])

    def taken(self) -> int:
        running = self.collector.state().running
        return running[0].taken if running else 0

    def told(self) -> list[str]:
        self.writer.finish()
        return [notice.text for notice in self.notices.take()]


def face(size: float = 100.0, turn: float = 0.0, left: float = 400.0) -> Detection:
    points = np.array([[0.3, 0.4], [0.7, 0.4], [0.5 + turn, 0.6], [0.5, 0.8]]) * size + (left, 300.0)
    return Detection((left, 300.0, size, size), 0.9, points.astype(np.float32))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "faces")


def test_of_a_person_who_sits_still_images_are_taken_slowly_and_of_one_who_moves_quickly(desk: Desk) -> None:
    desk.collector.start(1, ANNA, 60, has_consent=True)
    for number in range(150):  # 6 s at 25 frames a second
        desk.show(number / 25)
    still = desk.taken()
    assert still == 4, "at once, and then every 1.5 s"
    for number in range(150, 300):
        desk.show(number / 25, turn=0.15 * np.sin(number / 4), size=100 + 60 * np.sin(number / 17))
    assert desk.taken() - still > 12


def test_collecting_ends_with_the_number_that_was_wanted(desk: Desk, tmp_path: Path) -> None:
    desk.collector.start(1, ANNA, 3, has_consent=True)
    for number in range(10):
        desk.show(2.0 * number)
    assert desk.told() == [f"Images of Anna collected: 3, in {tmp_path / 'faces'}."]
    assert desk.collector.state().running == ()
    assert desk.collector.state().people == (CollectedPerson("Anna", 3),)
    assert len(list((tmp_path / "faces" / "anna").iterdir())) == 3


def test_collecting_ends_when_the_person_has_gone(desk: Desk) -> None:
    desk.collector.start(1, ANNA, 60, has_consent=True)
    desk.show(0.0)
    for time_s in (5.0, 11.0):
        desk.show(time_s, track=2)
    assert desk.told() == [
        f"Images of Anna collected: 1, in {desk.collector.state().folder}. The person is out of view."
    ]


@pytest.mark.parametrize(
    ("label", "consent"), [(ANNA, False), (TrueLabel("Anna"), True), (TrueLabel("", 34), True)]
)
def test_nothing_is_collected_without_consent_or_a_label(desk: Desk, label: TrueLabel, consent: bool) -> None:
    with pytest.raises(ValueError, match="consent"):
        desk.collector.start(1, label, 60, has_consent=consent)
    desk.show(0.0)
    assert desk.collector.state().running == ()


def test_while_faces_are_hidden_nobody_is_collected_and_nothing_begins(desk: Desk) -> None:
    desk.collector.start(1, ANNA, 60, has_consent=True)
    desk.show(0.0)
    desk.collector.hide_faces(True)
    assert desk.collector.state().running == ()
    desk.collector.start(1, ANNA, 60, has_consent=True)
    desk.show(2.0)
    assert desk.collector.state().running == ()
    desk.collector.hide_faces(False)
    desk.collector.start(1, ANNA, 60, has_consent=True)
    desk.show(4.0)
    assert desk.taken() == 1


def test_far_hidden_and_cut_faces_are_left_out(desk: Desk) -> None:
    desk.collector.start(1, ANNA, 60, has_consent=True)
    frame = Frame(np.full((720, 1280, 3), 60, np.uint8), 0.0, 0)
    for one, others in ((face(30), []), (face(left=-20), []), (face(), [face(left=450)])):
        people = [Person(number, found, None, None) for number, found in enumerate([one, *others], 1)]
        desk.collector.observe(frame, people)
    assert desk.taken() == 0


def test_what_is_deleted_is_not_collected_any_more(desk: Desk) -> None:
    desk.collector.start(1, ANNA, 60, has_consent=True)
    desk.show(0.0)
    desk.collector.remove("Anna")
    desk.show(3.0)
    assert desk.told() == []
    assert desk.collector.state().people == ()
    assert not list((desk.collector.state().folder or Path()).glob("**/*.jpg"))


def test_what_was_asked_for_before_the_end_is_done(tmp_path: Path) -> None:
    tasks = BackgroundTasks()
    collector = Collector(Notices(lambda: None), lambda work: tasks.run("collect", work), lambda: None)
    collector.use(tmp_path)
    collector.start(1, ANNA, 60, has_consent=True)
    collector.observe(Frame(np.zeros((720, 1280, 3), np.uint8), 0.0, 0), [Person(1, face(), None, None)])
    tasks.run("collect", lambda: time.sleep(0.2))
    collector.remove_all()
    collector.close()
    tasks.close()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_ends_it_with_one_message(tmp_path: Path) -> None:
    (tmp_path / "faces").write_text("a file stands there")
    desk = Desk(tmp_path / "faces")
    desk.told()
    desk.collector.start(1, ANNA, 60, has_consent=True)
    desk.show(0.0)
    desk.show(2.0)
    assert len(desk.told()) == 1
    assert desk.collector.state().running == ()


def test_an_image_has_its_face_in_the_middle_and_training_makes_a_like_crop_of_it(
    astronaut_bgr: NDArray[np.uint8],
) -> None:
    with MediaPipeDetector() as detector:
        (found,) = detector.detect(astronaut_bgr)
        image = face_image(astronaut_bgr, found)
        again = find_labelled_face(image, detector)
    assert image.shape[0] == image.shape[1]
    assert again is not None
    assert again.centre == pytest.approx((image.shape[1] / 2, image.shape[0] / 2), abs=5)
    crops = [align_with_margin(*pair).astype(float) for pair in ((astronaut_bgr, found), (image, again))]
    assert np.corrcoef(crops[0].ravel(), crops[1].ravel())[0, 1] > 0.85, "but for the detector's jitter"


def test_the_faces_of_others_are_covered_and_large_images_made_smaller() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (720, 1280, 3), np.uint8)
    image = face_image(noise, face(300, left=300), [face(150, left=610)])
    assert image.shape == (512, 512, 3)
    scale = 512 / 660
    covered = image[
        round(180 * scale) + 4 : round(330 * scale) - 4, round(490 * scale) + 4 : round(640 * scale) - 4
    ]
    assert covered.size
    assert np.ptp(cv2.cvtColor(covered, cv2.COLOR_BGR2GRAY)) <= 1
    assert np.ptp(image[100:300, 100:300]) > 100

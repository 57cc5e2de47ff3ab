from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.drawing.annotate import mirror_people
from agecam.messages import Person

Image = NDArray[np.uint8]
MakePerson = Callable[..., Person]


def test_people_are_where_they_are_in_the_mirror_image(person: MakePerson) -> None:
    one, other = person(40, 70, 100, track_id=3), person(300, 80, 50, track_id=5, confirmed=False)
    first, second = mirror_people([one, other], 512)
    assert first.face.box == (372, 70, 100, 100)
    assert second.face.box == (162, 80, 50, 50)
    assert (first.track_id, first.estimate, first.confirmed) == (3, one.estimate, True)
    assert (second.track_id, second.confirmed, second.face.score) == (5, False, other.face.score)


def test_keypoints_are_on_the_same_pixels_and_the_left_eye_of_the_image_stays_first(
    astronaut_bgr: Image, person: MakePerson
) -> None:
    one = person(170, 70, 100)
    (seen,) = mirror_people([one], astronaut_bgr.shape[1])
    mirror = astronaut_bgr[:, ::-1]
    assert seen.face.keypoints.dtype == np.float32
    for place, index in enumerate((1, 0, 2, 3)):
        x, y = one.face.keypoints[index].astype(int)
        mirrored_x, mirrored_y = seen.face.keypoints[place].astype(int)
        assert (mirror[mirrored_y, mirrored_x] == astronaut_bgr[y, x]).all()
    assert seen.face.keypoints[0, 0] < seen.face.keypoints[1, 0]


def test_a_mirror_of_the_mirror_is_what_was_there(person: MakePerson) -> None:
    one = person(40.25, 70.5, 99.75)
    (back,) = mirror_people(mirror_people([one], 512), 512)
    assert back.face.box == pytest.approx(one.face.box)
    assert back.face.keypoints == pytest.approx(one.face.keypoints)

import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from agecam.drawing.label_layout import Box, LabelSpot, PlacedLabel, place_labels

SIZE = (100, 26)
IMAGE_SIZE = (1280, 720)
GAP_PX = 4


def place(faces: Sequence[Box], *, before: dict[int, int] | None = None) -> list[PlacedLabel]:
    """A label for each face, numbered from 0."""
    labels = [LabelSpot(track_id, box, SIZE) for track_id, box in enumerate(faces)]
    return place_labels(labels, faces, IMAGE_SIZE, GAP_PX, before=before)


def hair_of(face: Box) -> Box:
    x, y, width, height = face
    return x, y - 0.45 * height, width, 0.45 * height


def box_of(label: PlacedLabel) -> Box:
    return label.x, label.y, *SIZE


def common_area(one: Box, other: Box) -> float:
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(0.0, width) * max(0.0, height)


def test_a_label_stands_under_its_face_where_nothing_is_in_the_way() -> None:
    assert place([(200, 300, 120, 120)]) == [PlacedLabel(0, 210, 300 + 120 + GAP_PX, 0)]


def test_no_labels_need_no_places() -> None:
    assert place_labels([], [(0, 0, 50, 50)], IMAGE_SIZE, GAP_PX) == []


@pytest.mark.parametrize("corner", [(0, 0), (-60, -60), (1200, 0), (1250, 650), (0, 650), (600, -30)])
def test_a_label_is_inside_the_image_wherever_its_face_is(corner: tuple[int, int]) -> None:
    (label,) = place([(*corner, 100, 100)])
    assert 0 <= label.x <= IMAGE_SIZE[0] - SIZE[0]
    assert 0 <= label.y <= IMAGE_SIZE[1] - SIZE[1]


def test_labels_keep_off_faces_and_each_other_where_there_is_room() -> None:
    faces = [(120.0 + 130 * i, 300.0 + 40 * (i % 2), 100.0, 100.0) for i in range(8)]
    boxes = [box_of(label) for label in place(faces)]
    assert [common_area(label, face) for label, face in itertools.product(boxes, faces)] == [0.0] * 64
    assert [common_area(a, b) for a, b in itertools.combinations(boxes, 2)] == [0.0] * 28


def test_a_label_keeps_off_faces_that_have_none() -> None:
    face, other = (200.0, 300.0, 100.0, 100.0), (190.0, 402.0, 120.0, 105.0)
    (label,) = place_labels([LabelSpot(7, face, SIZE)], [face, other], IMAGE_SIZE, GAP_PX)
    assert label.track_id == 7
    assert common_area(box_of(label), other) == 0
    assert common_area(box_of(label), face) == 0


def test_a_position_is_kept_until_another_is_clearly_better() -> None:
    random = np.random.default_rng(2)
    kept: dict[int, int] | None = None
    alone, following = [], []
    for _ in range(60):
        # The hair of the lower face reaches just so far into the upper one's label that either side will do.
        faces = [(500.0, 308.0, 100.0, 100.0), (500.0, 465 + random.normal(0, 3), 80.0, 80.0)]
        upper = [LabelSpot(0, faces[0], (60, 26))]
        alone.append(place_labels(upper, faces, IMAGE_SIZE, GAP_PX)[0].position)
        (label,) = place_labels(upper, faces, IMAGE_SIZE, GAP_PX, before=kept)
        kept = {0: label.position}
        following.append(label.position)

    def hops(positions: list[int]) -> int:
        return sum(a != b for a, b in itertools.pairwise(positions))

    assert hops(alone) > 5
    assert hops(following) <= 1


def test_a_position_that_covers_a_face_is_left() -> None:
    free, covered = (200.0, 300.0, 120.0, 120.0), (190.0, 424.0, 140.0, 46.0)
    (label,) = place_labels([LabelSpot(0, free, SIZE)], [free, covered], IMAGE_SIZE, GAP_PX, before={0: 0})
    assert label.position != 0
    assert common_area(box_of(label), covered) == 0


def test_the_layout_depends_on_nothing_but_what_it_is_given() -> None:
    faces = [(120.0 + 60 * i, 300.0, 100.0, 100.0) for i in range(8)]
    before = {3: 2, 5: 4}
    assert place(faces, before=before) == place(faces, before=before)
    assert before == {3: 2, 5: 4}

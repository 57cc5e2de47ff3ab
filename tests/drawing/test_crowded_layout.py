"""Layouts of many labels: nothing is covered where there is room, in any image, and nothing hops."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from agecam.drawing.label_layout import Box, LabelSpot, PlacedLabel, place_labels

GAP_PX = 4


@dataclass(frozen=True)
class Scene:
    """Faces in an image, and how large their labels are."""

    faces: tuple[Box, ...]
    image_wh: tuple[int, int] = (1280, 720)
    label_wh: tuple[int, int] = (100, 30)

    def place(
        self, before: Mapping[int, int] | None = None, faces: Sequence[Box] | None = None
    ) -> list[PlacedLabel]:
        faces = self.faces if faces is None else faces
        labels = [LabelSpot(number, face, self.label_wh) for number, face in enumerate(faces)]
        return place_labels(labels, faces, self.image_wh, GAP_PX, before=before)

    def rects(self, placed: Sequence[PlacedLabel]) -> list[Box]:
        return [(one.x, one.y, *self.label_wh) for one in placed]


def grid(columns: int, rows: int, step: tuple[float, float], size: float) -> tuple[Box, ...]:
    """Faces in rows, every other shifted by half a step, as people stand for a photograph."""
    return tuple(
        (90 + step[0] * (column + 0.5 * (row % 2)), 90 + step[1] * row, size, size)
        for row in range(rows)
        for column in range(columns)
    )


def common_area(one: Box, other: Box) -> float:
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(0.0, width) * max(0.0, height)


def hair_of(face: Box) -> Box:
    x, y, width, height = face
    return x, y - 0.4 * height, width, 0.4 * height


ROOMY = {
    "one": Scene(((600, 300, 150, 150),)),
    "ten in a row, labels wider than faces": Scene(grid(10, 1, (106, 0), 60)),
    "ten shoulder to shoulder, labels as wide as two": Scene(grid(10, 1, (70, 0), 50)),
    "two rows": Scene(grid(8, 2, (130, 170), 70)),
    "a wall of thirty": Scene(grid(8, 4, (140, 160), 60)),
    "cheek to cheek": Scene(((500, 300, 120, 120), (622, 310, 120, 120), (744, 300, 120, 120))),
    "one in front of the other": Scene(((500, 300, 80, 80), (520, 390, 120, 120))),
    "in all four corners": Scene(
        ((0, 30, 90, 90), (1190, 30, 90, 90), (0, 630, 90, 90), (1190, 630, 90, 90))
    ),
    "half out of the image": Scene(((-40, 300, 90, 90), (1240, 300, 90, 90), (600, 680, 90, 90))),
    "4K, far and near": Scene(
        ((300, 500, 60, 60), (420, 500, 70, 70), (1500, 600, 900, 900), (2500, 700, 300, 300)),
        (3840, 2160),
        (220, 70),
    ),
    "tiny": Scene(((30, 30, 30, 30), (100, 30, 30, 30)), (160, 120), (60, 24)),
}


@pytest.mark.parametrize("name", ROOMY)
def test_nothing_is_covered_where_there_is_room(name: str) -> None:
    scene = ROOMY[name]
    rects = scene.rects(scene.place())
    width, height = scene.image_wh
    assert all(0 <= x <= width - w and 0 <= y <= height - h for x, y, w, h in rects)
    assert [common_area(*pair) for pair in itertools.combinations(rects, 2)] == [0] * (
        len(rects) * (len(rects) - 1) // 2
    ), "labels"
    assert max(common_area(rect, face) for rect in rects for face in scene.faces) == 0, "faces"


@pytest.mark.parametrize("name", ["one", "two rows", "half out of the image", "4K, far and near"])
def test_hair_is_not_covered_where_there_is_room(name: str) -> None:
    scene = ROOMY[name]
    rects = scene.rects(scene.place())
    assert max(common_area(rect, hair_of(face)) for rect in rects for face in scene.faces) == 0


@pytest.mark.parametrize("name", ROOMY)
def test_labels_stay_near_their_faces(name: str) -> None:
    scene = ROOMY[name]
    for (x, y, width, height), face in zip(scene.rects(scene.place()), scene.faces, strict=True):
        reach = 2 * height + 0.5 * face[3]
        around = (face[0] - reach, face[1] - reach, face[2] + 2 * reach, face[3] + 2 * reach)
        assert common_area((x, y, width, height), around) > 0


@pytest.mark.parametrize("name", ROOMY)
def test_labels_stay_where_they_are_while_boxes_tremble(name: str) -> None:
    scene, chance = ROOMY[name], np.random.default_rng(3)
    first = {one.track_id: one.position for one in scene.place()}
    for _ in range(50):
        # By half a pixel: filtered boxes tremble by a thousandth of their width.
        moves = chance.normal(0, 0.5, (len(scene.faces), 2))
        faces = [(x + dx, y + dy, w, h) for (x, y, w, h), (dx, dy) in zip(scene.faces, moves, strict=True)]
        assert {one.track_id: one.position for one in scene.place(first, faces)} == first


def test_the_order_of_people_moves_no_label() -> None:
    scene = ROOMY["ten shoulder to shoulder, labels as wide as two"]
    before = {one.track_id: one.position for one in scene.place()}
    labels = [LabelSpot(number, face, scene.label_wh) for number, face in enumerate(scene.faces)]
    placed = place_labels(labels[::-1], scene.faces, scene.image_wh, GAP_PX, before=before)
    assert {one.track_id: one.position for one in placed} == before


def test_who_walks_past_another_moves_one_label_at_most_twice() -> None:
    scene = Scene(())
    positions: dict[int, int] = {}
    hops = 0
    for step in range(120):
        faces = [(600.0, 300.0, 90.0, 90.0), (300.0 + 6 * step, 390.0, 90.0, 90.0)]
        placed = scene.place(positions, faces)
        hops += sum(positions.get(one.track_id, one.position) != one.position for one in placed)
        positions = {one.track_id: one.position for one in placed}
        one, other = scene.rects(placed)
        assert common_area(one, other) == 0
    assert hops <= 2


def test_where_there_is_no_room_the_own_face_is_covered_least() -> None:
    (label,) = Scene(((0, 0, 320, 180),), (320, 180), (100, 30)).place()
    assert 0 <= label.x <= 220
    assert label.y == 150, "the chin, not the eyes"


def test_a_label_larger_than_its_image_begins_at_its_corner() -> None:
    (label,) = Scene(((10, 10, 12, 12),), (32, 24), (100, 30)).place()
    assert (label.x, label.y) == (0, 0)


def test_of_many_in_a_heap_no_label_lies_on_another() -> None:
    chance = np.random.default_rng(1)
    faces = tuple(
        (float(x), float(y), 40.0, 40.0) for x, y in chance.uniform([300, 200], [1000, 600], (25, 2))
    )
    scene = Scene(faces, label_wh=(60, 24))
    rects = scene.rects(scene.place())
    assert max(common_area(*pair) for pair in itertools.combinations(rects, 2)) == 0

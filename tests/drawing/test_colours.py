"""Each person in view has a colour of his own, which can be told from the others and stays."""

import itertools
import random
from collections.abc import Callable

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from agecam.drawing.annotate import Annotator
from agecam.drawing.colours import PALETTE, TrackColours
from agecam.messages import Person

MakePerson = Callable[..., Person]

SIGHT = {
    "normal": np.eye(3),
    "protanope": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranope": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanope": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
"""What is seen of linear RGB: Machado, Oliveira and Fernandes, 2009, of full severity."""


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_can_be_told_apart_with_any_colour_vision(sight: str) -> None:
    rgb = np.array(PALETTE)[:, ::-1] / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(SIGHT[sight]).T, 0, 1)
    lab = rgb2lab(np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055))
    differences = [float(deltaE_ciede2000(one, other)) for one, other in itertools.combinations(lab, 2)]
    assert min(differences) > 10


def test_every_colour_shows_on_the_dark_plate() -> None:
    lightness = rgb2lab(np.array(PALETTE)[:, ::-1] / 255)[:, 0]
    assert lightness.min() > 40


@pytest.mark.parametrize("people", range(1, len(PALETTE) + 1))
def test_as_many_people_as_there_are_colours_have_one_each(people: int) -> None:
    colours = TrackColours().update([7 * track_id for track_id in range(people)])
    assert len(set(colours.values())) == people


def test_two_whose_numbers_are_a_whole_palette_apart_have_two_colours() -> None:
    colours = TrackColours().update([3, 3 + len(PALETTE), 3 + 6])
    assert len(set(colours.values())) == 3


def test_a_colour_stays_while_its_person_is_in_view_whoever_comes_and_goes() -> None:
    colours, chance = TrackColours(), random.Random(4)
    first = colours.update([1])[1]
    for _ in range(300):
        others = chance.sample(range(2, 100), chance.randint(0, 9))
        now = colours.update([*others, 1])
        assert now[1] == first
        assert len(set(now.values())) == len(now)


def test_a_new_person_gets_the_colour_that_has_been_out_of_view_for_longest() -> None:
    colours = TrackColours()
    everybody = list(range(len(PALETTE)))
    given = dict(colours.update(everybody))
    colours.update([one for one in everybody if one != 4])
    colours.update([one for one in everybody if one not in (4, 2)])
    rest = [one for one in everybody if one not in (4, 2)]
    assert colours.update([*rest, 50])[50] == given[4]
    assert colours.update([*rest, 50, 51])[51] == given[2]


def test_who_comes_back_has_his_colour_again_unless_it_was_given_away() -> None:
    colours = TrackColours()
    given = dict(colours.update([1, 2]))
    colours.update([2])
    colours.update([])
    assert colours.update([2, 1]) == given
    crowd = list(range(10, 10 + len(PALETTE)))
    colours.update(crowd)
    now = colours.update([*crowd[:-1], 1])
    assert len(set(now.values())) == len(PALETTE)


def test_more_people_than_colours_share_them_evenly() -> None:
    people = 2 * len(PALETTE) + 3
    shares = [list(TrackColours().update(range(people)).values()).count(colour) for colour in PALETTE]
    assert sorted(shares) == [2] * 7 + [3] * 3


def test_nobody_is_remembered_after_a_reset() -> None:
    colours = TrackColours()
    first = colours.update([1])[1]
    assert colours.update([1, 2])[2] != first
    colours.reset()
    assert colours.update([2])[2] == first


def test_boxes_and_bars_have_the_colours_of_their_people(person: MakePerson) -> None:
    people: list[Person] = [person(20 + 150 * i, 100, 80, track_id=10 * i) for i in range(8)]
    drawn = Annotator().draw(np.zeros((360, 1240, 3), np.uint8), people, 0.0)
    found = [
        {colour for colour in PALETTE if (drawn[:, 15 + 150 * i : 105 + 150 * i] == colour).all(axis=2).any()}
        for i in range(8)
    ]
    assert [len(one) for one in found] == [1] * 8
    assert len(set.union(*found)) == 8

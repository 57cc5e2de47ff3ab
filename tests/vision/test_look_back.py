"""Whoever is confirmed has been there before, in the frames that were held back."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from agecam.errors import SourceLostError
from agecam.messages import Analysis, Detection, Estimate, Frame, Person
from agecam.vision.look_back import LookBack, LookBackConfig

MakeFace = Callable[..., Detection]
MakeAnalyses = Callable[..., list[Analysis]]

_IMAGE = np.zeros((90, 160, 3), np.uint8)


@pytest.fixture
def analyses(face: MakeFace) -> MakeAnalyses:
    """Makes analyses of frames from what each track is in each: ``"t"`` tentative, ``"c"`` confirmed, or not
    there."""

    def make(*tracks: str, fps: float = 25.0) -> list[Analysis]:
        return [
            Analysis(
                Frame(_IMAGE, index / fps, index),
                tuple(
                    Person(
                        number + 1,
                        face(10, 10),
                        Estimate(30.0 + index, 20, 50, 0.5),
                        None,
                        confirmed=states[index] == "c",
                    )
                    for number, states in enumerate(tracks)
                    if states[index] != " "
                ),
            )
            for index in range(len(tracks[0]))
        ]

    return make


def states(analyses: list[Analysis], tracks: int = 1) -> list[str]:
    """What :func:`analyses` took."""
    of = [{one.track_id: "c" if one.confirmed else "t" for one in each.people} for each in analyses]
    return ["".join(frame.get(number + 1, " ") for frame in of) for number in range(tracks)]


def filled(analyses: list[Analysis], config: LookBackConfig | None = None) -> list[Analysis]:
    result = list(LookBack(config or LookBackConfig()).fill(analyses))
    assert [one.frame.index for one in result] == list(range(len(analyses)))
    return result


def test_the_first_frames_are_filled_in(analyses: MakeAnalyses) -> None:
    result = filled(analyses("tttccc"))
    assert states(result) == ["cccccc"]
    ages = [one.people[0].estimate.age for one in result if one.people[0].estimate is not None]
    assert ages == [33, 33, 33, 33, 34, 35]  # the estimate that confirmed them


def test_of_a_slow_source_the_frame_before_is_filled_in(analyses: MakeAnalyses) -> None:
    assert states(filled(analyses("tccc", fps=1))) == ["cccc"]


def test_who_turns_out_to_be_somebody_known_is_filled_in_under_that_number(analyses: MakeAnalyses) -> None:
    frames = analyses("cc   ccc", "  ttt   ")
    (back,) = frames[5].people
    frames[5] = replace(frames[5], people=(replace(back, tentative_id=2),))
    assert states(filled(frames), 2) == ["cccccccc", " " * 8]


def test_frames_in_which_it_was_in_doubt_who_somebody_is_stay_so(analyses: MakeAnalyses) -> None:
    assert states(filled(analyses("cccttccc", " tttcccc")), 2) == ["cccttccc", " ccccccc"]


def test_who_comes_later_is_filled_in_and_leaves_others_alone(analyses: MakeAnalyses) -> None:
    result = filled(analyses("cccccccc", "  tttccc", "tttttttt"), LookBackConfig(most_frames=4))
    assert states(result, 3) == ["cccccccc", "  cccccc", "tttttttt"]


def test_who_is_never_confirmed_stays_tentative_and_is_waited_for_only_at_first(
    analyses: MakeAnalyses,
) -> None:
    read: list[int] = []

    def reading() -> Iterator[Analysis]:
        for one in analyses("t" * 60):
            read.append(one.frame.index)
            yield one

    held = []
    for one in LookBack().fill(reading()):
        assert not one.people[0].confirmed
        held.append(read[-1] - one.frame.index)
    assert max(held) == 15
    assert held[30] == 0


def test_who_is_lost_before_is_not_waited_for(analyses: MakeAnalyses) -> None:
    assert states(filled(analyses("tt    ttcc")), 1) == ["tt    cccc"]


def test_no_more_frames_and_bytes_are_held_than_configured(analyses: MakeAnalyses) -> None:
    few = LookBackConfig(most_frames=3)
    assert states(filled(analyses("tttttccc"), few)) == ["ttcccccc"]
    small = LookBackConfig(most_bytes=2 * _IMAGE.nbytes)
    assert states(filled(analyses("tttttccc"), small)) == ["tttccccc"]
    assert states(filled(analyses("tttttccc"), LookBackConfig(most_frames=0))) == ["tttttccc"]


def test_nothing_is_held_where_nobody_is_tentative(analyses: MakeAnalyses) -> None:
    source = iter(analyses("cccc"))
    first = next(LookBack().fill(source))
    assert first.frame.index == 0
    assert next(source).frame.index == 1


def test_an_error_comes_after_all_that_was_held(analyses: MakeAnalyses) -> None:
    def broken() -> Iterator[Analysis]:
        yield from analyses("ttt")
        raise SourceLostError("gone")

    rest = LookBack().fill(broken())
    assert [next(rest).frame.index for _ in range(3)] == [0, 1, 2]
    with pytest.raises(SourceLostError, match="gone"):
        next(rest)

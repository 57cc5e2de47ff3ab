import pytest

from agecam.drawing.label_text import LabelStyle, gender_word, group_probability, label_texts
from agecam.messages import Estimate
from agecam.vision.age_groups import age_group

ESTIMATE = Estimate(34.4, 28.2, 41.0, 0.93)


@pytest.mark.parametrize(
    ("female", "word"), [(1.0, "female"), (0.75, "female"), (0.7, "?"), (0.3, "?"), (0.2, "male")]
)
def test_gender_words(female: float, word: str) -> None:
    assert gender_word(female) == word


@pytest.mark.parametrize(
    ("age", "group"),
    [
        (0, (0, 2)),
        (2.4, (0, 2)),
        (2.6, (3, 9)),
        (29.4, (20, 29)),
        (29.6, (30, 39)),
        (69.4, (60, 69)),
        (70, (70, None)),
        (100, (70, None)),
    ],
)
def test_a_group_is_that_of_the_printed_age(age: float, group: tuple[int, int | None]) -> None:
    assert age_group(age) == group


def test_a_group_is_as_probable_as_the_interval_says() -> None:
    # An 80 % interval from one end of the group to the other: 80 % of the ages.
    assert group_probability(Estimate(34.5, 29.5, 39.5, 0.5)) == pytest.approx(0.8, abs=0.001)
    assert group_probability(Estimate(34.5, 14.5, 54.5, 0.5)) < 0.3
    assert group_probability(Estimate(30.0, 30.0, 30.0, 0.5)) == pytest.approx(1)
    assert group_probability(Estimate(0.5, 0.0, 1.5, 0.5)) > 0.9
    assert group_probability(Estimate(85, 75, 93, 0.5)) > 0.9


@pytest.mark.parametrize(
    ("style", "large", "small"),
    [
        (LabelStyle(), "34", ("28–41", "female")),
        (LabelStyle(show_confidence=True), "34", ("28–41", "female 93 %")),
        (LabelStyle("group"), "30–39", ("female",)),
        (LabelStyle("group", show_confidence=True), "30–39", ("68 %", "female 93 %")),
        (LabelStyle("group", show_gender=False), "30–39", ()),
        (LabelStyle("none", show_interval=False), "female", ()),
        (LabelStyle("none", show_interval=False, show_gender=False), "", ()),
    ],
)
def test_a_label_has_what_its_style_asks_for(style: LabelStyle, large: str, small: tuple[str, ...]) -> None:
    assert label_texts(ESTIMATE, style) == (large, small)


def test_a_gender_in_doubt_has_no_probability() -> None:
    doubtful = Estimate(34.4, 28.2, 41.0, 0.6)
    assert label_texts(doubtful, LabelStyle(show_confidence=True))[1] == ("28–41", "?")


def test_nothing_is_ever_printed_as_certain() -> None:
    certain = Estimate(34.5, 34.4, 34.6, 1.0)
    assert label_texts(certain, LabelStyle("group", show_confidence=True)) == (
        "30–39",
        ("99 %", "female 99 %"),
    )


@pytest.mark.parametrize(
    ("style", "large", "small"),
    [
        (LabelStyle(), "?", ("20–51", "male")),
        (LabelStyle(show_interval=False), "?", ("male",)),
        (LabelStyle("group"), "?", ("20–51", "male")),
        (LabelStyle("group", show_interval=False), "?", ("male",)),
        (LabelStyle("group", show_confidence=True), "?", ("20–51", "male 97 %")),
        (LabelStyle("none"), "20–51", ("male",)),
    ],
)
def test_an_age_that_may_lie_over_thirty_years_apart_is_a_question_mark_and_its_interval(
    style: LabelStyle, large: str, small: tuple[str, ...]
) -> None:
    assert label_texts(Estimate(34.4, 20.1, 50.9, 0.03), style) == (large, small)


@pytest.mark.parametrize(
    ("low", "high", "large"), [(20.4, 50.4, "34"), (20.4, 50.6, "?"), (19.6, 50.4, "34")]
)
def test_thirty_years_are_those_that_are_printed(low: float, high: float, large: str) -> None:
    assert label_texts(Estimate(34.4, low, high, 0.03), LabelStyle())[0] == large


def test_the_oldest_group_is_open() -> None:
    assert label_texts(Estimate(82, 74, 90, 0.1), LabelStyle("group"))[0] == "70+"

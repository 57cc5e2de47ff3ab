"""Cells and folder names say ages, genders and splits, and what says none is told."""

import pytest

from train.data.labels import (
    SPLITS,
    LabelOptions,
    Labels,
    folder_labels,
    parse_age,
    parse_gender,
    parse_split,
    parse_uncertain_age,
)
from train.errors import DataError


@pytest.mark.parametrize(
    ("text", "ages"),
    [
        ("34", (34, 34)),
        (" 34,5 ", (34.5, 34.5)),
        ("34.5", (34.5, 34.5)),
        ("20-29", (20, 29)),
        ("20 – 29", (20, 29)),
        ("20 to 29", (20, 29)),
        ("(25, 32)", (25, 32)),
        ("70+", (70, 100)),
        ("more than 70", (70, 100)),
        (">= 45", (45, 100)),
        ("<=60", (0, 60)),
        ("34 years", (34, 34)),
        ("34 years old", (34, 34)),
        ("20-29 Jahre", (20, 29)),
        *(("32 ans", (32, 32)), ("32 yo", (32, 32)), ("70+ years", (70, 100)), ("18 months", (1.5, 1.5))),
        *(("20 bis 29", (20, 29)), ("20s", (20, 29)), ("(20, 30]", (21, 30)), ("[20.0, 30.0)", (20, 29))),
        *(("(19.999, 30.0]", (20, 30)), ("<10", (0, 9)), ("under 10", (0, 9)), ("≤10", (0, 10))),
        *((">70", (70, 100)), ("70 and over", (70, 100)), ("über 70", (70, 100)), ("70 et plus", (70, 100))),
        ("", (None, None)),
        ("nan", (None, None)),
        ("N/A", (None, None)),
        ("?", (None, None)),
    ],
)
def test_ages_are_read_as_they_are_written(text: str, ages: tuple[float | None, float | None]) -> None:
    assert parse_age(text) == ages


@pytest.mark.parametrize("text", ["-3", "200", "40-30", "3o", "20-", "inf", "1e", "12,3,4", "<0", "2000s"])
def test_what_is_not_an_age_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=rf"^age is .*: '{text}'$"):
        parse_age(text)


def test_an_age_may_be_uncertain() -> None:
    assert parse_uncertain_age("45-52~3") == (45, 52, 3)
    assert parse_uncertain_age("50~2,5") == (50, 50, 2.5)
    assert parse_uncertain_age("50") == (50, 50, None)
    for text in ("45~old", "45~0", "45~"):
        with pytest.raises(ValueError, match="no number of years behind ~"):
            parse_uncertain_age(text)


@pytest.mark.parametrize(
    ("text", "female"),
    [
        *(
            (text, True)
            for text in (
                "f",
                "F",
                "female",
                " Female ",
                "woman",
                "women",
                "girl",
                "W",
                "weiblich",
                "Frauen",
                "femme",
            )
        ),
        *((text, False) for text in ("m", "M", "male", "man", "Men", "boy", "männlich", "MÄNNLICH")),
        *((text, False) for text in ("Ma\u0308nner", "homme", "H")),
        *((text, None) for text in ("", "-", "nan", "unknown", "NA", "#N/A")),
    ],
)
def test_genders_are_read_as_they_are_written(text: str, female: bool | None) -> None:
    assert parse_gender(text) is female


def test_numbers_are_genders_only_by_an_option_that_says_which_is_which() -> None:
    with pytest.raises(ValueError, match=r"^gender is a number \(--genders 0=male,1=female says .*'1'$"):
        parse_gender("1")
    options = LabelOptions.parse("1=male, 2=female", "auto")
    assert [parse_gender(text, options.genders) for text in ("1", "2", "2.0", "f")] == [
        False,
        True,
        True,
        True,
    ]
    with pytest.raises(ValueError, match="gender is a number"):
        parse_gender("0", options.genders)
    with pytest.raises(ValueError, match="neither male nor female: 'robot'"):
        parse_gender("robot", options.genders)


@pytest.mark.parametrize("text", ["0", "0=x", "=male", "0=male;1=female"])
def test_an_option_of_codes_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="as in 0=male,1=female"):
        LabelOptions.parse(text, "auto")


def test_splits_have_the_names_that_are_common() -> None:
    assert tuple(map(parse_split, ("Training", "val", "test"))) == SPLITS
    assert parse_split(" ") == ""
    with pytest.raises(ValueError, match="split is none of train, validation, test: 'fold 3'"):
        parse_split("fold 3")


@pytest.mark.parametrize(
    ("path", "labels"),
    [
        ("male", Labels(female=False)),
        ("Women/holiday", Labels(female=True)),
        ("20-29", Labels(20, 29)),
        ("25", Labels(25, 25)),
        ("age_25", Labels(25, 25)),
        ("70+/f", Labels(70, 100, True)),
        ("train/female/20-29", Labels(20, 29, True, split="train")),
        ("val/m", Labels(female=False, split="validation")),
        ("Ma\u0308nner/über 70", Labels(70, 100, False)),
        ("2017/holiday", None),
        ("90s", None),
        ("train", None),
        ("", None),
    ],
)
def test_folders_are_classes(path: str, labels: Labels | None) -> None:
    assert folder_labels(path.split("/")) == labels


def test_folders_that_contradict_one_another_are_told() -> None:
    with pytest.raises(ValueError, match=r"contradict one another: 'male/25/female'"):
        folder_labels(["male", "25", "female"])
    with pytest.raises(ValueError, match="contradict"):
        folder_labels(["20-29", "25"])


def test_folders_may_be_codes() -> None:
    assert folder_labels(["1"], {"0": False, "1": True}) == Labels(female=True)
    assert folder_labels(["1"]) == Labels(1, 1)

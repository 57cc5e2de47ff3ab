"""Ages follow from the dates of birth and photograph, whatever their layout, and are never guessed."""

import io
from datetime import date

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from train.data.dates import age_between, exif_date, find_order, parse_date

MAY = date(1990, 5, 3)


def photograph(taken: str | None, kind: str = "JPEG") -> bytes:
    exif = Image.Exif()
    if taken is not None:
        exif.get_ifd(0x8769)[0x9003] = taken
    exif[306] = "2024:01:01 00:00:00"  # when it was edited, which tells nothing
    stream = io.BytesIO()
    image = Image.fromarray(np.zeros((64, 64, 3), np.uint8))
    if kind == "HEIF":
        pillow_heif.from_pillow(image).save(stream, exif=exif.tobytes())
    else:
        image.save(stream, kind, exif=exif)
    return stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        *("1990-05-03", "1990-5-3", "1990/05/03", "19900503", "1990:05:03 10:11:12", "1990-05-03T10:11:12Z"),
        *("3.5.1990", "03.05.1990", "3. 5. 1990", "3 May 1990", "May 3, 1990", "03-May-1990", "3/5/1990"),
        *("3. Mai 1990", "3 mai 1990", "May 3rd 1990"),
    ],
)
def test_dates_are_read_as_they_are_written(text: str) -> None:
    assert parse_date(text, "dmy") == (MAY, MAY)


def test_the_order_of_day_and_month_matters_where_it_can() -> None:
    assert parse_date("5/3/1990", "mdy") == (MAY, MAY)
    assert parse_date("5-3-1990", "dmy") == (date(1990, 3, 5),) * 2
    assert parse_date("3.5.1990", "mdy") == (MAY, MAY)


def test_a_month_alone_is_all_of_it() -> None:
    for text in ("1992-02", "Feb 1992", "février 1992"):
        assert parse_date(text, "dmy") == (date(1992, 2, 1), date(1992, 2, 29))


def test_a_year_alone_is_all_of_it() -> None:
    assert parse_date("1990", "dmy") == (date(1990, 1, 1), date(1990, 12, 31))


@pytest.mark.parametrize(
    "text",
    ["", "soon", "31.2.1990", "3/5/90", "13/13/1990", "32964", "1990-13", "3 Smarch 1990", "0000:00:00"],
)
def test_what_is_no_date_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=f"date that is none: '{text}'"):
        parse_date(text, "dmy")


def test_one_date_tells_the_order_of_its_column() -> None:
    assert find_order(["3/4/1990", "25/12/1990", ""], "auto") == "dmy"
    assert find_order(["3/4/1990", "12/25/1990"], "auto") == "mdy"
    assert find_order(["3/4/1990"], "mdy") == "mdy"
    # Where it makes no difference nobody is asked.
    assert find_order(["3/3/1990", "1990-04-03", "4.3.1990", "soon"], "auto") == "dmy"


def test_an_ambiguous_order_is_refused() -> None:
    with pytest.raises(ValueError, match="could change places"):
        find_order(["3/4/1990", "5/6/1991"], "auto")
    with pytest.raises(ValueError, match="the day first in some dates and the month in others"):
        find_order(["25/12/1990", "12/25/1990"], "auto")


def test_ages_are_in_completed_years_and_ranges_where_days_are_unknown() -> None:
    year = parse_date("2020", "dmy")
    assert age_between((MAY, MAY), (date(2020, 5, 2),) * 2) == (29, 29)
    assert age_between((MAY, MAY), (date(2020, 5, 3),) * 2) == (30, 30)
    assert age_between((MAY, MAY), year) == (29, 30)
    assert age_between(year, year) == (0, 0)
    with pytest.raises(ValueError, match="before the birth"):
        age_between((MAY, MAY), (date(1989, 1, 1),) * 2)
    with pytest.raises(ValueError, match="not between 0 and 120"):
        age_between((date(1790, 1, 1),) * 2, (MAY, MAY))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_photographs_say_when_they_were_taken(kind: str) -> None:
    assert exif_date(photograph("1990:05:03 10:11:12", kind)) == (MAY, MAY)


def test_photographs_that_do_not_say_it_have_no_date() -> None:
    for content in (photograph(None), photograph("0000:00:00 00:00:00"), b"no image", b""):
        assert exif_date(content) is None

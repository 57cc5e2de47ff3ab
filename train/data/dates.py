"""Ages from dates: of birth, and of the photograph.

A date is a pair ``(first, last)`` of days, equal where the day is known, the ends of the month or year where
only that is: ages then are a range.
"""

from __future__ import annotations

import calendar
import io
import re
import struct
import unicodedata
import warnings
from collections.abc import Iterable
from datetime import date
from typing import Final

from PIL import Image, UnidentifiedImageError

from train.data.labels import DATE_ORDERS, OLDEST

Period = tuple[date, date]

_AUTO, _DAY_FIRST, _MONTH_FIRST = DATE_ORDERS
_TIME: Final = r"(?:[T ].*)?"
_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/.:](\d{1,2})[-/.:](\d{1,2})" + _TIME)
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_DOTS: Final = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})" + _TIME)
"""Where dots stand between, the day is first."""
_EITHER: Final = re.compile(r"(\d{1,2})[-/](\d{1,2})[-/](\d{4})" + _TIME)
_YEAR: Final = re.compile(r"(\d{4})(?:\.0)?")
_MONTH: Final = re.compile(r"(\d{4})[-/.](\d{1,2})")
_DAY_NAME_YEAR: Final = re.compile(r"(\d{1,2})(?:\.|st|nd|rd|th|er)?[ -]*([a-z]{3,})\.?[ ,-]+(\d{4})")
_NAME_DAY_YEAR: Final = re.compile(r"([a-z]{3,})\.? (\d{1,2})(?:st|nd|rd|th)?[ ,]+(\d{4})")
_NAME_YEAR: Final = re.compile(r"([a-z]{3,})\.?[ -](\d{4})")
_MONTH_NAMES: Final = (
    *(
        ("january", "januar", "janvier"),
        ("february", "februar", "fevrier"),
        ("march", "marz", "maerz", "mars"),
    ),
    *(("april", "avril"), ("may", "mai"), ("june", "juni", "juin"), ("july", "juli", "juillet")),
    *(("august", "aout"), ("september", "septembre"), ("october", "oktober", "octobre")),
    *(("november", "novembre"), ("december", "dezember", "decembre")),
)
"""English, German and French without accents; their beginnings are read too."""
_MONTHS: Final = 12

_EXIF_IFD: Final = 0x8769
_DATE_TIME_ORIGINAL: Final = 0x9003
"""Tags of EXIF 2.32 (CIPA DC-008): when the original was taken."""
_EXIF_ERRORS: Final = (
    *(AttributeError, EOFError, LookupError, OSError, SyntaxError, TypeError, ValueError, struct.error),
    *(UnidentifiedImageError, Image.DecompressionBombError),
)


def find_order(values: Iterable[str], given: str) -> str:
    """Whether the dates of one column have the day first ("dmy") or the month ("mdy").

    ``given`` is that, or "auto": then a date such as 25/12/1990 tells of all. Raises :class:`ValueError`
    where none does, though it matters, and where they contradict one another.
    """
    if given != _AUTO:
        return given
    pairs = [(int(m[1]), int(m[2])) for m in map(_EITHER.fullmatch, map(str.strip, values)) if m]
    day_first = any(first > _MONTHS for first, _ in pairs)
    month_first = any(second > _MONTHS for _, second in pairs)
    if day_first and month_first:
        raise ValueError("has the day first in some dates and the month in others")
    if not day_first and not month_first and any(first != second for first, second in pairs):
        raise ValueError("has dates whose day and month could change places")
    return _MONTH_FIRST if month_first else _DAY_FIRST


def parse_date(text: str, order: str) -> Period:
    """The day, or the year, that is written; ``order`` is "dmy" or "mdy", of dates such as 3/4/1990.

    Raises :class:`ValueError` with what is wrong.
    """
    text = text.strip()
    try:
        if match := _YEAR.fullmatch(text):
            return date(int(match[1]), 1, 1), date(int(match[1]), 12, 31)
        if match := _MONTH.fullmatch(text):
            return _month(int(match[1]), int(match[2]))
        if match := _YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text):
            day = date(int(match[1]), int(match[2]), int(match[3]))
        elif match := _DOTS.fullmatch(text):
            day = date(int(match[3]), int(match[2]), int(match[1]))
        elif match := _EITHER.fullmatch(text):
            first, second = int(match[1]), int(match[2])
            day_of_month, month = (first, second) if order == _DAY_FIRST else (second, first)
            day = date(int(match[3]), month, day_of_month)
        else:
            return _with_name(text)
    except ValueError:
        raise ValueError(f"date that is none: {text!r}") from None
    return day, day


def _with_name(text: str) -> Period:
    letters = unicodedata.normalize("NFKD", " ".join(text.casefold().split()))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    if match := _DAY_NAME_YEAR.fullmatch(plain):
        day = date(int(match[3]), _month_number(match[2]), int(match[1]))
    elif match := _NAME_DAY_YEAR.fullmatch(plain):
        day = date(int(match[3]), _month_number(match[1]), int(match[2]))
    elif match := _NAME_YEAR.fullmatch(plain):
        return _month(int(match[2]), _month_number(match[1]))
    else:
        raise ValueError(text)
    return day, day


def _month_number(text: str) -> int:
    """Raises :class:`ValueError` where it is no name of a month."""
    names = (any(name.startswith(text) for name in of_month) for of_month in _MONTH_NAMES)
    return list(names).index(True) + 1


def _month(year: int, month: int) -> Period:
    first = date(year, month, 1)
    return first, first.replace(day=calendar.monthrange(year, month)[1])


def age_between(birth: Period, photograph: Period) -> tuple[float, float]:
    """Lowest and highest age in completed years. Raises :class:`ValueError` where it is none."""
    low, high = (_completed(birth[1], photograph[0]), _completed(birth[0], photograph[1]))
    if high < 0:
        raise ValueError(f"photograph before the birth: {birth[0]} and {photograph[0]}")
    if high > OLDEST:
        raise ValueError(f"age is not between 0 and {OLDEST}: born {birth[0]}, taken {photograph[0]}")
    return float(max(low, 0)), float(high)


def _completed(birth: date, day: date) -> int:
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def exif_date(content: bytes) -> Period | None:
    """When an image file says that it was taken (EXIF DateTimeOriginal); ``None`` where it does not."""
    if content[4:8] == b"ftyp":
        import pillow_heif  # here, because few need it

        pillow_heif.register_heif_opener()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of many pixels, which are not read
            with Image.open(io.BytesIO(content)) as image:
                text = image.getexif().get_ifd(_EXIF_IFD).get(_DATE_TIME_ORIGINAL)
        return parse_date(str(text), _DAY_FIRST) if text else None
    except _EXIF_ERRORS:
        return None

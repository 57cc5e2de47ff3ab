"""What a cell of a table, or the name of a folder, says of the person on an image.

>>> parse_age("20-29")
(20.0, 29.0)
>>> parse_gender("Weiblich")
True
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from train.errors import DataError

OLDEST: Final = 120
"""Years; labels above are mistakes."""
SPLITS: Final = ("train", "validation", "test")
DATE_ORDERS: Final = ("auto", "dmy", "mdy")
"""Of day and month in dates such as 3/4/1990: as the other dates of the column tell, or as told."""

_DASHES: Final = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))
_RANGE: Final = re.compile(r"(\d+)\s*(?:-|to|bis|à)\s*(\d+)|\(\s*(\d+)\s*,\s*(\d+)\s*\)")
_HALF_OPEN: Final = re.compile(r"([(\[])\s*(\d+(?:\.\d+)?)\s*,\s*(\d+(?:\.\d+)?)\s*([)\]])")
"""As ``pandas.cut`` names its bins: ``(20, 30]``, ``[20, 30)``."""
_DECADE: Final = re.compile(r"(\d*0)\s*(?:s|er)")
_OPEN_RANGE: Final = re.compile(
    r"(?:>=?|≥|more than|over|über|ab|plus de)\s*(\d+)"
    r"|(\d+)\s*(?:\+|(?:and|or|und|et)\s+(?:above|over|older|more|up|älter|mehr|plus))"
)
_UPPER_BOUND: Final = re.compile(r"(?:<=|≤|up to|bis)\s*(\d+)")
_BELOW: Final = re.compile(r"(?:<|under|below|less than|unter|moins de)\s*(\d+)")
_UNIT: Final = re.compile(
    r"(?<=[\d+])\s*(?:years?|yrs?|yo?|y[./]o\.?|jahren?|jahr|j\.?|ans?|años?)(?:[ -]old)?$"
)
_MONTHS: Final = re.compile(r"(\d+)\s*(?:months?|mos?|monate?|mois)(?:[ -]old)?")
_AGE_FOLDER: Final = re.compile(r"ages?[ _-]*(?=\d)")
_OPEN_END: Final = 100.0
"""Years: the highest age meant by ``70+``."""

MISSING: Final = frozenset(
    {
        *("", "-", "--", "?", "na", "n/a", "n.a.", "nan", "nat", "<na>", "none", "null", "unknown"),
        *("#n/a", "#nv", "k.a.", "unbekannt", "inconnu"),
    }
)
"""How tables say that something is not known: pandas writes ``nan``, R writes ``NA``, Excel ``#N/A``."""
_FEMALE: Final = frozenset(
    {
        *("f", "female", "females", "woman", "women", "girl", "girls"),
        *("w", "weiblich", "frau", "frauen", "mädchen", "femme", "femmes", "fille", "filles", "féminin"),
        *("mujer", "mujeres", "femenino", "donna", "donne", "femmina"),
    }
)
_MALE: Final = frozenset(
    {
        *("m", "male", "males", "man", "men", "boy", "boys"),
        *("männlich", "maennlich", "mann", "männer", "junge", "jungen", "h", "homme", "hommes", "garçon"),
        *("garçons", "masculin", "hombre", "hombres", "masculino", "uomo", "uomini", "maschio"),
    }
)
_SPLIT_NAMES: Final = {
    **dict.fromkeys(("train", "training"), SPLITS[0]),
    **dict.fromkeys(("validation", "valid", "val", "dev"), SPLITS[1]),
    **dict.fromkeys(("test", "testing"), SPLITS[2]),
}


@dataclass(frozen=True, slots=True)
class Labels:
    """What is known of one image; the fields are those of :class:`train.data.readers.Sample`."""

    age_low: float | None = None
    age_high: float | None = None
    female: bool | None = None
    race: str = ""
    age_edge: float | None = None
    person: str = ""
    split: str = ""


@dataclass(frozen=True, slots=True)
class LabelOptions:
    """What labels do not say of themselves: which code is which gender, and the order of day and month."""

    genders: Mapping[str, bool] = field(default_factory=dict)
    date_order: str = DATE_ORDERS[0]

    @classmethod
    def parse(cls, genders: str, date_order: str) -> Self:
        """Read ``0=male,1=female`` (or nothing). Raises :class:`DataError` for anything else."""
        codes: dict[str, bool] = {}
        for pair in filter(None, genders.split(",")):
            code, _, gender = pair.partition("=")
            try:
                female = parse_gender(gender)
            except ValueError:
                female = None
            if female is None or not code.strip():
                raise DataError(f"--genders {genders!r}: write which code is which, as in 0=male,1=female.")
            codes[_code(code)] = female
        return cls(codes, date_order)


def parse_age(text: str) -> tuple[float | None, float | None]:
    """Lowest and highest age meant by ``23``, ``34,5``, ``20-29``, ``70+``, ``<=60`` or nothing, in years.

    Ages are completed years: ``<10`` and ``[0, 10)`` end with 9. A unit behind it ("34 years", "18 months")
    does no harm. Raises :class:`ValueError` when it is none of these or not an
    age.
    """
    age = _UNIT.sub("", _plain(text).translate(_DASHES))
    if age in MISSING:
        return None, None
    if match := _RANGE.fullmatch(age):
        low, high = float(match[1] or match[3]), float(match[2] or match[4])
    elif match := _OPEN_RANGE.fullmatch(age):
        low, high = float(match[1] or match[2]), _OPEN_END
    elif match := _UPPER_BOUND.fullmatch(age):
        low, high = 0.0, float(match[1])
    elif match := _BELOW.fullmatch(age):
        low, high = 0.0, float(match[1]) - 1
    elif match := _HALF_OPEN.fullmatch(age):
        low, high = _whole_years(*match.groups())
    elif match := _DECADE.fullmatch(age):
        low, high = float(match[1]), float(match[1]) + 9
    elif match := _MONTHS.fullmatch(age):
        low = high = float(match[1]) / 12
    else:
        try:
            low = high = float(age.replace(",", ".", 1))
        except ValueError:
            raise ValueError(f"age is neither a number nor a range: {text.strip()!r}") from None
    if not 0 <= low <= high <= OLDEST:
        raise ValueError(f"age is not between 0 and {OLDEST}: {text.strip()!r}")
    return low, high


def _whole_years(opens: str, first: str, last: str, closes: str) -> tuple[float, float]:
    """The completed years inside an interval, whose ends a round bracket leaves out."""
    low = math.floor(float(first)) + 1.0 if opens == "(" else float(math.ceil(float(first)))
    high = math.ceil(float(last)) - 1.0 if closes == ")" else float(math.floor(float(last)))
    return low, high


def parse_uncertain_age(text: str) -> tuple[float | None, float | None, float | None]:
    """As :func:`parse_age`, and the standard deviation in years behind ``~``, as in ``45-52~3``."""
    age, uncertain, deviation = text.partition("~")
    low, high = parse_age(age)
    return low, high, _parse_deviation(deviation) if uncertain else None


def _parse_deviation(text: str) -> float:
    try:
        deviation = float(text.replace(",", ".", 1))
    except ValueError:
        deviation = -1.0
    if not 0 < deviation <= OLDEST:
        raise ValueError(f"no number of years behind ~: {text.strip()!r}")
    return deviation


def parse_gender(text: str, codes: Mapping[str, bool] | None = None) -> bool | None:
    """Whether ``female`` (``f``, ``woman``, ``w`` ...) or ``male`` is written; ``None`` where nothing is.

    ``codes`` are what :attr:`LabelOptions.genders` says. Raises :class:`ValueError` for anything else.
    """
    gender = _code(text)
    if codes and gender in codes:
        return codes[gender]
    if gender in MISSING:
        return None
    if gender in _FEMALE or gender in _MALE:
        return gender in _FEMALE
    if gender.isdecimal():
        raise ValueError(f"gender is a number (--genders 0=male,1=female says which is which): {gender!r}")
    raise ValueError(f"gender is neither male nor female: {text.strip()!r}")


def _code(text: str) -> str:
    # pandas makes 1.0 of 1 in a column where another cell is empty.
    return _plain(text).removesuffix(".0")


def _plain(text: str) -> str:
    # macOS writes the names of folders decomposed: "Männer" with a and a combining diaeresis.
    return unicodedata.normalize("NFC", text).strip().casefold()


def parse_split(text: str) -> str:
    """One of :data:`SPLITS`, empty where nothing is written. Raises :class:`ValueError` for anything else."""
    name = text.strip().casefold()
    if name in MISSING:
        return ""
    if name not in _SPLIT_NAMES:
        raise ValueError(f"split is none of {', '.join(SPLITS)}: {text.strip()!r}")
    return _SPLIT_NAMES[name]


def folder_labels(folders: Sequence[str], codes: Mapping[str, bool] | None = None) -> Labels | None:
    """What the folders that an image lies in say, as in ``train/female/20-29``.

    ``None`` where none of them is a gender or an age; other names say nothing. Raises :class:`ValueError`
    when they contradict one another.
    """
    genders: set[bool] = set()
    ages: set[tuple[float | None, float | None]] = set()
    split = ""
    for folder in folders:
        if folder.casefold() in _SPLIT_NAMES:
            split = parse_split(folder)
        elif (female := _try_gender(folder, codes)) is not None:
            genders.add(female)
        elif (age := _try_age(folder)) != (None, None):
            ages.add(age)
    if len(genders) > 1 or len(ages) > 1:
        raise ValueError(f"folders contradict one another: {'/'.join(folders)!r}")
    if not genders and not ages:
        return None
    low, high = next(iter(ages), (None, None))
    return Labels(low, high, next(iter(genders), None), split=split)


def _try_gender(text: str, codes: Mapping[str, bool] | None) -> bool | None:
    try:
        return parse_gender(text, codes)
    except ValueError:
        return None


def _try_age(text: str) -> tuple[float | None, float | None]:
    age = _AGE_FOLDER.sub("", _plain(text))
    if _DECADE.fullmatch(age) or _MONTHS.fullmatch(age):
        return None, None  # "90s" may be when photographs were taken, "6 months" how long that lasted
    try:
        return parse_age(age)
    except ValueError:
        return None, None

"""Tables of labels as spreadsheets and scripts write them: delimiter, encoding and columns are found out."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from train.data.dates import Period, age_between, find_order, parse_date
from train.data.labels import MISSING, LabelOptions, Labels, parse_gender, parse_split, parse_uncertain_age
from train.errors import DataError

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "file": (
        *("file", "filename", "file_name", "filepath", "file_path", "path", "full_path", "image"),
        *("image_name", "image_file", "image_path", "img", "img_name", "img_path", "picture", "photo"),
        *("photograph", "datei", "dateiname", "dateipfad", "bild", "bilddatei", "foto", "fichier"),
        *("nom_de_fichier", "nom_du_fichier", "chemin", "archivo", "fichero", "imagen", "immagine"),
        *("image_id", "img_id", "name", "nom", "id"),
    ),
    "age": (
        *("age", "years", "age_years", "age_in_years", "age_group", "age_range", "alter", "altersgruppe"),
        *("alter_in_jahren", "tranche_d_age", "edad", "eta"),
    ),
    "gender": ("gender", "sex", "geschlecht", "sexe", "genre", "sexo", "genero", "sesso"),
    "birth": (
        *("dob", "birth_date", "birthdate", "date_of_birth", "birthday", "birth", "born"),
        *("birth_year", "year_of_birth", "yob", "geburtsdatum", "geburtstag"),
        *("geburtsjahr", "date_de_naissance", "annee_de_naissance", "fecha_de_nacimiento"),
    ),
    "date": (
        *("date", "photo_date", "date_of_photo", "date_of_photograph", "date_taken", "taken", "taken_on"),
        *("photo_taken", "photo_year", "datetime", "datetime_original", "timestamp", "aufnahmedatum"),
        *("date_de_la_photo", "prise_le"),
    ),
    "race": ("race", "ethnicity"),
    "person": (
        "person",
        "person_id",
        "subject",
        "subject_id",
        "identity",
        "identity_id",
        "participant",
        "personne",
        "persona",
        "teilnehmer",
        "proband",
    ),
    "split": ("split", "part", "subset", "partition"),
}
"""What a column means, and the names it may have, without accents, the likeliest first."""

_ALIASES: Final = frozenset(alias for aliases in COLUMNS.values() for alias in aliases)
_NAME_LENGTH: Final = 40
"""Letters of a column's name that a sentence holds at most; no name that is understood is longer."""
_NAMED: Final = 20
"""Columns that a sentence names at most."""
_DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_DECLARED: Final = re.compile(r"\s*\"?sep=(.)\"?\s*\r?\n?", re.IGNORECASE)
"""A first line that Excel understands."""
_BOMS: Final = {
    codecs.BOM_UTF8: ("utf-8-sig", "UTF-8"),
    codecs.BOM_UTF16_LE: ("utf-16", "UTF-16"),
    codecs.BOM_UTF16_BE: ("utf-16", "UTF-16"),
}
_PACKED: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How Excel's and LibreOffice's own files begin, whatever they are called."""
_ZEROS_OF_UTF16: Final = 0.3
"""Share of zero bytes at every other place that only UTF-16 without a mark has."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its number, its cells by what their columns mean, and what is wrong with it."""

    line: int
    cells: Mapping[str, str]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class LabelTable:
    """A table that names files and labels. ``unused`` are columns whose names say nothing."""

    rows: tuple[Row, ...]
    delimiter: str
    encoding: str
    unused: tuple[str, ...]
    orders: Mapping[str, str] = field(default_factory=dict)
    """Of the columns "birth" and "date": whether the day or the month is first."""

    def described(self) -> str:
        """Kind, number of rows and what is not used, to print."""
        rows = "1 row" if len(self.rows) == 1 else f"{len(self.rows):,} rows"
        text = f"{rows}, {self.delimiter}, {self.encoding}"
        return text + (f"; columns not used: {', '.join(self.unused)}" if self.unused else "")


def meanings(content: bytes) -> set[str]:
    """What the columns of a table mean, as in :data:`COLUMNS`: a look at its first line. Never raises."""
    try:
        text, _ = _decoded(content)
        return set(_meanings(_header(text, _delimiter(text))))
    except csv.Error:
        return set()


def read_table(name: str, content: bytes, options: LabelOptions) -> LabelTable:
    """Read a table, of which ``name`` is printed in errors.

    Raises :class:`DataError` when it is none, when its columns are not those of labels, and when its dates
    can be read in two ways.
    """
    if content.startswith(_PACKED):
        raise DataError(f"{name} is a spreadsheet, not a text: save it as CSV.")
    text, encoding = _decoded(content)
    try:
        delimiter = _delimiter(text)
        lines = list(_lines(text, delimiter))
    except csv.Error as error:
        raise DataError(f"{name} is not a table that can be read ({error}).") from error
    header = [_shown(column) for column in lines[0][1]] if lines else []
    columns = _meanings(header)
    _check(name, header, columns)
    if "birth" not in columns:
        columns.pop("date", None)  # which tells nothing then
    rows = tuple(_row(line, cells, header, columns) for line, cells in lines[1:])
    orders: dict[str, str] = {
        column: _order(f"{name}: the column {header[columns[column]].strip()}", column, rows, options)
        for column in ("birth", "date")
        if column in columns
    }
    used = set(columns.values())
    unused = tuple(column.strip() for place, column in enumerate(header) if place not in used)
    return LabelTable(rows, _DELIMITERS[delimiter], encoding, tuple(filter(None, unused)), orders)


def row_labels(
    row: Row, table: LabelTable, options: LabelOptions, photographed: Callable[[], Period | None]
) -> Labels:
    """What a row says; ``photographed`` is asked for the date of its image where only that gives the age.

    Raises :class:`ValueError` with what is wrong: a kind of fault and, behind a colon, its instance.
    """
    cells = row.cells
    low, high, edge = parse_uncertain_age(cells.get("age", ""))
    if low is None and cells.get("birth"):
        birth = parse_date(cells["birth"], table.orders["birth"])
        taken = parse_date(cells["date"], table.orders["date"]) if cells.get("date") else photographed()
        if taken is None:
            raise ValueError("date of birth, but none of the photograph, in a column or in EXIF")
        low, high = age_between(birth, taken)
    female = parse_gender(cells.get("gender", ""), options.genders)
    split = parse_split(cells.get("split", ""))
    return Labels(low, high, female, cells.get("race", ""), edge, cells.get("person", ""), split)


def _decoded(content: bytes) -> tuple[str, str]:
    """The text, and the name of its encoding."""
    for mark, (codec, name) in _BOMS.items():
        if content.startswith(mark):
            return content.decode(codec, errors="replace"), name
    start = content[:4096]
    for place, codec in ((1, "utf-16-le"), (0, "utf-16-be")):
        if start[place::2].count(0) > _ZEROS_OF_UTF16 * len(start):
            return content.decode(codec, errors="replace"), "UTF-16"
    try:
        return content.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        return content.decode("latin-1"), "Latin-1"


def _delimiter(text: str) -> str:
    """That which the first line names, or by which it has the most columns that are known, else at all.

    Raises :class:`csv.Error` where the first line can be read by none.
    """
    if (declared := _DECLARED.match(text)) and declared[1] in _DELIMITERS:
        return declared[1]
    headers: dict[str, list[str]] = {}
    failure = csv.Error("no delimiter fits")
    for delimiter in _DELIMITERS:
        try:
            headers[delimiter] = _header(text, delimiter)
        except csv.Error as error:  # a quoted name of two lines reads by its own delimiter alone
            failure = error
    if not headers:
        raise failure
    return max(headers, key=lambda delimiter: (len(_meanings(headers[delimiter])), len(headers[delimiter])))


def _header(text: str, delimiter: str) -> list[str]:
    return next((cells for _, cells in _lines(text, delimiter)), [])


def _lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each line that is not empty. Raises :class:`csv.Error`."""
    declared = _DECLARED.match(text)
    lines = list(io.StringIO(text[declared.end() if declared else 0 :], newline=""))
    reader = csv.reader(lines, delimiter=delimiter)
    end = 0
    for cells in reader:
        first, end = end, reader.line_num
        if end - first > 1:
            _check_quotes(lines[first:end], delimiter, first + 1 + bool(declared))
        if any(cell.strip() for cell in cells):
            yield end + bool(declared), cells


def _check_quotes(lines: Sequence[str], delimiter: str, number: int) -> None:
    """Raise :class:`csv.Error` where a stray quotation mark makes one row of several."""
    try:
        next(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        raise csv.Error(f"line {number}: a quotation mark is opened and not closed") from None


def _meanings(header: Sequence[str]) -> dict[str, int]:
    """The place of each column that is known."""
    names = [_column(name) for name in header]
    without_units = [_column(re.sub(r"[(\[].*?[)\]]", "", name)) for name in header]
    names = [whole if whole in _ALIASES else bare for whole, bare in zip(names, without_units, strict=True)]
    found: dict[str, int] = {}
    for meaning, aliases in COLUMNS.items():
        place = next((names.index(alias) for alias in aliases if alias in names), None)
        if place is not None:
            found[meaning] = place
    return found


def _column(name: str) -> str:
    """The name of a column in small letters without accents, words joined by ``_``."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"\W+", "_", plain).strip("_")


def _shown(column: str) -> str:
    """A column's name as sentences may hold it: one line, not too long, whatever a table has in it."""
    words = " ".join("".join(char if char.isprintable() else " " for char in column).split())
    return words if len(words) <= _NAME_LENGTH else words[:_NAME_LENGTH] + "…"


def _check(name: str, header: Sequence[str], columns: Mapping[str, int]) -> None:
    if "file" in columns and columns.keys() & {"age", "gender", "birth"}:
        return
    needed = "needed: file and at least one of age, gender, dob (date of birth)"
    if not header:
        raise DataError(f"{name} is empty; {needed}.")
    named = ", ".join(column or "(no name)" for column in header[:_NAMED])
    if len(header) > _NAMED:
        named += f" and {len(header) - _NAMED} more"
    raise DataError(f"{name} has the columns {named}; {needed}. Its first line must name them.")


def _row(line: int, cells: Sequence[str], header: Sequence[str], columns: Mapping[str, int]) -> Row:
    by_meaning = {
        meaning: cells[place].strip() if place < len(cells) else "" for meaning, place in columns.items()
    }
    # Else all people called "nan" were one person. Genders have codes of their own, files any name.
    by_meaning |= {
        meaning: ""
        for meaning, cell in by_meaning.items()
        if meaning not in ("file", "gender") and cell.casefold() in MISSING
    }
    too_many = any(cell.strip() for cell in cells[len(header) :])
    return Row(line, by_meaning, "more cells than columns" if too_many else "")


def _order(name: str, column: str, rows: Sequence[Row], options: LabelOptions) -> str:
    try:
        return find_order((row.cells[column] for row in rows), options.date_order)
    except ValueError as error:
        raise DataError(f"{name} {error}: give --date-order dmy or mdy.") from None

"""Tables of a prepared folder that are written whole or not at all."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from agecam.files import atomic_write


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a CSV file in UTF-8; what stood there before stays until it is whole."""
    with atomic_write(path) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(rows)

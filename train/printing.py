"""What commands print: sentences, tables and the statistics of prepared images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from train.data.describe import Statistics

console = Console()

_BAR: Final = 22
"""Characters of the longest bar."""


def say(text: str) -> None:
    """Print a sentence."""
    # File names are data, never markup.
    console.print(escape(text))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows of texts under headings."""
    table = Table(*columns, title=escape(title))
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table)


def say_statistics(folder: Path, statistics: Statistics) -> None:
    """Print what prepared images are: a histogram of each kind of group, people, duplicates, warnings."""
    from train.data.describe import PLOT_FILE
    from train.data.labels import SPLITS

    table = Table("", "", title=escape(str(folder)))
    for name in ("images", *SPLITS):
        table.add_column(name, justify="right")
    block = "#" if console.options.ascii_only else "█"
    for counts in (statistics.ages, statistics.genders, statistics.datasets):
        most = max((sum(splits.values()) for splits in counts.values()), default=1) or 1
        for name, splits in counts.items():
            total = sum(splits.values())
            bar = block * max(round(_BAR * total / most), total > 0)
            table.add_row(escape(name), bar, f"{total:,}", *(f"{splits[split]:,}" for split in SPLITS))
        table.add_section()
    total = sum(statistics.images[split] for split in SPLITS)
    table.add_row("all", "", f"{total:,}", *_texts(statistics.images, SPLITS))
    if people := statistics.people["all"]:
        table.add_row("people named", "", f"{people:,}", *_texts(statistics.people, SPLITS))
    console.print(table)
    say(f"{statistics.duplicates:,} images show a photograph that another one shows too.")
    say(f"Drawn: {folder / PLOT_FILE}")
    for warning in statistics.warnings:
        console.print(f"[yellow]{escape(warning)}[/yellow]")


def _texts(counts: Mapping[str, int], names: Sequence[str]) -> list[str]:
    return [f"{counts[name]:,}" for name in names]

"""Learning curves of a run, from its ``log.csv``."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from train.plotting import BLUE, ORANGE

_COLUMNS = 3
_ROW_INCHES = 2.6


class LearningCurves:
    """Training and validation by epoch, one plot a metric; false without finished epochs."""

    def __init__(self, log: Path) -> None:
        with log.open(newline="", encoding="utf-8") as stream:
            self._rows = list(csv.DictReader(stream))
        self._names: Sequence[str] = (
            [name for name in self._rows[0] if f"val_{name}" in self._rows[0]] if self._rows else []
        )

    def __bool__(self) -> bool:
        return bool(self._names)

    @property
    def size_inches(self) -> tuple[float, float]:
        """Width and height."""
        return 9, _ROW_INCHES * -(-len(self._names) // _COLUMNS)

    def draw(self, figure: Any) -> None:
        """Put the plots into a figure of matplotlib."""
        epochs = [int(row["epoch"]) + 1 for row in self._rows]
        columns = min(_COLUMNS, len(self._names))
        grid = figure.subplots(-(-len(self._names) // columns), columns, squeeze=False).ravel()
        for axes, name in zip(grid, self._names, strict=False):
            marker = "o" if len(epochs) == 1 else ""
            for column, colour, label in ((name, BLUE, "training"), (f"val_{name}", ORANGE, "validation")):
                values = [float(row[column] or "nan") for row in self._rows]
                axes.plot(epochs, values, color=colour, marker=marker, label=label)
            axes.set(title=name.replace("_", " ").replace("age age", "age"), xlabel="epoch")
            axes.xaxis.get_major_locator().set_params(integer=True)
        for axes in grid[len(self._names) :]:
            axes.set_visible(False)
        grid[0].legend()

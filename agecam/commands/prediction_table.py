"""The table of ``agecam predict``: rows of fixed columns, each printed when it is known."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from rich.cells import cell_len

from agecam.commands.console import printable
from agecam.commands.prediction import Prediction
from agecam.messages import Detection, Estimate

_COLUMNS: Final = (("face", 4), ("age", 3), ("80 % interval", 13), ("gender", 11), ("box", 20))
"""After the file: title and characters. A box of an image of four digits has 19."""
_GAP: Final = "  "
_REST_CHARS: Final = sum(len(_GAP) + width for _, width in _COLUMNS)
_MIN_NAME_CHARS: Final = 20


class PredictionTable:
    """Makes rows of text; the column of the names is as wide as the longest of ``files``.

    On a terminal it leaves room for the other columns, and a longer name has a line of its own.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        longest = max((cell_len(printable(str(file))) for file in files), default=0)
        if sys.stdout.isatty():
            room = shutil.get_terminal_size().columns - _REST_CHARS
            longest = min(longest, max(_MIN_NAME_CHARS, room))
        self._name_chars = max(longest, len("file"))
        self._has_header = False

    def lines(self, prediction: Prediction) -> str:
        """The rows of one image, one a face; before the first come the titles of the columns."""
        lines = list(self._rows(prediction))
        if not self._has_header:
            self._has_header = True
            titles = [title.ljust(width) for title, width in _COLUMNS]
            lines.insert(0, _GAP.join(["file".ljust(self._name_chars), *titles]).rstrip())
        return "\n".join(lines)

    def _rows(self, prediction: Prediction) -> Iterator[str]:
        name = printable(prediction.file)
        if cell_len(name) > self._name_chars:
            yield name
            name = ""
        faces = [_face_cells(number, *face) for number, face in enumerate(prediction.faces, 1)]
        for cells in faces or [["no face" if prediction.width else "unreadable"]]:
            yield _GAP.join([name + " " * (self._name_chars - cell_len(name)), *cells]).rstrip()
            name = ""


def _face_cells(number: int, face: Detection, estimate: Estimate) -> list[str]:
    likelier = max(estimate.female, 1 - estimate.female)
    word = "female" if estimate.female >= 0.5 else "male"
    texts = (
        str(number),
        f"{estimate.age:.0f}",
        f"{estimate.age_low:.0f} to {estimate.age_high:.0f}",
        f"{word} {likelier:.0%}",
        " ".join(f"{value:.0f}" for value in face.box),
    )
    return [text.ljust(width) for text, (_, width) in zip(texts, _COLUMNS, strict=True)]

"""``agecam predict``: faces, ages and genders in images."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agecam.commands.arguments import PredictArguments
from agecam.commands.console import complain, printable
from agecam.commands.outputs import is_folder
from agecam.errors import AgeCamError, UsageError
from agecam.messages import Detection, Estimate
from agecam.sources import IMAGE_SUFFIXES, read_image
from agecam.vision.analyzer import Analyzer, create_analyzer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was found in one image; ``error`` says why nothing was."""

    file: str
    width: int = 0
    height: int = 0
    faces: tuple[tuple[Detection, Estimate], ...] = ()
    error: str | None = None

    def to_json(self, *, ascii_only: bool = False) -> str:
        """One line of JSON: boxes in pixels, ages in years, ``female`` a probability.

        With ``ascii_only`` other characters are escaped, as JSON has it.
        """
        return json.dumps(
            {
                "file": self.file,
                "width": self.width,
                "height": self.height,
                "faces": [
                    {
                        "box": [round(value, 1) for value in face.box],
                        "score": round(face.score, 3),
                        "age": round(estimate.age, 2),
                        "age_low": round(estimate.age_low, 2),
                        "age_high": round(estimate.age_high, 2),
                        "female": round(estimate.female, 4),
                    }
                    for face, estimate in self.faces
                ],
                "error": self.error,
            },
            ensure_ascii=ascii_only,
        )


def images_in(paths: Sequence[Path]) -> Iterator[Path]:
    """The images themselves, and those inside folders, each folder in alphabetical order.

    Raises :class:`UsageError` for a folder without images.
    """
    for path in paths:
        if not is_folder(path):
            yield path
            continue
        inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file())
        if not inside:
            raise UsageError(f"The folder {path} holds no pictures ({', '.join(sorted(IMAGE_SUFFIXES))}).")
        yield from inside


def predict_file(analyzer: Analyzer, path: Path) -> Prediction:
    """Analyse one image; one that fails, for whatever reason, gives a :class:`Prediction` with an error."""
    try:
        image = read_image(path)
        height, width = image.shape[:2]
        return Prediction(str(path), width, height, tuple(analyzer.analyze_image(image)))
    except AgeCamError as error:
        log.debug("%s", error, exc_info=True)
        return Prediction(str(path), error=str(error))
    except Exception as error:
        log.error("unexpected error in analysing %s", path, exc_info=True)
        return Prediction(
            str(path), error=f"{path} could not be analysed ({type(error).__name__}); the log says why."
        )


def predict_paths(
    arguments: PredictArguments, make_analyzer: Callable[..., Analyzer] = create_analyzer
) -> int:
    """Print what is found, in input order; returns 1 when an image failed, else 0.

    ``make_analyzer`` takes what :func:`create_analyzer` takes.
    """
    files = list(images_in(arguments.paths))
    failed = False
    table = _Table()
    with make_analyzer(runtime=arguments.runtime) as analyzer:
        for path in files:
            prediction = predict_file(analyzer, path)
            if prediction.error is not None:
                failed = True
                complain(prediction.error)
            if arguments.as_json:
                _print_json(prediction)
            else:
                table.add(prediction)
    if not arguments.as_json:
        table.show()
    return int(failed)


def _print_json(prediction: Prediction) -> None:
    line = prediction.to_json()
    try:
        line.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # also for bytes of a file's name that are no text
        line = prediction.to_json(ascii_only=True)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class _Table:
    def __init__(self) -> None:
        self._table = Table("file", "face", "age", "80 % interval", "gender", "box")

    def add(self, prediction: Prediction) -> None:
        name = Text(printable(prediction.file))  # a str would be read as markup
        if not prediction.faces:
            self._table.add_row(name, "no face" if prediction.error is None else "unreadable")
        for number, (face, estimate) in enumerate(prediction.faces, 1):
            likelier = max(estimate.female, 1 - estimate.female)
            word = "female" if estimate.female >= 0.5 else "male"
            self._table.add_row(
                name if number == 1 else "",
                str(number),
                f"{estimate.age:.0f}",
                f"{estimate.age_low:.0f} to {estimate.age_high:.0f}",
                f"{word} {likelier:.0%}",
                " ".join(f"{value:.0f}" for value in face.box),
            )

    def show(self) -> None:
        Console().print(self._table)

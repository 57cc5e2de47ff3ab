"""``agecam predict``: faces, ages and genders in images."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from agecam.commands.arguments import PredictArguments
from agecam.errors import SourceError, UsageError
from agecam.messages import Detection, Estimate
from agecam.sources import IMAGE_SUFFIXES, read_image
from agecam.vision.analyzer import Analyzer, create_analyzer


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was found in one image; ``error`` says why nothing was."""

    file: str
    width: int = 0
    height: int = 0
    faces: tuple[tuple[Detection, Estimate], ...] = ()
    error: str | None = None

    def to_json(self) -> str:
        """One line of JSON: boxes in pixels, ages in years, ``female`` a probability."""
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
            ensure_ascii=False,
        )


def images_in(paths: Sequence[Path]) -> Iterator[Path]:
    """The images themselves, and those inside folders, each folder in alphabetical order.

    Raises :class:`UsageError` for a folder without images.
    """
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file())
        if not inside:
            raise UsageError(f"The folder {path} holds no pictures ({', '.join(sorted(IMAGE_SUFFIXES))}).")
        yield from inside


def predict_file(analyzer: Analyzer, path: Path) -> Prediction:
    """Analyse one image; an image that cannot be read gives a :class:`Prediction` with an error."""
    try:
        image = read_image(path)
    except SourceError as error:
        return Prediction(str(path), error=str(error))
    height, width = image.shape[:2]
    return Prediction(str(path), width, height, tuple(analyzer.analyze_image(image)))


def predict_paths(arguments: PredictArguments) -> int:
    """Print what is found, in input order; returns 1 when an image failed, else 0."""
    files = list(images_in(arguments.paths))
    failed = False
    table = _Table()
    with create_analyzer(runtime=arguments.runtime) as analyzer:
        for path in files:
            prediction = predict_file(analyzer, path)
            if prediction.error is not None:
                failed = True
                typer.echo(f"agecam: {prediction.error}", err=True)
            if arguments.as_json:
                sys.stdout.write(prediction.to_json() + "\n")
                sys.stdout.flush()
            else:
                table.add(prediction)
    if not arguments.as_json:
        table.show()
    return int(failed)


class _Table:
    def __init__(self) -> None:
        self._table = Table("file", "face", "age", "80 % interval", "gender", "box")

    def add(self, prediction: Prediction) -> None:
        if not prediction.faces:
            self._table.add_row(prediction.file, "no face" if prediction.error is None else "unreadable")
        for number, (face, estimate) in enumerate(prediction.faces, 1):
            likelier = max(estimate.female, 1 - estimate.female)
            word = "female" if estimate.female >= 0.5 else "male"
            self._table.add_row(
                prediction.file if number == 1 else "",
                str(number),
                f"{estimate.age:.0f}",
                f"{estimate.age_low:.0f} to {estimate.age_high:.0f}",
                f"{word} {likelier:.0%}",
                " ".join(f"{value:.0f}" for value in face.box),
            )

    def show(self) -> None:
        Console().print(self._table)

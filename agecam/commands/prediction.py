"""What ``agecam predict`` finds in one image."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agecam.errors import AgeCamError
from agecam.messages import Detection, Estimate
from agecam.output.json_lines import face_fields
from agecam.sources import image_damage, pages_left_out, read_image
from agecam.vision.analyzer import Analyzer
from agecam.vision.turned import is_upright

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was found in one image. Travels between processes.

    ``error`` says why nothing was found, or what is damaged behind the image that could be read.

    ``trace`` is the traceback of an error that nobody expected, for the log.
    """

    file: str
    width: int = 0
    height: int = 0
    faces: tuple[tuple[Detection, Estimate], ...] = ()
    error: str | None = None
    trace: str | None = None
    note: str | None = None
    """What is good to know of the image, for the user."""

    def to_json(self, *, ascii_only: bool = False) -> str:
        """One line of JSON: boxes in pixels, ages in years, ``female`` a probability.

        With ``ascii_only`` other characters are escaped, as JSON has it.
        """
        return json.dumps(
            {
                "file": self.file,
                "width": self.width,
                "height": self.height,
                "faces": [face_fields(face, estimate) for face, estimate in self.faces],
                "error": self.error,
            },
            ensure_ascii=ascii_only,
        )


def predict_file(analyzer: Analyzer, path: Path) -> Prediction:
    """Analyse one image; one that fails, for whatever reason, gives a :class:`Prediction` with an error."""
    try:
        image = read_image(path)
        height, width = image.shape[:2]
        faces = tuple(analyzer.analyze_image(image))
        note = pages_left_out(path) or _turned(path, faces)
        return Prediction(str(path), width, height, faces, image_damage(path), note=note)
    except AgeCamError as error:
        log.debug("%s", error, exc_info=True)
        return Prediction(str(path), error=str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other images are analysed
        sentence = f"{path} could not be analysed ({type(error).__name__}); the log says why."
        return Prediction(str(path), error=sentence, trace=traceback.format_exc())


def _turned(path: Path, faces: Sequence[tuple[Detection, Estimate]]) -> str | None:
    """The sentence for an image whose faces all lie on their side or upside down; ``None`` for others."""
    if not faces or any(is_upright(face) for face, _ in faces):
        return None
    return f"The faces in {path} lie on their side or upside down: is the picture turned?"

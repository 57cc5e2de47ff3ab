"""What ``models/manifest.json`` says of the age and gender models, held against the files themselves."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

from agecam.errors import ModelError
from agecam.paths import models_dir
from agecam.runtime import Runtime
from agecam.vision.align import CROP_PX, PREPROCESSING_VERSION
from agecam.vision.calibration import AGES, Calibration

MANIFEST: Final = "manifest.json"
_VERSION: Final = 1
_RESTORE: Final = "Reinstall AgeCam, or restore that file."

Task = Literal["age", "gender"]

OUTPUT_SIZES: Final[Mapping[Task, tuple[int, ...]]] = {"age": (AGES, 1), "gender": (1,)}
"""What a model may put out for a face: probabilities of ages or one age in years, and that of female."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The models of one folder: read once, then each file is checked when it is asked for."""

    folder: Path
    models: Mapping[str, Any]
    calibration: Calibration

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Raises :class:`ModelError` when the manifest is missing, unreadable or of another version."""
        path = folder / MANIFEST
        with _damage_named(path):
            content = json.loads(path.read_bytes())
            version, models = content["version"], content["models"]
            calibration = Calibration.from_manifest(models)
        if version != _VERSION:
            raise ModelError(
                f"{path} is of version {version!r:.40}, and this AgeCam reads version {_VERSION}. "
                "Use the models that came with this AgeCam."
            )
        return cls(folder, models, calibration)

    @property
    def advice(self) -> str:
        """What to do where these models cannot be used."""
        return _advice(self.folder, "Use the models that came with this AgeCam.")

    def check_shapes(self, task: Task, input_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> None:
        """Raise :class:`ModelError` where a model's shapes, without the batch, are none the program runs."""
        if input_shape != (CROP_PX, CROP_PX, 1):
            raise ModelError(f"The {task} model takes crops of another shape, {input_shape}. {self.advice}")
        with _damage_named(self.folder / MANIFEST):
            listed = self.models[task].get("output", {}).get("size")
        known = OUTPUT_SIZES[task]
        expected = known if listed is None else (listed,)
        if output_shape not in [(size,) for size in known if size in expected]:
            raise ModelError(
                f"The {task} model puts out {output_shape} values a face instead of "
                f"{' or '.join(map(str, expected))}. {self.advice}"
            )
        if task == "age" and output_shape == (1,) and not self.calibration.age_residuals:
            raise ModelError(
                f"The age model predicts years alone, and {self.folder / MANIFEST} does not say how far off "
                f"they are. {self.advice}"
            )

    def model_bytes(self, task: Task, runtime: Runtime) -> bytes:
        """The content of one model file, its checksum verified.

        Raises :class:`ModelError` when the manifest does not list it, when it is missing or damaged, or
        when it was trained on faces prepared in another way than :mod:`agecam.vision.align` does.
        """
        try:
            entry = self.models[task]
            name, sha256 = str(entry[runtime]["file"]), str(entry[runtime]["sha256"])
            preprocessing = entry["preprocessing"]
        except (KeyError, TypeError) as error:
            raise ModelError(
                f"{self.folder / MANIFEST} lists no {runtime} file for the {task} model. "
                + _advice(self.folder, "Reinstall AgeCam.")
            ) from error
        path = self.folder / name
        if preprocessing != PREPROCESSING_VERSION:
            raise ModelError(
                f"The {task} model {path} was trained on faces prepared in another way (version "
                f"{preprocessing}, here {PREPROCESSING_VERSION}). Use the models that came with this AgeCam."
            )
        try:
            content: bytes = path.read_bytes()
        except (OSError, ValueError) as error:  # a name that is none
            raise ModelError(
                f"The {task} model {path} is missing or cannot be read. " + _advice(self.folder, _RESTORE)
            ) from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ModelError(
                f"The {task} model {path} is not the file its manifest describes. "
                + _advice(self.folder, _RESTORE)
            )
        return content


def detector_bytes(path: Path, what: str = "face detector") -> bytes:
    """The content of a face detector's file, its checksum verified: a runtime may crash on a damaged one.

    ``what`` it is called in messages.

    Raises :class:`ModelError` when it is missing or damaged, or not listed in the manifest beside it.
    """
    manifest = path.with_name(MANIFEST)
    with _damage_named(manifest):
        listed = {entry["file"]: entry["sha256"] for entry in json.loads(manifest.read_bytes())["detectors"]}
    try:
        content = path.read_bytes()
    except OSError as error:
        of_own = "Copy it there from the models that came with AgeCam, or keep no face detector there."
        raise ModelError(
            f"The {what} {path} is missing or cannot be read. "
            + ("Reinstall AgeCam, or restore that file." if path.parent == models_dir() else of_own)
        ) from error
    if hashlib.sha256(content).hexdigest() != listed.get(path.name):
        raise ModelError(
            f"The {what} {path} is not the file its manifest describes. "
            "Reinstall AgeCam, or restore that file."
        )
    return content


def _advice(folder: Path, of_shipped: str) -> str:
    """What to do about models: ``of_shipped`` where they came with the program, not somebody's own."""
    return of_shipped if folder == models_dir() else "Export them again, or use other models."


@contextlib.contextmanager
def _damage_named(manifest: Path) -> Iterator[None]:
    """Raises :class:`ModelError` for what reading a manifest raises."""
    try:
        yield
    except OSError as error:
        advice = _advice(manifest.parent, "Reinstall AgeCam.")
        raise ModelError(f"{manifest} is missing or cannot be read. {advice}") from error
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise ModelError(f"{manifest} is damaged. {_advice(manifest.parent, _RESTORE)}") from error

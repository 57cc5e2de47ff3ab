"""What ``models/manifest.json`` says of the age and gender models, held against the files themselves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

from agecam.errors import ModelError
from agecam.runtime import Runtime
from agecam.vision.align import PREPROCESSING_VERSION
from agecam.vision.calibration import Calibration

MANIFEST: Final = "manifest.json"
_VERSION: Final = 1

Task = Literal["age", "gender"]


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
        try:
            content = json.loads(path.read_bytes())
            version, models = content["version"], content["models"]
            calibration = Calibration.from_manifest(models)
        except OSError as error:
            raise ModelError(f"{path} is missing or cannot be read. Reinstall AgeCam.") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ModelError(f"{path} is damaged. Reinstall AgeCam, or restore that file.") from error
        if version != _VERSION:
            raise ModelError(
                f"{path} is of version {version}, and this AgeCam reads version {_VERSION}. "
                "Use the models that came with this AgeCam."
            )
        return cls(folder, models, calibration)

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
                f"{self.folder / MANIFEST} lists no {runtime} file for the {task} model. Reinstall AgeCam."
            ) from error
        path = self.folder / name
        if preprocessing != PREPROCESSING_VERSION:
            raise ModelError(
                f"The {task} model {path} was trained on faces prepared in another way (version "
                f"{preprocessing}, here {PREPROCESSING_VERSION}). Use the models that came with this AgeCam."
            )
        try:
            content: bytes = path.read_bytes()
        except OSError as error:
            raise ModelError(
                f"The {task} model {path} is missing or cannot be read. "
                "Reinstall AgeCam, or restore that file."
            ) from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ModelError(
                f"The {task} model {path} is not the file its manifest describes. "
                "Reinstall AgeCam, or restore that file."
            )
        return content

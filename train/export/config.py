"""What to export, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agecam.options import option
from train.data.choices import one_of

WEIGHTS: Final = ("int8", "float16", "float32")


@dataclass(frozen=True, slots=True)
class OnnxConfig:
    """Keras models to write as ONNX files."""

    models: tuple[Path, ...] = field(metadata=option("Keras models: models/age.keras.", argument=True))
    out: Path = field(metadata=option("Folder of the ONNX files.", "--out", "-o"))


@dataclass(frozen=True, slots=True)
class ExportConfig:
    """Trained models, and what becomes of them.

    A head without a model keeps the one that ``out`` has, or else gets the one that AgeCam came with.
    """

    data: Path = field(metadata=option("Folder made by `prepare`."))
    out: Path = field(metadata=option("Folder of the models and their manifest.", "--out", "-o"))
    age: tuple[Path, ...] = field(
        default=(), metadata=option("Trained model with an age head; of several, the mean weights.")
    )
    gender: tuple[Path, ...] = field(default=(), metadata=option("The same with a gender head."))
    weights: str = field(default="int8", metadata=option("In the LiteRT files.", codec=one_of(WEIGHTS)))
    commit: str | None = field(
        default=None, metadata=option("Commit the training ran at; default: this one.")
    )

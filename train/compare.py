"""Train networks, losses, optimizers and weights of ages on one small budget, and put them side by side."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from agecam.vision.calibration import Calibration
from train.answers import answers
from train.data import DataError
from train.export import export_litert, milliseconds_per_face
from train.fit import FitConfig, fit, precision
from train.measure import all_figures
from train.models import ARCHITECTURES, Network, build_model
from train.prepare import load_crops
from train.table import TEST, Table

VARIANTS: Final[Mapping[str, Mapping[str, Any]]] = {
    **{architecture: {"architecture": architecture} for architecture in ARCHITECTURES},
    "mean-variance": {"age_loss": "mean-variance"},
    "mae": {"age_loss": "mae"},
    "mse": {"age_loss": "mse"},
    "categorical": {"gender_loss": "categorical"},
    "adam": {"optimizer": "adam"},
    # Steps of plain gradients are as long as these are: about 25 times the rate of Adam is as fast.
    "sgd": {"optimizer": "sgd", "learning_rate": 0.05},
    "ages-as-they-come": {"rarity_exponent": 0.0},
    "rare-ages-first": {"rarity_exponent": 0.8},
}
"""What each differs in from the shipped way: "compact", distribution and binary losses, AdamW, rare ages a
little heavier."""

_SETTINGS: Final = ("architecture", "age_loss", "gender_loss", "optimizer", "rarity_exponent")
_COLUMNS: Final = {
    "variant": "{}",
    **dict.fromkeys(_SETTINGS, "{}"),
    "mae_years": "{:.2f}",
    "mae_over_decades": "{:.2f}",
    "within_5": "{:.1%}",
    "right_range": "{:.1%}",
    "right_gender": "{:.1%}",
    "weights": "{:,}",
    "macs": "{:,}",
    "ms_per_face": "{:.2f}",
}


def compare(base: FitConfig, variants: Sequence[str] = tuple(VARIANTS)) -> list[dict[str, Any]]:
    """Train the variants with the settings of ``base``, in folders of their own, and measure them.

    Figures are of the test part, at ``base.size_px``; weights, multiply-adds (MACs) and milliseconds a face
    (LiteRT, int8 weights, batch of 8, one thread) are those of the network for 128 pixels. One row a variant,
    also in ``compare.json`` and ``compare.md``; calling again resumes.

    Raises :class:`DataError` for a variant that does not exist, and as :func:`train.fit.fit` does.
    """
    for name in variants:
        if name not in VARIANTS:
            raise DataError(f"There is no variant {name!r}: choose {', '.join(VARIANTS)}.")
    out, data = Path(base.out), Path(base.data)
    test = Table.load(data).some_of_part(TEST, data)
    costs: dict[Network, dict[str, float]] = {}
    rows = []
    for name in variants:
        config = replace(base, out=str(out / name), **VARIANTS[name])
        trained = fit(config)
        if config.network not in costs:
            costs[config.network] = cost(config.network)
        settings = {key: getattr(config, key) for key in _SETTINGS}
        rows.append(
            {
                "variant": name,
                **settings,
                **_figures(answers(trained, load_crops(data), test.row), test),
                **costs[config.network],
            }
        )
        (out / "compare.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
        (out / "compare.md").write_text(markdown(rows), encoding="utf-8")
    return rows


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """A table of the results; figures that the labels do not allow are left empty."""
    lines = [
        "| " + " | ".join(name.replace("_", " ") for name in _COLUMNS) + " |",
        "| --- " * len(_COLUMNS) + "|",
    ]
    for row in rows:
        cells = ["" if row[key] is None else form.format(row[key]) for key, form in _COLUMNS.items()]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def cost(network: Network) -> dict[str, float]:
    """What a network costs to run on a face of 128 pixels, however it is trained."""
    with precision("float32"):
        model = build_model(network)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        export_litert(path, "int8")
        milliseconds = milliseconds_per_face(path.with_suffix(".tflite"))
    return {"weights": model.count_params(), "macs": multiply_adds(model), "ms_per_face": milliseconds}


def multiply_adds(model: keras.Model) -> int:
    """Multiplications, each with an addition, of the convolutions and dense layers for one picture."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            total += math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:3])
        elif isinstance(layer, layers.Dense):
            total += math.prod(layer.kernel.shape)
    return total


def _figures(outputs: Mapping[str, NDArray[np.float32]], test: Table) -> dict[str, float | None]:
    figures = all_figures(outputs, test, Calibration())
    age, ranges, gender = (figures.get(kind, {}) for kind in ("age", "range", "gender"))
    return {
        "mae_years": age.get("mae"),
        # A plain mean over the decades of life: children and old people count as much as the others.
        "mae_over_decades": figures.get("balanced", {}).get("age_mae"),
        "within_5": age.get("within_5"),
        "right_range": ranges.get("right_range"),
        "right_gender": gender.get("accuracy"),
    }

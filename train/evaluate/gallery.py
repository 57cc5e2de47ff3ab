"""Galleries of the report: crops with their labels and predictions."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.vision.calibration import AGES, Calibration, age_interval, calibrated_female, predicted_age
from train.data.crops import center_crop
from train.data.table import Table
from train.evaluate.metrics import take_predictions
from train.evaluate.page import section

SHOWN: Final = 50
"""Images in a gallery."""

_IMAGE_PX: Final = 96
_JPEG_QUALITY: Final = 80


@dataclass(frozen=True, slots=True)
class Report:
    """All that the page shows; ``predictions`` and ``table`` have one row a measured image.

    ``metrics`` is the content of ``metrics.json``, ``crops`` are ``(n, 160, 160)`` uint8, ``runs`` are
    folders of ``fit`` whose learning curves are shown.
    """

    metrics: Mapping[str, Any]
    predictions: Mapping[str, NDArray[np.float32]]
    table: Table
    crops: NDArray[np.uint8]
    calibration: Calibration
    runs: Sequence[Path] = ()


def galleries(report: Report) -> str:
    """The worst ages, the most confident wrong genders, and images at random."""
    table, predictions, parts = report.table, report.predictions, []
    if "age" in predictions and table.exact.any():
        error = np.abs(predicted_age(predictions["age"]) - np.minimum(table.age_low, AGES - 1))
        worst = np.argsort(-np.where(table.exact, error, -1), kind="stable")[: min(SHOWN, table.exact.sum())]
        parts.append(_gallery(f"The {len(worst)} worst ages", report, worst))
    if "gender" in predictions:
        p = calibrated_female(predictions["gender"], report.calibration)
        wrong = np.where(np.isnan(table.female), 0, np.abs(p - table.female))
        worst = np.argsort(-wrong, kind="stable")[:SHOWN]
        worst = worst[wrong[worst] >= 0.5]
        if len(worst):
            parts.append(_gallery(f"The {len(worst)} most confident wrong genders", report, worst))
    some = np.random.default_rng(0).permutation(len(table))[:SHOWN]
    parts.append(_gallery(f"{len(some)} images at random", report, some))
    return section("Images", "".join(parts))


def _gallery(title: str, report: Report, places: NDArray[np.int64]) -> str:
    table = report.table.take(places)
    predictions = take_predictions(report.predictions, places)
    labels, predicted = _labels(table), _predicted(predictions, report.calibration)
    shown = "".join(
        f'<figure><img alt="" src="data:image/jpeg;base64,{_jpeg(report.crops[row])}" '
        f'title="{escape(f"{dataset}: {file}", quote=True)}">'
        f"<figcaption>{label}<br><b>{prediction}</b></figcaption></figure>"
        for row, dataset, file, label, prediction in zip(
            table.row, table.dataset, table.file, labels, predicted, strict=True
        )
    )
    note = "<p>Above the label, below in bold the prediction.</p>"
    return f"<h3>{title}</h3>{note}<div class=gallery>{shown}</div>"


def _labels(table: Table) -> list[str]:
    texts = []
    for low, high, female in zip(table.age_low, table.age_high, table.female, strict=True):
        age = "?" if np.isnan(low) else f"{low:.0f}" if low == high else f"{low:.0f}–{high:.0f}"
        texts.append(f"{age} {'?' if np.isnan(female) else 'female' if female else 'male'}")
    return texts


def _predicted(predictions: Mapping[str, NDArray[np.float32]], calibration: Calibration) -> list[str]:
    ages: list[str] = []
    genders: list[str] = []
    if "age" in predictions:
        age_years = predicted_age(predictions["age"])
        ages = [f"{age:.0f}" for age in age_years]
        if calibration.has_interval(predictions["age"]):
            ends = zip(*age_interval(predictions["age"], age_years, calibration), strict=True)
            ages = [f"{age} ({low:.0f}–{high:.0f})" for age, (low, high) in zip(ages, ends, strict=True)]
    if "gender" in predictions:
        genders = [
            f"{'female' if p >= 0.5 else 'male'} {100 * max(p, 1 - p):.0f} %"
            for p in calibrated_female(predictions["gender"], calibration)
        ]
    together = [part for part in (ages, genders) if part]
    return [" ".join(texts) for texts in zip(*together, strict=True)]


def _jpeg(crop: NDArray[np.uint8]) -> str:
    small = cv2.resize(center_crop(crop), (_IMAGE_PX, _IMAGE_PX), interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return base64.b64encode(encoded.tobytes()).decode()

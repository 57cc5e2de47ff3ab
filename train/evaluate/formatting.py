"""Metrics as the report writes them: headings, units and digits, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from train.evaluate.metrics import MIN_GROUP

UNDEFINED: Final = "–"
"""Stands where labels or predictions do not allow a metric, and where too few images would make it noise."""

YEARS, SIGNED_YEARS, SHARE, PLAIN = "years", "signed years", "share", "plain"

COLUMNS: Final = (
    ("age", "mae", "MAE", YEARS),
    ("age", "median_error", "median error", YEARS),
    ("age", "bias", "bias", SIGNED_YEARS),
    ("age", "within_1", "within 1 year", SHARE),
    ("age", "within_3", "within 3", SHARE),
    ("age", "within_5", "within 5", SHARE),
    ("age", "within_10", "within 10", SHARE),
    ("age", "within_5_printed", "within 5, as printed in whole years", SHARE),
    ("age", "interval_coverage", "in the interval", SHARE),
    ("age", "interval_width", "its width", YEARS),
    ("age", "loss", "loss", PLAIN),
    ("range", "accuracy", "accuracy", SHARE),
    ("range", "one_off_accuracy", "one-off accuracy", SHARE),
    ("range", "bias", "bias", SIGNED_YEARS),
    ("range", "loss", "loss", PLAIN),
    ("gender", "accuracy", "accuracy", SHARE),
    ("gender", "precision", "precision", SHARE),
    ("gender", "recall", "recall", SHARE),
    ("gender", "f1", "F1", SHARE),
    ("gender", "auc", "ROC-AUC", PLAIN),
    ("gender", "ece", "ECE", SHARE),
    ("gender", "loss", "loss", PLAIN),
)
"""Head, metric, heading, unit."""
UNITS: Final = {(head, name): unit for head, name, _, unit in COLUMNS}


def value_text(value: float, unit: str) -> str:
    """One number in its unit, as tables show it."""
    return {
        YEARS: f"{value:.2f}",
        SIGNED_YEARS: f"{value:+.2f}",
        SHARE: f"{100 * value:.1f} %",
        PLAIN: f"{value:.3f}",
    }[unit]


def metric_text(metrics: Mapping[str, Any], head: str, name: str) -> str:
    """One metric of a head, in its unit, or that it is undefined."""
    found = metrics.get(head, {})
    return value_text(found[name], UNITS[head, name]) if name in found else UNDEFINED


def enough(metrics: Mapping[str, Any], head: str) -> bool:
    """Whether metrics of a head are of enough images to be shown."""
    return bool(metrics.get(head, {}).get("count", 0) >= MIN_GROUP)

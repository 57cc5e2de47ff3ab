"""Print the tables of the model card from the metrics.json that ``python -m train evaluate`` wrote."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

NAMES = {"utkface": "UTKFace", "fairface": "FairFace", "aaf": "All-Age-Faces"}
_MIN_GROUP = 20
_NONE = "–"
_RENAMED = {
    "right_range": "accuracy",
    "right_range_likeliest": "accuracy_likeliest",
    "within_one_range": "one_off_accuracy",
    "within_one_range_likeliest": "one_off_accuracy_likeliest",
    "range_right_range": "range_accuracy",
}


def percent(value: float) -> str:
    return f"{value:.1%}".replace("%", " %")


def years(value: float) -> str:
    return f"{value:.2f}"


def signed_years(value: float) -> str:
    return f"{value:+.2f}"


def fraction(value: float) -> str:
    return f"{value:.4f}"


HEADLINES: tuple[tuple[str, str, str, Callable[[float], str]], ...] = (
    ("age, MAE (years)", "age", "mae", years),
    ("age, median error (years)", "age", "median_error", years),
    ("age, mean of prediction minus label (years)", "age", "bias", signed_years),
    ("within 1 year", "age", "within_1", percent),
    ("within 3 years", "age", "within_3", percent),
    ("within 5 years", "age", "within_5", percent),
    ("within 10 years", "age", "within_10", percent),
    ("within 5 years, as printed in whole years", "age", "within_5_printed", percent),
    ("interval holds the label", "age", "interval_coverage", percent),
    ("interval, mean width (years)", "age", "interval_width", years),
    ("age, MAE, mean over age groups (years)", "balanced", "age_mae", years),
    ("age range accuracy", "range", "accuracy", percent),
    ("age range accuracy, likeliest", "range", "accuracy_likeliest", percent),
    ("age range, one-off accuracy", "range", "one_off_accuracy", percent),
    ("age range accuracy, mean over ranges", "balanced", "range_accuracy", percent),
    ("age range, mean signed distance (years)", "range", "bias", signed_years),
    ("gender, accuracy", "gender", "accuracy", percent),
    ('"female": precision', "gender", "precision", percent),
    ('"female": recall', "gender", "recall", percent),
    ('"female": F1', "gender", "f1", percent),
    ("gender, AUC", "gender", "auc", fraction),
    ("gender, calibration error (ECE)", "gender", "ece", percent),
    ("gender, accuracy, mean over age groups", "balanced", "gender_accuracy", percent),
)


_POSE_COLUMNS: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("age", "mae", years),
    ("age", "bias", signed_years),
    ("age", "interval_coverage", percent),
    ("range", "accuracy", percent),
    ("range", "bias", signed_years),
    ("gender", "accuracy", percent),
)
_POSES = {"yaw": "Yaw", "pitch": "Pitch", "size": "Face width"}


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    header = list(header)
    lines = [header, ["---"] * len(header), *map(list, rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def headlines(sets: dict[str, Any]) -> str:
    rows = []
    for name, kind, metric, text in HEADLINES:
        cells = []
        for values in sets.values():
            found = values.get(kind, {})
            # An image that is also in another set brings a few exact ages into a set of ranges.
            enough = found.get("count", _MIN_GROUP) >= _MIN_GROUP and not (
                metric == "age_mae" and values.get("age", {}).get("count", 0) < _MIN_GROUP
            )
            cells.append(text(found[metric]) if metric in found and enough else "")
        rows.append([name, *cells])
    adults = [values["groups"]["adults"]["18-75"]["gender"]["accuracy"] for values in sets.values()]
    rows.append(["gender, accuracy from 18 to 75", *map(percent, adults)])
    return table(["", *(NAMES.get(name, name) for name in sets)], rows)


def groups(sets: dict[str, Any], kind: str, title: str) -> str:
    members = sorted(
        {name for values in sets.values() for name in values["groups"].get(kind, {})}, key=_order
    )
    header, columns = [title], []
    for name, values in sets.items():
        exact = values.get("age", {}).get("count", 0) >= _MIN_GROUP
        header += [f"{NAMES.get(name, name)}: images"]
        header += ["MAE", "in the interval"] if exact else ["range accuracy", "one-off accuracy"]
        header += ["gender"]
        columns.append((values["groups"].get(kind, {}), exact))
    rows = []
    for member in members:
        cells = [member]
        for found, exact in columns:
            group = found.get(member)
            if group is None:
                cells += [""] * 4
                continue
            gender = group.get("gender", {})
            if exact:
                age = group.get("age", {})
                cells += [
                    f"{gender.get('count', age.get('count', 0)):,.0f}",
                    years(age["mae"]) if age else "",
                    percent(age["interval_coverage"]) if age else "",
                ]
            else:
                ages = group.get("range", {})
                cells += [
                    f"{gender.get('count', 0):,.0f}",
                    percent(ages["accuracy"]) if ages else "",
                    percent(ages["one_off_accuracy"]) if ages else "",
                ]
            cells.append(percent(gender["accuracy"]) if gender else "")
        rows.append(cells)
    return table(header, rows)


def bias(sets: dict[str, Any]) -> str:
    """Mean of prediction minus label, in years, by decade; empty for an evaluation of earlier releases."""
    found = {name: values["bias"] for name, values in sets.items() if values.get("bias")}
    if not found:
        return ""
    header = ["Decade"]
    for name in found:
        header += [f"{NAMES.get(name, name)}: images", "bias (years)"]
    rows = []
    for decade in sorted({decade for decades in found.values() for decade in decades}, key=_order):
        cells = [decade]
        for decades in found.values():
            values = decades.get(decade)
            cells += [f"{values['count']:,.0f}", signed_years(values["bias"])] if values else [_NONE, _NONE]
        rows.append(cells)
    return table(header, rows)


def pose(sets: dict[str, Any], kind: str, title: str) -> str:
    """Errors, bias, coverage and genders by pose or size of the face, one row a set and group."""
    rows = [
        [
            NAMES.get(name, name),
            group,
            f"{max(found['count'] for found in metrics.values()):,.0f}",
            *(
                text(metrics[head][metric]) if _has(metrics, head, metric) else _NONE
                for head, metric, text in _POSE_COLUMNS
            ),
        ]
        for name, values in sets.items()
        for group, metrics in values["groups"].get(kind, {}).items()
        if metrics
    ]
    headings = ["MAE", "bias", "in the interval", "range accuracy", "range bias", "gender"]
    return table(["Set", title, "images", *headings], rows) if rows else ""


def held_out(sets: dict[str, Any]) -> str:
    """The interval of each set, calibrated on the others."""
    rows = [
        [
            NAMES.get(name, name),
            ", ".join(NAMES.get(other, other) for other in values["calibrated_on"]),
            percent(values["interval_coverage"]),
            years(values["interval_width"]),
        ]
        for name, values in sets.items()
    ]
    return table(["Set", "calibrated on", "in the interval", "width (years)"], rows) if rows else ""


def _has(metrics: dict[str, dict[str, float]], head: str, metric: str) -> bool:
    found = metrics.get(head, {})
    return metric in found and found["count"] >= _MIN_GROUP


def _order(name: str) -> tuple[int, str]:
    digits = name.split("-")[0].rstrip("+")
    return (int(digits), "") if digits.isdigit() else (999, name)


def current_names(values: Any) -> Any:
    """Metrics by the names of today, also of a figures.json of earlier releases."""
    if not isinstance(values, dict):
        return values
    return {_RENAMED.get(name, name): current_names(value) for name, value in values.items()}


def main(path: str) -> None:
    metrics = json.loads(Path(path).read_text(encoding="utf-8"))
    sets = current_names(metrics["datasets"])
    sets = {name: sets[name] for name in sorted(sets, key=lambda name: list(NAMES).index(name))}
    parts = [headlines(sets), groups(sets, "age", "Age"), groups(sets, "gender", "Labelled gender")]
    for name, values in sets.items():
        if values["groups"].get("race"):
            parts.append(groups({name: values}, "race", f"Labelled race, {NAMES[name]}"))
    parts.append(bias(sets))
    parts += [pose(sets, kind, title) for kind, title in _POSES.items()]
    parts.append(held_out(metrics.get("held_out", {})))
    print("\n\n".join(filter(None, parts)))


if __name__ == "__main__":
    main(sys.argv[1])

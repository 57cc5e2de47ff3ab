"""Sections of the report about groups of images: by decade, pose, size and label."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from train.data.age_groups import by_age
from train.evaluate import plots
from train.evaluate.formatting import (
    SIGNED_YEARS,
    UNDEFINED,
    UNITS,
    enough,
    metric_text,
    value_text,
)
from train.evaluate.gallery import Report
from train.evaluate.metrics import MIN_GROUP
from train.evaluate.page import figure, section, table

_LABELS: Final = {
    "decade": "Decade of the label",
    "age": "Age group",
    "gender": "Gender label",
    "race": "Race label",
    "adults": "Adults",
}
_POSES: Final = {"yaw": "Yaw", "pitch": "Pitch", "size": "Width of the face in its image"}
_METRICS: Final = {
    ("age", "mae"): "age, MAE (years)",
    ("age", "bias"): "age, bias (years)",
    ("age", "interval_coverage"): "labels inside the interval",
    ("age", "interval_width"): "width of the interval (years)",
    ("range", "accuracy"): "age range accuracy",
    ("range", "bias"): "age range, bias (years)",
    ("gender", "accuracy"): "gender accuracy",
}
"""What groups are compared by."""
_POSE_PLOTS: Final = (
    ("age", "mae", "MAE (years)"),
    ("age", "bias", "mean of prediction less label"),
    ("age", "interval_coverage", "inside the interval"),
    ("gender", "accuracy", "gender accuracy"),
)


def bias_section(biases: Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]]) -> str:
    """Bias by decade, data set and split, as a table, and a plot of each set."""
    columns = [(split, name) for split, sets in biases.items() for name in sets]
    if not columns:
        return ""
    drawn = "".join(
        figure(
            plots.bars(
                {decade: values["bias"] for decade, values in biases[split][name].items()},
                "mean of prediction less label",
                name=f"bias {split} {name}",
            ),
            f"{escape(name)}, {escape(split)}",
        )
        for split, name in columns
    )
    decades = by_age(decade for sets in biases.values() for found in sets.values() for decade in found)
    rows = [
        [decade, *(_bias_cell(biases[split][name].get(decade)) for split, name in columns)]
        for decade in decades
    ]
    heads = ["Decade of the label", *(f"{escape(name)}, {escape(split)}" for split, name in columns)]
    note = (
        "<p>Mean of predicted age less label, in years, for a range the mean distance from it, 0 inside. "
        f"Above 0 people are judged too old. {UNDEFINED}: fewer than {MIN_GROUP} images. Small numbers: "
        "images.</p>"
    )
    return section("Bias by decade", f"<div class=plots>{drawn}</div>{table(heads, rows)}{note}")


def _bias_cell(values: Mapping[str, float] | None) -> str:
    if values is None:
        return UNDEFINED
    return f"{value_text(values['bias'], SIGNED_YEARS)}<small>{values['count']:,.0f}</small>"


def pose_section(report: Report) -> str:
    """Metrics and plots by yaw, pitch and size of the face, where the prepared folder knows them."""
    everything = report.metrics["all"]
    tables = _tables(everything, _POSES)
    if not tables:
        return ""
    drawn = []
    for kind, title in _POSES.items():
        groups = everything["groups"].get(kind, {})
        for head, key, label in _POSE_PLOTS:
            values = {
                name: of_group[head][key]
                for name, of_group in groups.items()
                if enough(of_group, head) and key in of_group[head]
            }
            if len(values) < 2:
                continue
            share = key in ("interval_coverage", "accuracy")
            line = report.calibration.interval if key == "interval_coverage" else None
            plot = plots.bars(values, label, line=line, share=share, axis=title.lower(), name=f"{kind} {key}")
            drawn.append(figure(plot, ""))
    note = (
        "<p>Yaw and pitch are told from the detector's keypoints, coarsely. Frontal: less than 15° to either "
        "side; half profile: less than 45°; level: less than 15° up or down.</p>"
    )
    return section("By pose and size", f"<div class=plots>{''.join(drawn)}</div>{tables}{note}")


def held_out_section(sets: Mapping[str, Mapping[str, Any]]) -> str:
    """The interval of each data set where calibration has not seen it."""
    rows = [
        [
            escape(name),
            escape(", ".join(values["calibrated_on"])),
            f"{values['count']:,.0f}",
            *(value_text(values[key], UNITS["age", key]) for key in ("interval_coverage", "interval_width")),
        ]
        for name, values in sets.items()
    ]
    if not rows:
        return ""
    heads = ["Data set", "calibrated on", "images", "labels inside the interval", "its width (years)"]
    note = "<p>Calibration alone has not seen the set; whether the models have is another question.</p>"
    return section("Interval on sets held out", table(heads, rows) + note)


def groups_section(everything: Mapping[str, Any]) -> str:
    """Metrics by decade, age group, gender, race, and of adults."""
    tables = _tables(everything, _LABELS)
    note = (
        f"<p>Small numbers: images. Gap: largest less smallest. {UNDEFINED}: fewer than {MIN_GROUP} images, "
        "or undefined.</p>"
    )
    return section("By group", tables + note) if tables else ""


def _tables(everything: Mapping[str, Any], kinds: Mapping[str, str]) -> str:
    return "".join(
        _table(title, everything["groups"][kind], everything["gaps"].get(kind))
        for kind, title in kinds.items()
        if everything["groups"].get(kind)
    )


def _table(title: str, rows: Mapping[str, Any], gaps: Mapping[str, float] | None) -> str:
    body = [[escape(name), *(_cell(metrics, *key) for key in _METRICS)] for name, metrics in rows.items()]
    if gaps:
        cells = (gaps.get(f"{head}_{key}") for head, key in _METRICS)
        texts = (
            "" if gap is None else f"<b>{value_text(gap, UNITS[key])}</b>"
            for gap, key in zip(cells, _METRICS, strict=True)
        )
        body.append(["<b>gap</b>", *texts])
    return table([title, *_METRICS.values()], body)


def _cell(metrics: Mapping[str, Any], head: str, key: str) -> str:
    if not enough(metrics, head) or key not in metrics[head]:
        return UNDEFINED
    return f"{metric_text(metrics, head, key)}<small>{metrics[head]['count']:,.0f}</small>"

"""The evaluation as one HTML page that needs nothing else: metrics, plots and images inside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

import numpy as np

from agecam.files import write_atomically
from agecam.vision.calibration import AGES, calibrated_female, predicted_age
from train.data.age_groups import AGE_GROUP_NAMES, by_age
from train.evaluate import plots
from train.evaluate.formatting import COLUMNS, UNDEFINED, UNITS, enough, metric_text, value_text
from train.evaluate.gallery import Report, galleries
from train.evaluate.groups import by_group
from train.evaluate.metrics import MAIN_METRICS, MIN_GROUP, label_decades
from train.evaluate.page import details, figure, render_page, section, table
from train.evaluate.report_groups import bias_section, groups_section, held_out_section, pose_section
from train.fit.run_folder import LOG_FILE

_HEADS: Final = {"age": "Exact ages", "range": "Age ranges", "gender": "Gender"}
_NARROW_MATRIX: Final = 6
"""Columns of a confusion matrix that fit beside a plot."""


def write_report(path: Path, report: Report) -> None:
    """Write the page; it refers to no other file or address."""
    metrics = report.metrics
    sections = [
        _overview(report),
        _balance(report),
        _age(report),
        bias_section(metrics["bias"]),
        _gender(report),
        pose_section(report),
        held_out_section(metrics.get("held_out", {})),
        groups_section(metrics["all"]),
        _corruptions(metrics.get("corruptions", [])),
        _live(metrics.get("live", {})),
        _curves(report.runs),
        galleries(report),
    ]
    title = f"{', '.join(metrics['models'])} on {metrics['data']}"
    write_atomically(path, render_page(title, sections))


def _overview(report: Report) -> str:
    metrics, everything = report.metrics, report.metrics["all"]
    tiles = [
        ("age", "mae", "years, MAE of age"),
        ("age", "within_5", "of ages within 5 years"),
        ("age", "interval_coverage", "of labels inside the interval"),
        ("range", "accuracy", "age range accuracy"),
        ("gender", "accuracy", "gender accuracy"),
        ("gender", "ece", "calibration error (ECE) of gender"),
    ]
    cards = "".join(
        f"<div class=tile><b>{metric_text(everything, head, name)}</b>{label}</div>"
        for head, name, label in tiles
        if name in everything.get(head, {})
    )
    rows = metrics["datasets"] | ({"all": everything} if len(metrics["datasets"]) > 1 else {})
    tables = "".join(_metrics_table(_HEADS[head], head, rows) for head in _HEADS)
    count = metrics["views"]
    views = "No test-time augmentation" if count == 1 else f"Test-time augmentation: means over {count} views"
    note = (
        f"{len(report.table):,} images, split: {escape(metrics['split'])}. {views}. Calibration: "
        f"{escape(metrics['calibration']['origin'])}."
    )
    note += _balanced(everything)
    return section("Overview", f"<div class=tiles>{cards}</div>{tables}<p>{note}</p>")


def _balanced(everything: Mapping[str, Any]) -> str:
    """The metrics that all age groups count alike in, and which groups these are."""
    texts: dict[tuple[str, ...], list[str]] = {}
    for (head, name), label in MAIN_METRICS.items():
        if bands := everything.get("balanced_over", {}).get(f"{head}_{name}"):
            value = value_text(everything["balanced"][f"{head}_{name}"], UNITS[head, name])
            texts.setdefault(tuple(bands), []).append(f"{label} {value}")
    note = ""
    for used, metrics in texts.items():
        left_out = [band for band in everything["age_bands"] if band not in used]
        note += f" With these age groups counting alike, {', '.join(used)}: {'; '.join(metrics)}"
        note += f" (too few images: {', '.join(left_out)})." if left_out else "."
    return note


def _metrics_table(title: str, head: str, rows: Mapping[str, Any]) -> str:
    """The metrics of one head, one row for each entry that has them."""
    # An image that is also in another set may bring a few exact ages into a set of ranges.
    few = {name: metrics[head] for name, metrics in rows.items() if head in metrics}
    having = {name: values for name, values in few.items() if values["count"] >= MIN_GROUP} or few
    columns = [
        (name, heading)
        for of, name, heading, _ in COLUMNS
        if of == head and any(name in values for values in having.values())
    ]
    if not having:
        return ""
    body = [
        [escape(name), f"{values['count']:,.0f}"]
        + [metric_text({head: values}, head, key) for key, _ in columns]
        for name, values in having.items()
    ]
    return table([title, "images", *(heading for _, heading in columns)], body)


def _balance(report: Report) -> str:
    """How many images there are of each kind: what the metrics are means over."""
    labels = report.table
    genders = {"female": labels.female == 1, "male": labels.female == 0, "unknown": np.isnan(labels.female)}
    decades = label_decades(labels)
    parts = []
    for axis, groups in (
        ("decade of the label", {name: decades == name for name in by_age(decades)}),
        ("yaw", by_group(labels)["yaw"]),
    ):
        if not any(mask.any() for mask in groups.values()):
            continue
        counts = {
            gender: [int((of_gender & mask).sum()) for mask in groups.values()]
            for gender, of_gender in genders.items()
        }
        parts.append(figure(plots.stacked_bars(counts, list(groups), axis), f"Images by {axis} and gender"))
    return section("Class balance", f"<div class=plots>{''.join(parts)}</div>") if parts else ""


def _age(report: Report) -> str:
    if "age" not in report.predictions:
        return ""
    everything, parts = report.metrics["all"], []
    known = report.table.exact
    decades = {n: v["age"] for n, v in everything["groups"]["decade"].items() if "age" in v}
    if known.any():
        truth = np.minimum(report.table.age_low[known], AGES - 1)
        predicted = predicted_age(report.predictions["age"][known])
        parts.append(figure(plots.age_scatter(truth, predicted), "Predictions"))
        parts.append(figure(plots.error_histogram(predicted - truth), "Errors"))
    if decades:
        errors = {name: values["mae"] for name, values in decades.items()}
        parts.append(figure(plots.bars(errors, "MAE (years)"), "MAE by age"))
    held = {n: v["interval_coverage"] for n, v in decades.items() if "interval_coverage" in v}
    if held:
        drawn = plots.bars(held, "inside the interval", line=report.calibration.interval, share=True)
        parts.append(figure(drawn, "Labels inside the interval, by age; dashed: what is meant"))
    parts.append(_confusion(everything["confusion"].get("age"), AGE_GROUP_NAMES, "Age groups"))
    return section("Age", f"<div class=plots>{''.join(parts)}</div>")


def _gender(report: Report) -> str:
    known = ~np.isnan(report.table.female)
    if "gender" not in report.predictions or not known.any():
        return ""
    p = calibrated_female(report.predictions["gender"][known], report.calibration)
    everything = report.metrics["all"]
    by_age = {
        n: v["gender"]["accuracy"] for n, v in everything["groups"]["age"].items() if enough(v, "gender")
    }
    female = report.table.female[known] > 0.5
    parts = [
        figure(plots.roc(p, female), "ROC curve, female as the positive class"),
        figure(plots.reliability(p, female), "Reliability of the probability"),
        figure(plots.bars(by_age, "accuracy", share=True), "Gender accuracy by age group (per cent)"),
        _confusion(everything["confusion"].get("gender"), ["male", "female"], "Genders"),
    ]
    note = (
        "<p>Precision, recall and F1 take female for the positive class. Gender is what the labels say of "
        "how a person looks, and nothing else.</p>"
    )
    return section("Gender", f"<div class=plots>{''.join(parts)}</div>{note}")


def _corruptions(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    drawn = "".join(
        figure(plots.by_corruption(rows, f"{head}_{key}", label, share=head != "age"), "", wide=True)
        for head, key, label in (
            ("age", "mae", "age, MAE (years)"),
            ("range", "accuracy", "age range accuracy (%)"),
            ("gender", "accuracy", "gender accuracy (%)"),
        )
    )
    body = [[escape(f"{row['kind']}: {row['name']}"), *_main_cells(row["metrics"])] for row in rows]
    heads = ["Corruption", *_main_headings(rows[0]["metrics"])]
    note = (
        "<p>Stored crops made worse. Face width: as if the face had been so wide in its image. "
        "Rotation: within the crop, not undone by the detector.</p>"
    )
    return section("Corruptions", drawn + note + details("All metrics", table(heads, body)))


def _live(live: Mapping[str, Any]) -> str:
    if not live:
        return ""
    names = ("stored", "live", "difference")
    labels = {"stored": "stored crops", "live": "live path", "difference": "difference"}
    body = [[labels[name], *_main_cells(live[name], signed=name == "difference")] for name in names]
    for row in live.get("corrupted", []):
        cells = zip(_main_cells(row["live"]), _main_cells(row["difference"], signed=True), strict=True)
        label = f"live path, {escape(row['name'])}<small>{row['not_found']['all']:,} not found</small>"
        body.append([label, *(f"{value}<small>{change}</small>" for value, change in cells)])
    missed = ", ".join(
        f"{escape(name)} {count}" for name, count in live["not_found"].items() if name != "all"
    )
    note = (
        f"<p>{live['count']:,} whole images as <code>agecam predict</code> sees them. No face found in "
        f"{live['not_found']['all']} ({missed}); the metrics are of the others. Small signed "
        "numbers: less the metric on the stored crops of the same images.</p>"
    )
    return section("Through the live path", table(["", *_main_headings(live["stored"])], body) + note)


def _main_headings(metrics: Mapping[str, Mapping[str, float]]) -> list[str]:
    return [
        f"{escape(name)}: {MAIN_METRICS[tuple(key.split('_', 1))]}"  # type: ignore[index]
        for name, values in metrics.items()
        for key in values
    ]


def _main_cells(metrics: Mapping[str, Mapping[str, float]], *, signed: bool = False) -> list[str]:
    cells = []
    for values in metrics.values():
        for key, value in values.items():
            years = key == "age_mae"
            sign = "+" if signed else ""
            cells.append(f"{value:{sign}.2f}" if years else f"{100 * value:{sign}.1f} %")
    return cells


def _curves(runs: Sequence[Path]) -> str:
    drawn = "".join(
        figure(plots.learning_curves(run / LOG_FILE), escape(str(run)) if len(runs) > 1 else "", wide=True)
        for run in runs
        if (run / LOG_FILE).is_file()
    )
    return section("Learning curves", drawn) if drawn else ""


def _confusion(counts: Sequence[Sequence[int]] | None, names: Sequence[str], title: str) -> str:
    if counts is None:
        return ""
    body = []
    for name, row in zip(names, counts, strict=True):
        cells = "".join(_share_cell(count, sum(row)) for count in row)
        body.append(f"<tr><th>{name}</th>{cells}<td class=sum>{sum(row):,}</td></tr>")
    head = "".join(f"<th>{name}</th>" for name in names)
    matrix = f"<table class=matrix><tr><th></th>{head}<th>images</th></tr>{''.join(body)}</table>"
    return figure(
        f"<div class=scroll>{matrix}</div>",
        f"{title}: images with the label (row) and the prediction (column); small, per cent of the label",
        wide=len(names) > _NARROW_MATRIX,
    )


def _share_cell(count: int, images: int) -> str:
    if not images:
        return f"<td>{UNDEFINED}</td>"
    share = count / images
    return (
        f'<td style="background:rgba(59,130,196,{0.85 * share:.2f})">'
        f"{count:,}<small>{100 * share:.0f} %</small></td>"
    )

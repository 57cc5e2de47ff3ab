"""The evaluation as one HTML page that needs nothing else: figures, plots and pictures inside it."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.vision.calibration import AGES, Calibration, age_interval, calibrated_female
from train import plots
from train.measure import FEWEST, MAIN_FIGURES, is_distribution, said_age, take_outputs
from train.prepare import central
from train.split import BAND_EDGES, band_name
from train.table import Table

SHOWN: Final = 50
"""Pictures in a gallery."""

_PICTURE_PX: Final = 96
_YEARS, _SHARE, _PLAIN = "years", "share", "plain"

# Head, figure, heading, unit.
_COLUMNS: Final = (
    ("age", "mae", "mean error", _YEARS),
    ("age", "median_error", "median error", _YEARS),
    ("age", "bias", "bias", _YEARS),
    ("age", "within_1", "within 1 year", _SHARE),
    ("age", "within_3", "within 3", _SHARE),
    ("age", "within_5", "within 5", _SHARE),
    ("age", "within_10", "within 10", _SHARE),
    ("age", "within_5_printed", "within 5, as printed in whole years", _SHARE),
    ("age", "interval_coverage", "in the interval", _SHARE),
    ("age", "interval_width", "its width", _YEARS),
    ("age", "loss", "loss", _PLAIN),
    ("range", "right_range", "right range", _SHARE),
    ("range", "within_one_range", "within one", _SHARE),
    ("range", "loss", "loss", _PLAIN),
    ("gender", "accuracy", "accuracy", _SHARE),
    ("gender", "precision", "precision", _SHARE),
    ("gender", "recall", "recall", _SHARE),
    ("gender", "f1", "F1", _SHARE),
    ("gender", "auc", "ROC-AUC", _PLAIN),
    ("gender", "ece", "ECE", _SHARE),
    ("gender", "loss", "loss", _PLAIN),
)
_HEADS: Final = {"age": "Exact ages", "range": "Age ranges", "gender": "Gender"}
_GROUPS: Final = {
    "age": "Age band",
    "gender": "Gender label",
    "race": "Race label",
    "adults": "Adults",
}


@dataclass(frozen=True, slots=True)
class Report:
    """All that the page shows; ``outputs`` and ``table`` have one row a measured picture."""

    figures: Mapping[str, Any]
    outputs: Mapping[str, NDArray[np.float32]]
    table: Table
    crops: NDArray[np.uint8]
    calibration: Calibration
    run: Path | None = None


def write_report(path: Path, report: Report) -> None:
    """Write the page; it refers to no other file or address."""
    figures = report.figures
    title = f"{', '.join(figures['models'])} on {figures['data']}"
    sections = [
        _overview(report),
        _age(report),
        _gender(report),
        _groups(figures["all"]),
        _conditions(figures.get("conditions", [])),
        _live(figures.get("live", {})),
        _curves(report.run),
        _galleries(report),
    ]
    page = _PAGE.format(title=escape(title), style=_STYLE, body="\n".join(filter(None, sections)))
    path.write_text(page, encoding="utf-8")


def _overview(report: Report) -> str:
    figures, everything = report.figures, report.figures["all"]
    tiles = [
        ("age", "mae", "years, mean error of age"),
        ("age", "within_5", "of ages within 5 years"),
        ("age", "interval_coverage", "of labels inside the interval"),
        ("range", "right_range", "right age range"),
        ("gender", "accuracy", "right gender"),
        ("gender", "ece", "error of its probability"),
    ]
    units = {(head, name): unit for head, name, _, unit in _COLUMNS}
    cards = "".join(
        f"<div class=tile><b>{_value(everything[head][name], units[head, name])}</b>{label}</div>"
        for head, name, label in tiles
        if name in everything.get(head, {})
    )
    rows = figures["datasets"] | ({"all": everything} if len(figures["datasets"]) > 1 else {})
    tables = "".join(_figure_table(_HEADS[head], head, rows) for head in _HEADS)
    balanced = "; ".join(
        f"{MAIN_FIGURES[head, name]} {_value(everything['balanced'][f'{head}_{name}'], units[head, name])}"
        for head, name in MAIN_FIGURES
        if f"{head}_{name}" in everything.get("balanced", {})
    )
    looks = (
        "One look at each face"
        if figures["looks"] == 1
        else f"Means over {figures['looks']} looks at each face"
    )
    note = (
        f"{len(report.table):,} pictures, part: {escape(figures['part'])}. {looks}. Calibration: "
        f"{escape(figures['calibration']['origin'])}."
    )
    if balanced:
        note += f" With all age bands counting alike: {balanced}."
    return _section("Overview", f"<div class=tiles>{cards}</div>{tables}<p>{note}</p>")


def _figure_table(title: str, head: str, rows: Mapping[str, Any]) -> str:
    """The figures of one head, one row for each entry that has them."""
    # A photograph that is also in another set may bring a few exact ages into a set of ranges.
    few = {name: figures[head] for name, figures in rows.items() if head in figures}
    having = {name: values for name, values in few.items() if values["count"] >= FEWEST} or few
    columns = [
        (name, heading, unit)
        for of, name, heading, unit in _COLUMNS
        if of == head and any(name in values for values in having.values())
    ]
    if not having:
        return ""
    body = [
        [escape(name), f"{values['count']:,.0f}"]
        + [_value(values[key], unit) if key in values else "" for key, _, unit in columns]
        for name, values in having.items()
    ]
    return _table([title, "pictures", *(heading for _, heading, _ in columns)], body)


def _age(report: Report) -> str:
    if "age" not in report.outputs:
        return ""
    everything, parts = report.figures["all"], []
    known = report.table.exact
    decades = {n: v["age"] for n, v in everything["groups"]["decade"].items() if "age" in v}
    if known.any():
        truth = np.minimum(report.table.age_low[known], AGES - 1)
        parts.append(_figure(plots.age_scatter(truth, said_age(report.outputs["age"][known])), "Estimates"))
    if decades:
        errors = {name: values["mae"] for name, values in decades.items()}
        parts.append(_figure(plots.bars(errors, "mean error (years)"), "Error by age"))
        biases = {name: values["bias"] for name, values in decades.items()}
        parts.append(_figure(plots.bars(biases, "mean of estimate less label"), "Bias by age"))
    held = {n: v["interval_coverage"] for n, v in decades.items() if "interval_coverage" in v}
    if held:
        drawn = plots.bars(held, "inside the interval", line=report.calibration.interval, share=True)
        parts.append(_figure(drawn, "Labels inside the interval, by age; dashed: what is meant"))
    names = [band_name(band) for band in range(len(BAND_EDGES))]
    parts.append(_confusion(everything["confusion"].get("age"), names, "Age bands"))
    return _section("Age", f"<div class=plots>{''.join(parts)}</div>")


def _gender(report: Report) -> str:
    known = ~np.isnan(report.table.female)
    if "gender" not in report.outputs or not known.any():
        return ""
    p = calibrated_female(report.outputs["gender"][known], report.calibration)
    everything = report.figures["all"]
    by_age = {n: v["gender"]["accuracy"] for n, v in everything["groups"]["age"].items() if "gender" in v}
    parts = [
        _figure(plots.reliability(p, report.table.female[known] > 0.5), "Reliability of the probability"),
        _figure(plots.bars(by_age, "right", share=True), "Right gender by age band (per cent)"),
        _confusion(everything["confusion"].get("gender"), ["male", "female"], "Genders"),
    ]
    note = "<p>Gender is what the labels say of how a person looks, and nothing else.</p>"
    return _section("Gender", f"<div class=plots>{''.join(parts)}</div>{note}")


def _groups(everything: Mapping[str, Any]) -> str:
    parts = []
    for kind, title in _GROUPS.items():
        rows = everything["groups"].get(kind, {})
        if not rows:
            continue
        body = [
            [escape(name)]
            + [
                f"{_main(figures, head, key)}<small>{figures[head]['count']:,.0f}</small>"
                if _enough(figures, head) and key in figures[head]
                else ""
                for head, key in MAIN_FIGURES
            ]
            for name, figures in rows.items()
        ]
        if gaps := everything["gaps"].get(kind):
            body.append(
                ["<b>gap</b>"]
                + [
                    f"<b>{_unit_of(head, key, gaps[f'{head}_{key}'])}</b>" if f"{head}_{key}" in gaps else ""
                    for head, key in MAIN_FIGURES
                ]
            )
        parts.append(_table([title, *MAIN_FIGURES.values()], body))
    note = "<p>Small numbers: pictures. Gap: largest less smallest. Groups of fewer than 20 are left out.</p>"
    return _section("By group", "".join(parts) + note) if parts else ""


def _conditions(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    drawn = "".join(
        _figure(plots.by_condition(rows, f"{head}_{key}", label, share=head != "age"), "", wide=True)
        for head, key, label in (
            ("age", "mae", "mean error of age (years)"),
            ("range", "right_range", "right age range (%)"),
            ("gender", "accuracy", "right gender (%)"),
        )
    )
    body = [[escape(f"{row['kind']}: {row['name']}"), *_main_cells(row["figures"])] for row in rows]
    heads = ["Condition", *_main_headings(rows[0]["figures"])]
    note = (
        "<p>Stored crops made worse. Face width: as if the face had been so wide in its picture. "
        "Turn: within the crop, not undone by the detector.</p>"
    )
    return _section("Conditions", drawn + note + _details("All figures", _table(heads, body)))


def _live(live: Mapping[str, Any]) -> str:
    if not live:
        return ""
    names = ("stored", "live", "difference")
    labels = {"stored": "stored crops", "live": "live path", "difference": "difference"}
    body = [[labels[name], *_main_cells(live[name], signed=name == "difference")] for name in names]
    for row in live.get("harder", []):
        cells = zip(_main_cells(row["live"]), _main_cells(row["difference"], signed=True), strict=True)
        label = f"live path, {escape(row['name'])}<small>{row['not_found']['all']:,} not found</small>"
        body.append([label, *(f"{value}<small>{change}</small>" for value, change in cells)])
    missed = ", ".join(
        f"{escape(name)} {count}" for name, count in live["not_found"].items() if name != "all"
    )
    note = (
        f"<p>{live['count']:,} whole pictures as <code>agecam predict</code> sees them. No face found in "
        f"{live['not_found']['all']} ({missed}); the figures are of the others. Small signed "
        "numbers: less the figure on the stored crops of the same pictures.</p>"
    )
    return _section("Through the live path", _table(["", *_main_headings(live["stored"])], body) + note)


def _main_headings(figures: Mapping[str, Mapping[str, float]]) -> list[str]:
    return [
        f"{escape(name)}: {MAIN_FIGURES[tuple(key.split('_', 1))]}"  # type: ignore[index]
        for name, values in figures.items()
        for key in values
        if "interval" not in key
    ]


def _main_cells(figures: Mapping[str, Mapping[str, float]], *, signed: bool = False) -> list[str]:
    cells = []
    for values in figures.values():
        for key, value in values.items():
            if "interval" in key:
                continue
            years = key == "age_mae"
            sign = "+" if signed else ""
            cells.append(f"{value:{sign}.2f}" if years else f"{100 * value:{sign}.1f} %")
    return cells


def _curves(run: Path | None) -> str:
    log = None if run is None else run / "log.csv"
    if log is None or not log.is_file():
        return ""
    return _section("Learning curves", _figure(plots.learning_curves(log), "", wide=True))


def _galleries(report: Report) -> str:
    table, outputs, parts = report.table, report.outputs, []
    if "age" in outputs and table.exact.any():
        error = np.abs(said_age(outputs["age"]) - np.minimum(table.age_low, AGES - 1))
        worst = np.argsort(-np.where(table.exact, error, -1), kind="stable")[: min(SHOWN, table.exact.sum())]
        parts.append(_gallery(f"The {len(worst)} worst ages", report, worst))
    if "gender" in outputs:
        p = calibrated_female(outputs["gender"], report.calibration)
        wrong = np.where(np.isnan(table.female), 0, np.abs(p - table.female))
        worst = np.argsort(-wrong, kind="stable")[:SHOWN]
        worst = worst[wrong[worst] >= 0.5]
        if len(worst):
            parts.append(_gallery(f"The {len(worst)} surest wrong genders", report, worst))
    some = np.random.default_rng(0).permutation(len(table))[:SHOWN]
    parts.append(_gallery(f"{len(some)} pictures at random", report, some))
    return _section("Pictures", "".join(parts))


def _gallery(title: str, report: Report, places: NDArray[np.int64]) -> str:
    table = report.table.take(places)
    outputs = take_outputs(report.outputs, places)
    labels, answers = _labels(table), _answers(outputs, report.calibration)
    figures = "".join(
        f'<figure><img alt="" src="data:image/jpeg;base64,{_jpeg(report.crops[row])}" '
        f'title="{escape(f"{dataset}: {file}", quote=True)}">'
        f"<figcaption>{label}<br><b>{answer}</b></figcaption></figure>"
        for row, dataset, file, label, answer in zip(
            table.row, table.dataset, table.file, labels, answers, strict=True
        )
    )
    return (
        f"<h3>{title}</h3><p>Above the label, below in bold the answer.</p><div class=gallery>{figures}</div>"
    )


def _labels(table: Table) -> list[str]:
    texts = []
    for low, high, female in zip(table.age_low, table.age_high, table.female, strict=True):
        age = "?" if np.isnan(low) else f"{low:.0f}" if low == high else f"{low:.0f}–{high:.0f}"
        texts.append(f"{age} {'?' if np.isnan(female) else 'female' if female else 'male'}")
    return texts


def _answers(outputs: Mapping[str, NDArray[np.float32]], calibration: Calibration) -> list[str]:
    ages: list[str] = []
    genders: list[str] = []
    if "age" in outputs:
        said = said_age(outputs["age"])
        ages = [f"{age:.0f}" for age in said]
        if is_distribution(outputs["age"]):
            ends = zip(*age_interval(outputs["age"], said, calibration), strict=True)
            ages = [f"{age} ({low:.0f}–{high:.0f})" for age, (low, high) in zip(ages, ends, strict=True)]
    if "gender" in outputs:
        genders = [
            f"{'female' if p >= 0.5 else 'male'} {100 * max(p, 1 - p):.0f} %"
            for p in calibrated_female(outputs["gender"], calibration)
        ]
    together = [part for part in (ages, genders) if part]
    return [" ".join(texts) for texts in zip(*together, strict=True)]


def _jpeg(crop: NDArray[np.uint8]) -> str:
    small = cv2.resize(central(crop), (_PICTURE_PX, _PICTURE_PX), interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return base64.b64encode(encoded.tobytes()).decode()


def _confusion(counts: Sequence[Sequence[int]] | None, names: Sequence[str], title: str) -> str:
    if counts is None:
        return ""
    body = []
    for name, row in zip(names, counts, strict=True):
        shares = np.array(row) / max(1, sum(row))
        cells = "".join(
            f'<td style="background:rgba(59,130,196,{0.85 * share:.2f})" title="{count:,} pictures">'
            f"{100 * share:.0f}</td>"
            for share, count in zip(shares, row, strict=True)
        )
        body.append(f"<tr><th>{name}</th>{cells}<td class=sum>{sum(row):,}</td></tr>")
    head = "".join(f"<th>{name}</th>" for name in names)
    table = f"<table class=matrix><tr><th></th>{head}<th>pictures</th></tr>{''.join(body)}</table>"
    return _figure(table, f"{title}: per cent of the label (row) given the answer (column)")


def _enough(figures: Mapping[str, Any], head: str) -> bool:
    """Whether figures of a head are of enough pictures to be told."""
    return bool(figures.get(head, {}).get("count", 0) >= FEWEST)


def _main(figures: Mapping[str, Any], head: str, key: str) -> str:
    return _unit_of(head, key, figures[head][key])


def _unit_of(head: str, key: str, value: float) -> str:
    return _value(value, _YEARS if (head, key) == ("age", "mae") else _SHARE)


def _value(value: float, unit: str) -> str:
    return {_YEARS: f"{value:.2f}", _SHARE: f"{100 * value:.1f} %", _PLAIN: f"{value:.3f}"}[unit]


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{text}</th>" for text in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div class=scroll><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _figure(content: str, caption: str, *, wide: bool = False) -> str:
    if not content:
        return ""
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f"<figure class={'wide' if wide else 'plot'}>{content}{below}</figure>"


def _details(title: str, content: str) -> str:
    return f"<details><summary>{title}</summary>{content}</details>"


def _section(title: str, content: str) -> str:
    return f"<section><h2>{title}</h2>{content}</section>"


_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2025; --soft: #5c6570; --page: #fff; --line: #dfe3e8;
  --tile: #f3f6f9 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7eb; --soft: #9aa4af; --page: #15181c; --line: #30363d; --tile: #1f242a }
}
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 0 auto;
  max-width: 1120px; padding: 24px }
h1 { font-size: 1.5em; margin: 0 0 .3em } h2 { font-size: 1.2em; margin: 2em 0 .6em;
  border-bottom: 1px solid var(--line); padding-bottom: .2em } h3 { font-size: 1em; margin: 1.5em 0 0 }
p, figcaption, small { color: var(--soft) } small { margin-left: .5em; font-size: .75em }
.tiles { display: flex; flex-wrap: wrap; gap: 10px; margin-bottom: 16px }
.tile { background: var(--tile); border-radius: 8px; padding: 10px 16px; color: var(--soft); font-size: .85em;
  flex: 1 1 130px } .tile b { display: block; font-size: 1.7em; color: var(--ink); line-height: 1.3 }
.scroll { overflow-x: auto } table { border-collapse: collapse; font-size: .85em; margin: 8px 0 16px;
  font-variant-numeric: tabular-nums }
th, td { padding: 4px 10px; text-align: right; border-bottom: 1px solid var(--line) }
th { font-weight: 600; vertical-align: bottom } th:first-child, td:first-child { text-align: left }
.matrix th { white-space: nowrap }
.matrix td { text-align: center; min-width: 2.9em; padding: 6px 4px } .matrix td.sum { color: var(--soft) }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 24px;
  align-items: end }
figure { margin: 0; break-inside: avoid } figure svg { width: 100%; height: auto; color: var(--ink) }
figcaption { font-size: .85em } figure.wide { margin: 8px 0 }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(106px, 1fr)); gap: 10px }
.gallery img { width: 100%; border-radius: 4px; display: block } .gallery figcaption { font-size: .72em;
  line-height: 1.35; margin-top: 3px } .gallery b { color: var(--ink); font-weight: 600 }
summary { cursor: pointer; color: var(--soft) }
@media print {
  :root { --ink: #000; --soft: #444; --page: #fff; --line: #bbb; --tile: #f3f3f3; color-scheme: light }
  body { max-width: none; padding: 0; font-size: 10pt; print-color-adjust: exact } h2 { break-after: avoid }
  .plots { grid-template-columns: 1fr 1fr } .scroll { overflow: visible }
}
"""

_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style></head>
<body><h1>{title}</h1>
{body}
</body></html>
"""

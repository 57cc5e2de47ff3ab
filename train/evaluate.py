"""Measure models on one part of the prepared pictures: figures as JSON, plots as PNG."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agecam.vision.calibration import AGES, Calibration, age_interval, calibrated_female, expected_age
from train.answers import answers
from train.calibrate import calibrate
from train.data import DataError
from train.measure import FEWEST, all_figures
from train.models import AGE, GENDER
from train.prepare import load_crops
from train.split import age_band
from train.table import TEST, VALIDATION, Table


def collect(models: Sequence[Path], crops: NDArray[np.uint8], table: Table) -> dict[str, NDArray[np.float32]]:
    """Answers of all models together, "age" ``(n, 101)`` and "gender" ``(n,)``; later files win."""
    outputs: dict[str, NDArray[np.float32]] = {}
    for model in models:
        outputs |= answers(model, crops, table.row)
    return outputs


def evaluate(
    models: Sequence[Path],
    data: Path,
    out: Path,
    *,
    part: str = TEST,
    calibration: Calibration | None = None,
) -> dict[str, Any]:
    """Measure model files on one part, data set by data set, and write ``figures.json`` and plots to ``out``.

    Without a ``calibration`` one is fitted on the validation part. Raises :class:`DataError` when nothing has
    been prepared or a model cannot be read.
    """
    table, crops = Table.load(data), load_crops(data)
    chosen = table.of_part(part)
    if not len(chosen):
        raise DataError(f"{data} has no pictures in its {part} part.")
    if calibration is None:
        validation = table.of_part(VALIDATION)
        calibration = calibrate(collect(models, crops, validation), validation)
    outputs = collect(models, crops, chosen)
    figures: dict[str, Any] = {"part": part, "calibration": calibration_values(calibration), "datasets": {}}
    for name in np.unique(chosen.dataset):
        mask = chosen.dataset == name
        of_dataset = {head: output[mask] for head, output in outputs.items()}
        figures["datasets"][str(name)] = all_figures(of_dataset, chosen.take(mask), calibration)
    figures["all"] = all_figures(outputs, chosen, calibration)
    out.mkdir(parents=True, exist_ok=True)
    (out / "figures.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    plot(outputs, chosen, calibration, out)
    return figures


def calibration_values(calibration: Calibration) -> dict[str, Any]:
    """As in a manifest, both models together."""
    return calibration.to_manifest("age") | calibration.to_manifest("gender")


def headline(figures: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The figures to print, as (data set, what, value)."""
    rows: list[tuple[str, str, str]] = []
    for name, values in figures["datasets"].items():
        # A photograph that is also in another set may bring a few exact ages into a set of ranges.
        if (age := values.get("age")) and age["count"] >= FEWEST:
            rows.append((name, "age, mean error", f"{age['mae']:.2f} years"))
            rows.append((name, "age, median error", f"{age['median_error']:.2f} years"))
            rows.append((name, "age, within 5 years", f"{age['within_5']:.1%}"))
            rows.append((name, "age, in the interval", f"{age['interval_coverage']:.1%}"))
        if ranges := values.get("range"):
            rows.append((name, "right age range", f"{ranges['right_range']:.1%}"))
            rows.append((name, "right age range, likeliest", f"{ranges['right_range_likeliest']:.1%}"))
            rows.append((name, "within one range", f"{ranges['within_one_range']:.1%}"))
        if gender := values.get("gender"):
            rows.append((name, "gender", f"{gender['accuracy']:.1%}"))
        if adults := values["groups"].get("adults", {}).get("18-75", {}).get("gender"):
            rows.append((name, "gender, 18 to 75", f"{adults['accuracy']:.1%}"))
    return rows


def plot(
    outputs: Mapping[str, NDArray[np.float32]], table: Table, calibration: Calibration, out: Path
) -> None:
    """Write ``age.png`` (estimates, errors and coverage by age) and ``gender.png`` (reliability)."""
    # Drawn without pyplot, which would look for a display.
    from matplotlib.figure import Figure

    if AGE in outputs and table.exact.any():
        known = table.exact
        truth = np.minimum(table.age_low[known], AGES - 1)
        predicted = expected_age(outputs[AGE][known])
        low, high = age_interval(outputs[AGE][known], calibration)
        figure = Figure(figsize=(13, 4), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        left.hexbin(truth, predicted, gridsize=50, bins="log", cmap="viridis")
        left.plot([0, 100], [0, 100], "w--", linewidth=1)
        left.set(xlabel="label (years)", ylabel="estimate (years)", title="Age")
        bands = age_band(truth)
        names, errors, held = [], [], []
        for band in np.unique(bands):
            inside = bands == band
            names.append(f"{truth[inside].min():.0f}-{truth[inside].max():.0f}")
            errors.append(np.abs(predicted - truth)[inside].mean())
            held.append(np.mean((low[inside] <= truth[inside] + 0.5) & (high[inside] >= truth[inside] - 0.5)))
        middle.bar(names, errors)
        middle.set(xlabel="age (years)", ylabel="mean error (years)", title="Error by age")
        right.bar(names, held)
        right.axhline(calibration.interval, color="black", linestyle="--")
        right.set(xlabel="age (years)", ylabel="share", title="Labels inside the interval", ylim=(0, 1))
        for axes in (middle, right):
            axes.tick_params(axis="x", labelsize=7)
        figure.savefig(out / "age.png", dpi=110)
    if GENDER in outputs and (~np.isnan(table.female)).any():
        known = ~np.isnan(table.female)
        p = calibrated_female(outputs[GENDER][known], calibration)
        bins = np.minimum((p * 10).astype(int), 9)
        shown = np.unique(bins)
        figure = Figure(figsize=(5, 4.5), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], "k--", linewidth=1)
        axes.plot(
            [p[bins == b].mean() for b in shown], [table.female[known][bins == b].mean() for b in shown], "o-"
        )
        axes.set(xlabel="probability of female", ylabel="share labelled female", title="Gender")
        figure.savefig(out / "gender.png", dpi=110)

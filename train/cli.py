"""``python -m train``: from labelled pictures to the models that ship."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from agecam.errors import AgeCamError
from agecam.opencv import cv2
from agecam.vision.manifest import Manifest

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console()

_Prepared = Annotated[Path, typer.Option("--data", help="Folder made by `prepare`.")]


@app.command()
def prepare(
    sources: Annotated[list[Path], typer.Argument(help="Folders or zips of labelled pictures.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for crops and labels.")],
    jobs: Annotated[int, typer.Option(help="Processes that look for faces.")] = 1,
    seed: Annotated[int, typer.Option(help="Decides the split.")] = 0,
    test: Annotated[float, typer.Option(help="Share of pictures for the test.")] = 0.12,
    validation: Annotated[float, typer.Option(help="Share of pictures for validation.")] = 0.05,
) -> None:
    """Find and align faces, merge duplicates, split. Carries on where it was cut off."""
    from train.data import read_dataset
    from train.duplicates import find_duplicates
    from train.prepare import central, contact_sheet, load_crops, prepare_crops, usable_rows, write_skipped
    from train.split import split_table
    from train.table import build_table

    datasets = [read_dataset(source) for source in sources]
    samples, skipped = prepare_crops(datasets, out, jobs=jobs)
    write_skipped(out / "skipped.csv", skipped)
    crops, rows = load_crops(out), usable_rows(out)
    pairs = find_duplicates(central(crops), rows)
    table = split_table(build_table(samples, rows, pairs), test=test, validation=validation, seed=seed)
    table.save(out)
    shown = np.random.default_rng(seed).permutation(len(table))[:96]
    captions = [f"{table.age_low[i]:.0f}-{table.age_high[i]:.0f} f={table.female[i]:.0f}" for i in shown]
    cv2.imwrite(str(out / "sheet.png"), contact_sheet(central(crops[table.row[shown]]), captions))
    console.print(
        f"{len(table)} pictures, {len(pairs[0])} pairs of duplicates, {len(skipped)} skipped (skipped.csv)."
    )
    for name in np.unique(table.dataset):
        parts = table.part[table.dataset == name]
        counts = ", ".join(
            f"{part} {count}" for part, count in zip(*np.unique(parts, return_counts=True), strict=True)
        )
        console.print(f"  {name}: {counts}")


@app.command()
def fit(
    data: _Prepared,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the run; the same folder resumes it.")],
    heads: Annotated[str, typer.Option(help="What to learn: age, gender or age,gender.")] = "age,gender",
    architecture: Annotated[str, typer.Option()] = "compact",
    size: Annotated[int, typer.Option(help="Pixels that training sees.")] = 128,
    epochs: Annotated[int, typer.Option()] = 10,
    batch: Annotated[int, typer.Option()] = 128,
    learning_rate: Annotated[float, typer.Option()] = 2e-3,
    init: Annotated[Path | None, typer.Option(help="Model to start from.")] = None,
    freeze: Annotated[int, typer.Option(help="Stages to keep as they are.")] = 0,
    teacher: Annotated[Path | None, typer.Option(help="Model whose answers refine the labels.")] = None,
    seed: Annotated[int, typer.Option()] = 0,
    precision: Annotated[str, typer.Option(help="mixed_bfloat16 or float32.")] = "mixed_bfloat16",
) -> None:
    """Train a network on prepared pictures."""
    from train.fit import FitConfig
    from train.fit import fit as run

    config = FitConfig(
        data=str(data),
        out=str(out),
        architecture=architecture,
        heads=tuple(heads.split(",")),
        size_px=size,
        epochs=epochs,
        batch_size=batch,
        learning_rate=learning_rate,
        init=None if init is None else str(init),
        freeze=freeze,
        teacher=None if teacher is None else str(teacher),
        precision=precision,
        seed=seed,
    )
    console.print(f"Saved {run(config)}.")


@app.command()
def evaluate(
    models: Annotated[list[Path], typer.Argument(help="Model files, .keras or .tflite: one of each kind.")],
    data: Annotated[
        Path, typer.Option("--data", help="Folder made by `prepare`, or folder or zip of labelled pictures.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for figures.json and report.html.")],
    part: Annotated[str, typer.Option(help="Of a prepared folder: train, validation, test or all.")] = "test",
    manifest: Annotated[
        Path | None, typer.Option(help="manifest.json to take the calibration from; default: fit it anew.")
    ] = None,
    conditions: Annotated[
        bool, typer.Option("--conditions", help="Small, blurred, badly lit, turned, compressed faces too.")
    ] = False,
    live: Annotated[
        list[Path] | None, typer.Option(help="Folder or zip of the whole pictures, for the live path too.")
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Use so many pictures for --conditions and --live.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides the sample.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that look for faces.")] = 1,
    run: Annotated[
        Path | None, typer.Option(help="Folder of `fit`, to show its learning curves.", show_default=False)
    ] = None,
) -> None:
    """Measure models on pictures they have not seen."""
    from train.evaluate import Extras, headline
    from train.evaluate import evaluate as measure

    # The live program's own reader, so that what is measured is what is shown.
    calibration = None if manifest is None else Manifest.read(manifest.parent).calibration
    extras = Extras(conditions, tuple(live or ()), sample, seed, jobs, run)
    figures = measure(models, data, out, part=part, calibration=calibration, extras=extras)
    table = Table("data", "figure", "value", title=f"{figures['data']}, part: {figures['part']}")
    for row in headline(figures):
        table.add_row(*row)
    console.print(table)
    console.print(f"Written: {out / 'report.html'}")


@app.command()
def export(
    data: _Prepared,
    age: Annotated[Path, typer.Option(help="Trained model with an age head.")],
    gender: Annotated[Path, typer.Option(help="Trained model with a gender head.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the models and their manifest.")],
    architecture: Annotated[str, typer.Option(help="What both were trained as.")] = "compact",
    weights: Annotated[str, typer.Option(help="int8, float16 or float32 in the LiteRT files.")] = "int8",
    commit: Annotated[str | None, typer.Option(help="Commit the training ran at; default: this one.")] = None,
) -> None:
    """Write the files that ship, check that they agree, calibrate on validation, measure on test."""
    from train.evaluate import calibrate, collect
    from train.export import (
        check_parity,
        current_commit,
        export_keras,
        export_litert,
        milliseconds_per_face,
        parity,
        write_manifest_entry,
    )
    from train.measure import all_figures, summary
    from train.prepare import load_crops
    from train.table import TEST, VALIDATION
    from train.table import Table as Pictures

    pictures, crops = Pictures.load(data), load_crops(data)
    validation, test = pictures.of_part(VALIDATION), pictures.of_part(TEST)
    differences = {}
    for head, trained in (("age", age), ("gender", gender)):
        export_keras(trained, architecture, head, out)
        export_litert(out / f"{head}.keras", weights)
        differences[head] = parity(head, out / f"{head}.keras", crops, validation.row[:500])
        check_parity(head, weights, differences[head])
    # What ships live is what is calibrated and measured.
    shipped = [out / "age.tflite", out / "gender.tflite"]
    calibration = calibrate(collect(shipped, crops, validation), validation)
    outputs = collect(shipped, crops, test)
    for head in ("age", "gender"):
        metrics: dict[str, object] = {}
        for name in np.unique(test.dataset):
            mask = test.dataset == name
            figures = all_figures({head: outputs[head][mask]}, test.take(mask), calibration)
            metrics[str(name)] = summary(figures)
        metrics["litert_difference"] = {key: round(value, 5) for key, value in differences[head].items()}
        write_manifest_entry(
            out,
            head,
            weights=weights,
            calibration=calibration,
            metrics=metrics,
            training_commit=commit or current_commit(),
        )
        path = out / f"{head}.tflite"
        size_mb, speed_ms = path.stat().st_size / 1e6, milliseconds_per_face(path)
        console.print(f"{path}: {size_mb:.1f} MB, {speed_ms:.2f} ms a face, {differences[head]} off Keras")


def main() -> None:
    try:
        app()
    except AgeCamError as error:
        Console(stderr=True).print(f"[red]{error}[/red]")
        sys.exit(1)

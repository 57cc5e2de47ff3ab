"""``python -m train``: from labelled pictures to the models that ship."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from agecam.errors import AgeCamError
from agecam.opencv import cv2

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
    architecture: Annotated[str, typer.Option()] = "resnet",
    size: Annotated[int, typer.Option(help="Pixels that training sees.")] = 128,
    epochs: Annotated[int, typer.Option()] = 10,
    batch: Annotated[int, typer.Option()] = 128,
    learning_rate: Annotated[float, typer.Option()] = 2e-3,
    init: Annotated[Path | None, typer.Option(help="Model to start from.")] = None,
    freeze: Annotated[int, typer.Option(help="Stages to keep as they are.")] = 0,
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
        precision=precision,
        seed=seed,
    )
    console.print(f"Saved {run(config)}.")


def main() -> None:
    try:
        app()
    except AgeCamError as error:
        Console(stderr=True).print(f"[red]{error}[/red]")
        sys.exit(1)

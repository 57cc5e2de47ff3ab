"""``python -m train``: from labelled pictures to the models that ship."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from agecam.errors import AgeCamError
from agecam.vision.manifest import Manifest

if TYPE_CHECKING:
    import keras

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
    from train.pictures import prepare_pictures

    prepared = prepare_pictures(sources, out, test=test, validation=validation, seed=seed, jobs=jobs)
    table = prepared.table
    console.print(
        f"{len(table)} pictures, {prepared.duplicates} pairs of duplicates, {prepared.skipped} skipped "
        "(skipped.csv)."
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
    architecture: Annotated[
        str, typer.Option(help="compact, resnet, dlib, mobilenet, inception, vgg or plain.")
    ] = "compact",
    width: Annotated[float, typer.Option(help="Multiplies the filters of all layers.")] = 1.0,
    age_loss: Annotated[str, typer.Option(help="distribution, mean-variance, mae or mse.")] = "distribution",
    gender_loss: Annotated[str, typer.Option(help="binary or categorical.")] = "binary",
    size: Annotated[int, typer.Option(help="Pixels that training sees.")] = 128,
    pictures: Annotated[int | None, typer.Option(help="Use at most this many of each part.")] = None,
    epochs: Annotated[int, typer.Option()] = 10,
    patience: Annotated[
        int | None, typer.Option(help="Stop after this many epochs without a lower validation loss.")
    ] = None,
    batch: Annotated[int, typer.Option()] = 128,
    optimizer: Annotated[str, typer.Option(help="adamw, adam or sgd.")] = "adamw",
    learning_rate: Annotated[float, typer.Option()] = 2e-3,
    dropout: Annotated[float, typer.Option(min=0, max=0.9, help="Before the heads.")] = 0.2,
    init: Annotated[
        list[Path] | None, typer.Option(help="Model to start from; given often, the mean of them.")
    ] = None,
    freeze: Annotated[int, typer.Option(help="Stages to keep as they are.")] = 0,
    teacher: Annotated[
        list[Path] | None, typer.Option(help="Model whose answers refine the labels; may be given often.")
    ] = None,
    taught_share: Annotated[float, typer.Option(min=0, max=1, help="How far answers replace labels.")] = 0.5,
    hint_weight: Annotated[
        float, typer.Option(min=0, help="How much it counts to foretell the features of the teachers.")
    ] = 0.0,
    blended: Annotated[
        float, typer.Option(min=0, max=1, help="Share of pictures blended with others, for teachers to tell.")
    ] = 0.0,
    augment: Annotated[float, typer.Option(help="Share of the usual random changes to the crops.")] = 1.0,
    seed: Annotated[int, typer.Option()] = 0,
    precision: Annotated[str, typer.Option(help="mixed_bfloat16 or float32.")] = "mixed_bfloat16",
    workers: Annotated[int, typer.Option(help="Threads that make batches.")] = 1,
    devices: Annotated[int, typer.Option(help="GPUs, or parts of the processor, that share each batch.")] = 1,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Log for TensorBoard too.")] = False,
) -> None:
    """Train a network on prepared pictures. The same command carries on where it was cut off."""
    from train.augment import Augmentation
    from train.fit import FitConfig
    from train.fit import fit as run

    config = FitConfig(
        data=str(data),
        out=str(out),
        architecture=architecture,
        width=width,
        heads=tuple(heads.split(",")),
        age_loss=age_loss,
        gender_loss=gender_loss,
        size_px=size,
        pictures=pictures,
        epochs=epochs,
        patience=patience,
        batch_size=batch,
        optimizer=optimizer,
        learning_rate=learning_rate,
        dropout=dropout,
        init=tuple(str(path) for path in init or ()),
        freeze=freeze,
        teachers=tuple(str(path) for path in teacher or ()),
        taught_share=taught_share,
        hint_weight=hint_weight,
        blended=blended,
        augmentation=Augmentation().scaled(augment),
        precision=precision,
        seed=seed,
        workers=workers,
        devices=devices,
        tensorboard=tensorboard,
    )
    console.print(f"Saved {run(config)}.")


@app.command(name="from-dlib")
def from_dlib(
    weights: Annotated[Path, typer.Argument(help="dlib_face_recognition_resnet_model_v1.dat")],
    data: _Prepared,
    out: Annotated[Path, typer.Option("--out", "-o", help="The model to write, such as runs/dlib.keras.")],
) -> None:
    """Make a "dlib" network to start from, with the weights that dlib tells people apart with."""
    from train.prepare import central, load_crops
    from train.pretrained import from_dlib as read
    from train.table import TRAIN
    from train.table import Table as Pictures

    _check_keras(out)
    crops, rows = load_crops(data), Pictures.load(data).some_of_part(TRAIN, data).row
    spread = rows[:: max(1, len(rows) // 1000)]
    model = read(weights, np.stack([central(crops[row]) for row in spread]))
    _save_start(model, out)


@app.command(name="from-faceres")
def from_faceres(
    weights: Annotated[Path, typer.Argument(help="faceres-deep.json, with faceres-deep.bin beside it")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The model to write, such as runs/faceres.keras.")],
) -> None:
    """Make a "mobilenet" network to start from, which knows people and ages from other pictures."""
    from train.pretrained import from_faceres as read

    _check_keras(out)
    _save_start(read(weights), out)


def _check_keras(out: Path) -> None:
    if out.suffix != ".keras":
        raise AgeCamError(f"{out} must end in .keras.")


def _save_start(model: keras.Model, out: Path) -> None:
    from train.models import describe

    out.parent.mkdir(parents=True, exist_ok=True)
    model.save(out)
    console.print(f"Saved {out}: give it to fit --architecture {describe(model).architecture} --init.")


@app.command(name="fine-tune")
def fine_tune(
    model: Annotated[Path, typer.Option("--from", help="Keras model to start from: models/age.keras.")],
    data: Annotated[Path, typer.Option("--data", help="Folder or zip of labelled photographs.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the model; the same one resumes.")],
    old: Annotated[
        Path | None, typer.Option(help="Prepared folder the model comes from, to see what it forgets.")
    ] = None,
    epochs: Annotated[int, typer.Option()] = 10,
    learning_rate: Annotated[float, typer.Option()] = 2e-4,
    batch: Annotated[int, typer.Option()] = 32,
    freeze: Annotated[int, typer.Option(help="Stages to keep as they are.")] = 2,
    seed: Annotated[int, typer.Option()] = 0,
    jobs: Annotated[int, typer.Option(help="Processes that look for faces.")] = 1,
    force: Annotated[bool, typer.Option("--force", help="Keep the new model even if it is worse.")] = False,
) -> None:
    """Go on training a model with your own photographs, and keep it if that made it better."""
    from train.finetune import FineTuning, rows
    from train.finetune import fine_tune as run

    task = FineTuning(model, data, out, old, epochs, learning_rate, batch, freeze, seed, jobs, force)
    report = run(task)
    _print_table(f"{model}, before and after", ("pictures", "error", "before", "after"), rows(report))
    for sentence in report["worse"]:
        console.print(sentence)
    if report["saved"] is None:
        raise AgeCamError("The new model was not kept: give more photographs, or --force to keep it.")
    console.print(f"Saved {report['saved']}.")


_Pictures = Annotated[int, typer.Option(help="Use at most this many of the training and validation parts.")]


@app.command()
def tune(
    data: _Prepared,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the search; the same one resumes it.")],
    trials: Annotated[int, typer.Option(help="How many settings to try.")] = 20,
    pictures: _Pictures = 10_000,
    size: Annotated[int, typer.Option(help="Pixels that training sees.")] = 64,
    epochs: Annotated[int, typer.Option(help="At most.")] = 8,
    seed: Annotated[int, typer.Option()] = 0,
) -> None:
    """Search for learning rate, batch size, width, dropout and epochs."""
    from train.fit import FitConfig
    from train.tune import tune as run

    base = FitConfig(str(data), str(out), size_px=size, pictures=pictures, epochs=epochs, seed=seed)
    results = run(base, trials)
    _print_table(
        "Best first", tuple(results[0]), [[_short(value) for value in row.values()] for row in results]
    )


@app.command()
def compare(
    data: _Prepared,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the runs; the same one resumes them.")],
    only: Annotated[
        str | None, typer.Option(help="Variants, separated by commas, such as resnet,mae. Default: all.")
    ] = None,
    pictures: _Pictures = 20_000,
    size: Annotated[int, typer.Option(help="Pixels that training sees.")] = 96,
    epochs: Annotated[int, typer.Option()] = 8,
    batch: Annotated[int, typer.Option()] = 128,
    seed: Annotated[int, typer.Option()] = 0,
) -> None:
    """Train architectures, losses, optimizers and weights of ages on one budget and measure them on test."""
    from train.compare import VARIANTS, markdown
    from train.compare import compare as run
    from train.fit import FitConfig

    base = FitConfig(
        str(data), str(out), size_px=size, pictures=pictures, epochs=epochs, batch_size=batch, seed=seed
    )
    print(markdown(run(base, tuple(VARIANTS) if only is None else only.split(","))))  # noqa: T201


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
    one_look: Annotated[
        bool, typer.Option("--one-look", help="Not the mean over four looks, as `agecam predict` answers.")
    ] = False,
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
    extras = Extras(conditions, tuple(live or ()), sample, seed, jobs, run, one_look)
    figures = measure(models, data, out, part=part, calibration=calibration, extras=extras)
    table = Table("data", "figure", "value", title=f"{figures['data']}, part: {figures['part']}")
    for row in headline(figures):
        table.add_row(*row)
    console.print(table)
    console.print(f"Written: {out / 'report.html'}")


@app.command()
def export(
    data: _Prepared,
    age: Annotated[
        list[Path],
        typer.Option(help="Trained model with an age head; of several, the mean weights."),
    ],
    gender: Annotated[list[Path], typer.Option(help="The same with a gender head.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the models and their manifest.")],
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
        export_keras(trained, head, out, weights)
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


def _print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(*columns, title=title)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def main() -> None:
    try:
        app()
    except AgeCamError as error:
        Console(stderr=True).print(f"[red]{error}[/red]")
        sys.exit(1)

"""``python -m train``: from labelled images to the models that ship.

Options are the fields of each command's configuration; what needs Keras is imported when a command runs.
"""

from __future__ import annotations

import functools
import importlib.util
import logging
import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
import typer
from rich.console import Console
from rich.markup import escape

from agecam.errors import AgeCamError
from agecam.logs import set_up_logging
from agecam.options import option, options_from
from train.config_files import read_config, write_config
from train.data.config import DescribeConfig, PrepareConfig
from train.errors import full_disk_told
from train.evaluate.config import EvaluateConfig
from train.export.config import ExportConfig, OnnxConfig
from train.fit.config import FitConfig, read_fit_config
from train.printing import print_table, say, say_statistics
from train.quiet_keras import load_keras
from train.workflows.config import AllConfig, CompareConfig, CrossValidateConfig, FineTuneConfig, TuneConfig
from train.workflows.variants import VARIANTS

if TYPE_CHECKING:
    import keras

_log = logging.getLogger("agecam.train")

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

_BACKENDS: Final = ("tensorflow", "jax", "torch")
"""Of Keras, the default first: each is also the name of its package."""
_BEFORE_AFTER: Final = ("images", "error", "before", "after")
_STATISTICS_FACES = 1000
"""Faces that the statistics of dlib's network are measured on."""

_Config = TypeVar("_Config")


def _with_keras(command: Callable[[_Config], None]) -> Callable[[_Config], None]:
    """Load Keras before a command that needs it."""

    @functools.wraps(command)
    def call(config: _Config) -> None:
        load_keras()
        command(config)

    return call


@app.command()
@options_from(PrepareConfig, read_config)
def prepare(config: PrepareConfig) -> None:
    """Find and align faces, merge duplicates, split.

    The same command goes on where it was cut off, and takes what has come, changed and gone since.
    """
    from train.data.describe import describe
    from train.data.prepare import prepare as run

    with full_disk_told(config.out):
        prepared = run(config, say)
    table = prepared.table
    say(f"{len(table):,} images, {prepared.duplicates:,} pairs of duplicates, {prepared.skipped:,} not used.")
    say_statistics(config.out, describe(table))


@app.command(name="describe")
@options_from(DescribeConfig)
def describe_images(config: DescribeConfig) -> None:
    """Count prepared images by age, gender, set and person, and tell what to mind before training."""
    from train.data.describe import describe, write_statistics
    from train.data.table import Table

    statistics = describe(Table.load(config.data))
    write_statistics(config.data, statistics)
    say_statistics(config.data, statistics)


@app.command()
@options_from(FitConfig, read_fit_config)
@_with_keras
def fit(config: FitConfig) -> None:
    """Train a network on prepared images. The same command carries on where it was cut off."""
    from train.fit.training import fit as run

    with full_disk_told(config.out):
        trained = run(config)
    say(f"Saved {trained}.")


@dataclass(frozen=True, slots=True)
class _FromDlib:
    weights: Path = field(metadata=option("dlib_face_recognition_resnet_model_v1.dat", argument=True))
    data: Path = field(metadata=option("Folder made by `prepare`."))
    out: Path = field(metadata=option("The model to write, such as runs/dlib.keras.", "--out", "-o"))


@app.command(name="from-dlib")
@options_from(_FromDlib)
@_with_keras
def from_dlib(config: _FromDlib) -> None:
    """Make a "dlib" network to start from, with the weights that dlib recognises people with."""
    from train.data.crops import center_crop, load_crops
    from train.data.table import TRAIN, Table
    from train.model.pretrained import from_dlib as read

    _check_keras(config.out)
    crops = load_crops(config.data)
    rows = Table.load(config.data).require_split(TRAIN, config.data).row
    spread = rows[:: max(1, len(rows) // _STATISTICS_FACES)]
    _save_start(read(config.weights, np.stack([center_crop(crops[row]) for row in spread])), config.out)


@dataclass(frozen=True, slots=True)
class _FromFaceRes:
    weights: Path = field(
        metadata=option("faceres-deep.json, with faceres-deep.bin beside it", argument=True)
    )
    out: Path = field(metadata=option("The model to write, such as runs/faceres.keras.", "--out", "-o"))


@app.command(name="from-faceres")
@options_from(_FromFaceRes)
@_with_keras
def from_faceres(config: _FromFaceRes) -> None:
    """Make a "mobilenet" network to start from, which knows people and ages from other images."""
    from train.model.pretrained import from_faceres as read

    _check_keras(config.out)
    _save_start(read(config.weights), config.out)


@app.command(name="all")
@options_from(AllConfig, read_config)
@_with_keras
def everything(config: AllConfig) -> None:
    """From photographs to models that run: prepare, go on from the models that ship, export, measure."""
    from train.evaluate.evaluation import headline
    from train.workflows.everything import train_everything
    from train.workflows.fine_tune import summary_rows

    with full_disk_told(config.out):
        done = train_everything(config, say, say_statistics)
    rows = [row for report in done.reports.values() for row in summary_rows(report)]
    print_table("Before and after, on photographs kept for the test", _BEFORE_AFTER, rows)
    print_table("The models that run now", ("data", "metric", "value"), headline(done.metrics))
    for head, report in done.reports.items():
        for sentence in report["worse"]:
            say(sentence if report["saved"] else f"{sentence} The new {head} model was not kept.")
    for head in done.unlabelled:
        say(f"The photographs have too few labels for {head}: that model is the one that was there.")
    say(f"Written: {done.report_html}")
    _say_how_to_run(config.out)


@app.command(name="fine-tune")
@options_from(FineTuneConfig, read_config)
@_with_keras
def fine_tune(config: FineTuneConfig) -> None:
    """Go on training a model with your own images, and keep it if that made it better."""
    from train.workflows.fine_tune import fine_tune as run
    from train.workflows.fine_tune import summary_rows

    with full_disk_told(config.out):
        report = run(config, say)
    print_table(f"{config.model}, before and after", _BEFORE_AFTER, summary_rows(report))
    for sentence in report["worse"]:
        say(sentence)
    if report["saved"] is None:
        raise AgeCamError("The new model was not kept: give more images, or --force to keep it.")
    say(f"Saved {report['saved']}.")
    heads = " ".join(f"--{head} {shlex.quote(report['saved'])}" for head in report["heads"])
    data, models = (shlex.quote(str(path)) for path in (report["data"], config.out / "models"))
    say(f"Export it: python -m train export --data {data} {heads} -o {models}")


@app.command(name="cross-validate")
@options_from(CrossValidateConfig, read_config)
@_with_keras
def cross_validate(config: CrossValidateConfig) -> None:
    """Go on from models once a fold, each measured on other images: for fewer than some thousands of them."""
    from train.workflows.cross_validate import cross_validate as run
    from train.workflows.cross_validate import summary_rows

    with full_disk_told(config.out):
        results = run(config, say)
    title = "Mean over the folds ± standard deviation"
    print_table(title, ("images", "error", "before", "after"), summary_rows(results))


@app.command()
@options_from(TuneConfig, read_config)
@_with_keras
def tune(config: TuneConfig) -> None:
    """Search for learning rate, batch size, width, dropout and epochs."""
    from train.workflows.tune import tune as run

    _write_config(config)
    results = run(config.base, config.trials)
    rows = [[_short(value) for value in row.values()] for row in results]
    print_table("Best first", tuple(results[0]), rows)


@app.command()
@options_from(CompareConfig, read_config)
@_with_keras
def compare(config: CompareConfig) -> None:
    """Train architectures, losses, optimizers and weights of ages on one budget and measure them on test."""
    from train.workflows.compare import compare as run
    from train.workflows.compare import markdown

    _write_config(config)
    typer.echo(markdown(run(config.base, config.only or tuple(VARIANTS))))


@app.command()
@options_from(EvaluateConfig, read_config)
@_with_keras
def evaluate(config: EvaluateConfig) -> None:
    """Measure models on images they have not seen."""
    from train.evaluate.evaluation import REPORT_FILE, headline
    from train.evaluate.evaluation import evaluate as run

    with full_disk_told(config.out):
        metrics = run(config, say)
    title = f"{metrics['data']}, split: {metrics['split']}"
    print_table(title, ("data", "metric", "value"), headline(metrics))
    say(f"Written: {config.out / REPORT_FILE}")


@app.command()
@options_from(ExportConfig)
@_with_keras
def export(config: ExportConfig) -> None:
    """Write the files that ship, check that they agree, calibrate on validation, measure on test."""
    from train.export.export import export as run

    for model in run(config):
        say(
            f"{model.path}: {model.size_mb:.1f} MB, {model.ms_per_face:.2f} ms a face, "
            f"{dict(model.difference)} off Keras"
        )
    _say_how_to_run(config.out)


@app.command(name="to-onnx")
@options_from(OnnxConfig)
@_with_keras
def to_onnx(config: OnnxConfig) -> None:
    """Write Keras models as ONNX files, run them and compare them with Keras."""
    from train.export.onnx_file import export_onnx

    with full_disk_told(config.out):
        differences = export_onnx(config)
    for path, difference in differences.items():
        say(f"{path}: {path.stat().st_size / 1e6:.1f} MB, at most {difference:.1g} off Keras")


def _say_how_to_run(models: Path) -> None:
    folder = shlex.quote(str(models))
    say(f"Run them: agecam --models {folder}, or agecam predict PHOTOGRAPH --models {folder}")


def _check_keras(out: Path) -> None:
    if out.suffix != ".keras":
        raise AgeCamError(f"{out} must end in .keras.")


def _save_start(model: keras.Model, out: Path) -> None:
    from agecam.files import atomic_write
    from train.model.build import describe

    out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(out) as partial:
        model.save(partial)
    say(f"Saved {out}: give it to fit --architecture {describe(model).architecture} --init.")


def _write_config(config: TuneConfig | CompareConfig) -> None:
    """Write down the settings of runs whose images are there."""
    from train.data.table import Table

    Table.load(config.data)
    write_config(config.out, config)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def main() -> None:
    """Run the command line; expected failures are one sentence on stderr and exit code 1."""
    set_up_logging(verbose=False)
    try:
        app()
    except AgeCamError as error:
        _complain(str(error))
    except (ImportError, ValueError) as error:
        problem = _backend_problem(error)
        if problem is None:
            raise
        _log.error("%s", error, exc_info=True)
        _complain(problem)
    except OSError as error:
        if error.errno is None:
            raise
        _log.error("%s", error, exc_info=True)
        _complain(f"{error.filename or 'A file'}: {error.strerror}.")


def _backend_problem(error: Exception) -> str | None:
    """What to do where Keras could not be imported; ``None`` where that is not why ``error`` was raised."""
    if importlib.util.find_spec("keras") is None:
        return 'Keras is not installed: run pip install "agecam[train]".'
    backend = os.environ.get("KERAS_BACKEND", _BACKENDS[0])
    if backend not in _BACKENDS:
        return f"KERAS_BACKEND is {backend!r}: choose {', '.join(_BACKENDS)}, or leave it out."
    missing = error.name if isinstance(error, ImportError) else None
    if missing in _BACKENDS:
        return f"{missing} is not installed: install it, or choose another back end by KERAS_BACKEND."
    return None


def _complain(text: str) -> None:
    Console(stderr=True).print(f"[red]{escape(text)}[/red]")
    sys.exit(1)

"""Go on training a model with one's own images, and tell whether that made it better."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from agecam.files import atomic_write, write_atomically
from agecam.vision.align import CROP_PX
from agecam.vision.calibration import Calibration, predicted_age
from train.config_files import write_config
from train.data.config import PrepareConfig
from train.data.crops import load_crops
from train.data.prepare import prepare
from train.data.table import TEST, TRAIN, VALIDATION, Table
from train.data.targets import AGE, GENDER
from train.errors import DataError
from train.evaluate.bias import largest_bias
from train.evaluate.formatting import UNDEFINED
from train.evaluate.groups import all_metrics
from train.evaluate.predictions import open_model, predict_crops
from train.fit.config import FitConfig
from train.fit.run_folder import DataId, has_other_images
from train.fit.training import fit
from train.model.build import describe, load_model
from train.say import Say, silent
from train.workflows.config import AllConfig, FineTuneConfig

TOLERANCE: Final = 0.05
"""How much worse, of the error before, a model may become on the images that it was trained on before."""
BIAS_TOLERANCE_YEARS: Final = 1.0
"""How much farther from 0 the mean of prediction minus label may become in any decade of labels with enough
images: overall errors hide a pull to the ages that are many. About the standard error of the mean over 25
images whose predictions scatter by 5 years."""
_ROUNDING: Final = 1e-4
"""Errors nearer than this, in years or as a share, are the same."""
_TEST_SHARE: Final = 0.25
"""Of the images; larger than where they are many: of some hundreds, enough to tell better from worse."""
_VALIDATION_SHARE: Final = 0.15
"""Of the images; it only chooses the epoch, so it needs fewer than the test."""
_LEAST_PEOPLE: Final = 3
"""One for each split. Images of fewer are split one by one: models are also taught to know one person."""
_FOLDER: Final = "fine-tune"
"""Name of the folder in ``out`` for all but the model."""
_BASELINES: Final = {"before": "the model it came from", "replaced": "the model it would replace"}
_KINDS: Final = {AGE: ("age", "range", "bias"), GENDER: ("gender",)}
"""Of metrics, by head."""


def fine_tune(config: FineTuneConfig, say: Say = silent) -> dict[str, Any]:
    """Prepare the images, train, compare before and after, and keep the better model.

    ``say`` is told what becomes of the images.

    In ``out``: ``fine-tune/`` with the prepared images, the run and ``report.json``, whose content is
    returned, and the model under the names of its heads (``age.keras``). It is written, over one that may be
    there, unless a baseline is better, which is the model it came from or the one it would replace: errs less
    on new test images, or so much less on old ones that :data:`TOLERANCE` does not cover it, or is less
    biased about a decade by more than :data:`BIAS_TOLERANCE_YEARS`. ``force`` writes it in any case. Calling
    again resumes, and trains anew where the images have changed.

    Raises :class:`DataError` when the model or the images cannot be used.
    """
    data = config.out / _FOLDER / "prepared"
    prepare_images(config, data, say)
    write_config(config.out / _FOLDER, config)
    return fine_tune_prepared(config, data)


def fine_tune_prepared(config: FineTuneConfig, data: Path, *, keep_checkpoint: bool = True) -> dict[str, Any]:
    """The same with images that :func:`prepare_images` has prepared into the folder ``data``.

    Without the checkpoint of its run, the run cannot go on to more epochs later.
    """
    model = load_model(config.model)
    heads = describe(model).heads
    work, target = config.out / _FOLDER, config.out / f"{'_'.join(heads)}.keras"
    table = Table.load(data)
    for head in heads:
        if not has_labels(head, table):
            raise DataError(f"{config.data} has too few images with a label for {head}: give some dozens.")
    run = work / "run"
    if has_other_images(run, DataId.of(data, table)):
        shutil.rmtree(run)  # more or other images are another training
    trained = fit(_fit_config(config, model, data, run), keep_checkpoint=keep_checkpoint)
    models = {"before": config.model, "after": trained}
    if target.exists() and not target.samefile(config.model):
        models["replaced"] = target
    metrics = {
        images: {name: _metrics(path, folder) for name, path in models.items()}
        for images, folder in {"new": data, "old": config.old}.items()
        if folder is not None
    }
    worse = worse_than_baselines(metrics)
    saved = config.force or not worse
    report = {
        "model": str(config.model),
        "heads": list(heads),
        "data": str(data),
        "run": str(run),
        "images": {split: int((table.split == split).sum()) for split in (TRAIN, VALIDATION, TEST)},
        "metrics": metrics,
        "worse": worse,
        "saved": str(target) if saved else None,
    }
    write_atomically(work / "report.json", json.dumps(report, indent=1))
    if saved:
        with atomic_write(target) as partial:
            shutil.copyfile(trained, partial)
    return report


def summary_rows(report: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """The report as (images, metric, before, after), to print."""
    shown = []
    for name, models in report["metrics"].items():
        for head in models["after"]:
            unit, scale = ("years off", 1.0) if head == AGE else ("% wrong", 100.0)
            before, after = (f"{models[model][head]['error'] * scale:.2f}" for model in ("before", "after"))
            count = models["after"][head]["images"]
            shown.append((f"{name}, {count} test images", f"{head}, {unit}", before, after))
            largest = [_largest_bias(models[model][head]) for model in ("before", "after")]
            if any(text != UNDEFINED for text in largest):
                shown.append((f"{name}, by decade", "largest bias, years", largest[0], largest[1]))
    return shown


def _largest_bias(metrics: Mapping[str, Any]) -> str:
    largest = largest_bias(metrics.get("bias", {}))
    return f"{largest.years:+.2f} ({largest.decade})" if largest else UNDEFINED


def prepare_images(config: FineTuneConfig | AllConfig, data: Path, say: Say) -> Table:
    """Prepare a folder or zip with the splits that fine-tuning needs; the table of the prepared images."""
    task = PrepareConfig(
        (config.data,),
        data,
        jobs=config.jobs,
        seed=config.seed,
        test=_TEST_SHARE,
        validation=_VALIDATION_SHARE,
        genders=config.genders,
        date_order=config.date_order,
    )
    return prepare(task, say, least_people=_LEAST_PEOPLE).table


def has_labels(head: str, table: Table) -> bool:
    """Whether each split has an image with a label for ``head``."""
    return all(_labelled(head, table.of_split(split)).any() for split in (TRAIN, VALIDATION, TEST))


def _fit_config(config: FineTuneConfig, model: keras.Model, data: Path, run: Path) -> FitConfig:
    network = describe(model)
    return FitConfig(
        data=data,
        out=run,
        architecture=network.architecture,
        width=network.width,
        heads=network.heads,
        age_loss="distribution" if network.age_units > 1 else "mae",
        gender_loss="binary" if network.gender_units == 1 else "categorical",
        size_px=model.input_shape[1] or CROP_PX,
        dropout=network.dropout,
        epochs=config.epochs,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        init=(config.model,),
        freeze=config.freeze,
        precision="float32",
        seed=config.seed,
    )


def _metrics(model: Path, data: Path) -> dict[str, Any]:
    """By head: the mean error over all labelled test images, and every other metric there is."""
    table = Table.load(data).of_split(TEST)
    predictions = predict_crops([open_model(model)], load_crops(data), table.row)
    metrics = all_metrics(predictions, table, Calibration())
    return {
        head: {
            "error": _error(head, output, table),
            "images": int(_labelled(head, table).sum()),
            **{kind: metrics[kind] for kind in _KINDS[head] if kind in metrics},
        }
        for head, output in predictions.items()
    }


def _labelled(head: str, table: Table) -> NDArray[np.bool_]:
    return ~np.isnan(table.age_low if head == AGE else table.female)


def _error(head: str, output: NDArray[np.float32], table: Table) -> float:
    """Mean years outside the label, or share of wrong genders."""
    known = _labelled(head, table)
    if head == AGE:
        age = predicted_age(output)
        off = np.maximum(np.maximum(table.age_low - age, age - table.age_high), 0)
    else:
        off = (output >= 0.5) != (table.female > 0.5)
    return float(off[known].mean())


def worse_than_baselines(metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """In what the trained model is worse than a baseline, one sentence each."""
    found = []
    for images, models in metrics.items():
        allowed = 1 + TOLERANCE if images == "old" else 1.0
        for baseline in (name for name in models if name != "after"):
            for head, after in models["after"].items():
                error = models[baseline][head]["error"]
                if after["error"] > error * allowed + _ROUNDING:
                    found.append(f"On {images} images, {_BASELINES[baseline]} is better at {head}.")
                found += _more_biased(images, baseline, models[baseline][head], after)
    return found


def _more_biased(
    images: str, baseline: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[str]:
    """The decades whose bias has grown beyond what is allowed, one sentence each."""
    for decade, of_decade in after.get("bias", {}).items():
        earlier, now = before["bias"][decade]["bias"], of_decade["bias"]
        if abs(now) > abs(earlier) + BIAS_TOLERANCE_YEARS:
            yield (
                f"On {images} images, {_BASELINES[baseline]} is less biased about ages {decade}: "
                f"{earlier:+.1f} years, now {now:+.1f}."
            )

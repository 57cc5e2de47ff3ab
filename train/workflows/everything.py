"""One command from a folder of photographs to a folder of models that run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from agecam.paths import models_dir
from agecam.vision.manifest import MANIFEST
from train.config_files import write_config
from train.data.describe import Statistics, describe
from train.data.table import Table
from train.data.targets import AGE, GENDER, HEADS
from train.errors import DataError
from train.evaluate.config import EvaluateConfig
from train.evaluate.evaluation import REPORT_FILE, evaluate
from train.export.check import ParityError
from train.export.config import ExportConfig
from train.export.export import Exported, export
from train.workflows.config import AllConfig, FineTuneConfig
from train.workflows.fine_tune import fine_tune_prepared, has_labels, prepare_images

_FOLDER: Final = "training"
"""Name of the folder in ``out`` for all but the models."""
_WEIGHTS: Final = ("int8", "float16")
"""Of the LiteRT files: the first that agree with Keras."""


@dataclass(frozen=True, slots=True)
class Everything:
    """What came of it.

    ``reports`` are those of :func:`train.workflows.fine_tune.fine_tune` by head, ``unlabelled`` the heads
    that the photographs tell too little of, ``metrics`` those of the models that run now.
    """

    reports: Mapping[str, Mapping[str, Any]]
    unlabelled: tuple[str, ...]
    exported: tuple[Exported, ...]
    metrics: Mapping[str, Any]
    report_html: Path


def train_everything(
    config: AllConfig,
    say: Callable[[str], None],
    show: Callable[[Path, Statistics], None] = lambda _folder, _statistics: None,
) -> Everything:
    """Prepare, fine-tune both heads from the models of ``config.start``, export what became better, evaluate.

    ``out`` then holds models that run; a head that did not become better, or that the photographs have no
    labels for, is the one that was there, or else the one that ships. ``say`` is told each step, ``show``
    what the prepared images are. Calling again resumes, and trains anew where the images have changed.

    Raises :class:`DataError` when the photographs cannot be used and when nothing became better.
    """
    work = config.out / _FOLDER
    data = work / "prepared"
    say(f"Looking for faces in {config.data} …")
    table = prepare_images(config, data, say)
    write_config(work, config)
    show(data, describe(table))
    labelled = [head for head in HEADS if has_labels(head, table)]
    if not labelled:
        raise DataError(
            f"{config.data} has too few labelled images ({len(table)} with a face): give some dozens"
            f"{_of_people(table)}."
        )
    reports = dict(_fine_tuned(config, data, labelled, say))
    kept = {head: (Path(report["saved"]),) for head, report in reports.items() if report["saved"]}
    if not kept:
        worse = " ".join(sentence for report in reports.values() for sentence in report["worse"])
        raise DataError(
            f"Nothing became better, and nothing was changed. {worse} Give more photographs, or --force."
        )
    say(f"Exporting {' and '.join(kept)} …")
    exported = _exported(ExportConfig(data, config.out, kept.get(AGE, ()), kept.get(GENDER, ())))
    say("Measuring the models that run now …")
    files = tuple(config.out / f"{head}.tflite" for head in HEADS)
    out = work / "report"
    runs = tuple(Path(report["run"]) for report in reports.values())
    metrics = evaluate(EvaluateConfig(files, data, out, manifest=config.out / MANIFEST, runs=runs))
    unlabelled = tuple(head for head in HEADS if head not in labelled)
    return Everything(reports, unlabelled, exported, metrics, out / REPORT_FILE)


def _of_people(table: Table) -> str:
    """What else is needed where images say who is on them: nobody is on two sides of the split."""
    return ", of three people at least" if (table.person != "").any() else ""


def _fine_tuned(
    config: AllConfig, data: Path, heads: list[str], say: Callable[[str], None]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for head in heads:
        start = (config.start or models_dir()) / f"{head}.keras"
        say(f"Training {head}, from {start} …")
        task = FineTuneConfig(
            start,
            config.data,
            config.out / _FOLDER / head,
            epochs=config.epochs,
            seed=config.seed,
            force=config.force,
        )
        yield head, fine_tune_prepared(task, data)


def _exported(config: ExportConfig) -> tuple[Exported, ...]:
    for weights in _WEIGHTS[:-1]:
        try:
            return tuple(export(replace(config, weights=weights)))
        except ParityError:
            continue
    return tuple(export(replace(config, weights=_WEIGHTS[-1])))

"""Go on training a model with someone's own photographs, and tell whether that made it better."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agecam.vision.align import CROP_PX
from agecam.vision.calibration import Calibration
from train.answers import answers
from train.data import DataError
from train.fit import FitConfig, fit
from train.measure import all_figures, said_age
from train.models import AGE, GENDER, describe, load
from train.pictures import prepare_pictures
from train.prepare import load_crops
from train.table import TEST, TRAIN, VALIDATION, Table

_ROUNDING: Final = 1e-4
"""Errors nearer than this, in years or as a share, are the same."""
TOLERANCE: Final = 0.05
"""How much worse, of the error before, a model may become on the pictures that it was trained on before."""

_KINDS: Final = {AGE: ("age", "range"), GENDER: ("gender",)}
_TEST_SHARE: Final = 0.25
_VALIDATION_SHARE: Final = 0.15


@dataclass(frozen=True, slots=True)
class FineTuning:
    """What to do: train ``model``, a Keras file, on ``photographs`` and write what comes of it to ``out``.

    ``old`` is the prepared folder that the model comes from, to see what it forgets. ``freeze`` keeps the
    stem and that many stages as they are.
    """

    model: Path
    photographs: Path
    out: Path
    old: Path | None = None
    epochs: int = 10
    learning_rate: float = 2e-4
    batch_size: int = 32
    freeze: int = 2
    seed: int = 0
    jobs: int = 1
    force: bool = False


def fine_tune(task: FineTuning) -> dict[str, Any]:
    """Prepare the photographs, train, compare before and after, and keep the better model.

    In ``out``: ``fine-tune/`` with the prepared pictures, the run and ``report.json``, whose content is
    returned, and the model under the names of its heads (``age.keras``). It is written, over one that may be
    there, unless the one it came from or the one it would replace is better: errs less on new test pictures,
    or so much less on old ones that :data:`TOLERANCE` does not cover it. ``force`` writes it in any case.
    Calling again resumes.

    Raises :class:`DataError` when the model or the photographs cannot be used.
    """
    network = describe(before := load(task.model))
    work, target = task.out / "fine-tune", task.out / f"{'_'.join(network.heads)}.keras"
    data = work / "prepared"
    table = prepare_pictures(
        [task.photographs],
        data,
        test=_TEST_SHARE,
        validation=_VALIDATION_SHARE,
        seed=task.seed,
        jobs=task.jobs,
    ).table
    for part in (TRAIN, VALIDATION, TEST):
        for head in network.heads:
            if not _labelled(head, table.of_part(part)).any():
                raise DataError(
                    f"{task.photographs} has too few pictures with a label for {head}: give some dozens."
                )
    trained = fit(
        FitConfig(
            data=str(data),
            out=str(work / "run"),
            architecture=network.architecture,
            width=network.width,
            heads=network.heads,
            age_loss="distribution" if network.age_columns > 1 else "mae",
            gender_loss="binary" if network.gender_columns == 1 else "categorical",
            size_px=before.input_shape[1] or CROP_PX,
            dropout=network.dropout,
            epochs=task.epochs,
            batch_size=task.batch_size,
            learning_rate=task.learning_rate,
            init=(str(task.model),),
            freeze=task.freeze,
            precision="float32",
            seed=task.seed,
        )
    )
    rivals = {"before": task.model, "after": trained}
    if target.exists() and not target.samefile(task.model):
        rivals["replaced"] = target
    figures = {
        name: {rival: _figures(path, folder) for rival, path in rivals.items()}
        for name, folder in {"new": data, "old": task.old}.items()
        if folder is not None
    }
    worse = _worse(figures)
    saved = task.force or not worse
    report = {
        "model": str(task.model),
        "pictures": {part: int((table.part == part).sum()) for part in (TRAIN, VALIDATION, TEST)},
        "figures": figures,
        "worse": worse,
        "saved": str(target) if saved else None,
    }
    (work / "report.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    if saved:
        partial = target.with_name(f"partial-{target.name}")
        shutil.copyfile(trained, partial)
        os.replace(partial, target)  # noqa: PTH105
    return report


def rows(report: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """The report as (pictures, measure, before, after), to print."""
    shown = []
    for name, rivals in report["figures"].items():
        for head in rivals["after"]:
            unit, scale = ("years off", 1.0) if head == AGE else ("% wrong", 100.0)
            before, after = (f"{rivals[rival][head]['error'] * scale:.2f}" for rival in ("before", "after"))
            count = rivals["after"][head]["pictures"]
            shown.append((f"{name}, {count} test pictures", f"{head}, {unit}", before, after))
    return shown


def _figures(model: Path, data: Path) -> dict[str, Any]:
    """By head: the mean error over all labelled test pictures, and every other figure there is."""
    table = Table.load(data).of_part(TEST)
    outputs = answers(model, load_crops(data), table.row)
    figures = all_figures(outputs, table, Calibration())
    return {
        head: {
            "error": _error(head, output, table),
            "pictures": int(_labelled(head, table).sum()),
            **{
                kind: figures[kind]
                for kind in (("age", "range") if head == AGE else ("gender",))
                if kind in figures
            },
        }
        for head, output in outputs.items()
    }


def _labelled(head: str, table: Table) -> NDArray[np.bool_]:
    return ~np.isnan(table.age_low if head == AGE else table.female)


def _error(head: str, output: NDArray[np.float32], table: Table) -> float:
    """Mean years outside the label, or share of wrong genders."""
    known = _labelled(head, table)
    if head == AGE:
        age = said_age(output)
        off = np.maximum(np.maximum(table.age_low - age, age - table.age_high), 0)
    else:
        off = (output >= 0.5) != (table.female > 0.5)
    return float(off[known].mean())


def _worse(figures: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """In what the trained model is worse than a rival, one sentence each."""
    found = []
    for name, rivals in figures.items():
        allowed = 1 + TOLERANCE if name == "old" else 1.0
        for rival in rivals.keys() - {"after"}:
            for head, after in rivals["after"].items():
                error = rivals[rival][head]["error"]
                if after["error"] > error * allowed + _ROUNDING:
                    model = "the model it came from" if rival == "before" else "the model it would replace"
                    found.append(f"On {name} pictures, {model} is better at {head}.")
    return found

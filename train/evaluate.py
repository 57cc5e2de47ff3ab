"""Measure models on prepared or raw pictures: ``figures.json`` and ``report.html``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from agecam.vision.align import TTA_VIEWS, View
from agecam.vision.calibration import Calibration
from agecam.vision.manifest import MANIFEST, Manifest
from train.answers import Model, open_model, run_model
from train.calibrate import calibrate
from train.conditions import CONDITIONS
from train.data import DataError, read_dataset
from train.duplicates import find_duplicates
from train.live import PLAIN, live_looks, stores_by_name
from train.measure import FEWEST, MAIN_FIGURES, all_figures, main_figures, take_outputs
from train.prepare import central, load_crops, look_at, prepare_crops, usable_rows, write_skipped
from train.report import Report, write_report
from train.table import FILE_NAME, TEST, UNUSED, VALIDATION, Table, build_table

ALL: Final = "all"
"""As a part: every picture, whatever part it is in."""

_Outputs = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Extras:
    """What can be measured beside the figures on stored crops, and on how many pictures.

    ``live`` are the folders or zips of the whole pictures, for the live path; ``conditions`` makes crops (and
    those pictures) worse in many ways; ``sample`` limits both to so many pictures, chosen by ``seed``.
    ``run`` is a folder of ``train fit`` whose learning curves the report shows. Answers are means over all
    looks at a face, as the program's are to photographs, and live over time, or with ``one_look`` not.
    """

    conditions: bool = False
    live: tuple[Path, ...] = ()
    sample: int | None = None
    seed: int = 0
    jobs: int = 1
    run: Path | None = None
    one_look: bool = False

    @property
    def looks(self) -> tuple[View, ...]:
        """Those that are taken at each face."""
        return TTA_VIEWS[:1] if self.one_look else TTA_VIEWS


def collect(models: Sequence[Path], crops: NDArray[np.uint8], table: Table) -> _Outputs:
    """Answers of all models together, "age" ``(n, 101)`` and "gender" ``(n,)``; later files win."""
    return _stored_answers([open_model(path) for path in models], crops, table, TTA_VIEWS[:1])


def _answers(models: Sequence[Model], looks: Sequence[Iterable[NDArray[np.uint8]]]) -> _Outputs:
    outputs: _Outputs = {}
    for model in models:
        outputs |= run_model(model, *looks)
    return outputs


def _look(stored: Sequence[NDArray[np.uint8]], looks: Sequence[View]) -> list[list[NDArray[np.uint8]]]:
    return [[look_at(crop, look) for crop in stored] for look in looks]


def evaluate(
    models: Sequence[Path],
    data: Path,
    out: Path,
    *,
    part: str = TEST,
    calibration: Calibration | None = None,
    extras: Extras | None = None,
) -> dict[str, Any]:
    """Measure model files, data set by data set, and write ``figures.json`` and ``report.html`` to ``out``.

    ``data`` is a folder made by ``prepare``, of which one ``part`` is measured, or a folder or zip of
    labelled pictures, which are prepared into ``out`` and all measured. Without a ``calibration`` one is
    fitted on the validation part or, where there is none, taken from a manifest beside the models. Raises
    :class:`DataError` when pictures or models cannot be read, or the part is empty.
    """
    extras = extras or Extras()
    if (data / FILE_NAME).is_file():
        folder = data
    else:
        folder, part = out / "prepared", ALL
        prepare_all(data, folder, jobs=extras.jobs)
    table, crops = Table.load(folder), load_crops(folder)
    chosen = table if part == ALL else table.of_part(part)
    if part == ALL:
        chosen = table.take(table.part != UNUSED)
    if not len(chosen):
        raise DataError(f"{data} has no pictures in its {part} part.")
    opened = [open_model(path) for path in models]
    origin = "given"
    if calibration is None:
        validation = table.of_part(VALIDATION)
        calibration, origin = _own_calibration(opened, models, crops, validation, extras.looks)
    outputs = _stored_answers(opened, crops, chosen, extras.looks)
    figures: dict[str, Any] = {
        "models": [path.name for path in models],
        "data": data.name,
        "part": part,
        "looks": len(extras.looks),
        "calibration": calibration_values(calibration) | {"origin": origin},
        "datasets": by_dataset(outputs, chosen, calibration),
        "all": all_figures(outputs, chosen, calibration),
    }
    places = _sample(len(chosen), extras)
    some = chosen.take(places)
    if extras.conditions:
        figures["conditions"] = under_conditions(opened, crops, some, calibration, extras.looks)
    if extras.live:
        of_some = take_outputs(outputs, places)
        figures["live"] = through_live_path(opened, of_some, some, calibration, extras)
    out.mkdir(parents=True, exist_ok=True)
    (out / "figures.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    write_report(out / "report.html", Report(figures, outputs, chosen, crops, calibration, extras.run))
    return figures


def prepare_all(source: Path, folder: Path, *, jobs: int = 1) -> None:
    """Prepare a folder or zip of labelled pictures without a split: the first of duplicates is "test"."""
    samples, skipped = prepare_crops([read_dataset(source)], folder, jobs=jobs)
    write_skipped(folder / "skipped.csv", skipped)
    rows = usable_rows(folder)
    if not len(rows):
        raise DataError(f"No face was found in the pictures of {source}.")
    table = build_table(samples, rows, find_duplicates(central(load_crops(folder)), rows))
    parts = np.full(len(table), UNUSED)
    _, first = np.unique(table.group, return_index=True)
    parts[first] = TEST
    replace(table, part=parts).save(folder)


def _own_calibration(
    opened: Sequence[Model],
    models: Sequence[Path],
    crops: NDArray[np.uint8],
    validation: Table,
    looks: Sequence[View],
) -> tuple[Calibration, str]:
    if len(validation):
        fitted = calibrate(_stored_answers(opened, crops, validation, looks), validation)
        return fitted, "fitted on the validation part"
    folder = models[0].parent
    if (folder / MANIFEST).is_file():
        return Manifest.read(folder).calibration, f"{MANIFEST} beside the models"
    return Calibration(), "none"


def calibration_values(calibration: Calibration) -> dict[str, Any]:
    """As in a manifest, both models together."""
    return calibration.to_manifest("age") | calibration.to_manifest("gender")


def by_dataset(
    outputs: Mapping[str, NDArray[np.float32]], table: Table, calibration: Calibration
) -> dict[str, Any]:
    """All figures of each data set of ``table``, by its name."""
    masks = {str(name): table.dataset == name for name in np.unique(table.dataset)}
    return {
        name: all_figures(take_outputs(outputs, mask), table.take(mask), calibration)
        for name, mask in masks.items()
    }


def under_conditions(
    models: Sequence[Model],
    crops: NDArray[np.uint8],
    table: Table,
    calibration: Calibration,
    looks: Sequence[View],
) -> list[dict[str, Any]]:
    """The main figures on stored crops made worse, one entry for each condition."""
    rows = []
    for condition in track(CONDITIONS, "Making crops worse"):
        changed = [condition.change(crops[row]) for row in table.row]
        outputs = _answers(models, _look(changed, looks))
        rows.append(
            {"kind": condition.kind, "name": condition.name, "figures": _main(outputs, table, calibration)}
        )
    return rows


def through_live_path(
    models: Sequence[Model], outputs: _Outputs, table: Table, calibration: Calibration, extras: Extras
) -> dict[str, Any]:
    """The main figures on what live use makes of whole pictures, beside those on their stored crops.

    ``outputs`` are the models' for the stored crops of ``table``. Pictures in which no face is found count in
    ``not_found`` alone: the other figures are of the rest, on both sides. With conditions, ``harder`` holds
    the same for turned and shrunk pictures.
    """
    sources = stores_by_name(extras.live)
    given = np.isin(table.dataset, list(sources))
    table, outputs = table.take(given), take_outputs(outputs, given)
    if not len(table):
        raise DataError(f"None of the pictures that are measured is from {', '.join(sources)}.")
    seen = live_looks(sources, table, harder=extras.conditions, jobs=extras.jobs)

    def compared(name: str) -> dict[str, Any]:
        faces, found = seen[name]
        of_found = table.take(found)
        stored = _main(take_outputs(outputs, found), of_found, calibration)
        live = _main(_answers(models, list(faces[: len(extras.looks), found])), of_found, calibration)
        difference = {
            data: {key: round(live[data][key] - value, 5) for key, value in values.items()}
            for data, values in stored.items()
        }
        not_found = _not_found(table, found)
        return {"not_found": not_found, "stored": stored, "live": live, "difference": difference}

    harder = [{"name": name} | compared(name) for name in seen if name != PLAIN]
    return {"count": len(table)} | compared(PLAIN) | ({"harder": harder} if harder else {})


def _not_found(table: Table, found: NDArray[np.bool_]) -> dict[str, int]:
    names = [str(name) for name in np.unique(table.dataset)]
    return {"all": int((~found).sum())} | {n: int((~found & (table.dataset == n)).sum()) for n in names}


def _main(
    outputs: Mapping[str, NDArray[np.float32]], table: Table, calibration: Calibration
) -> dict[str, dict[str, float]]:
    """The few figures of :data:`train.measure.MAIN_FIGURES`, of all pictures and of each data set."""
    masks = {"all": np.ones(len(table), bool)}
    masks |= {str(name): table.dataset == name for name in np.unique(table.dataset)}
    result = {}
    for name, mask in masks.items():
        figures = main_figures(take_outputs(outputs, mask), table.take(mask), calibration)
        result[name] = {
            f"{head}_{key}": figures[head][key]
            for head, key in MAIN_FIGURES
            if key in figures.get(head, {}) and (name == "all" or figures[head]["count"] >= FEWEST)
        }
    return result


def _stored_answers(
    models: Sequence[Model], crops: NDArray[np.uint8], table: Table, looks: Sequence[View]
) -> _Outputs:
    return _answers(models, _look([crops[row] for row in table.row], looks))


def _sample(count: int, extras: Extras) -> NDArray[np.int64]:
    """Places of the sample among ``count`` pictures."""
    if extras.sample is None or extras.sample >= count:
        return np.arange(count)
    return np.sort(np.random.default_rng(extras.seed).permutation(count)[: extras.sample])


def headline(figures: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The figures to print, as (data set, what, value)."""
    rows: list[tuple[str, str, str]] = []
    for name, values in figures["datasets"].items():
        # A photograph that is also in another set may bring a few exact ages into a set of ranges.
        if (age := values.get("age")) and age["count"] >= FEWEST:
            rows.append((name, "age, mean error", f"{age['mae']:.2f} years"))
            rows.append((name, "age, median error", f"{age['median_error']:.2f} years"))
            rows.append((name, "age, within 5 years", f"{age['within_5']:.1%}"))
            if "interval_coverage" in age:
                rows.append((name, "age, in the interval", f"{age['interval_coverage']:.1%}"))
        if ranges := values.get("range"):
            rows.append((name, "right age range", f"{ranges['right_range']:.1%}"))
            rows.append((name, "within one range", f"{ranges['within_one_range']:.1%}"))
        if gender := values.get("gender"):
            rows.append((name, "gender", f"{gender['accuracy']:.1%}"))
        if adults := values["groups"].get("adults", {}).get("18-75", {}).get("gender"):
            rows.append((name, "gender, 18 to 75", f"{adults['accuracy']:.1%}"))
    live = figures.get("live", {}).get("difference", {})
    for name, differences in live.items():
        for key, value in differences.items():
            unit = f"{value:+.2f} years" if key == "age_mae" else f"{100 * value:+.2f} %"
            rows.append((name, f"through the live path, {_words(key)}", unit))
    return rows


def _words(key: str) -> str:
    head, _, name = key.partition("_")
    return MAIN_FIGURES[head, name]

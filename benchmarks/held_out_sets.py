"""What the age interval holds on a data set that neither model nor calibration has seen.

An extra, on material that is not part of the project:

    python -m benchmarks.held_out_sets PREPARED TRUNK.keras

``PREPARED`` is a folder of ``train prepare`` with several data sets, ``TRUNK.keras`` a network that has seen
none of them, as ``train from-dlib`` makes one. For each set in turn, a small age head learns from the trunk's
features of the other sets' training images and is calibrated on their validation images; then its interval
is measured on test images of every set, and the factor on its width is looked for that lets it hold 75 % of
the set left out. Exact ages alone count.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from agecam.vision.align import to_model_input
from agecam.vision.calibration import AGES, Calibration, age_interval, predicted_age
from train.data.crops import center_crop, load_crops
from train.data.table import TEST, TRAIN, VALIDATION, Table
from train.data.targets import age_targets
from train.evaluate.calibrate import fit_age
from train.evaluate.metrics import interval_holds
from train.model.build import features, load_model
from train.model.losses import AgeLoss

_IMAGES: Final = {TRAIN: 6000, VALIDATION: 2000, TEST: 1300}
"""Of each set and split, at most."""
_UNITS: Final = 256
_DROPOUT: Final = 0.5
_DISTANCE_WEIGHT: Final = 0.05
_EPOCHS: Final = 14
_BATCH: Final = 128
_WANTED: Final = 0.75
_FACTORS: Final = np.arange(1.0, 3.0, 0.05)


@dataclass(frozen=True, slots=True)
class Images:
    """Labels, and features ``(n, k)`` float32 of mean 0 and deviation 1."""

    table: Table
    features: NDArray[np.float32]

    def rows(self, split: str, *, name: str | None = None, without: str | None = None) -> NDArray[np.int64]:
        """Indices of a split's images, of one set or of all but one."""
        chosen = self.table.split == split
        if name is not None:
            chosen &= self.table.dataset == name
        return np.flatnonzero(chosen & (self.table.dataset != without))


def read_images(prepared: Path, trunk: Path) -> Images:
    """Some images of each set and split, seen by the trunk once each, without augmentation."""
    table, crops = Table.load(prepared), load_crops(prepared)
    random = np.random.default_rng(1)
    chosen = np.concatenate(
        [
            np.sort(
                random.permutation(np.flatnonzero((table.dataset == name) & (table.split == split)))[:most]
            )
            for name in np.unique(table.dataset)
            for split, most in _IMAGES.items()
        ]
    )
    model = load_model(trunk)
    network = keras.Model(model.input, features(model))
    seen = np.concatenate(
        [
            network.predict_on_batch(to_model_input(center_crop(crops[table.row[chosen[i : i + _BATCH]]])))
            for i in range(0, len(chosen), _BATCH)
        ]
    )
    return Images(table.take(chosen), (seen - seen.mean(axis=0)) / (seen.std(axis=0) + 1e-3))


def fit_head(images: Images, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Ages ``(n, 101)`` of all images by a head that has learnt from some of them."""
    keras.utils.set_random_seed(3)
    targets = age_targets(images.table.age_low[rows], images.table.age_high[rows])
    labelled = targets.any(axis=1)
    head: Any = keras.Sequential(
        [
            keras.Input((images.features.shape[1],)),
            keras.layers.Dropout(_DROPOUT),
            keras.layers.Dense(_UNITS, "relu"),
            keras.layers.Dropout(_DROPOUT),
            keras.layers.Dense(AGES, "softmax"),
        ]
    )
    head.compile(keras.optimizers.AdamW(1e-3, weight_decay=1e-2), AgeLoss(_DISTANCE_WEIGHT))
    head.fit(images.features[rows[labelled]], targets[labelled], batch_size=_BATCH, epochs=_EPOCHS, verbose=0)
    return np.asarray(head.predict(images.features, batch_size=1024, verbose=0), np.float32)


def coverage(
    ages: NDArray[np.float32], table: Table, calibration: Calibration, factor: float = 1.0
) -> tuple[float, float, float]:
    """Mean error, share of exact labels in the interval, and its mean width, years."""
    known = table.exact
    label, predicted = np.minimum(table.age_low[known], AGES - 1), predicted_age(ages[known])
    scaled = replace(calibration, interval_scale=factor * calibration.interval_scale)
    low, high = age_interval(ages[known], predicted, scaled)
    held = interval_holds(low, high, label).mean()
    return float(np.abs(predicted - label).mean()), float(held), float((high - low).mean())


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("prepared", type=Path)
    parser.add_argument("trunk", type=Path)
    options = parser.parse_args()
    images = read_images(options.prepared, options.trunk)
    table = images.table
    exact = [
        str(name) for name in np.unique(table.dataset) if table.exact[images.rows(TEST, name=str(name))].any()
    ]
    for left_out in (None, *exact):
        ages = fit_head(images, images.rows(TRAIN, without=left_out))
        validation = images.rows(VALIDATION, without=left_out)
        calibration = fit_age(ages[validation], table.take(validation))
        for name in exact:
            rows = images.rows(TEST, name=name)
            error, held, width = coverage(ages[rows], table.take(rows), calibration)
            print(
                f"without {left_out or 'none':10} {name:10} error {error:.2f} years, "
                f"interval of {width:.1f} years holds {held:.1%}"
            )
        if left_out:
            rows = images.rows(TEST, name=left_out)
            factor = next(
                (f for f in _FACTORS if coverage(ages[rows], table.take(rows), calibration, f)[1] >= _WANTED),
                np.inf,
            )
            print(f"  it takes {factor:.2f} times the width to hold {_WANTED:.0%} of {left_out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

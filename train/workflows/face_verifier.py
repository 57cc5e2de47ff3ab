"""Train the face verifier, ``models/face_verifier.tflite``:

    python -m train.workflows.face_verifier PREPARED IMAGES BOXES.csv -o OUT --sources fairface.zip aaf.zip

Faces come from the training split of a prepared folder, false ones from photographs: what the detectors
propose there away from all boxes of ``BOXES.csv`` (``file,x,y,width,height`` in pixels, one row for each face
and for each place to leave out). ``--folds 2`` first trains on some of the photographs and says how it does
on the others, of which it has seen nothing.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from numpy.typing import NDArray

from agecam.files import write_atomically
from agecam.paths import models_dir
from agecam.vision.face_networks import FaceNetworks, NetworksConfig
from agecam.vision.face_verifier import (
    FACE_VERIFIER,
    VERIFIER_PX,
    to_verifier_input,
)
from agecam.vision.manifest import MANIFEST
from train.data.stores import dataset_name, decode, open_store
from train.data.table import TRAIN, Table
from train.data.verifier_augment import FALSE, LABELLED, PROPOSED, augmented, network_square
from train.data.verifier_examples import (
    PROPOSAL_SCORE,
    Box,
    Examples,
    false_proposals,
    labelled_faces,
    proposed_faces,
)
from train.errors import DataError

Crops = NDArray[np.uint8]

_LARGE_TURN_DEG: Final = 35.0
_HARD_SCORE: Final = 0.3
"""False proposals from this score on, which the program looks at, are drawn four times as often."""


@dataclass(frozen=True, slots=True)
class VerifierConfig:
    """How much to learn from, and how long."""

    portraits: int = 8500
    """Faces by their stored keypoints; a third of FairFace's are turned far to a side."""
    proposed: int = 600
    """Portraits, turned ones, of which the detectors' own proposals are taken."""
    examples: int = 17000
    """Augmented crops of each kind."""
    epochs: int = 9
    batch: int = 256
    learning_rate: float = 4e-3
    weight_decay: float = 2e-3
    label_smoothing: float = 0.02
    """So many wrong labels; faces in a crowd's back rows pass for no faces."""
    proposed_share: float = 0.2
    """Of the faces: proposals, which place eyes and mouth less well than stored keypoints do."""
    seed: int = 9


def build() -> keras.Model:
    """Four convolutions and a place-dependent sum, 50 thousand weights, a million multiplications a face."""
    layers = keras.layers
    values = inputs = layers.Input((VERIFIER_PX, VERIFIER_PX, 1))
    for filters, kernel, stride in ((16, 5, 2), (32, 3, 2), (48, 3, 2), (64, 3, 1)):
        values = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)(values)
        values = layers.ReLU()(layers.BatchNormalization()(values))
    values = layers.Dropout(0.4)(layers.Flatten()(values))
    return keras.Model(inputs, layers.Dense(1)(values))


def fit(labelled: Crops, proposed: Crops, false: Examples, config: VerifierConfig) -> keras.Model:
    """A network trained on crops of faces and on false proposals."""
    rng = np.random.default_rng(config.seed)
    keras.utils.set_random_seed(config.seed)
    count, by_proposal = config.examples, round(config.proposed_share * config.examples)
    weights = np.where(false.scores >= _HARD_SCORE, 4.0, 1.0)
    drawn = (
        (labelled[rng.choice(len(labelled), count - by_proposal)], LABELLED),
        (proposed[rng.choice(len(proposed), by_proposal)], PROPOSED),
        (false.crops[rng.choice(len(false), count, p=weights / weights.sum())], FALSE),
    )
    crops = np.stack([augmented(crop, jitter, rng) for some, jitter in drawn for crop in some])
    is_face = np.repeat(np.array([1, 0], np.float32), count)
    model = build()
    steps = config.epochs * (len(crops) // config.batch)
    model.compile(
        keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(config.learning_rate, steps),
            weight_decay=config.weight_decay,
        ),
        loss=keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=config.label_smoothing),
    )
    model.fit(to_verifier_input(crops), is_face, batch_size=config.batch, epochs=config.epochs, verbose=2)
    return model


def log_odds(model: keras.Model, stored: Crops) -> NDArray[np.float32]:
    """What the program would say of stored crops, mean over each and its mirror image: ``(n,)`` float32."""
    crops = np.stack([network_square(crop) for crop in stored])
    both = np.concatenate([crops, crops[:, :, ::-1]])
    values = np.asarray(model.predict(to_verifier_input(both), verbose=0), np.float32)
    return np.asarray(values.reshape(2, -1).mean(axis=0), np.float32)


def export(model: keras.Model, out: Path) -> None:
    """Write ``face_verifier.tflite`` with 8-bit weights, and list it in the manifest beside it."""
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as saved:
        model.export(saved, format="tf_saved_model", verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(saved)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        content = bytes(converter.convert())
    write_atomically(out / FACE_VERIFIER, content)
    path = out / MANIFEST
    manifest = json.loads(path.read_bytes()) if path.exists() else {}
    entry = {
        "file": FACE_VERIFIER,
        "sha256": hashlib.sha256(content).hexdigest(),
        "source": "train.workflows.face_verifier",
    }
    others = [one for one in manifest.get("detectors", []) if one["file"] != FACE_VERIFIER]
    manifest["detectors"] = [*others, entry]
    write_atomically(path, json.dumps(manifest, indent=2) + "\n")


def read_boxes(path: Path) -> dict[str, list[Box]]:
    """Boxes by file name. Raises :class:`DataError` for a file without them."""
    boxes: dict[str, list[Box]] = defaultdict(list)
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                x, y, width, height = (float(row[name]) for name in ("x", "y", "width", "height"))
                boxes[row["file"]].append((x, y, width, height))
    except (LookupError, OSError, TypeError, ValueError, csv.Error) as error:
        raise DataError(f"{path} is no table of boxes.") from error
    return boxes


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("prepared", type=Path, metavar="PREPARED")
    parser.add_argument("images", type=Path, metavar="IMAGES", help="photographs, by the names in BOXES.csv")
    parser.add_argument("boxes", type=Path, metavar="BOXES.csv")
    parser.add_argument(
        "--sources", type=Path, nargs="+", required=True, help="the prepared folder's sources"
    )
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--folds", type=int, default=0)
    options = parser.parse_args()
    config = VerifierConfig()
    boxes = read_boxes(options.boxes)
    networks = FaceNetworks(models_dir(), NetworksConfig(min_score=PROPOSAL_SCORE))
    try:
        false = false_proposals(networks, {name: _image(options.images / name) for name in boxes}, boxes)
        labelled, proposed = _faces(networks, options.prepared, options.sources, config)
    finally:
        networks.close()
    _say(f"{len(labelled)} faces, {len(proposed)} proposals of faces, {len(false)} false ones")
    for fold in range(options.folds):
        _report_fold(labelled.crops, proposed.crops, false, fold, options.folds, config)
    options.out.mkdir(parents=True, exist_ok=True)
    export(fit(labelled.crops, proposed.crops, false, config), options.out)
    return 0


def _faces(
    networks: FaceNetworks, prepared: Path, sources: list[Path], config: VerifierConfig
) -> tuple[Examples, Examples]:
    """Faces by stored keypoints, and the detectors' proposals for portraits."""
    rng = np.random.default_rng(config.seed)
    stores = {dataset_name(path): open_store(path) for path in sources}
    table = Table.load(prepared).of_split(TRAIN)
    table = table.take(np.isin(table.dataset, list(stores)))
    is_turned = np.abs(table.yaw_deg) > _LARGE_TURN_DEG
    turned, others = (rng.permutation(np.flatnonzero(mask)) for mask in (is_turned, ~is_turned))
    chosen = np.concatenate([turned[: config.portraits // 3], others])[: config.portraits]
    hard = table.take(turned[: config.proposed])
    by_store = [
        proposed_faces(networks, stores[str(name)], hard.file[hard.dataset == name].tolist())
        for name in np.unique(hard.dataset)
    ]
    proposed = Examples(
        np.concatenate([one.crops for one in by_store]),
        np.concatenate([one.scores for one in by_store]),
        np.concatenate([one.images for one in by_store]),
    )
    return labelled_faces(stores, table.take(chosen), prepared), proposed


def _report_fold(
    labelled: Crops, proposed: Crops, false: Examples, fold: int, folds: int, config: VerifierConfig
) -> None:
    """Train without every so many-th photograph, and say how many false proposals of those pass for faces."""
    names = np.unique(false.images)
    held_out = np.isin(false.images, names[fold::folds])
    rest = Examples(false.crops[~held_out], false.scores[~held_out], false.images[~held_out])
    passing = log_odds(fit(labelled, proposed, rest, config), false.crops[held_out]) > 0
    hard = false.scores[held_out] >= _HARD_SCORE
    _say(
        f"fold {fold + 1}: {passing.mean():.1%} of {len(passing)} false proposals on other photographs pass, "
        f"{passing[hard].mean():.1%} of {hard.sum()} with a score of {_HARD_SCORE} and more"
    )


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")


def _image(path: Path) -> NDArray[np.uint8]:
    image = decode(path.read_bytes())
    if image is None:
        raise DataError(f"{path} is not a readable image.")
    return image


if __name__ == "__main__":
    sys.exit(main())

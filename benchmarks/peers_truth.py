"""How right the programs of :mod:`benchmarks.peers` are: on labelled photographs, and on a clip."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Detection, Estimate, Person
from agecam.vision.boxes import iou
from agecam.vision.image_search import with_border
from benchmarks.label_changes import Changes
from benchmarks.peers_protocol import Face
from train.data.stores import dataset_name, decode, open_store
from train.data.table import TEST, Table

ADULTS: Final = (18, 75)
"""Years that Intel's network is made for."""
_MIN_IOU: Final = 0.3
_HELD_S: Final = 0.5
"""For how long a face of a program without tracking is waited for."""
_KEYPOINTS: Final = np.zeros((4, 2), np.float32)


@dataclass(frozen=True, slots=True)
class Labels:
    """Of one photograph: its data set, the exact age in years, whether female, and its width and height."""

    dataset: str
    age: float
    female: bool
    size_wh: tuple[int, int]


def labelled_photographs(
    prepared: Path, archives: Sequence[Path], count: int
) -> Iterator[tuple[NDArray[np.uint8], Labels]]:
    """Some photographs of exact age in the test split of each archive, always the same, BGR with a border."""
    table, random = Table.load(prepared), np.random.default_rng(1)
    for archive in archives:
        store, name = open_store(archive), dataset_name(archive)
        known = table.exact & ~np.isnan(table.female) & (table.split == TEST) & (table.dataset == name)
        for row in random.permutation(np.flatnonzero(known))[:count]:
            image = decode(store.read(str(table.file[row])))
            if image is not None:
                image = with_border(image)[0]
                labels = Labels(name, float(table.age_low[row]), bool(table.female[row]), image.shape[1::-1])
                yield image, labels


def score_all(
    found: Mapping[str, Sequence[Sequence[Face]]], labels: Sequence[Labels]
) -> dict[str, dict[str, dict[str, float]]]:
    """By program and data set what :func:`score` says, ``age_error_common`` over what all programs found."""
    everywhere = [all(faces) for faces in zip(*found.values(), strict=True)]
    return {name: score(faces, labels, everywhere) for name, faces in found.items()}


def score(
    faces: Sequence[Sequence[Face]], labels: Sequence[Labels], common: Sequence[bool]
) -> dict[str, dict[str, float]]:
    """By data set: photographs and faces found in them, mean absolute age error in years, of all, of adults
    and of the photographs in ``common``, and the share of right genders. The face nearest the centre is the
    labelled one."""
    by_dataset: dict[str, list[tuple[float, Labels, bool, bool]]] = {one.dataset: [] for one in labels}
    for found, label, is_common in zip(faces, labels, common, strict=True):
        if found:
            face = _most_central(found, label.size_wh)
            is_right = (face.female > 0.5) == label.female
            by_dataset[label.dataset].append((abs(face.age - label.age), label, is_right, is_common))
    return {
        name: {
            "photographs": sum(one.dataset == name for one in labels),
            "found": len(scored),
            "age_error": _mean(error for error, *_ in scored),
            "age_error_adults": _mean(
                error for error, label, *_ in scored if ADULTS[0] <= label.age <= ADULTS[1]
            ),
            "age_error_common": _mean(error for error, _, _, is_common in scored if is_common),
            "gender": _mean(is_right for _, _, is_right, _ in scored),
        }
        for name, scored in by_dataset.items()
    }


def _most_central(faces: Sequence[Face], size_wh: tuple[int, int]) -> Face:
    width, height = size_wh
    return min(
        faces,
        key=lambda face: np.hypot(face.x + face.width / 2 - width / 2, face.y + face.height / 2 - height / 2),
    )


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values) or [np.nan]))


def link(frames: Sequence[Sequence[Face]], fps: float) -> list[list[Face]]:
    """The same faces, each numbered as the one of an earlier frame that overlaps it most; tracks stay."""
    known: dict[int, tuple[Face, int]] = {}
    linked: list[list[Face]] = []
    count = 0
    for index, faces in enumerate(frames):
        known = {number: one for number, one in known.items() if index - one[1] <= _HELD_S * fps}
        pairs = sorted(
            (
                (iou(face[:4], earlier[:4]), position, number)
                for position, face in enumerate(faces)
                for number, (earlier, _) in known.items()
            ),
            reverse=True,
        )
        numbers: dict[int, int] = {}
        for overlap, position, number in pairs:
            if overlap >= _MIN_IOU and position not in numbers and number not in numbers.values():
                numbers[position] = number
        row: list[Face] = []
        for position, face in enumerate(faces):
            if position not in numbers:
                count += 1
            one = face if face.track else face._replace(track=numbers.get(position, count))
            known[numbers.get(position, count)] = one, index
            row.append(one)
        linked.append(row)
    return linked


def smooth(frames: Sequence[Sequence[Face]], fps: float, seconds: float = 1.0) -> list[list[Face]]:
    """Linked faces with the moving average of their ages, exponential with that time constant."""
    share = 1 - math.exp(-1 / (seconds * fps))
    ages: dict[int, float] = {}
    smoothed: list[list[Face]] = []
    for faces in frames:
        for face in faces:
            last = ages.get(face.track, face.age)
            ages[face.track] = last + share * (face.age - last)
        smoothed.append([face._replace(age=ages[face.track]) for face in faces])
    return smoothed


def age_changes(frames: Sequence[Sequence[Face]], fps: float) -> float:
    """How often a second the printed age of a linked face changes; see :mod:`benchmarks.label_changes`."""
    changes = Changes()
    for index, faces in enumerate(frames):
        for face in faces:
            estimate = Estimate(face.age, face.age, face.age, face.female)
            changes.add(Person(face.track, Detection(face[:4], 1.0, _KEYPOINTS), estimate, None), index / fps)
    return changes.age / changes.seconds if changes.seconds else float("nan")


def clip_measures(frames: Sequence[Sequence[Face]], fps: float) -> Mapping[str, float]:
    """Mean faces a frame, and changes of a printed age a second, as it is and smoothed."""
    linked = link(frames, fps)
    return {
        "faces": _mean(len(faces) for faces in frames),
        "changes": age_changes(linked, fps),
        "changes_smoothed": age_changes(smooth(linked, fps), fps),
    }

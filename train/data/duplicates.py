"""Find photographs that appear more than once, and make their labels agree.

Two crops are taken for the same photograph when tiny, contrast-normalised versions of them correlate almost
perfectly and their fine detail agrees too: dark profiles before a white wall look alike only at first. Left
alone, such pairs leak from training into test, with labels that differ by years.

Of new images that are only added to others, some too many are better left out than some too few: see
:func:`find_known`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.opencv import cv2


@dataclass(frozen=True, slots=True)
class DuplicateConfig:
    """When two crops are taken for one photograph. Correlations are in [-1, 1], of zero-mean vectors."""

    thumbnail_px: int = 16
    """Side of the thumbnails that are compared first, all with all."""
    min_thumbnail_correlation: float = 0.95
    """Pairs above it are compared in detail."""
    detail_px: int = 32
    """Side of the images whose fine detail is compared."""
    detail_sigma_px: float = 1.5
    """Fine detail is what a Gaussian blur of this width leaves over."""
    min_detail_correlation: float = 0.65
    """Pairs above it are one photograph. Found by looking at 1,400 pairs: nearly all below 0.6 show two
    people, nearly all above 0.7 one photograph."""
    min_sole_correlation: float = 0.97
    """Above it thumbnails count as one photograph whatever their detail, where images can be spared."""
    face_margin: float = 0.16
    """Share of the side that is cut off all round to leave eyes, nose and mouth: data sets that hold one
    photograph cut it differently, and past a tight cut are pixels that nobody saw."""
    min_face_correlation: float = 0.85
    """What is left is compared in detail above it, where images can be spared."""
    min_face_detail: float = 0.75
    """And is one photograph above it: of the 56 likeliest among 24,000 new and 70,000 known images, a third
    were, hardly one below."""


DUPLICATES: Final = DuplicateConfig()

_BLOCK: Final = 2048
"""Rows of the matrix of correlations that are in memory at a time."""


def find_duplicates(
    crops: NDArray[np.uint8], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of places ``first < second`` in ``rows`` whose crops ``crops[row]`` show the same photograph.

    ``crops`` is ``(n, s, s)`` uint8.
    """
    firsts, seconds = similar_pairs(_thumbnails(crops, rows), DUPLICATES.min_thumbnail_correlation)
    involved, places = np.unique(np.concatenate([firsts, seconds]), return_inverse=True)
    detail = _detail(crops, rows[involved])
    agreement = np.sum(detail[places[: len(firsts)]] * detail[places[len(firsts) :]], axis=1)
    same = agreement > DUPLICATES.min_detail_correlation
    return firsts[same], seconds[same]


def find_known(
    crops: NDArray[np.uint8],
    rows: NDArray[np.int64],
    known_crops: NDArray[np.uint8],
    known_rows: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Which of ``crops[rows]`` may show a photograph of ``known_crops[known_rows]``: ``(len(rows),)``.

    Both are ``(n, s, s)`` uint8 with the same ``s``. More is found than by :func:`find_duplicates`: tight and
    wide cuts of one photograph, and a few pairs that only look alike.
    """
    config = DUPLICATES
    known = np.zeros(len(rows), bool)
    inner, known_inner = _inner(crops), _inner(known_crops)
    whole, face = _thumbnails(crops, rows), _thumbnails(inner, rows)
    detail = _detail(inner, rows)
    for start in range(0, len(known_rows), _BLOCK):
        block = known_rows[start : start + _BLOCK]
        alike = whole @ _thumbnails(known_crops, block).T > config.min_sole_correlation
        known |= alike.any(axis=1)
        places, others = np.nonzero(face @ _thumbnails(known_inner, block).T > config.min_face_correlation)
        known_detail = _detail(known_inner, block)
        for part in range(0, len(places), _BLOCK):
            some, their = places[part : part + _BLOCK], others[part : part + _BLOCK]
            agreement = np.sum(detail[some] * known_detail[their], axis=1)
            known[some[agreement > config.min_face_detail]] = True
    return known


def _inner(crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Eyes, nose and mouth of faces on aligned crops, not copied."""
    margin_px = round(DUPLICATES.face_margin * crops.shape[1])
    return crops[:, margin_px:-margin_px, margin_px:-margin_px]


def _thumbnails(crops: NDArray[np.uint8], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    return _vectors(crops, rows, DUPLICATES.thumbnail_px)


def _detail(crops: NDArray[np.uint8], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    return _vectors(crops, rows, DUPLICATES.detail_px, DUPLICATES.detail_sigma_px)


def _vectors(
    crops: NDArray[np.uint8], rows: NDArray[np.int64], size_px: int, sigma_px: float | None = None
) -> NDArray[np.float32]:
    """Zero-mean, unit-length miniatures of ``crops[rows]``: ``(len(rows), size_px ** 2)`` float32.

    With ``sigma_px``, what a Gaussian of that width leaves over: edges and wrinkles without light and shade.
    """
    vectors = np.empty((len(rows), size_px * size_px), np.float32)
    for vector, row in zip(vectors, rows, strict=True):
        small = cv2.resize(crops[row], (size_px, size_px), interpolation=cv2.INTER_AREA).astype(np.float32)
        if sigma_px is not None:
            small -= cv2.GaussianBlur(small, (0, 0), sigma_px)
        vector[:] = small.ravel()
    vectors -= vectors.mean(axis=1, keepdims=True)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    return vectors


def similar_pairs(
    vectors: NDArray[np.float32], threshold: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs ``first < second`` of unit vectors ``(n, d)`` whose product is above ``threshold``."""
    firsts, seconds = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK]
        first, second = np.nonzero(block @ vectors[start:].T > threshold)
        later = second > first
        firsts.append(first[later] + start)
        seconds.append(second[later] + start)
    return np.concatenate(firsts), np.concatenate(seconds)


def group_pairs(count: int, firsts: NDArray[np.int64], seconds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Connected images share a group, named after its first member: ``(count,)`` int64 (union-find)."""
    parent = np.arange(count)

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = int(parent[index])
        return index

    for first, second in zip(firsts.tolist(), seconds.tolist(), strict=True):
        a, b = root(first), root(second)
        parent[max(a, b)] = min(a, b)
    return np.array([root(index) for index in range(count)], dtype=np.int64)


def reconcile_ages(low: NDArray[np.float64], high: NDArray[np.float64]) -> tuple[float, float]:
    """One age for the labels of one photograph.

    The median of the exact ages if there are any, else the overlap of the ranges, else the span of all of
    them; NaN where no age is known.
    """
    exact = low[low == high]
    if len(exact):
        age = float(np.median(exact))
        return age, age
    known = ~np.isnan(low)
    if not known.any():
        return np.nan, np.nan
    low, high = low[known], high[known]
    if low.max() <= high.min():
        return float(low.max()), float(high.min())
    return float(low.min()), float(high.max())


def reconcile_gender(female: NDArray[np.float64]) -> float:
    """The gender most labels of one photograph name, 1 female and 0 male; NaN on a tie."""
    known = female[~np.isnan(female)]
    if not len(known) or known.mean() == 0.5:
        return np.nan
    return float(known.mean() > 0.5)

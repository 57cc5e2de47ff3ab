"""Labels and predictions made up for tests."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from train.data.readers import Sample
from train.data.table import Table, build_table

NO_PAIRS = (np.zeros(0, np.int64), np.zeros(0, np.int64))


def table_of_samples(samples: Iterable[Sample]) -> Table:
    """A table of samples without duplicates, in the order of the crops."""
    samples = list(samples)
    return build_table(samples, np.arange(len(samples)), NO_PAIRS)


def table_of(*labels: tuple[float | None, float | None, bool | None]) -> Table:
    """A table of (lowest age, highest age, female)."""
    return table_of_samples(Sample("set", f"{i}.jpg", *label) for i, label in enumerate(labels))


def peaks(*ages: float, width: float = 1.0) -> NDArray[np.float32]:
    """Normal distributions about ages: ``(n, 101)`` probabilities."""
    p = np.exp(-0.5 * ((np.arange(101) - np.array(ages)[:, None]) / width) ** 2)
    return np.asarray(p / p.sum(axis=1, keepdims=True), np.float32)

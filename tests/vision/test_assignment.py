"""Rows and columns are paired at the least total cost."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp
from numpy.typing import NDArray

from agecam.vision.assignment import linear_assignment


@given(
    stnp.arrays(
        float,
        stnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=5),
        elements=st.one_of(st.integers(0, 3).map(float), st.floats(-5, 1000)),
    )
)
def test_no_other_assignment_costs_less(costs: NDArray[np.float64]) -> None:
    pairs = linear_assignment(costs)
    rows, columns = zip(*pairs, strict=True)
    assert len(pairs) == len(set(rows)) == len(set(columns)) == min(costs.shape)
    tall = costs if costs.shape[0] >= costs.shape[1] else costs.T
    least = min(
        sum(tall[row, column] for column, row in enumerate(choice))
        for choice in itertools.permutations(range(tall.shape[0]), tall.shape[1])
    )
    assert sum(costs[pair] for pair in pairs) == pytest.approx(least, abs=1e-6)


@pytest.mark.parametrize("shape", [(40, 40), (12, 50), (50, 12)])
def test_agrees_with_scipy_on_crowds(shape: tuple[int, int]) -> None:
    optimize = pytest.importorskip("scipy.optimize")
    costs = np.random.default_rng(9).uniform(0, 3, shape)
    costs[costs > 2] = 1000
    ours = sum(costs[pair] for pair in linear_assignment(costs))
    assert ours == pytest.approx(costs[optimize.linear_sum_assignment(costs)].sum())

"""Linear assignment without ``scipy.optimize``, whose import takes half a second and 50 MB."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def linear_assignment(costs: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pair rows with columns so that the sum of costs is least: ``(rows, columns)`` of finite costs.

    Each row and each column is used at most once, and as many pairs are made as can be. Shortest
    augmenting paths, O(n^3): Crouse, "On implementing 2D rectangular assignment algorithms", IEEE
    Transactions on Aerospace and Electronic Systems 52(4), 2016.

    >>> linear_assignment(np.array([[1.0, 2.0], [1.0, 9.0]]))
    [(0, 1), (1, 0)]
    """
    rows, columns = costs.shape
    if rows > columns:
        return [(row, column) for column, row in linear_assignment(costs.T)]
    row_dual, column_dual = np.zeros(rows), np.zeros(columns)
    row_of = np.full(columns, -1)
    column_of = np.full(rows, -1)
    for start in range(rows):
        # Dijkstra over columns, from an unassigned row to an unassigned column.
        distance = np.full(columns, np.inf)
        came_from = np.full(columns, -1)
        reached = np.zeros(columns, dtype=bool)
        row, length, column = start, 0.0, -1
        while row != -1:
            through = length + costs[row] - row_dual[row] - column_dual
            shorter = ~reached & (through < distance)
            distance[shorter] = through[shorter]
            came_from[shorter] = row
            column = int(np.argmin(np.where(reached, np.inf, distance)))
            length = float(distance[column])
            reached[column] = True
            row = int(row_of[column])
        # The duals keep all reduced costs at zero and above, so that later searches stay short.
        assigned = reached & (row_of != -1)
        row_dual[row_of[assigned]] += length - distance[assigned]
        row_dual[start] += length
        column_dual[reached] -= length - distance[reached]
        while row != start:
            row = int(came_from[column])
            row_of[column] = row
            column, column_of[row] = int(column_of[row]), column
    return [(row, int(column)) for row, column in enumerate(column_of)]

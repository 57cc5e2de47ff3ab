"""Tasks are done in order, by one process or several, and errors come through."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from train.parallel import map_in_processes


class Adder:
    """Adds, tells in which process, and leaves a file when it is closed."""

    def __init__(self, number: int, closed: Path | None = None) -> None:
        self._number = number
        self._closed = closed

    def run(self, task: int) -> tuple[int, int]:
        if task < 0:
            raise ValueError("below zero")
        return task + self._number, os.getpid()

    def close(self) -> None:
        if self._closed is not None:
            self._closed.touch()


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_tasks(jobs: int) -> None:
    results = list(map_in_processes(partial(Adder, 100), range(9), jobs))
    assert [number for number, _ in results] == list(range(100, 109))
    assert (os.getpid() in {process for _, process in results}) is (jobs == 1)


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_a_task_raises_is_raised_here(jobs: int) -> None:
    results = map_in_processes(partial(Adder, 0), [1, -1, 2], jobs)
    assert next(results)[0] == 1
    with pytest.raises(ValueError, match="below zero"):
        list(results)


def test_tools_are_closed_also_when_the_caller_stops(tmp_path: Path) -> None:
    results = map_in_processes(partial(Adder, 0, tmp_path / "closed"), range(9), 1)
    assert isinstance(results, Iterator)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert (tmp_path / "closed").exists()


def test_no_tasks_give_no_results() -> None:
    assert list(map_in_processes(partial(Adder, 0), [], 2)) == []

"""The pool of processes that `annotate --jobs` and `predict --jobs` share."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from agecam.commands.pool import ProcessPool, WorkerDiedError

PATIENCE_S = 600.0


class UnknownHereError(Exception):
    """Holds what does not travel between processes."""

    def __init__(self) -> None:
        super().__init__(threading.Lock())


def work(folder: Path, task: str) -> str:
    first_time = folder / task
    if task == "die":
        os._exit(3)
    if task == "fail":
        raise ValueError("no such thing")
    if task == "fail oddly":
        raise UnknownHereError
    if task == "interrupted" and not first_time.exists():
        first_time.touch()
        raise KeyboardInterrupt
    return f"{task} done"


@contextlib.contextmanager
def set_up(folder: Path, cores: int) -> Iterator[Callable[[str], str]]:
    assert cores >= 1
    yield partial(work, folder)


def results(tmp_path: Path, tasks: list[str], *, queued: int) -> dict[str, str]:
    """What two processes make of tasks, or the failure of each."""
    found: dict[str, str] = {}

    def keep(task: str, result: Callable[[], str]) -> None:
        try:
            found[task] = result()
        except (WorkerDiedError, ValueError, RuntimeError) as error:
            found[task] = f"{type(error).__name__}: {error}"

    with ProcessPool[str, str](2, partial(set_up, tmp_path), keep, queued=queued) as pool:
        for task in tasks:
            pool.submit(task)
        while len(found) < len(tasks):
            pool.receive(PATIENCE_S)
    return found


@pytest.mark.parametrize("queued", [1, 3])
def test_what_becomes_of_one_task_costs_no_other_its_result(tmp_path: Path, queued: int) -> None:
    found = results(tmp_path, ["a", "die", "b", "fail", "c", "fail oddly", "d", "e"], queued=queued)
    assert found == {
        **{name: f"{name} done" for name in "abcde"},
        "die": "WorkerDiedError: exit code 3",
        "fail": "ValueError: no such thing",
        "fail oddly": found["fail oddly"],
    }
    assert found["fail oddly"].startswith("RuntimeError: UnknownHereError(")


def test_a_signal_to_one_process_alone_costs_no_task(tmp_path: Path) -> None:
    assert results(tmp_path, ["a", "interrupted", "b"], queued=2) == {
        name: f"{name} done" for name in ("a", "interrupted", "b")
    }
    assert (tmp_path / "interrupted").exists()


def test_tasks_that_were_not_begun_are_called_off_when_the_pool_is_interrupted(tmp_path: Path) -> None:
    called_off: list[str] = []

    def keep(task: str, result: Callable[[], str]) -> None:
        with pytest.raises(KeyboardInterrupt):
            result()
        called_off.append(task)

    with ProcessPool[str, str](1, partial(set_up, tmp_path), keep) as pool:
        for task in "abc":
            pool.submit(task)
        pool.interrupt()
    assert called_off == ["a", "b", "c"]


def test_an_error_tells_where_it_was_raised(tmp_path: Path) -> None:
    raised: list[BaseException | None] = []

    def keep(_task: str, result: Callable[[], str]) -> None:
        with pytest.raises(ValueError, match="no such thing") as caught:
            result()
        raised.append(caught.value)

    with ProcessPool[str, str](1, partial(set_up, tmp_path), keep) as pool:
        pool.submit("fail")
        while not raised:
            pool.receive(PATIENCE_S)
    assert raised[0] is not None
    assert "test_pool.py" in raised[0].__notes__[0]

"""Images analysed in several processes, each of which loads the models once."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from agecam.commands.pool import ProcessPool, WorkerDiedError
from agecam.commands.prediction import Prediction, predict_file
from agecam.runtime import Runtime
from agecam.vision.analyzer import Analyzer, create_analyzer

_QUEUED: Final = 2
"""Images that a worker has at a time: the next one is there when it is done with one."""
_LOOK_AHEAD: Final = 64
"""Images by which the others may be ahead of one that takes long, per worker; their results wait."""

_Task = tuple[int, Path]
"""The index of an image, and its file."""


def predict_in_processes(
    files: Sequence[Path],
    jobs: int,
    *,
    runtime: Runtime = "litert",
    make_analyzer: Callable[..., Analyzer] = create_analyzer,
) -> Generator[Prediction, None, None]:
    """What :func:`predict_file` gives for each file, in their order, from ``jobs`` processes.

    An image at which a process dies gives a :class:`Prediction` with an error, and a new process goes on with
    the others. The processes end with the generator; where ``KeyboardInterrupt`` comes upon it, what is done
    already comes first. Raises what ``make_analyzer`` raises of :class:`AgeCamError`.
    """
    done: dict[int, Prediction] = {}

    def keep(task: _Task, result: Callable[[], Prediction]) -> None:
        index, path = task
        try:
            done[index] = result()
        except WorkerDiedError as error:
            sentence = f"{path} could not be analysed: its process ended ({error})."
            done[index] = Prediction(str(path), error=sentence)

    set_up = partial(_set_up, runtime, make_analyzer)
    with ProcessPool[_Task, Prediction](jobs, set_up, keep, queued=_QUEUED) as pool:
        try:
            submitted = 0
            for index in range(len(files)):
                while index not in done:
                    limit = min(len(files), index + _LOOK_AHEAD * jobs)
                    for following in range(submitted, limit):
                        pool.submit((following, files[following]))
                    submitted = max(submitted, limit)
                    pool.receive()
                yield done.pop(index)
        except KeyboardInterrupt:
            yield from (done[index] for index in sorted(done))
            raise


@contextlib.contextmanager
def _set_up(
    runtime: Runtime, make_analyzer: Callable[..., Analyzer], cores: int
) -> Iterator[Callable[[_Task], Prediction]]:
    # The other signals stay held back: the parent ends the process, or its own end does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where none can be held back
    with make_analyzer(runtime=runtime, cores=cores) as analyzer:
        yield lambda task: predict_file(analyzer, task[1])

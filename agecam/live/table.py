"""The table of a session: one row a face a frame, started and stopped at will."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agecam.errors import OutputError
from agecam.live.notices import Notices, Remedy
from agecam.output.files import new_file

if TYPE_CHECKING:
    from agecam.output.csv import GrowingCsvSink


@dataclass(frozen=True, slots=True)
class TableState:
    """Where the table stands: ``is_running`` from the wish for it until it is stopped, ``is_finishing`` from
    then until its file is whole; ``seconds`` is the length of what is written."""

    is_running: bool = False
    is_finishing: bool = False
    seconds: float = 0.0


class TableRecorder:
    """Owns the table that grows now; all methods but :meth:`close` return at once.

    ``run`` does slow work off the caller's thread; ``on_recovered`` is told of what a crash has left.
    """

    def __init__(
        self,
        notices: Notices,
        run: Callable[[Callable[[], None]], None],
        on_change: Callable[[], None],
        on_recovered: Callable[[Sequence[Path]], None],
    ) -> None:
        self._notices = notices
        self._run = run
        self._on_change = on_change
        self._on_recovered = on_recovered
        self._lock = threading.Lock()
        self._request: object | None = None
        """The wish for a table that has no file yet."""
        self._sink: GrowingCsvSink | None = None
        self._unfinished: list[GrowingCsvSink] = []
        self._closed = False

    def sinks(self) -> Sequence[GrowingCsvSink]:
        """Who takes frames: one, or none."""
        with self._lock:
            return () if self._sink is None else (self._sink,)

    def state(self) -> TableState:
        """Where the table stands."""
        with self._lock:
            sink, is_wanted, is_finishing = self._sink, self._request is not None, bool(self._unfinished)
        if sink is None:
            return TableState(is_wanted, is_finishing and not is_wanted)
        return TableState(is_running=True, seconds=sink.status().seconds)

    def start(self, path: Path, *, may_replace: bool = True) -> None:
        """Write into ``path`` from the next frame on.

        A file that stands there then is replaced where this ``may_replace`` it, else it gets another name.
        """
        self._begin(path, may_replace=may_replace)

    def start_in(self, folder: Path) -> None:
        """The same into a new file in ``folder``, whose name tells the time."""
        request = object()
        with self._lock:
            if self._closed:
                return
            self._request = request
        self._on_change()
        self._run(lambda: self._start_in(folder, request))

    def stop(self) -> None:
        """Write no more rows; a notice tells when the file is whole."""
        with self._lock:
            sink, self._sink = self._sink, None
            is_only_wanted, self._request = sink is None and self._request is not None, None
        if sink is not None:
            sink.end()
        if is_only_wanted:
            self._tell_nothing()
        self._on_change()

    def close(self) -> None:
        """Stop, and wait until the file is whole; none is begun from then on."""
        with self._lock:
            self._closed = True
            self._sink = self._request = None
            unfinished = list(self._unfinished)
        for sink in unfinished:
            sink.close()

    def _begin(self, path: Path, *, may_replace: bool, request: object | None = None) -> None:
        """Of a ``request`` that is not wanted any more nothing becomes."""
        from agecam.output.csv import GrowingCsvSink

        with self._lock:
            is_unwanted = request is not None and request is not self._request
            if self._closed or is_unwanted:
                return
            previous, self._request = self._sink, None
            self._sink = GrowingCsvSink(
                path, may_replace=may_replace, on_finished=self._finished, on_recovered=self._on_recovered
            )
            self._unfinished.append(self._sink)
        if previous is not None:
            previous.end()
        self._on_change()

    def _start_in(self, folder: Path, request: object) -> None:
        try:
            path = new_file(folder, ".csv")
        except OutputError as error:
            with self._lock:
                if self._request is request:
                    self._request = None
            self._notices.error(str(error), Remedy.CHOOSE_RECORDINGS_FOLDER)
        else:
            self._begin(path, may_replace=False, request=request)

    def _finished(self, sink: GrowingCsvSink) -> None:
        """In the sink's thread."""
        status = sink.status()
        if status.error is not None:
            self._notices.error(str(status.error), Remedy.CHOOSE_RECORDINGS_FOLDER)
        elif status.path is not None:
            self._notices.tell(
                f"Table saved: {status.path} ({status.seconds:.0f} s)", Remedy.SHOW_IN_FOLDER, status.path
            )
        else:
            self._tell_nothing()
        with self._lock:
            self._unfinished.remove(sink)
            if self._sink is sink:
                self._sink = None
        self._on_change()

    def _tell_nothing(self) -> None:
        self._notices.warn("The table was stopped before its first frame; nothing was saved.")

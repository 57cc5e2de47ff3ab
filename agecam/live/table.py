"""The table of a session: one row a face a frame, started and stopped at will."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from agecam.errors import OutputError
from agecam.live.notices import Notices, Remedy
from agecam.output import GrowingCsvSink
from agecam.output.files import new_file


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
        self._sink: GrowingCsvSink | None = None
        self._closed = False

    def sinks(self) -> Sequence[GrowingCsvSink]:
        """Who takes frames: one, or none."""
        with self._lock:
            return () if self._sink is None else (self._sink,)

    def start(self, path: Path, *, may_replace: bool = True) -> None:
        """Write into ``path`` from the next frame on.

        A file that stands there then is replaced where this ``may_replace`` it, else it gets another name.
        """
        with self._lock:
            if self._closed:
                return
            previous = self._sink
            self._sink = GrowingCsvSink(
                path, may_replace=may_replace, on_finished=self._finished, on_recovered=self._on_recovered
            )
        if previous is not None:
            previous.end()
        self._on_change()

    def start_in(self, folder: Path) -> None:
        """The same into a new file in ``folder``, whose name tells the time."""
        self._run(lambda: self._start_in(folder))

    def stop(self) -> None:
        """Write no more rows; a notice tells when the file is whole."""
        for sink in self.sinks():
            sink.end()

    def close(self) -> None:
        """Stop, and wait until the file is whole; none is begun from then on."""
        with self._lock:
            self._closed = True
        for sink in self.sinks():
            sink.close()

    def _start_in(self, folder: Path) -> None:
        try:
            path = new_file(folder, ".csv")
        except OutputError as error:
            self._notices.error(str(error), Remedy.CHOOSE_RECORDINGS_FOLDER)
        else:
            self.start(path, may_replace=False)

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
            self._notices.warn("The table was stopped before its first frame; nothing was saved.")
        with self._lock:
            if self._sink is sink:
                self._sink = None
        self._on_change()

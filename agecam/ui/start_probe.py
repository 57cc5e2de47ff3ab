"""Opens the window on a clip, notes when it is on the screen and when the first label is, and closes it.

Run by ``agecam bench`` in a process of its own: ``python -m agecam.ui.start_probe CLIP RUNTIME STARTED_S
[MODELS]``. Prints one JSON line with ``window`` and ``first_label`` in seconds after ``STARTED_S``
(``time.time()``).
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PyQt6.QtCore import QEvent, QObject

from agecam.live.pipeline import AnnotatedFrame
from agecam.live.session import Session
from agecam.runtime import Runtime
from agecam.ui import app
from agecam.ui.options import StartOptions
from agecam.ui.window import MainWindow

if TYPE_CHECKING:
    from agecam.vision.analyzer import Analyzer

_MAX_S: Final = 400.0
"""A start that takes longer is told as having none of the two."""


class _Probe(QObject):
    """Notes the times of a window's first show and first label, then closes it."""

    def __init__(self, window: MainWindow, times_s: dict[str, float]) -> None:
        super().__init__(window)
        self._window = window
        self._times_s = times_s
        window.installEventFilter(self)
        window.frame_shown.connect(self._look_for_label)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        if event is not None and event.type() is QEvent.Type.Show:
            self._times_s.setdefault("window", time.time())
        return super().eventFilter(watched, event)

    def _look_for_label(self, annotated: AnnotatedFrame) -> None:
        if any(person.confirmed and person.estimate for person in annotated.people):
            self._times_s.setdefault("first_label", time.time())
            self._window.close_without_asking()


def _watch(window: MainWindow, times_s: dict[str, float]) -> None:
    _Probe(window, times_s)  # lives as long as the window


def main(clip: str, runtime: Runtime, started_s: float, models: Path | None = None) -> int:
    """Run the window once, on the models of a folder or those that ship; returns its exit code."""

    def make_analyzer() -> Analyzer:
        from agecam.vision.analyzer import create_analyzer

        return create_analyzer(runtime=runtime, models=models)

    times_s: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        code = app.run_window(
            lambda on_change: Session(make_analyzer, on_change),
            StartOptions(clip, loop=True, quit_after_s=_MAX_S),
            settings_path=Path(folder) / "settings.json",
            on_window=lambda window: _watch(window, times_s),
        )
    after_s = {name: at - started_s for name, at in times_s.items()}
    print(json.dumps({**after_s, "rss_mb": _peak_rss_mb()}))  # noqa: T201
    return code


def _peak_rss_mb() -> float | None:
    """The most resident memory so far, MB of 10^6 bytes; ``None`` on Windows."""
    if sys.platform == "linux":
        # getrusage would tell the memory of the process that started this one, where that was more.
        status = Path("/proc/self/status").read_text(encoding="ascii")
        peak_kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(peak_kib) * 1024 / 1e6
    if sys.platform == "win32":
        return None
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), *map(Path, sys.argv[4:])))  # type: ignore[arg-type]

"""Opens the window on a clip, notes when it is on the screen and when the first label is, and closes it.

Run by ``agecam bench`` in a process of its own: ``python -m agecam.ui.start_probe CLIP ENGINE STARTED_S``.
Prints one JSON line with ``window`` and ``first_label`` in seconds after ``STARTED_S`` (``time.time()``).
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from agecam.ui import app
from agecam.ui.window import MainWindow, StartOptions
from agecam.vision.analyzer import Analyzer
from agecam.vision.manifest import Runtime

_LONGEST_S = 40.0


class _ProbedWindow(MainWindow):
    times_s: dict[str, float]

    def showEvent(self, event: Any) -> None:  # noqa: N802
        super().showEvent(event)
        self.times_s.setdefault("window", time.time())

    def _refresh(self) -> None:
        super()._refresh()
        shown = self.session.latest()
        if shown is not None and any(
            person.confirmed and person.estimate for person in shown.analysis.people
        ):
            self.times_s.setdefault("first_label", time.time())
            self.close_without_asking()


def main(clip: str, runtime: Runtime, started_s: float) -> int:
    def make_analyzer() -> Analyzer:
        from agecam.vision.analyzer import create_analyzer

        return create_analyzer(runtime=runtime)

    times_s: dict[str, float] = {}

    with tempfile.TemporaryDirectory() as folder:

        def make_window(*arguments: Any) -> MainWindow:
            window = _ProbedWindow(*arguments)
            window.times_s = times_s
            return window

        code = app.run_window(
            make_analyzer,
            StartOptions(clip, loop=True, quit_after_s=_LONGEST_S),
            make_window=make_window,
            settings_path=Path(folder) / "settings.json",
        )
    told = {name: at - started_s for name, at in times_s.items()}
    print(json.dumps({**told, "rss_mb": _peak_rss_mb()}))  # noqa: T201
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
    sys.exit(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))  # type: ignore[arg-type]

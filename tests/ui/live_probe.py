"""Runs the real program on a display of its own and writes what can be seen; started by test_xcb.py.

Arguments: a clip, and a folder for ``screen.png`` (what the X server shows), ``frame.png`` (the analysed
frame, unannotated) and ``probe.json``.
"""

import json
import sys
from pathlib import Path

from PyQt6.QtCore import QPoint
from PyQt6.QtGui import QGuiApplication

from agecam.live.pipeline import AnnotatedFrame
from agecam.live.session import Session
from agecam.opencv import cv2
from agecam.settings import Settings
from agecam.ui import app
from agecam.ui.options import StartOptions
from agecam.ui.window import MainWindow
from agecam.vision.analyzer import create_analyzer

_WARM_UP_FRAMES = 10
"""Frames painted before one is read from the screen: the window is laid out by then."""


class Probe:
    """Reads the screen once two people are labelled, then closes the window."""

    def __init__(self, window: MainWindow, folder: Path) -> None:
        self._window = window
        self._folder = folder
        self._frames = 0
        window.frame_shown.connect(self.look)

    def look(self, annotated: AnnotatedFrame) -> None:
        self._frames += 1
        labelled = sum(person.confirmed and person.estimate is not None for person in annotated.people)
        if self._frames < _WARM_UP_FRAMES or labelled < 2:
            return
        self._window.frame_shown.disconnect(self.look)
        # In the window's thread, so that no later frame is painted before the screen is read.
        self._window.view.repaint()
        self._read_screen(annotated)
        self._window.close_without_asking()

    def _read_screen(self, annotated: AnnotatedFrame) -> None:
        screen = QGuiApplication.primaryScreen()
        assert screen is not None
        screen.grabWindow(0).save(str(self._folder / "screen.png"))  # type: ignore[arg-type]
        view = self._window.view
        cv2.imwrite(str(self._folder / "frame.png"), annotated.analysis.frame.image_bgr)
        corner = view.mapToGlobal(QPoint(0, 0))
        rect = view.frame_rect().translated(corner.x(), corner.y())
        probed = {
            "platform": QGuiApplication.platformName(),
            "rect": [rect.x(), rect.y(), rect.width(), rect.height()],
            "frame": annotated.analysis.frame.index,
            "tensorflow": "tensorflow" in sys.modules,
            "keras": "keras" in sys.modules,
        }
        (self._folder / "probe.json").write_text(json.dumps(probed))


probes: list[Probe] = []
clip, folder = sys.argv[1], Path(sys.argv[2])
settings = folder / "settings.json"
Settings(has_agreed=True).save(settings)
sys.exit(
    app.run_window(
        lambda on_change: Session(create_analyzer, on_change),
        StartOptions(clip, loop=True),
        settings_path=settings,
        on_window=lambda window: probes.append(Probe(window, folder)),
    )
)

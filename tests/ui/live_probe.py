"""Runs the real program on a display of its own and writes what can be seen; started by test_xcb.py.

Arguments: a clip, and a folder for ``screen.png`` (what the X server shows), ``frame.png`` (the analysed
frame, unannotated) and ``probe.json``.
"""

import json
import sys
from pathlib import Path

from PyQt6.QtCore import QPoint, QTimer
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QApplication

from agecam.opencv import cv2
from agecam.ui import app
from agecam.ui.window import StartOptions
from agecam.vision.analyzer import create_analyzer

clip, folder = sys.argv[1], Path(sys.argv[2])


class ProbedWindow(app.MainWindow):
    def start(self) -> None:
        super().start()
        self._probe = QTimer(self)
        self._probe.timeout.connect(self._look)
        self._probe.start(50)

    def _look(self) -> None:
        shown = self.session.latest()
        if shown is None or sum(p.confirmed and p.estimate is not None for p in shown.analysis.people) < 2:
            return
        self._probe.stop()
        self._bridge.detach()  # hold this picture while the screen is read
        self.view.show_frame(shown)
        self.view.repaint()
        QApplication.processEvents()
        QTimer.singleShot(300, lambda: self._read_screen(shown))

    def _read_screen(self, shown) -> None:
        screen = QGuiApplication.primaryScreen()
        screen.grabWindow(0).save(str(folder / "screen.png"))
        cv2.imwrite(str(folder / "frame.png"), shown.analysis.frame.image_bgr)
        corner = self.view.mapToGlobal(QPoint(0, 0))
        rect = self.view.picture_rect().translated(corner.x(), corner.y())
        (folder / "probe.json").write_text(
            json.dumps(
                {
                    "platform": QGuiApplication.platformName(),
                    "rect": [rect.x(), rect.y(), rect.width(), rect.height()],
                    "frame": shown.analysis.frame.index,
                    "tensorflow": "tensorflow" in sys.modules,
                    "keras": "keras" in sys.modules,
                }
            )
        )
        self._bridge = type(self._bridge)(self)
        self.close_without_asking()


sys.exit(app.run_window(create_analyzer, StartOptions(clip, loop=True), make_window=ProbedWindow))

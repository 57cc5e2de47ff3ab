"""Makes the images of README.md with the program itself. Needs a display, for example:

xvfb-run -s "-screen 0 1280x800x24" .venv/bin/python assets/make_screenshots.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PyQt6.QtCore import QTimer
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QApplication
from PyQt6.sip import voidptr

from agecam.commands.annotate import run_job
from agecam.commands.job import Job
from agecam.live.capture import SourceOpener
from agecam.live.session import Session
from agecam.live.state import SourceState
from agecam.opencv import cv2
from agecam.paths import demo_clip
from agecam.settings import Settings
from agecam.sources import open_source
from agecam.ui.options import StartOptions
from agecam.ui.theme import apply_theme
from agecam.ui.window import MainWindow
from agecam.vision.analyzer import create_analyzer

DOCS = Path(__file__).resolve().parents[1] / "docs"
CLIP_TIME_S = 2.4


def take_window(spec: str | None, target: Path) -> None:
    # Nothing is remembered, and no camera of this computer is in the image.
    with tempfile.TemporaryDirectory() as folder:
        window = MainWindow(
            lambda on_change: Session(create_analyzer, on_change, opener=SourceOpener(list_cameras=list)),
            StartOptions(spec),
            Settings(has_agreed=True),
            Path(folder) / "settings.json",
        )

        def look() -> None:
            latest = window.session.latest()
            if spec is None:
                ready = window.session.state().source.state is SourceState.NO_CAMERA
            else:
                ready = latest is not None and latest.analysis.frame.time_s > CLIP_TIME_S
            if ready:
                timer.stop()
                QTimer.singleShot(400, keep)

        def keep() -> None:
            place = window.frameGeometry()
            screen = QGuiApplication.primaryScreen()
            assert screen is not None
            shot = screen.grabWindow(voidptr(0), place.x(), place.y(), place.width(), place.height())
            shot.save(str(target))
            window.close_without_asking()

        timer = QTimer()
        timer.timeout.connect(look)
        timer.start(50)
        window.start()
        QApplication.exec()


def take_annotated(target: Path) -> None:
    video = target.with_suffix(".mp4")
    run_job(Job(str(demo_clip()), video))
    source = open_source(str(video))
    source.open()
    while (frame := source.read()) is not None and frame.time_s < 7.5:
        pass
    source.close()
    video.unlink()
    assert frame is not None
    cv2.imwrite(str(target), cv2.resize(frame.image_bgr, (960, 540), interpolation=cv2.INTER_AREA))


def main() -> None:
    DOCS.mkdir(exist_ok=True)
    application = QApplication(sys.argv)
    application.setQuitOnLastWindowClosed(True)
    apply_theme(application)
    take_window(str(demo_clip()), DOCS / "window.png")
    take_window(None, DOCS / "no-camera.png")
    take_annotated(DOCS / "annotated.png")


if __name__ == "__main__":
    main()

"""Makes the images of README.md with the program itself. Needs a display, for example:

PYTHONPATH=. xvfb-run -s "-screen 0 1280x860x24" .venv/bin/python assets/make_screenshots.py [NAME...]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from PIL import Image
from PyQt6.QtCore import QRect
from PyQt6.QtGui import QGuiApplication, QImage, QPixmap
from PyQt6.QtWidgets import QApplication, QWidget
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

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
_PAINTED_S: Final = 0.6
"""All that was asked for has been painted by then."""
_ANIMATION_S: Final = 9.0
_ANIMATION_FPS: Final = 8
_ANIMATION_WIDTH_PX: Final = 800


def wait(seconds: float) -> None:
    """Let the window live so long."""
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        QApplication.processEvents()
        time.sleep(0.005)


@contextmanager
def open_window(spec: str | None, **chosen: object) -> Iterator[MainWindow]:
    """The window with settings of choice; nothing is remembered, and no camera of this computer is shown."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(
            has_agreed=True,
            recordings_folder=str(folder / "recordings"),
            snapshots_folder=str(folder / "snapshots"),
            collection_folder=str(folder / "faces"),
            **chosen,  # type: ignore[arg-type]
        )
        window = MainWindow(
            lambda on_change: Session(create_analyzer, on_change, opener=SourceOpener(list_cameras=list)),
            StartOptions(spec, loop=True),
            settings,
            folder / "settings.json",
        )
        window.start()
        yield window
        window.close_without_asking()
        while window.isVisible():
            wait(0.05)


def wait_for_frame(window: MainWindow, time_s: float) -> None:
    """Until the clip has got there, with both people labelled."""
    while True:
        latest = window.session.latest()
        if latest is not None and latest.analysis.frame.time_s > time_s:
            return
        wait(0.02)


def grab(window: QWidget) -> QPixmap:
    """What the screen shows where a window is, with all that lies over it."""
    screen = QGuiApplication.primaryScreen()
    assert screen is not None
    place: QRect = window.frameGeometry()
    return screen.grabWindow(voidptr(0), place.x(), place.y(), place.width(), place.height())


def take_window(target: Path) -> None:
    with open_window(str(demo_clip()), theme="light") as window:
        wait_for_frame(window, 2.4)
        wait(_PAINTED_S)
        grab(window).save(str(target))


def take_recording(target: Path) -> None:
    with open_window(str(demo_clip()), theme="dark", show_statistics=True, show_people=False) as window:
        wait_for_frame(window, 1.0)
        window.controls["snapshot"].trigger()
        window.controls["record"].trigger()
        wait_for_frame(window, 7.0)
        for message in window.stage.messages.messages:
            message.close_button.click()
        wait(_PAINTED_S)
        grab(window).save(str(target))


def take_collecting(target: Path) -> None:
    with open_window(str(demo_clip()), theme="light") as window:
        wait_for_frame(window, 2.4)
        window.controls["collect"].trigger()
        wait(_PAINTED_S)
        dialog = window.commands.people.dialog
        assert dialog is not None
        dialog.age.setValue(36)
        dialog.consent.click()
        dialog.start.click()
        wait(3.0)
        grab(window).save(str(target))


def take_no_camera(target: Path) -> None:
    with open_window(None, theme="light") as window:
        while window.session.state().source.state is not SourceState.NO_CAMERA:
            wait(0.02)
        wait(_PAINTED_S)
        grab(window).save(str(target))


def take_animation(target: Path) -> None:
    """Live, recording, age groups, blurred, and back."""
    steps: Mapping[float, str] = {2.0: "record", 3.5: "groups", 5.0: "groups", 6.0: "blur", 7.5: "blur"}
    images: list[Image.Image] = []
    with open_window(str(demo_clip()), theme="dark") as window:
        wait_for_frame(window, 1.0)
        waiting = dict(steps)
        start_s = time.monotonic()
        for number in range(round(_ANIMATION_S * _ANIMATION_FPS)):
            due_s = number / _ANIMATION_FPS
            wait(max(0.0, start_s + due_s - time.monotonic()))
            for at_s in [at_s for at_s in waiting if at_s <= due_s]:
                window.controls[waiting.pop(at_s)].trigger()
            images.append(small(grab(window).toImage()))
    images[0].save(
        target,
        save_all=True,
        append_images=images[1:],
        duration=round(1000 / _ANIMATION_FPS),
        loop=0,
        quality=60,
        method=4,
    )


def small(image: QImage) -> Image.Image:
    """As Pillow has it, at the width of the animation."""
    shot = image.convertToFormat(QImage.Format.Format_RGB888)
    bits = shot.constBits()
    assert bits is not None
    rows = bits.asstring(shot.sizeInBytes())
    whole = Image.frombuffer("RGB", (shot.width(), shot.height()), rows, "raw", "RGB", shot.bytesPerLine(), 1)
    height = round(_ANIMATION_WIDTH_PX * whole.height / whole.width)
    return whole.resize((_ANIMATION_WIDTH_PX, height), Image.Resampling.LANCZOS)


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


SCENES: Final[Mapping[str, Callable[[Path], None]]] = {
    "window.png": take_window,
    "recording.png": take_recording,
    "collecting.png": take_collecting,
    "no-camera.png": take_no_camera,
    "window.webp": take_animation,
    "annotated.png": take_annotated,
}


def main() -> None:
    DOCS.mkdir(exist_ok=True)
    application = QApplication(sys.argv[:1])
    application.setQuitOnLastWindowClosed(False)
    apply_theme(application)
    for name in sys.argv[1:] or SCENES:
        SCENES[name](DOCS / name)


if __name__ == "__main__":
    main()

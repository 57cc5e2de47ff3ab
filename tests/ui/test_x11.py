"""The real program on a real X server: the plug-in that users get, which the other tests do not load."""

import os
import subprocess
import sys

import pytest

_OPEN_CV_THEN_QT = """
from agecam.opencv import cv2
from PyQt6.QtWidgets import QApplication, QLabel
app = QApplication([])
label = QLabel("AgeCam")
label.show()
app.processEvents()
print(app.platformName())
"""


@pytest.fixture
def environment(x_display: str) -> dict[str, str]:
    return {**os.environ, "DISPLAY": x_display, "QT_QPA_PLATFORM": "xcb"}


def test_qt_starts_on_x11_after_opencv_was_imported(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _OPEN_CV_THEN_QT], env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.stdout.strip() == "xcb", done.stderr
    assert done.stderr == ""


def test_demo_opens_its_window_on_x11_and_closes_when_told(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agecam", "demo", "--quit-after", "3"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""

"""The program on a real X server: what a person would see."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from agecam.opencv import cv2
from agecam.sources import read_image


@pytest.fixture(scope="module")
def seen(x_display: str, demo_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the probe has filled; see ``live_probe.py``."""
    folder = tmp_path_factory.mktemp("seen")
    environment = {**os.environ, "DISPLAY": x_display, "QT_QPA_PLATFORM": "xcb"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.ui.live_probe", str(demo_clip), str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "the program has something to complain about"
    return folder


def test_the_screen_holds_a_box_and_a_label_where_each_face_is(seen: Path, demo_clip: Path) -> None:
    probe = json.loads((seen / "probe.json").read_text())
    assert probe["platform"] == "xcb"
    screen = read_image(seen / "screen.png")
    frame = read_image(seen / "frame.png")
    x, y, width, height = (round(value) for value in probe["rect"])
    view = screen[y : y + height, x : x + width]
    plain = cv2.resize(frame, (width, height), interpolation=cv2.INTER_LINEAR)
    # Away from edges of the photograph, where scaling may differ by a pixel, a change is something drawn.
    changed = cv2.erode(
        (np.abs(view.astype(int) - plain).max(axis=2) > 60).astype(np.uint8), np.ones((2, 2), np.uint8)
    )
    truth = json.loads(demo_clip.with_suffix(".json").read_text())["frames"][probe["frame"] % 325]
    scale = width / frame.shape[1]
    near = np.zeros_like(changed)
    for face in truth:
        if face["visible"] < 0.9:
            continue
        fx, fy, fw, fh = (value * scale for value in face["box"])
        x0, x1 = max(0, int(fx - 0.6 * fw)), int(fx + 1.6 * fw)
        y0, y1 = max(0, int(fy - 0.9 * fh)), int(fy + 1.9 * fh)
        near[y0:y1, x0:x1] = 1
        inside = changed[int(fy + 0.35 * fh) : int(fy + 0.65 * fh), int(fx + 0.35 * fw) : int(fx + 0.65 * fw)]
        assert changed[y0:y1, x0:x1].sum() > 100, "nothing is drawn at this face"
        assert inside.mean() < 0.1, "the face itself is covered"
    assert near.any()
    assert changed[near == 0].mean() < 0.002, "something is drawn where no face is"


def test_a_live_run_loads_neither_tensorflow_nor_keras(seen: Path) -> None:
    probe = json.loads((seen / "probe.json").read_text())
    assert not probe["tensorflow"]
    assert not probe["keras"]

"""The made-up scenes before the window whose cost is measured, as video files."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.commands.scene import FacesScene, write_scene
from agecam.output import VideoOptions, VideoWriter

STATES: Final = ("1", "10", "20", "5@3840x2160", "still", "paused", "none")
FPS: Final = 30.0
_MOVING: Final = re.compile(r"(\d+)(?:@(\d+)x(\d+))?")
"""So many moving faces, and the size of their frames."""
_NOISE: Final = 3.0
"""Standard deviation in gray levels of what the sensor of a webcam adds indoors. Chosen."""
_STILL_FRAMES: Final = 24


def known_state(text: str) -> str:
    """A state as it was given; any other text is refused."""
    if text in STATES or _MOVING.fullmatch(text):
        return text
    raise argparse.ArgumentTypeError(f"“{text}” is no state: say {', '.join(STATES)} or other numbers.")


def write_clip(path: Path, state: str) -> None:
    """The scene of a state as a video file."""
    if state == "still":
        _write_still(path)
        return
    match = _MOVING.fullmatch(state)
    size = (int(match[2]), int(match[3])) if match and match[2] else (1280, 720)
    write_scene(path, int(match[1]) if match else 1, *size)


def _write_still(path: Path) -> None:
    scene = FacesScene(1)
    scene.open()
    frame = scene.read()
    scene.close()
    assert frame is not None
    rng = np.random.default_rng(0)
    with VideoWriter(path, frame.width, frame.height, VideoOptions(nominal_fps=FPS)) as writer:
        for index in range(_STILL_FRAMES):
            writer.write(_noisy(frame.image_bgr, rng), index / FPS)


def _noisy(image_bgr: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    noise = rng.normal(0.0, _NOISE, image_bgr.shape).astype(np.float32)
    return np.asarray(np.clip(np.rint(image_bgr + noise), 0, 255), np.uint8)

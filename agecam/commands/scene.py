"""A made-up scene of many real, moving faces, to measure how cost grows with their number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.messages import Frame
from agecam.opencv import cv2
from agecam.output import VideoOptions, VideoWriter
from agecam.paths import demo_clip
from agecam.sources import open_source

_FRAMES: Final = 120
"""One swing there and back, 4 s, so that it can be played again and again without a jump."""
_FPS: Final = 30.0
"""Frames a second: a webcam's usual rate."""
_MARGIN: Final = 0.9
"""What is cut out around a face, on each side, as a part of its box's size: the whole head, and some
background. Chosen by eye."""
_FACE_HEIGHTS: Final = (0.13, 0.2)
"""Least and greatest height of a head, 1.6 times that of its face's box, as a part of the image's height;
chosen by eye, as people in a room are seen."""


class FacesScene:
    """``faces`` heads from the demo clip, each on its own small orbit in its own cell of the frame.

    A :class:`agecam.sources.base.Source` of 120 frames at 30 frames a second, the same at every run.
    """

    is_live = False
    is_camera = False
    fps = _FPS
    frame_count = _FRAMES

    def __init__(self, faces: int, width: int = 1280, height: int = 720) -> None:
        self.name = f"{faces} moving faces"
        self._faces = faces
        self._size = (width, height)
        self._index = 0
        self._background: NDArray[np.uint8] = np.empty(0, np.uint8)
        self._heads: list[NDArray[np.uint8]] = []

    def open(self) -> None:
        """Cut the heads out of the demo clip."""
        width, height = self._size
        columns = int(np.ceil(np.sqrt(self._faces * width / height)))
        rows = int(np.ceil(self._faces / columns))
        self._cells = [
            ((i % columns + 0.5) * width / columns, (i // columns + 0.5) * height / rows)
            for i in range(self._faces)
        ]
        self._reach = (width / columns, height / rows)
        shade = np.linspace(150, 90, height, dtype=np.float32)[:, None, None]
        self._background = np.broadcast_to(shade, (height, width, 3)).astype(np.uint8)
        patches = _demo_heads()
        random = np.random.default_rng(0)
        self._heads = []
        for number in range(self._faces):
            patch = patches[number % len(patches)]
            side = height * random.uniform(*_FACE_HEIGHTS)
            side = min(side, 0.55 * min(self._reach)) * (1 + 2 * _MARGIN) / 1.6
            scale = side / patch.shape[0]
            size = (max(8, round(patch.shape[1] * scale)), max(8, round(patch.shape[0] * scale)))
            self._heads.append(cv2.resize(patch, size, interpolation=cv2.INTER_AREA))
        self._phases = random.uniform(0, 2 * np.pi, (self._faces, 2))
        self._index = 0

    def read(self) -> Frame | None:
        """The next frame, drawn on the spot."""
        if self._index == _FRAMES:
            return None
        time_s = self._index / _FPS
        image = self._background.copy()
        for head, (x, y), phase in zip(self._heads, self._cells, self._phases, strict=True):
            swing = np.sin(2 * np.pi * 0.25 * time_s + phase)
            left = round(x - head.shape[1] / 2 + 0.12 * self._reach[0] * swing[0])
            top = round(y - head.shape[0] / 2 + 0.08 * self._reach[1] * swing[1])
            left = min(max(left, 0), image.shape[1] - head.shape[1])
            top = min(max(top, 0), image.shape[0] - head.shape[0])
            image[top : top + head.shape[0], left : left + head.shape[1]] = head
        image.flags.writeable = False
        frame = Frame(image, time_s, self._index)
        self._index += 1
        return frame

    def close(self) -> None:
        """Nothing is held open."""


def write_scene(path: Path, faces: int, width: int = 1280, height: int = 720) -> None:
    """Encode such a scene as a video file, which costs to decode what any other does."""
    scene = FacesScene(faces, width, height)
    scene.open()
    with VideoWriter(path, width, height, VideoOptions(nominal_fps=_FPS)) as writer:
        while (frame := scene.read()) is not None:
            writer.write(frame.image_bgr, frame.time_s)
    scene.close()


def _demo_heads() -> list[NDArray[np.uint8]]:
    """Square patches round the faces of a few frames of the demo clip, where both are fully in view."""
    clip = demo_clip()
    truth = json.loads(clip.with_suffix(".json").read_text(encoding="utf-8"))["frames"]
    source = open_source(str(clip))
    source.open()
    heads: list[NDArray[np.uint8]] = []
    try:
        while len(heads) < 8 and (frame := source.read()) is not None:
            if frame.index % 12:
                continue
            for face in truth[frame.index]:
                x, y, w, h = face["box"]
                x0, y0 = x - _MARGIN * w, y - _MARGIN * h
                x1, y1 = x + (1 + _MARGIN) * w, y + (1 + _MARGIN) * h
                if face["visible"] > 0.95 and min(x0, y0) >= 0 and x1 <= frame.width and y1 <= frame.height:
                    heads.append(frame.image_bgr[int(y0) : int(y1), int(x0) : int(x1)].copy())
    finally:
        source.close()
    return heads

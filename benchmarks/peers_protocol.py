"""What the programs that are compared read and write; see :mod:`benchmarks.peers`.

Needs NumPy alone, since each program runs in an environment of its own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

WARM_UP_FRAMES: Final = 10
"""Before the measured ones, as in ``agecam bench``; whatever a program does until then is its start."""
_HEADER: Final = np.dtype("<u4")


class Face(NamedTuple):
    """One face in one frame: box in pixels, age in years, probability; ``track`` is 0 without tracking."""

    x: float
    y: float
    width: float
    height: float
    age: float
    female: float
    track: int = 0


def write_frame(stream: IO[bytes], image_bgr: NDArray[np.uint8]) -> None:
    """Width and height as two little-endian uint32, then ``(h, w, 3)`` uint8 pixels, RGB."""
    height, width = image_bgr.shape[:2]
    stream.write(np.array([width, height], _HEADER).tobytes())
    stream.write(np.ascontiguousarray(image_bgr[..., ::-1]).tobytes())


def read_frames(stream: IO[bytes]) -> Iterator[NDArray[np.uint8]]:
    """The images that :func:`write_frame` wrote, BGR."""
    while header := stream.read(2 * _HEADER.itemsize):
        width, height = (int(value) for value in np.frombuffer(header, _HEADER))
        pixels = np.frombuffer(stream.read(3 * width * height), np.uint8)
        yield np.ascontiguousarray(pixels.reshape(height, width, 3)[..., ::-1])


def measure(results: Iterable[Sequence[Face]], version: str) -> str:
    """Take all results and tell in JSON what each frame of them cost, in milliseconds, and what they were.

    ``cpu_ms`` is of all threads. Rates are null for what is no longer than the start.
    """
    faces: list[Sequence[Face]] = []
    wall_s = start_cpu_s = 0.0
    for result in results:
        faces.append(result)
        if len(faces) == WARM_UP_FRAMES:
            wall_s, start_cpu_s = time.perf_counter(), time.process_time()
    measured = len(faces) - WARM_UP_FRAMES
    took_ms = 1000 * (time.perf_counter() - wall_s), 1000 * (time.process_time() - start_cpu_s)
    wall_ms, cpu_ms = (took / measured if measured > 0 else None for took in took_ms)
    return json.dumps(
        {
            "version": version,
            "start_cpu_s": start_cpu_s,
            "wall_ms": wall_ms,
            "cpu_ms": cpu_ms,
            "faces": faces,
        }
    )

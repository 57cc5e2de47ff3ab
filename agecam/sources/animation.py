"""Images of several frames that FFmpeg does not play, or not whole: animated WebP, PNG and AVIF."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agecam.errors import SourceError
from agecam.sources.media import Decoded
from agecam.sources.video_header import DecoderConfig, TooLargeError


@dataclass(frozen=True, slots=True)
class AnimationConfig:
    """How long a frame is shown."""

    shortest_s: float = 0.01
    """A frame that asks for no more seconds than this is shown for ``default_s``."""

    default_s: float = 0.1
    """What web browsers make of a frame without a duration, in seconds."""


class AnimationDecoder:
    """The frames of an animated image, composed as they are to be seen, each with its time from 0.

    Raises :class:`agecam.errors.SourceError` where the file is no image, and
    :class:`agecam.sources.video_header.TooLargeError`.
    """

    def __init__(self, path: Path, config: AnimationConfig | None = None) -> None:
        # Here, because few need it.
        from PIL import Image

        self._config = config or AnimationConfig()
        try:
            self._image = Image.open(path)
        except (OSError, RuntimeError, ValueError, SyntaxError, EOFError) as error:
            raise SourceError(f"{path} is damaged; try whether a web browser opens it.") from error
        width, height = self._image.size
        if width * height > DecoderConfig().max_pixels:
            self._image.close()
            raise TooLargeError(width, height)
        total = getattr(self._image, "n_frames", 1)
        # What an animated PNG shows where animations are unknown is no part of the animation.
        self._first = int(bool(getattr(self._image, "default_image", False)))
        self.frame_count: int | None = total - self._first
        self.fps: float | None = None
        """By the first frame, as a hint, known once that is decoded."""
        self.damage: str | None = None

    @property
    def duration_s(self) -> float | None:
        """By the first frame and their number, in seconds; ``None`` before that is decoded."""
        return self.frame_count / self.fps if self.frame_count and self.fps else None

    def frames(self) -> Iterator[Decoded]:
        """Gives each frame, composed already, with its time and duration."""
        time_s = 0.0
        for index in range(self.frame_count or 0):
            try:
                image, shown_s = self._decode(self._first + index)
            except (OSError, RuntimeError, ValueError, SyntaxError, EOFError):
                self.damage = f"it ends after {index} of {self.frame_count} frames"
                return
            self.fps = self.fps or 1 / shown_s
            yield _decoded(index, time_s, image, shown_s)
            time_s += shown_s

    def frames_from(self, _start_s: float, /) -> Iterator[Decoded] | None:
        """``None``: each frame is composed from those before it."""
        return None

    def close(self) -> None:
        self._image.close()

    def _decode(self, index: int) -> tuple[NDArray[np.uint8], float]:
        """The frame and for how many seconds it is shown."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as of odd metadata
            self._image.seek(index)
            rgb = np.asarray(self._image.convert("RGB"))
        image = np.ascontiguousarray(rgb[:, :, ::-1])
        image.setflags(write=False)
        shown_s = (self._image.info.get("duration") or 0) / 1000
        return image, shown_s if shown_s > self._config.shortest_s else self._config.default_s


def _decoded(index: int, time_s: float, image: NDArray[np.uint8], shown_s: float) -> Decoded:
    return Decoded(index, time_s, lambda: image, lambda: shown_s)

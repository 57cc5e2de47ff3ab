"""Images of few colours, as a GIF has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from av.filter.graph import Graph
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from agecam.opencv import cv2
from agecam.output.containers import Quality

_LEVELS: Final = 32  # of each channel, in the table of nearest colours
_COLORS: Final = 256
_TRANSPARENT: Final = 255  # the encoder uses it for what stays as it is
_CUBE: Final = np.array(
    [(b, g, r) for b in (0, 85, 170, 255) for g in (0, 85, 170, 255) for r in (0, 85, 170, 255)]
)


@dataclass(frozen=True, slots=True)
class PaletteConfig:
    """How exact the colours are. Levels are those of a channel, 0 to 255."""

    held_levels: int
    """A pixel that has changed by no more in any channel stays as it was; noise costs most of a file."""
    dither_levels: int
    """Width of the ordered dither."""
    sample_px: int = 40_000
    """Pixels of which the colours are chosen, and by which an image is compared with its palette."""
    new_scene_levels: float = 6.0
    """A palette that is off by so much more than for its own image, on average, is renewed."""


CONFIGS: Final[dict[Quality, PaletteConfig]] = {
    "small": PaletteConfig(held_levels=24, dither_levels=8),
    "standard": PaletteConfig(held_levels=12, dither_levels=12),
    "high": PaletteConfig(held_levels=4, dither_levels=12),
}


class Palettizer:
    """Turns images into indices of a palette, which is that of the first image until the scene changes.

    A quarter of the colours is a regular grid, for those that come into the scene, such as labels.
    """

    def __init__(self, config: PaletteConfig) -> None:
        self._config = config
        self._palette_bgr = np.zeros((_COLORS, 3), np.float32)
        self._nearest = np.zeros(_LEVELS**3, np.uint8)
        self._dither: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None
        self._palettes = 0
        self._error_levels: float | None = None
        self._source_bgr: NDArray[np.uint8] | None = None
        self._indices: NDArray[np.uint8] | None = None

    def convert(self, image_bgr: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Indices ``(height, width)`` uint8 of ``image_bgr``, and the palette ``(256, 4)`` uint8, ARGB."""
        sample = _sample(image_bgr, self._config.sample_px)
        if (
            self._error_levels is None
            or self._error(sample) > self._error_levels + self._config.new_scene_levels
        ):
            self._choose_colours(sample)
        indices = self._map(image_bgr)
        if self._source_bgr is None or self._indices is None:
            self._source_bgr, self._indices = image_bgr.copy(), indices
        else:
            blue, green, red = cv2.split(cv2.absdiff(image_bgr, self._source_bgr))
            change = cv2.max(cv2.max(blue, green), red)
            moved = cv2.compare(change, self._config.held_levels, cv2.CMP_GT)
            cv2.copyTo(image_bgr, moved, self._source_bgr)
            # A copy: the encoder may hold on to the last one.
            self._indices = cv2.copyTo(indices, moved, self._indices.copy())
        alpha = np.full((_COLORS, 1), 255, np.uint8)
        alpha[_TRANSPARENT] = 0
        return self._indices, np.hstack([alpha, self._palette_bgr[:, ::-1].astype(np.uint8)])

    def _map(self, image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if self._dither is None or self._dither[0].shape != image_bgr.shape:
            self._dither = _dither(image_bgr.shape, self._config.dither_levels)
        more, less = self._dither
        return self._nearest[_cells(cv2.subtract(cv2.add(image_bgr, more), less))]

    def _error(self, sample: NDArray[np.uint8]) -> float:
        """How far the palette is from the colours of ``sample``, in levels, on average."""
        return float(np.abs(self._palette_bgr[self._nearest[_cells(sample)]] - sample).mean())

    def _choose_colours(self, sample: NDArray[np.uint8]) -> None:
        own = _palette_of(sample, _COLORS - 1 - len(_CUBE))
        # WORKAROUND: where the first palette comes back after another, FFmpeg 8 takes equal indices for equal
        # colours and leaves those pixels out. The colour of what is transparent makes each palette another.
        self._palette_bgr[_TRANSPARENT] = self._palettes % 256, self._palettes // 256 % 256, 0
        self._palettes += 1
        self._palette_bgr[:_TRANSPARENT] = np.vstack([own, _CUBE])
        axis = np.arange(_LEVELS, dtype=np.float32) * 8 + 3.5
        grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
        colours = self._palette_bgr[:_TRANSPARENT]
        distances = (colours**2).sum(axis=1) - 2 * grid @ colours.T
        self._nearest = distances.argmin(axis=1).astype(np.uint8)
        self._error_levels = self._error(sample)
        self._source_bgr = self._indices = None


def _sample(image_bgr: NDArray[np.uint8], pixels: int) -> NDArray[np.uint8]:
    step = max(1, round((image_bgr.shape[0] * image_bgr.shape[1] / pixels) ** 0.5))
    return image_bgr[::step, ::step]


def _palette_of(image_bgr: NDArray[np.uint8], count: int) -> NDArray[np.float32]:
    """The ``count`` colours that stand best for ``image_bgr``, ``(count, 3)`` BGR, by FFmpeg's median cut."""
    frame = VideoFrame.from_ndarray(np.ascontiguousarray(image_bgr), format="bgr24")
    graph = Graph()
    inlet = graph.add(
        "buffer", f"video_size={frame.width}x{frame.height}:pix_fmt=bgr24:time_base=1/1:pixel_aspect=1/1"
    )
    choose = graph.add("palettegen", f"max_colors={count}:reserve_transparent=0")
    graph.link_nodes(inlet, choose, graph.add("buffersink")).configure()
    frame.pts = 0
    inlet.push(frame)
    inlet.push(None)
    chosen = graph.vpull().to_ndarray(format="bgra").reshape(-1, 4)
    return chosen[:count, :3].astype(np.float32)


def _cells(image_bgr: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Where the colours of ``image_bgr`` stand in the table of nearest colours, ``(height, width)``."""
    blue, green, red = ((image_bgr[..., channel] >> 3).astype(np.uint16) for channel in range(3))
    return np.asarray((blue << 10) | (green << 5) | red, np.uint16)


def _dither(shape: tuple[int, ...], width_levels: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """An ordered dither of ``width_levels``, of zero mean: what to add and what to take away.

    J. R. Bayer, An optimum method for two-level rendition of continuous-tone pictures, 1973.
    """
    matrix = np.zeros((1, 1))
    for _ in range(3):
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    height, width = shape[:2]
    tiles = np.tile(np.round((matrix / 64 - 0.5) * width_levels), (height // 8 + 1, width // 8 + 1))
    levels = np.repeat(tiles[:height, :width, None], 3, axis=2)
    return levels.clip(0, 255).astype(np.uint8), (-levels).clip(0, 255).astype(np.uint8)

"""Decoded frames as BGR images, in the colours of SDR video whatever they were recorded in."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, Colorspace, ColorTrc
from numpy.typing import NDArray

from agecam.sources.tone_map import Primaries, ToneMap, Transfer

_HDR: Final[dict[int, Transfer]] = {ColorTrc.SMPTE2084: "pq", ColorTrc.ARIB_STD_B67: "hlg"}
_PRIMARIES: Final[dict[int, Primaries]] = {
    ColorPrimaries.BT709: "bt709",
    ColorPrimaries.BT2020: "bt2020",
    ColorPrimaries.SMPTE432: "p3",
}
_UNSPECIFIED_MATRIX: Final = 2
"""AVCOL_SPC_UNSPECIFIED; of HDR it is that of BT.2020, of other video FFmpeg takes that of BT.601."""


def to_bgr(frame: VideoFrame, width: int, height: int) -> NDArray[np.uint8]:
    """The image at that size in pixels: ``(height, width, 3)`` uint8 BGR.

    HDR and BT.2020 are tone-mapped to BT.709; the matrix and range of all others are those of the frame.
    """
    transfer = _HDR.get(frame.color_trc)
    if transfer is None and frame.color_primaries != ColorPrimaries.BT2020:
        return _as_array(frame.reformat(format="bgr24", width=width, height=height))
    matrix = Colorspace.BT2020 if frame.colorspace == _UNSPECIFIED_MATRIX else None
    image = frame.to_ndarray(format="bgr48le", width=width, height=height, src_colorspace=matrix)
    tone_map = _tone_map(transfer or "gamma", _PRIMARIES.get(frame.color_primaries, "bt2020"))
    return tone_map.apply(np.asarray(image, np.uint16))


def _as_array(frame: VideoFrame) -> NDArray[np.uint8]:
    """A frame of bgr24 as an array, of the same memory where its rows follow one another."""
    plane = frame.planes[0]
    if plane.line_size != frame.width * 3:
        return np.asarray(frame.to_ndarray(), np.uint8)
    return np.frombuffer(memoryview(plane), np.uint8, frame.width * frame.height * 3).reshape(
        frame.height, frame.width, 3
    )


@lru_cache(maxsize=4)
def _tone_map(transfer: Transfer, primaries: Primaries) -> ToneMap:
    return ToneMap(transfer, primaries)

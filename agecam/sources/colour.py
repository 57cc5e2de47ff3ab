"""Decoded frames as BGR images, in the colours of SDR video whatever they were recorded in."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter
from numpy.typing import NDArray

from agecam.messages import Matrix
from agecam.sources.tone_map import Primaries, ToneMap, Transfer

_HDR: Final[dict[int, Transfer]] = {ColorTrc.SMPTE2084: "pq", ColorTrc.ARIB_STD_B67: "hlg"}
_PRIMARIES: Final[dict[int, Primaries]] = {
    ColorPrimaries.BT709: "bt709",
    ColorPrimaries.BT2020: "bt2020",
    ColorPrimaries.SMPTE432: "p3",
}
_UNSPECIFIED_MATRIX: Final = 2
"""AVCOL_SPC_UNSPECIFIED; of HDR it is that of BT.2020, of other video FFmpeg takes that of BT.601."""


_MATRICES: Final[dict[int, Matrix]] = {1: "bt709", _UNSPECIFIED_MATRIX: "bt601", 5: "bt601", 6: "bt601"}
"""By number (ITU-T H.273): of 625 and of 525 lines BT.601 has one matrix under two numbers."""


class BgrConverter:
    """Makes BGR images of the frames of one stream, in one thread at a time.

    It keeps FFmpeg's scaler from frame to frame: setting it up anew takes as long as using it, and threads of
    its own more than they save (0.5 ms of a processor instead of 0.8 for 1280 x 720, the same pixels).
    """

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def convert(self, frame: VideoFrame, width: int, height: int) -> NDArray[np.uint8]:
        """The image at that size in pixels: ``(height, width, 3)`` uint8 BGR.

        HDR and BT.2020 are tone-mapped to BT.709; matrix and range of all others are those of the frame.
        """
        if not _is_wide(frame):
            return _as_array(
                self._reformatter.reformat(frame, format="bgr24", width=width, height=height, threads=1)
            )
        matrix = Colorspace.BT2020 if frame.colorspace == _UNSPECIFIED_MATRIX else None
        image = frame.to_ndarray(format="bgr48le", width=width, height=height, src_colorspace=matrix)
        transfer = _HDR.get(frame.color_trc, "gamma")
        tone_map = _tone_map(transfer, _PRIMARIES.get(frame.color_primaries, "bt2020"))
        return tone_map.apply(np.asarray(image, np.uint16))


def coded_matrix(frame: VideoFrame) -> Matrix | None:
    """The matrix of a frame that is 4:2:0 of 8 bits and limited range, of even sides; ``None`` of others."""
    if (
        frame.format.name != "yuv420p"
        or frame.color_range == ColorRange.JPEG
        or _is_wide(frame)
        or frame.interlaced_frame
        or frame.width % 2
        or frame.height % 2
    ):
        return None
    return _MATRICES.get(frame.colorspace)


def _is_wide(frame: VideoFrame) -> bool:
    """Whether it has colours or brightness that SDR video has not."""
    return frame.color_trc in _HDR or frame.color_primaries == ColorPrimaries.BT2020


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

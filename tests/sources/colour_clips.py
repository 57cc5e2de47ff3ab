"""Videos of known colours, by the formulas of ITU-R BT.601, BT.709, BT.2020 and BT.2100."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from agecam.opencv import cv2

Image = NDArray[np.uint8]
Values = NDArray[np.float64]

KR_KB = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593)}
TO_BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
"""Of linear BT.709 (BT.2087)."""


@dataclass(frozen=True)
class Tags:
    """What a stream says of its colours, by the numbers of ITU-T H.273; 2 is "unspecified"."""

    matrix: int
    primaries: int = 2
    transfer: int = 2
    is_full: bool = False


BT601, BT709 = Tags(5), Tags(1, 1, 1)
SDR_BT2020 = Tags(9, 9, 14)
PQ, HLG = Tags(9, 9, 16), Tags(9, 9, 18)


def to_yuv(rgb: Values, matrix: str, *, bits: int, is_full: bool = False) -> list[NDArray[np.uint16]]:
    """The three planes of a signal in [0, 1], at full resolution."""
    kr, kb = KR_KB[matrix]
    red, _, blue = np.moveaxis(rgb, -1, 0)
    luma = rgb @ (kr, 1 - kr - kb, kb)
    chroma = (blue - luma) / (2 * (1 - kb)), (red - luma) / (2 * (1 - kr))
    unit, most = 1 << (bits - 8), (1 << bits) - 1
    if is_full:
        planes = [luma * most, *(one * most + 128 * unit for one in chroma)]
    else:
        planes = [(219 * luma + 16) * unit, *((224 * one + 128) * unit for one in chroma)]
    return [np.clip(np.rint(plane), 0, most).astype(np.uint16) for plane in planes]


def to_hlg(light_cd_m2: Values) -> Values:
    """The signal of light on a display of 1000 cd/m2 (BT.2100, table 5, inverse)."""
    luminance = light_cd_m2 @ (0.2627, 0.6780, 0.0593) / 1000
    scene = light_cd_m2 / 1000 * np.maximum(luminance, 1e-9)[..., None] ** (1 / 1.2 - 1)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    bright = a * np.log(np.maximum(12 * scene - b, 1e-9)) + c
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)


def to_pq(light_cd_m2: Values) -> Values:
    """The signal of light (BT.2100, table 4)."""
    power = (light_cd_m2 / 10000) ** 0.1593017578125
    return np.asarray(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375, np.float64)


def light_of(image_bgr: Image, white_cd_m2: float = 203) -> Values:
    """The light of an SDR image as HDR shows it (BT.2408): linear BT.2020, RGB."""
    linear = (image_bgr[:, :, ::-1] / 255) ** 2.4
    return np.asarray(linear @ TO_BT2020.T * white_cd_m2, np.float64)


def encode_signal(
    path: Path,
    signals: Sequence[Values],
    tags: Tags,
    *,
    matrix: str = "bt2020",
    codec: tuple[str, str] = ("ffv1", "yuv420p10le"),
    rotation: float | None = None,
) -> Path:
    """A video of RGB signals in [0, 1], each ``(height, width, 3)``; ``codec``: encoder and pixel format."""
    encoder, pixels = codec
    bits = 10 if "10" in pixels else 8
    with av.open(path, "w") as container:
        stream = container.add_stream(
            encoder, rate=25, options={"x265-params": "log-level=none:pools=1:crf=8"}
        )
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = signals[0].shape[:2]
        stream.pix_fmt = pixels
        context = stream.codec_context
        context.colorspace, context.color_range = tags.matrix, 1 + tags.is_full
        context.color_primaries, context.color_trc = tags.primaries, tags.transfer
        if rotation is not None:
            stream.set_display_rotation(rotation)
        for signal in signals:
            planes = to_yuv(signal, matrix, bits=bits, is_full=tags.is_full)
            frame = _frame(planes, pixels)
            frame.colorspace, frame.color_range = tags.matrix, 1 + tags.is_full
            frame.color_primaries, frame.color_trc = tags.primaries, tags.transfer
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _frame(planes: list[NDArray[np.uint16]], pixels: str) -> av.VideoFrame:
    height, width = planes[0].shape
    frame = av.VideoFrame(width, height, pixels)
    depth = np.dtype(np.uint16 if "10" in pixels else np.uint8)
    for plane, values in zip(frame.planes, planes, strict=True):
        small = cv2.resize(values, (plane.width, plane.height), interpolation=cv2.INTER_AREA)
        rows = np.zeros((plane.height, plane.line_size // depth.itemsize), depth)
        rows[:, : plane.width] = small
        plane.update(rows.tobytes())
    return frame

"""The images of a video file on their way through an encoder."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, TypeAlias, cast

import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc
from av.video.stream import VideoStream
from numpy.typing import NDArray

from agecam.messages import CodedImage, Matrix
from agecam.output.containers import IMAGE_ENCODERS, ContainerKind, Quality
from agecam.output.palette import CONFIGS, Palettizer
from agecam.output.yuv import COLORSPACES, YuvConverter

_KEYFRAME_EVERY_S: Final = 1.0
"""Seconds between frames that players can jump to; also what a killed program loses of an MKV. Chosen: at
x264's default, every 250 frames, it would be 8 s at 30 frames a second."""
_STEPS_REPEATED_S: Final = 1.0
"""Seconds after which a file without frame times repeats an image that still stands."""
_AVI_MAX_TICKS: Final = 65_535  # a second, by which MPEG-4 counts
_HD_WIDTH_PX: Final = 1280
_SD_HEIGHT_PX: Final = 576
"""Below that width, and up to that height, players take images that say nothing for standard definition."""
_GIF_LEAST_TICKS: Final = 2
"""Of 10 ms. Browsers show a frame that is to stand for less for 100 ms."""

VideoPackets: TypeAlias = "list[Packet[VideoStream]]"  # no generic while running


@dataclass(frozen=True, slots=True)
class Encoding:
    """How images are compressed."""

    encoder: str
    """FFmpeg's name of it."""
    quality: Quality
    threads: int | None = None
    """``None``: as many as FFmpeg finds good."""
    matrix: Matrix | None = None
    """That of images which come with what they were made of; ``None``: they come without."""


class ImageTrack:
    """Encodes images with times of their own."""

    def __init__(
        self, container: OutputContainer, encoding: Encoding, size: tuple[int, int], rate: float
    ) -> None:
        """Adds a stream of ``size`` (width, height), both even, of about ``rate`` images a second."""
        self._spec = IMAGE_ENCODERS[encoding.encoder]
        self._clock = self._choose_clock(rate)
        self._next_keyframe_s = 0.0
        self._matrix = self._choose_matrix(encoding, size)
        self._converter = YuvConverter(self._matrix)
        qualities = self._spec.qualities
        if encoding.matrix is not None:
            qualities = self._spec.decoded_qualities or qualities
        options = {**self._spec.options, **qualities[encoding.quality]}
        if encoding.threads is not None:
            options["threads"] = str(encoding.threads)
        fraction = Fraction(rate).limit_denominator(1001)
        self._stream = cast(
            "VideoStream", container.add_stream(encoding.encoder, rate=fraction, options=options)
        )
        self._stream.width, self._stream.height = size
        self._stream.disposition = Disposition.default
        context = self._stream.codec_context
        if self._spec.bits_per_second is not None:
            context.bit_rate = self._spec.bits_per_second
        context.time_base = self._clock
        self._set_format()

    def takes(self, _time_s: float) -> bool:
        """Whether the file can hold an image at this time, in seconds; the others are left out."""
        return True

    def encode(
        self,
        image_bgr: NDArray[np.uint8],
        time_s: float,
        duration_s: float,
        coded: CodedImage | None = None,
    ) -> VideoPackets:
        """What ``image_bgr``, ``(height, width, 3)`` of the track's size, gives to write.

        ``coded`` is what it was made of before it was drawn on, where that is known.
        """
        frame = self._converter.convert(image_bgr, coded)
        frame.time_base = self._clock
        frame.pts = round(time_s / self._clock)
        self._mark_keyframe(frame, time_s)
        return self._encoded(frame, max(1, round(duration_s / self._clock)))

    def finish(self) -> VideoPackets:
        """What is left to write."""
        return self._stream.encode(None)

    def _choose_clock(self, _rate: float) -> Fraction:
        return self._spec.clock

    def _choose_matrix(self, encoding: Encoding, _size: tuple[int, int]) -> Matrix:
        return encoding.matrix or "bt709"

    def _set_format(self) -> None:
        self._stream.pix_fmt = "yuv420p"
        # Explicit, because players guess by the image's size, and guess differently.
        context = self._stream.codec_context
        context.colorspace = COLORSPACES[self._matrix]
        context.color_range = ColorRange.MPEG
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709

    def _encoded(self, frame: VideoFrame, duration: int) -> VideoPackets:
        """The packets of ``frame``, which stands for ``duration``: encoders say what the rate says."""
        packets = self._stream.encode(frame)
        for packet in packets:
            packet.duration = duration
        return packets

    def _mark_keyframe(self, frame: VideoFrame, time_s: float) -> None:
        if time_s >= self._next_keyframe_s:
            frame.pict_type = PictureType.I
            self._next_keyframe_s = time_s + _KEYFRAME_EVERY_S


class SteppedImageTrack(ImageTrack):
    """Encodes images for a file that knows a fixed frame rate alone: one that is a multiple of the usual one.

    The steps between are empty, 24 bytes each. The first image stands from 0 on.
    """

    def __init__(
        self,
        container: OutputContainer,
        encoding: Encoding,
        size: tuple[int, int],
        rate: float,
        *,
        steps_per_second: int,
    ) -> None:
        self._steps_per_second = steps_per_second
        self._standing: VideoFrame | None = None
        self._end_step = 0
        super().__init__(container, encoding, size, float(rate))

    def encode(
        self,
        image_bgr: NDArray[np.uint8],
        time_s: float,
        duration_s: float,
        coded: CodedImage | None = None,
    ) -> VideoPackets:
        step = round(time_s / self._clock) if self._standing is not None else 0
        packets = self._repeat_until(step)
        frame = self._converter.convert(image_bgr, coded)
        step = max(step, self._next_step())
        packets += self._encode_at(frame, step)
        self._end_step = max(step + 1, round((time_s + duration_s) / self._clock))
        return packets

    def finish(self) -> VideoPackets:
        packets = self._repeat_until(self._end_step - 1)
        if self._standing is not None and self._end_step > self._next_step():
            packets += self._encode_at(self._standing, self._end_step - 1)  # so long it stands
        return packets + super().finish()

    def _choose_clock(self, rate: float) -> Fraction:
        usual = Fraction(rate).limit_denominator(1001)
        steps = usual * -(-self._steps_per_second // usual)
        return (1 / steps).limit_denominator(_AVI_MAX_TICKS)

    def _choose_matrix(self, encoding: Encoding, size: tuple[int, int]) -> Matrix:
        """MPEG-4 in an AVI says none: then all players take that of BT.601 for images of standard definition.

        Of larger ones some do, and others take that of BT.709.
        """
        is_small = size[0] < _HD_WIDTH_PX and size[1] <= _SD_HEIGHT_PX
        if is_small and encoding.encoder == "mpeg4":
            return "bt601"
        return super()._choose_matrix(encoding, size)

    def _next_step(self) -> int:
        return 0 if self._standing is None else (self._standing.pts or 0) + 1

    def _repeat_until(self, step: int) -> VideoPackets:
        """Repeat the standing image before ``step`` as often as players and the muxer need it."""
        packets: VideoPackets = []
        apart = round(_STEPS_REPEATED_S / self._clock)
        while self._standing is not None and step - (self._standing.pts or 0) > apart:
            packets += self._encode_at(self._standing, (self._standing.pts or 0) + apart)
        return packets

    def _encode_at(self, frame: VideoFrame, step: int) -> VideoPackets:
        frame.time_base = self._clock
        frame.pts = step
        frame.pict_type = PictureType.NONE
        self._mark_keyframe(frame, float(step * self._clock))
        self._standing = frame
        return self._encoded(frame, 1)


class PaletteImageTrack(ImageTrack):
    """Encodes images of 256 colours, 50 a second at most, the first of which stands from 0 on."""

    def __init__(
        self, container: OutputContainer, encoding: Encoding, size: tuple[int, int], rate: float
    ) -> None:
        self._palettizer = Palettizer(CONFIGS[encoding.quality])
        self._last_tick: int | None = None
        super().__init__(container, encoding, size, rate)

    def takes(self, time_s: float) -> bool:
        return self._last_tick is None or self._tick(time_s) - self._last_tick >= _GIF_LEAST_TICKS

    def encode(
        self,
        image_bgr: NDArray[np.uint8],
        time_s: float,
        duration_s: float,
        _coded: CodedImage | None = None,
    ) -> VideoPackets:
        indices_and_palette: Any = self._palettizer.convert(image_bgr)  # which the types do not know
        frame = VideoFrame.from_ndarray(indices_and_palette, format="pal8")
        end = max(self._tick(time_s + duration_s), self._tick(time_s) + _GIF_LEAST_TICKS)
        frame.time_base = self._clock
        frame.pts = self._last_tick = 0 if self._last_tick is None else self._tick(time_s)
        return self._encoded(frame, end - frame.pts)

    def _tick(self, time_s: float) -> int:
        return round(time_s / self._clock)

    def _set_format(self) -> None:
        self._stream.pix_fmt = "pal8"


def image_track(
    container: OutputContainer, kind: ContainerKind, encoding: Encoding, size: tuple[int, int], rate: float
) -> ImageTrack:
    """The track for a kind of file; ``rate`` is the usual number of images a second."""
    if kind.frame_steps_per_second is not None:
        return SteppedImageTrack(
            container, encoding, size, rate, steps_per_second=kind.frame_steps_per_second
        )
    if encoding.encoder == "gif":
        return PaletteImageTrack(container, encoding, size, rate)
    return ImageTrack(container, encoding, size, rate)

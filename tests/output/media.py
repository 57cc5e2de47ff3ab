"""Clips with sound, subtitles and chapters, in which each second begins with a flash and a beep."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import OutputContainer
from av.stream import Disposition
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import SubtitleSet
from av.video.frame import VideoFrame
from numpy.typing import NDArray

Image = NDArray[np.uint8]

FPS = 25
BEEP_S = 0.1
"""How long a beep and a flash last, seconds."""
HEADER = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, \
Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, \
MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


@dataclass(frozen=True, slots=True)
class Clip:
    """What a made clip holds."""

    seconds: float = 6.0
    sound: tuple[str, ...] = ("aac",)
    rate: int = 48_000
    subtitles: str | None = None
    lines: tuple[tuple[float, float, str], ...] = ((0.5, 1.5, "one"), (2.0, 4.0, "two"), (4.5, 5.0, "three"))
    chapters: tuple[tuple[float, float, str], ...] = ()
    title: str | None = None
    video_from_s: float = 0.0
    """When the images begin; the sound begins at 0."""


def beeping(seconds: float, rate: int) -> NDArray[np.float32]:
    """Sound, ``(samples,)`` from -1 to 1: 1000 Hz for the first tenth of each second, then silence."""
    time_s = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2000 * np.pi * time_s) * (time_s % 1 < BEEP_S)).astype(np.float32)


def flashing(time_s: float, size: tuple[int, int] = (64, 48)) -> Image:
    """An image ``(height, width, 3)`` that is white in the first tenth of each second, dark else."""
    return np.full((size[1], size[0], 3), 235 if time_s % 1 < BEEP_S - 1e-6 else 20, np.uint8)


def make_clip(path: Path, clip: Clip = Clip()) -> Path:
    """Write ``clip`` to ``path``."""
    with av.open(path, "w") as container:
        if clip.title is not None:
            container.metadata["title"] = clip.title
        clock = Fraction(1, 1000)
        container.set_chapters(
            [
                {
                    "id": number,
                    "start": round(start_s * 1000),
                    "end": round(end_s * 1000),
                    "time_base": clock,
                    "metadata": {"title": title},
                }
                for number, (start_s, end_s, title) in enumerate(clip.chapters, 1)
            ]
        )
        packets = [*_images(container, clip)]
        for number, codec in enumerate(clip.sound):
            packets += _sound(container, clip, codec, number)
        if clip.subtitles is not None:
            packets += _subtitles(container, clip, clip.subtitles)
        packets.sort(key=lambda one: one[0])
        for _, packet in packets:
            container.mux(packet)
    return path


def _images(container: OutputContainer, clip: Clip) -> list[tuple[float, Any]]:
    is_webm = container.format.name == "webm"
    stream = container.add_stream("libvpx" if is_webm else "mpeg4", rate=FPS)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    packets = []
    for index in range(round((clip.seconds - clip.video_from_s) * FPS)):
        time_s = clip.video_from_s + index / FPS
        frame = VideoFrame.from_ndarray(flashing(time_s), format="bgr24")
        frame.pts, frame.time_base = round(time_s * FPS), Fraction(1, FPS)
        packets += stream.encode(frame)
    packets += stream.encode(None)
    return [(_time(packet), packet) for packet in packets]


def _sound(container: OutputContainer, clip: Clip, codec: str, number: int) -> list[tuple[float, Any]]:
    stream = cast("Any", container.add_stream(codec, rate=clip.rate))
    stream.layout = "mono"
    stream.metadata["language"] = ("eng", "deu", "fra")[number]
    stream.disposition = Disposition.default if number == 0 else Disposition(0)
    samples = beeping(clip.seconds, clip.rate)
    packets = []
    for start in range(0, len(samples), 1024):
        frame = AudioFrame.from_ndarray(samples[None, start : start + 1024], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = clip.rate, start
        frame.time_base = Fraction(1, clip.rate)
        packets += stream.encode(frame)
    packets += stream.encode(None)
    return [(_time(packet), packet) for packet in packets]


def _subtitles(container: OutputContainer, clip: Clip, codec: str) -> list[tuple[float, Any]]:
    stream = cast("SubtitleStream", container.add_stream(codec))
    stream.metadata["language"] = "eng"
    stream.codec_context.subtitle_header = HEADER
    stream.codec_context.time_base = Fraction(1, 1000)
    packets = []
    for start_s, end_s, text in clip.lines:
        line = SubtitleSet.create(f"0,0,Default,,0,0,0,,{text}".encode(), 0, round((end_s - start_s) * 1000))
        packet = stream.codec_context.encode_subtitle(line)
        packet.stream, packet.time_base = stream, Fraction(1, 1000)
        packet.pts = packet.dts = round(start_s * 1000)
        packet.duration = round((end_s - start_s) * 1000)
        packets.append((start_s, packet))
    return packets


def _time(packet: Any) -> float:
    ticks = packet.dts if packet.pts is None else packet.pts
    return float(ticks * packet.time_base)


def flashes(path: Path) -> list[float]:
    """When the images turn bright, in seconds."""
    times_s, bright = [], False
    with av.open(path) as container:
        for frame in container.decode(video=0):
            now = frame.to_ndarray(format="gray").mean() > 128
            if now and not bright:
                times_s.append(float(frame.time or 0))
            bright = bool(now)
    return times_s


def beeps(path: Path, track: int = 0) -> list[float]:
    """When the sound begins after silence, in seconds, to the sample."""
    times_s: list[float] = []
    quiet_until = -1.0
    for frame in _sound_frames(path, track):
        samples = np.abs(frame.to_ndarray().astype(np.float64))
        if frame.format.name.startswith("s16"):
            samples /= 32768
        if frame.format.is_planar:
            level = samples.max(axis=0)
        else:
            level = samples.reshape(-1, frame.layout.nb_channels).max(axis=1)
        for index in np.flatnonzero(level > 0.1):
            time_s = float(frame.time or 0) + int(index) / frame.sample_rate
            if time_s > quiet_until:
                times_s.append(time_s)
            quiet_until = time_s + BEEP_S
    return times_s


def _sound_frames(path: Path, track: int) -> Iterator[AudioFrame]:
    """The sound as players decode it: what is damaged is passed over."""
    with av.open(path) as container:
        for packet in container.demux(container.streams.audio[track]):
            with contextlib.suppress(av.InvalidDataError):
                yield from packet.decode()


def lines_of(path: Path) -> list[tuple[float, float, str]]:
    """The subtitles: when they begin, when they end, their text."""
    found = []
    with av.open(path) as container:
        stream = container.streams.subtitles[0]
        for packet in container.demux(stream):
            if not packet.size or packet.pts is None:
                continue
            text = "".join(one.dialogue.decode() for one in cast("Any", packet.decode()))
            start_s = float(packet.pts * packet.time_base)
            if text:
                found.append((start_s, start_s + float((packet.duration or 0) * packet.time_base), text))
    return found


Kind = Literal["video", "audio"]


def end_of(path: Path, kind: Kind = "video") -> float:
    """When the last packet of a kind ends, in seconds."""
    with av.open(path) as container:
        stream = getattr(container.streams, kind)[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
    last = packets[-1]
    return _time(last) + float((last.duration or 0) * last.time_base)

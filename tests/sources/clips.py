"""Videos made by PyAV itself, with sound where it is wanted, and their frames."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from agecam.messages import Frame
from agecam.sources.video import VideoFileSource

Image = NDArray[np.uint8]

SOUND_RATE = 48_000
# For speed; a key frame twice a second.
_ENCODER_OPTIONS = {
    "libx264": {"g": "5", "preset": "ultrafast", "threads": "1"},
    "libvpx": {"g": "5", "deadline": "realtime", "cpu-used": "8", "threads": "1"},
}
# Containers that have no times but by a rate.
_FIXED_RATES = {".avi": 50, ".mpg": 25}


def read_all(source: VideoFileSource) -> list[Frame]:
    source.open()
    try:
        return list(iter(source.read, None))
    finally:
        source.close()


def encode_with_sound(
    path: Path,
    images: Sequence[Image],
    times_s: Sequence[float],
    *,
    codecs: tuple[str, str | None] = ("libx264", "aac"),
    sound_s: tuple[float, float] | None = None,
    options: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
) -> Path:
    """A video of ``images`` (BGR) at ``times_s``, and from ``sound_s[0]`` to ``sound_s[1]`` seconds a tone.

    By default the tone begins with the first frame and ends with the last. ``codecs`` are of video and sound;
    ``options`` and ``metadata`` go to the container.
    """
    video_codec, sound_codec = codecs
    begin_s, end_s = sound_s or (times_s[0], times_s[-1])
    with av.open(path, "w", options=options or {}) as container:
        container.metadata.update(metadata or {})
        rate = _FIXED_RATES.get(path.suffix)
        video = container.add_stream(
            video_codec,
            rate=25 if rate == 25 else 10,
            options=_ENCODER_OPTIONS.get(video_codec, {"g": "5"}),
        )
        assert isinstance(video, VideoStream)
        video.height, video.width = images[0].shape[:2]
        video.pix_fmt = "yuv420p"
        base = Fraction(1, rate or 1000)
        video.codec_context.time_base = base
        tone = container.add_stream(sound_codec, rate=SOUND_RATE, layout="mono") if sound_codec else None
        assert tone is None or isinstance(tone, AudioStream)
        for image, time_s in zip(images, times_s, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.time_base, frame.pts = base, round(time_s / base)
            container.mux(video.encode(frame))
            if tone is not None:
                begin_s = _add_sound(container, tone, begin_s, min(time_s, end_s))
        if tone is not None:
            _add_sound(container, tone, begin_s, end_s)
            container.mux(tone.encode())
        container.mux(video.encode())
    return path


def _add_sound(container: OutputContainer, stream: AudioStream, begin_s: float, end_s: float) -> float:
    """Where the sound that was written ends, in seconds."""
    first, samples = round(begin_s * SOUND_RATE), 960
    while first + samples <= end_s * SOUND_RATE:
        tone = (np.sin(np.arange(first, first + samples) / 20) * 3000).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(tone[None], format="s16", layout="mono")
        frame.rate, frame.pts, frame.time_base = SOUND_RATE, first, Fraction(1, SOUND_RATE)
        container.mux(stream.encode(frame))
        first += samples
    return first / SOUND_RATE

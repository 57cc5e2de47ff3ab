"""What each kind of video file can hold, and how its images are compressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal

from agecam.errors import OutputError
from agecam.files import whole_path

Quality = Literal["small", "standard", "high"]
"""How exact the images are, and so how large the file.

Measured on the first 100 frames of a classroom, 1280 x 720 at 25 frames a second, with its camera's noise, by
OpenCV and scikit-image (a GIF's on the first 25). "standard" of H.264 is what a viewer hardly tells from the
original, "small" is half of it, "high" not to be told:

========== ========================= ========================= =========================
file       small                     standard                  high
========== ========================= ========================= =========================
H.264      2.1 Mbit/s 35.9 dB 0.961  4.2 Mbit/s 38.0 dB 0.976  7.4 Mbit/s 39.1 dB 0.982
VP9        1.8 Mbit/s 35.6 dB 0.953  3.6 Mbit/s 37.6 dB 0.971  6.4 Mbit/s 38.9 dB 0.980
MPEG-4     2.6 Mbit/s 33.9 dB 0.930  5.5 Mbit/s 36.7 dB 0.961  11 Mbit/s 38.6 dB 0.977
GIF        19 Mbit/s 30.5 dB 0.800   30 Mbit/s 32.4 dB 0.809   47 Mbit/s 33.8 dB 0.840
========== ========================= ========================= =========================

Each cell: data rate, PSNR, SSIM.
"""


@dataclass(frozen=True, slots=True)
class ImageEncoder:
    """One of FFmpeg's encoders of images."""

    name: str
    """Of the codec, as people know it."""
    options: Mapping[str, str]
    """Of every quality."""
    qualities: Mapping[Quality, Mapping[str, str]]
    """What each quality adds."""
    clock: Fraction
    """The finest time base, in seconds, in which it counts."""
    bits_per_second: int | None = None
    """An upper bound; 0: none but the quality. ``None``: left to FFmpeg."""
    decoded_qualities: Mapping[Quality, Mapping[str, str]] | None = None
    """What each quality adds instead to images that come for the most part as they were decoded."""


@dataclass(frozen=True, slots=True)
class ContainerKind:
    """What a kind of file can hold. Names are FFmpeg's, of codecs, encoders and options of the muxer."""

    options: Mapping[str, str]
    image_encoders: tuple[str, ...]
    """The best first."""
    sound_copied: frozenset[str] | None
    """Codecs taken over as they are; ``None``: all that the muxer takes."""
    sound_encoder: str | None
    """What other sound is converted to; ``None``: the file holds no sound."""
    subtitles_copied: frozenset[str]
    subtitle_encoder: str | None
    """What other subtitles of text are converted to; ``None``: the file holds none."""
    has_chapters: bool
    has_attachments: bool = False
    frame_steps_per_second: int | None = None
    """For files without frame times: how finely, at least, a fixed frame rate has to place the frames."""


_MPEG_CLOCK: Final = Fraction(1, 90_000)  # every usual frame rate is a whole number of its ticks
_NO_SPLIT_MOTION: Final = {"partitions": "i8x8,i4x4"}
"""Blocks are not split for their motion. That takes a quarter less time and costs less quality than is won
where images are taken as they were decoded. PSNR and SSIM of the BGR of labelled frames, at equal size, with
milliseconds of a busy processor a frame, in a classroom and of one person near:

=========================== ================== ==================
images converted            36.8 dB 0.979 18   39.0 dB 0.984 14
as decoded                  38.4 dB 0.980 17   42.4 dB 0.986 15
as decoded, without splits  38.1 dB 0.978 13   42.3 dB 0.986 12
=========================== ================== ==================
"""
_FEWER_STEPS: Final = {
    **_NO_SPLIT_MOTION,
    "x264-params": "subme=1:deadzone-inter=10:deadzone-intra=5:deblock=1,1:"
    "aq-strength=0.7:chroma-qp-offset=-1",
}
"""Besides, motion is searched in fewer steps. What that costs of quality is won back by finer coefficients
(smaller dead zones), a stronger deblocking filter and less shifting of bits between blocks. PSNR and SSIM as
above at nearly equal size, with PSNR and SSIM of luma, on the whole classroom:

============================= ================= ================= =======
images converted, all splits  36.4 dB 0.9749    39.4 dB 0.9831    6.87 MB
as decoded, without splits    37.7 dB 0.9751    41.8 dB 0.9830    6.90 MB
and in fewer steps            37.8 dB 0.9750    42.4 dB 0.9832    6.88 MB
============================= ================= ================= =======

That takes a fifth less time. Of four other clips the files are 8 to 15 % smaller, with a PSNR of luma within
0.3 dB, and of chroma 0.3 to 0.6 dB lower. It is not for all: a photograph with noise of four levels in each
pixel, which no file that was compressed has, takes a third more room; one without noise has 0.9 dB less of
48. At "small" SSIM falls by 0.001 at equal size, and who asks for "high" waits for it: both are as before.
"""
# zerolatency and lag-in-frames hold no frames back, which a killed program would lose. crf, qmin and qmax are
# the codecs' own scales of quality, less being better; those of one row look alike. The motion search "dia"
# gives files of the same size, PSNR and SSIM as "hex", the preset's (on three clips within 0.5 %, 0.01 dB and
# 0.0001), in a tenth less time; the preset superfast takes a third less, and loses 0.25 to 0.5 dB.
IMAGE_ENCODERS: Final[Mapping[str, ImageEncoder]] = {
    "libx264": ImageEncoder(
        "H.264",
        {"preset": "veryfast", "tune": "zerolatency", "motion-est": "dia"},
        {"small": {"crf": "25"}, "standard": {"crf": "20"}, "high": {"crf": "16"}},
        _MPEG_CLOCK,
        decoded_qualities={
            "small": {"crf": "25.25", **_NO_SPLIT_MOTION},
            "standard": {"crf": "23.5", **_FEWER_STEPS},
            "high": {"crf": "16.25", **_NO_SPLIT_MOTION},
        },
    ),
    "mpeg4": ImageEncoder(
        "MPEG-4",
        {},
        {
            "small": {"qmin": "2", "qmax": "8"},
            "standard": {"qmin": "2", "qmax": "4"},
            "high": {"qmin": "1", "qmax": "2"},
        },
        Fraction(1, 30_000),  # it counts to 65,535 at most
    ),
    # Half as fast as H.264 at worst, for a fifth less data. VP8 is slower still, for three times as much.
    "libvpx-vp9": ImageEncoder(
        "VP9",
        {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "row-mt": "1", "tile-columns": "2"},
        {"small": {"crf": "40"}, "standard": {"crf": "30"}, "high": {"crf": "20"}},
        _MPEG_CLOCK,
        bits_per_second=0,
    ),
    "libvpx": ImageEncoder(
        "VP8",
        {"deadline": "realtime", "cpu-used": "12", "lag-in-frames": "0", "qmin": "2"},
        {"small": {"crf": "25"}, "standard": {"crf": "14"}, "high": {"crf": "6"}},
        _MPEG_CLOCK,
        bits_per_second=30_000_000,
    ),
    "gif": ImageEncoder("GIF", {}, {"small": {}, "standard": {}, "high": {}}, Fraction(1, 100)),
}

# Packets wait in the muxer for those of the other tracks, which of subtitles may take minutes, and a killed
# program loses them: for a fifth of a second at most, in microseconds.
_IN_STEP: Final = {"max_interleave_delta": "200000", "flush_packets": "1"}
# FFmpeg's documentation of the mov and matroska muxers: "hybrid_fragmented" writes fragments that are whole
# by themselves and turns the file into a plain MP4 at its proper end. They last half a second, which a killed
# program may lose: in microseconds in the one, in milliseconds in the other. "delay_moov" writes the header
# with the first fragment, with the time when each track begins.
_MP4_OPTIONS: Final = {"movflags": "+hybrid_fragmented+delay_moov", "frag_duration": "500000", **_IN_STEP}
_MKV_OPTIONS: Final = {"cluster_time_limit": "500", "default_mode": "passthrough", **_IN_STEP}
_LONG_S: Final = 3600.0
_MPEG_SOUND: Final = frozenset({"aac", "mp3", "ac3", "eac3", "alac"})
_KINDS: Final[Mapping[str, ContainerKind]] = {
    ".mp4": ContainerKind(
        _MP4_OPTIONS,
        ("libx264", "mpeg4"),
        _MPEG_SOUND | {"opus", "flac"},
        "aac",
        frozenset({"mov_text"}),
        "mov_text",
        has_chapters=True,
    ),
    ".mov": ContainerKind(
        _MP4_OPTIONS,
        ("libx264", "mpeg4"),
        _MPEG_SOUND
        | {f"pcm_{kind}" for kind in ("s16le", "s16be", "s24le", "s24be", "s32le", "s32be", "u8")},
        "aac",
        frozenset({"mov_text"}),
        "mov_text",
        has_chapters=True,
    ),
    ".mkv": ContainerKind(
        _MKV_OPTIONS,
        ("libx264", "mpeg4"),
        None,
        "aac",
        frozenset({"subrip", "ass", "ssa", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"}),
        "subrip",
        has_chapters=True,
        has_attachments=True,
    ),
    ".webm": ContainerKind(
        _MKV_OPTIONS,
        ("libvpx-vp9", "libvpx"),
        frozenset({"opus", "vorbis"}),
        "libopus",
        frozenset({"webvtt"}),
        "webvtt",
        has_chapters=True,
    ),
    # Sound in an AVI has no times: it is made anew, without a gap. 200 steps a second are 2.5 ms off at most.
    # MPEG-4 first: all players of AVI know it, and of H.264 they guess, a frame wrong, which comes first.
    ".avi": ContainerKind(
        _IN_STEP,
        ("mpeg4", "libx264"),
        frozenset(),
        "libmp3lame",
        frozenset(),
        None,
        has_chapters=False,
        frame_steps_per_second=200,
    ),
    ".gif": ContainerKind({"loop": "0"}, ("gif",), frozenset(), None, frozenset(), None, has_chapters=False),
}

VIDEO_OUTPUTS: Final = tuple(_KINDS)
"""Suffixes of the video files that can be written."""


def container_kind(path: Path) -> ContainerKind:
    """The kind that the suffix of ``path`` names; raises :class:`agecam.errors.OutputError` for others."""
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        kinds = f"{', '.join(VIDEO_OUTPUTS[:-1])} or {VIDEO_OUTPUTS[-1]}"
        name = whole_path(path).name
        raise OutputError(f"{name} is not a kind of video that AgeCam writes; end its name in {kinds}.")
    return kind


def mp4_flags(seconds: float, *, begins_at_once: bool) -> str:
    """FFmpeg's ``movflags`` for a file of about ``seconds`` whose tracks all begin at once, or not.

    The index of a plain MP4 is kept in memory until its end, 20 MB an hour with sound; a longer file stays
    one of fragments, which players know as well. "delay_moov" writes nothing until all tracks have begun.
    """
    kind = "+default_base_moof" if seconds > _LONG_S else "+hybrid_fragmented"
    return f"{kind}+delay_moov" if begins_at_once else kind


def available_encoder(kind: ContainerKind, encoders: Sequence[str] | None = None) -> str:
    """The first of ``encoders``, or those of ``kind``, that this FFmpeg has.

    Raises :class:`agecam.errors.OutputError`.
    """
    import av  # not before it is needed: the window begins without it

    for encoder in kind.image_encoders if encoders is None else encoders:
        if encoder in av.codecs_available:
            return encoder
    names = [IMAGE_ENCODERS[encoder].name for encoder in kind.image_encoders]
    verb = "can write neither" if len(names) > 1 else "cannot write"
    raise OutputError(f"This FFmpeg {verb} {' nor '.join(names)}; install PyAV from PyPI.")

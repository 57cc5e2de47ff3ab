"""Decoding of a file that FFmpeg plays, from any second on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.video.frame import VideoFrame

from agecam.sources.media import Decoded, Decoder
from agecam.sources.seeking import SeekPoint, find_seek_point
from agecam.sources.structure import is_cut_off

_EARLY_S: Final = (0.0, 3.0)
"""How many seconds before a key frame is sought, one after another: in MPEG program and transport streams,
which have no index, FFmpeg comes out a little behind what it sought."""


class FileDecoder:
    """The frames of a video file.

    Raises :class:`agecam.sources.video_header.NoVideoError` where it holds none,
    :class:`agecam.sources.video_header.TooLargeError`, and ``av.FFmpegError`` where it is no such file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_cut_off = is_cut_off(path)
        self._container, self._decoder = self._open()
        self.fps = self._decoder.fps
        self.frame_count = self._decoder.frame_count

    @property
    def duration_s(self) -> float | None:
        """By the header, in seconds."""
        return self._decoder.duration_s

    @property
    def damage(self) -> str | None:
        """What was wrong with the frames given so far, as a clause; ``None`` where nothing was."""
        return self._decoder.damage

    def frames(self) -> Iterator[Decoded]:
        """All frames, or those that are left of them."""
        decoder = self._decoder
        return (_decoded(decoder, index, *timed) for index, timed in enumerate(decoder))

    def frames_from(self, start_s: float) -> Iterator[Decoded] | None:
        """The frames from ``start_s`` seconds on, decoded from a key frame before.

        To be called after :meth:`frames` has begun, whose other frames are left where this gives ``None``:
        where the file does not tell exactly which they are. Raises
        :class:`agecam.sources.seeking.PastEndError` where it ends before.
        """
        if self._decoder.origin is None or self._decoder.first_pts is None:
            return None
        with _open(self._path) as container:
            point = find_seek_point(container, self._decoder, self._decoder.first_pts, start_s)
        if point is None:
            return None
        for early_s in _EARLY_S:
            container, decoder = self._open()
            frames = _frames_from(container, decoder, point, early_s)
            if frames is not None:
                self._container.close()
                self._container, self._decoder = container, decoder
                return frames
            container.close()
        return None

    def close(self) -> None:
        """Release the file."""
        self._container.close()

    def _open(self) -> tuple[InputContainer, Decoder]:
        container = _open(self._path)
        try:
            return container, Decoder(container, cut_off=self._is_cut_off)
        except BaseException:
            container.close()
            raise


def _open(path: Path) -> InputContainer:
    # "file:" lets a name that holds a colon be a name. Metadata may be in any encoding.
    return av.open(f"file:{path}", metadata_errors="replace")


def _frames_from(
    container: InputContainer, decoder: Decoder, point: SeekPoint, early_s: float
) -> Iterator[Decoded] | None:
    """The frames from the target of ``point`` on; ``None`` where they are not where they should be."""
    stream = container.streams[decoder.stream_index]
    try:
        container.seek(point.key_pts - round(early_s / (stream.time_base or 1)), stream=stream)
    except av.FFmpegError:
        return None
    frames = iter(decoder)
    between = 0
    for target in frames:
        frame = target[0]
        if frame.pts is None or frame.pts > point.target_pts:
            return None
        if frame.pts == point.target_pts:
            break
        between += frame.pts >= point.key_pts
    else:
        return None
    if between != point.frames_between:
        return None
    decoder.forget_damage()
    following = chain([target], frames)
    return (_decoded(decoder, index, *timed) for index, timed in enumerate(following, point.index))


def _decoded(decoder: Decoder, index: int, frame: VideoFrame, time_s: float) -> Decoded:
    return Decoded(
        index,
        time_s,
        lambda: decoder.to_bgr(frame),
        lambda: decoder.stands_s(frame, time_s),
        lambda image_bgr: decoder.coded(frame, image_bgr),
    )

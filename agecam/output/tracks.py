"""Sound and subtitles of one file on their way into another: copied, or converted to another codec."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Protocol

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.filter.context import FilterContext
from av.filter.graph import Graph
from av.packet import Packet
from av.stream import Stream
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import AssSubtitle, SubtitleSet

_LONGEST_STRETCH_S: Final = 1.0
"""Silence made at once, in seconds; also what the resampler fills by itself."""
_TAKES_TIMES: Final = frozenset({"opus", "libopus"})
"""Codecs whose first packet may stand at 0 though it begins before: it holds 6.5 ms to leave out, and what
players hear after it comes by the times of the packets, in Matroska and WebM."""
_SUBTITLE_CLOCK: Final = Fraction(1, 90_000)
"""That of the images. WORKAROUND: FFmpeg 8 compares, in MP4, times of subtitles with those of other tracks
without regard to their clocks."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a file is carried over, and where it goes; times in seconds."""

    shift_s: float
    """What is taken from a time of the source to have that of the new file."""
    end_s: float | None
    """Where the part ends in the new file; ``None``: with the source."""

    def place(self, packet: Packet[Stream]) -> float | None:
        """When ``packet`` of the source begins in the new file; ``None`` where it does not say."""
        ticks = packet.dts if packet.pts is None else packet.pts
        return None if ticks is None else float(ticks * packet.time_base) - self.shift_s

    def is_over(self, time_s: float) -> bool:
        return self.end_s is not None and time_s >= self.end_s


class Track(Protocol):
    """One stream of the source and where it goes to."""

    def feed(self, packet: Packet[Stream], time_s: float) -> Iterator[Packet[Stream]]:
        """What ``packet`` of the source, which begins at ``time_s`` of the new file, gives to write."""

    def advance(self, time_s: float) -> Iterator[Packet[Stream]]:
        """What is to be written when the images are at ``time_s`` and all packets before it have been fed."""

    def finish(self) -> Iterator[Packet[Stream]]:
        """What is left to write."""


class CopiedSound:
    """Sound taken over as it is, packet by packet (21 ms of AAC, 20 ms of Opus).

    A packet that begins before the part is left out, also the silence that encoders put first: a file that
    begins before 0 would have all its times moved. One that ends after the part stays if half is inside.
    """

    def __init__(self, source: Stream, target: Stream, window: Window) -> None:
        self._source = source
        self._target = target
        self._window = window
        self._shift_ticks = round(window.shift_s / (source.time_base or _SUBTITLE_CLOCK))
        self._next_ticks = 0

    def feed(self, packet: Packet[Stream], time_s: float) -> Iterator[Packet[Stream]]:
        ticks = packet.dts if packet.pts is None else packet.pts
        if ticks is None or packet.is_corrupt or not packet.size:
            return
        start = ticks - self._shift_ticks
        if start < 0 and self._source.codec_context.name in _TAKES_TIMES and _moves_to_0(packet, start):
            start = 0
        half = float((packet.duration or 0) * packet.time_base) / 2
        if start < self._next_ticks or self._window.is_over(time_s + half):
            return
        self._next_ticks = start + 1
        packet.pts = packet.dts = start
        packet.stream = self._target
        yield packet

    def advance(self, _time_s: float) -> Iterator[Packet[Stream]]:
        return iter(())

    def finish(self) -> Iterator[Packet[Stream]]:
        return iter(())


class ConvertedSound:
    """Sound decoded, resampled and encoded anew, cut to the sample.

    Small gaps and overlaps of its times are filled and trimmed, and silence stands until its first sample.
    """

    def __init__(self, source: AudioStream, target: AudioStream, window: Window) -> None:
        self._source = source
        self._target = target
        self._window = window
        self._end_s = 0.0
        self._graph: Graph | None = None
        self._inlet: FilterContext | None = None
        self._layout: tuple[str, str, int] | None = None

    def feed(self, packet: Packet[Stream], time_s: float) -> Iterator[Packet[Stream]]:
        try:
            frames = self._source.codec_context.decode(packet) if packet.size else []
        except av.InvalidDataError:
            return  # the gap is filled
        for frame in frames:
            start_s = time_s if frame.pts is None else (frame.time or 0.0) - self._window.shift_s
            end_s = start_s + frame.samples / frame.sample_rate
            if end_s > self._end_s and not self._window.is_over(start_s):
                yield from self._add(frame, start_s)

    def advance(self, _time_s: float) -> Iterator[Packet[Stream]]:
        return iter(())

    def finish(self) -> Iterator[Packet[Stream]]:
        if self._inlet is not None:
            yield from self._drain()
            end = round(self._end_s / self._target.codec_context.time_base)
            last = self._target.codec_context.encode(None)
            # The encoder fills the last packet up, and may add one more.
            yield from self._written([one for one in last if (one.pts or 0) + (one.duration or 0) // 2 < end])

    def _add(self, frame: AudioFrame, start_s: float) -> Iterator[Packet[Stream]]:
        layout = (frame.format.name, frame.layout.name, frame.sample_rate)
        if layout != self._layout:
            if self._inlet is not None:
                yield from self._drain()
            self._start(frame)
            self._layout = layout
        while start_s - self._end_s > _LONGEST_STRETCH_S:
            silence = _silence(frame, frame.sample_rate)
            yield from self._push(silence, self._end_s)
        yield from self._push(frame, start_s)

    def _push(self, frame: AudioFrame, start_s: float) -> Iterator[Packet[Stream]]:
        assert self._inlet is not None
        frame.time_base = Fraction(1, frame.sample_rate)
        frame.pts = round(start_s * frame.sample_rate)
        self._end_s = start_s + frame.samples / frame.sample_rate
        self._inlet.push(frame)
        yield from self._pull()

    def _start(self, frame: AudioFrame) -> None:
        context = self._target.codec_context
        graph = Graph()
        named = "channels" not in frame.layout.name  # "2 channels" names no place of a loudspeaker
        inlet = graph.add_abuffer(
            sample_rate=frame.sample_rate,
            format=frame.format.name,
            layout=frame.layout.name if named else None,
            channels=None if named else frame.layout.nb_channels,
            time_base=Fraction(1, frame.sample_rate),
        )
        first = round(self._end_s * context.sample_rate)
        # FFmpeg's documentation of the resampler: async=1 fills and trims, from min_hard_comp seconds on.
        steps = (
            graph.add("aresample", f"{context.sample_rate}:async=1:min_hard_comp=0.01:first_pts={first}"),
            graph.add(
                "aformat",
                f"sample_fmts={context.format.name}:sample_rates={context.sample_rate}"
                f":channel_layouts={context.layout.name}",
            ),
            graph.add("abuffersink"),
        )
        graph.link_nodes(inlet, *steps).configure()
        self._graph, self._inlet = graph, inlet

    def _pull(self) -> Iterator[Packet[Stream]]:
        assert self._graph is not None
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, EOFError):
                return
            assert isinstance(frame, AudioFrame)
            yield from self._written(self._target.codec_context.encode(frame))

    def _drain(self) -> Iterator[Packet[Stream]]:
        assert self._inlet is not None
        self._inlet.push(None)
        yield from self._pull()

    def _written(self, packets: list[Packet[Stream]]) -> Iterator[Packet[Stream]]:
        for packet in packets:
            if packet.pts is not None and packet.pts < 0:
                if not _moves_to_0(packet, packet.pts):
                    continue  # the silence that the encoder puts first
                packet.pts = packet.dts = 0
            packet.stream = self._target
            yield packet


class Subtitles:
    """Subtitles, as they are or as the text of another codec; what is in view at a cut is clipped."""

    def __init__(
        self, source: SubtitleStream, target: SubtitleStream, window: Window, *, converted: bool
    ) -> None:
        self._source = source
        self._target = target
        self._window = window
        self._converted = converted
        self._last_s = 0.0
        self._shown_until_s: float | None = None
        self._ends_texts = target.codec_context.name == "mov_text"
        target.time_base = _SUBTITLE_CLOCK
        if converted:
            source.codec_context.open(strict=False)
            header = source.codec_context.subtitle_header
            target.codec_context.subtitle_header = header
            target.codec_context.time_base = _SUBTITLE_CLOCK

    def feed(self, packet: Packet[Stream], time_s: float) -> Iterator[Packet[Stream]]:
        end_s = time_s + float((packet.duration or 0) * packet.time_base)
        if (
            not packet.size
            or packet.is_corrupt
            or (time_s < 0 and end_s <= 0)
            or self._window.is_over(time_s)
        ):
            return
        written: Packet[Stream] | None = packet
        if self._converted:
            try:
                written = self._convert(packet)
            except (av.FFmpegError, ValueError):
                return  # not UTF-8, for example
        if written is None:
            return
        has_end = end_s > time_s
        if self._window.end_s is not None:
            end_s = min(end_s, self._window.end_s)
        start_s = self._last_s = max(time_s, self._last_s)
        end_s = max(start_s, end_s) if has_end else start_s
        yield from self._end_before(start_s)
        self._time(written, start_s, end_s)
        self._shown_until_s = max(self._shown_until_s or 0.0, end_s)
        yield written

    def advance(self, time_s: float) -> Iterator[Packet[Stream]]:
        return self._end_before(time_s)

    def finish(self) -> Iterator[Packet[Stream]]:
        return iter(())

    def _end_before(self, time_s: float) -> Iterator[Packet[Stream]]:
        """End what is in view, where it ends before ``time_s``: in MP4, a text stays until the next comes.

        WORKAROUND: FFmpeg 8 does so by itself, but where a fragment ends then, it takes this end for as long
        as the text was, and what comes within that time is broken. An end of the least length is not.
        """
        if self._ends_texts and self._shown_until_s is not None and self._shown_until_s < time_s:
            packet: Packet[Stream] = Packet(b"\0\0")  # an empty text
            self._time(packet, self._shown_until_s, self._shown_until_s)
            packet.duration = 1
            self._shown_until_s = None
            yield packet

    def _time(self, packet: Packet[Stream], start_s: float, end_s: float) -> None:
        packet.stream = self._target
        packet.time_base = _SUBTITLE_CLOCK
        packet.pts = packet.dts = round(start_s / _SUBTITLE_CLOCK)
        packet.duration = round(end_s / _SUBTITLE_CLOCK) - packet.pts

    def _convert(self, packet: Packet[Stream]) -> Packet[Stream] | None:
        """The packet's text in the codec of the target; ``None`` where it holds none."""
        found = self._source.codec_context.decode2(packet)
        lines = [rect.ass for rect in found or () if isinstance(rect, AssSubtitle)]
        if not lines:
            return None
        # A line of ASS ends in its text; those shown together become one.
        line = b"\\N".join([lines[0], *(one.split(b",", 8)[-1] for one in lines[1:])])
        duration_ms = round(float((packet.duration or 0) * packet.time_base) * 1000)
        return self._target.codec_context.encode_subtitle(SubtitleSet.create(line, 0, duration_ms))


def _moves_to_0(packet: Packet[Stream], start: int) -> bool:
    """Whether more of a packet that begins at ``start``, before 0, is sound that is wanted than is not."""
    return -start * 2 < (packet.duration or 0)


def _silence(like: AudioFrame, samples: int) -> AudioFrame:
    frame = AudioFrame(like.format.name, like.layout.name, samples)
    frame.sample_rate = like.sample_rate
    level = b"\x80" if like.format.name.startswith("u8") else b"\0"
    for plane in frame.planes:
        plane.update(level * plane.buffer_size)
    return frame

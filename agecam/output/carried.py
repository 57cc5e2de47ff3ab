"""What a file holds besides its video, on its way into a new video of it."""

from __future__ import annotations

import errno
import logging
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import AttachmentStream, Discard, Disposition, Stream
from av.subtitles.stream import SubtitleStream

from agecam.files import whole_path
from agecam.output.containers import ContainerKind
from agecam.output.tracks import ConvertedSound, CopiedSound, Subtitles, Track, Window

if TYPE_CHECKING:
    from av.container.core import Chapter  # of its type stubs alone

_log = logging.getLogger(__name__)

_SEEK_LEAD_S: Final = 30.0
"""How long before the part reading begins, in seconds: for subtitles that are in view when it begins."""
_PREROLL_S: Final = 1.0
"""How much sound before the part is decoded, in seconds: decoders need some of it."""
_LONGEST_GAP_S: Final = 60.0
"""What begins so much later than anything before it, behind the images, in seconds, has a damaged time."""
_BEGINS_WITHIN_S: Final = 3.0
_AHEAD_PACKETS: Final = 1000
_TEXT_SUBTITLES: Final = frozenset(
    {"mov_text", "subrip", "srt", "ass", "ssa", "webvtt", "text", "sami", "microdvd"}
)
_STREAM_METADATA: Final = ("language", "title", "handler_name")
_FILE_METADATA_LEFT: Final = frozenset(
    {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "rotate"}
)
"""Facts of the old file that are none of the new one."""
_BIBLIOGRAPHIC: Final = {
    "ces": "cze", "deu": "ger", "ell": "gre", "eus": "baq", "fas": "per", "fra": "fre", "hye": "arm",
    "isl": "ice", "kat": "geo", "mkd": "mac", "mri": "mao", "msa": "may", "mya": "bur", "nld": "dut",
    "ron": "rum", "slk": "slo", "sqi": "alb", "bod": "tib", "cym": "wel", "zho": "chi",
}  # fmt: skip
"""The other codes that ISO 639-2 has for some languages. QuickTime files know these alone."""
_CHAPTER_CLOCK: Final = Fraction(1, 1000)
_SURROUND_CHANNELS: Final = 6
_BITS_PER_CHANNEL: Final = 96_000
"""Of sound that is encoded anew, a second: 192 kbit/s of stereo, which few ears tell from the original."""
_UNREADABLE: Final = (av.FFmpegError, OSError, ValueError, LookupError, RuntimeError, AssertionError)
"""What PyAV raises for streams that it cannot make sense of."""


@dataclass(frozen=True, slots=True)
class CarriedStreams:
    """The sound, subtitles, chapters and title of ``source``, from ``start_s`` until before ``end_s``.

    Times are in seconds from the start of the file, which players call 0; ``None``: until its end.
    """

    source: Path
    start_s: float = 0.0
    end_s: float | None = None


class CarriedMuxer:
    """Reads a file a second time, apart from its frames, and writes what it holds besides them into another.

    It reads no further than the frames have come, so that memory stays small and the tracks lie in step. A
    source that cannot be read on costs what is left of its sound, never the video; :attr:`left_out` tells.
    """

    def __init__(
        self,
        carried: CarriedStreams,
        output: OutputContainer,
        kind: ContainerKind,
        path: Path,
        start_s: float,
    ) -> None:
        """Adds the tracks to ``output``, the file ``path``, before anything is written to it.

        ``start_s`` is the time of the source that becomes 0 in the output.
        """
        self._output = output
        self._kind = kind
        self._name = carried.source.name
        self._target_name = whole_path(path).name
        self._tracks: dict[int, Track] = {}
        self._reached_s = 0.0
        self._over: set[int] = set()
        """Tracks whose part is written."""
        self._left_out: list[str] = []
        self._input: InputContainer | None = None
        self._packets: Iterator[Packet[Stream]] = iter(())
        self._ahead: deque[Packet[Stream]] = deque()
        self.seconds = 0.0
        """How long what is carried is, in seconds; 0 where the source does not say."""
        self.begins_at_once = True
        """Whether all sound begins within the first seconds of the part."""
        try:
            # "file:" lets a name that holds a colon be a name. Metadata may be in any encoding.
            self._input = av.open(f"file:{carried.source}", metadata_errors="replace")
            origin_s = (self._input.start_time or 0) / av.time_base
            end_s = None if carried.end_s is None else carried.end_s - start_s
            whole_s = (self._input.duration or 0) / av.time_base - start_s
            self.seconds = max(0.0, whole_s if end_s is None else min(whole_s, end_s))
            self._window = Window(origin_s + start_s, end_s)
            self._add_metadata(self._input)
            self._add_chapters(self._input)
            self._add_tracks(self._input)
            self._start_reading(self._input, max(0.0, carried.start_s - _SEEK_LEAD_S) + origin_s)
        except _UNREADABLE as error:
            self._give_up(error)

    @property
    def left_out(self) -> tuple[str, ...]:
        """A sentence for each thing of the source that the output does not hold."""
        return tuple(self._left_out)

    def mux_until(self, time_s: float) -> None:
        """Write what begins until ``time_s`` of the output. Raises :class:`av.FFmpegError` of the output."""
        while len(self._over) < len(self._tracks):
            packet = self._ahead.popleft() if self._ahead else self._read()
            if packet is None:
                break
            placed_s = self._window.place(packet)
            if placed_s is not None and placed_s > time_s:
                self._ahead.appendleft(packet)
                break
            if placed_s is not None and placed_s > self._reached_s + _LONGEST_GAP_S and time_s == math.inf:
                continue
            self._reached_s = max(self._reached_s, placed_s or 0.0)
            self._mux_packet(packet, placed_s)
        if time_s < math.inf:
            self._reached_s = max(self._reached_s, time_s)
        for index, track in tuple(self._tracks.items()):
            self._mux_all(index, track.advance(time_s))

    def finish(self, until_s: float = math.inf) -> None:
        """Write what is left, or begins until ``until_s`` of the output, and close the source.

        Raises :class:`av.FFmpegError` of the output.
        """
        self.mux_until(until_s)
        for index, track in tuple(self._tracks.items()):
            self._mux_all(index, track.finish())
        self.close()

    def refuse(self, error: BaseException) -> None:
        """Tell that the output cannot be begun with these tracks, because of ``error``; close the source."""
        self._give_up(error)

    def close(self) -> None:
        """Close the source; nothing more is written."""
        self._tracks.clear()
        self._over.clear()
        self._ahead.clear()
        self._packets = iter(())
        if self._input is not None:
            self._input.close()
            self._input = None

    def _read(self) -> Packet[Stream] | None:
        try:
            return next(self._packets, None)
        except _UNREADABLE as error:
            self._packets = iter(())
            self._say(
                f"{self._name} cannot be read to its end; what else it holds after that is left out.", error
            )
            return None

    def _mux_packet(self, packet: Packet[Stream], placed_s: float | None) -> None:
        index = packet.stream_index
        track = self._tracks.get(index)
        if track is None or placed_s is None:
            return
        if self._window.is_over(placed_s):
            self._over.add(index)  # a file of which a part is wanted is not read to its end
            return
        self._mux_all(index, track.feed(packet, placed_s))

    def _mux_all(self, index: int, packets: Iterator[Packet[Stream]]) -> None:
        """Write ``packets`` of a track; one that cannot go on is given up."""
        while True:
            try:
                packet = next(packets, None)
            except _UNREADABLE as error:
                self._drop(index, error)
                return
            if packet is None:
                return
            try:
                self._output.mux_one(packet)
            except av.FFmpegError as error:
                if not isinstance(error, av.InvalidDataError) and error.errno != errno.EINVAL:
                    raise
                self._drop(index, error)
                return

    def _drop(self, index: int, error: BaseException) -> None:
        self._tracks.pop(index, None)
        self._over.discard(index)
        self._say(f"A track of {self._name} is damaged; the rest of it is left out.", error)

    def _give_up(self, error: BaseException) -> None:
        self.close()
        self._say(
            f"What else {self._name} holds cannot be taken over; {self._target_name} has its images alone.",
            error,
        )

    def _say(self, sentence: str, error: BaseException | None = None) -> None:
        if sentence not in self._left_out:
            self._left_out.append(sentence)
        if error is not None:
            _log.debug("%s", sentence, exc_info=error)

    def _add_metadata(self, source: InputContainer) -> None:
        kept = {
            key: value for key, value in source.metadata.items() if key.lower() not in _FILE_METADATA_LEFT
        }
        self._output.metadata.update(kept)

    def _add_chapters(self, source: InputContainer) -> None:
        chapters = source.chapters()
        if chapters and not self._kind.has_chapters:
            self._say(f"{self._target_name} can hold no chapters; those of {self._name} are left out.")
            return
        moved = [self._moved(chapter) for chapter in chapters if chapter["time_base"]]
        kept = [one for one in moved if one["end"] > one["start"]]
        for number, chapter in enumerate(kept, 1):
            chapter["id"] = number
        if kept:
            self._output.set_chapters(kept)

    def _moved(self, chapter: Chapter) -> Chapter:
        """``chapter`` in times of the output, clipped to the part; one outside ends before it starts."""
        base = float(chapter["time_base"] or _CHAPTER_CLOCK)
        start_s = max(0.0, chapter["start"] * base - self._window.shift_s)
        end_s = chapter["end"] * base - self._window.shift_s
        if self._window.end_s is not None:
            end_s = min(end_s, self._window.end_s)
        return {
            "id": 0,
            "start": round(start_s / _CHAPTER_CLOCK),
            "end": round(end_s / _CHAPTER_CLOCK),
            "time_base": _CHAPTER_CLOCK,
            "metadata": dict(chapter["metadata"]),
        }

    def _add_tracks(self, source: InputContainer) -> None:
        videos = [one for one in source.streams.video if not one.disposition & Disposition.attached_pic]
        if len(videos) > 1:
            self._say(f"{self._name} holds {len(videos)} videos; {self._target_name} has one of them.")
        for stream in source.streams:
            track: Track | None = None
            if isinstance(stream, AudioStream):
                track = self._sound(stream)
            elif isinstance(stream, SubtitleStream):
                track = self._subtitles(stream)
            elif isinstance(stream, AttachmentStream) and self._kind.has_attachments:
                name = stream.metadata.get("filename") or stream.name or "attachment"
                self._output.add_attachment(name, stream.mimetype or "application/octet-stream", stream.data)
            if track is not None:
                self._tracks[stream.index] = track

    def _sound(self, source: AudioStream) -> Track | None:
        if self._kind.sound_encoder is None:
            self._say(f"{self._target_name} can hold no sound; that of {self._name} is left out.")
            return None
        # Without its header, AAC as in MPEG-TS is laid out in another way than files of MP4 need.
        is_whole = source.codec_context is not None and not (
            source.codec_context.name == "aac" and not source.codec_context.extradata
        )
        if is_whole and (
            self._kind.sound_copied is None or source.codec_context.name in self._kind.sound_copied
        ):
            try:
                target = self._output.add_stream_from_template(source)
            except ValueError:
                pass  # the muxer does not know the codec
            else:
                return CopiedSound(source, self._describe(target, source), self._window)
        if source.codec_context is None or self._kind.sound_encoder not in av.codecs_available:
            self._say(f"The sound of {self._name} is of a kind that cannot be read; it is left out.")
            return None
        stream = _sound_stream(self._output, self._kind.sound_encoder, source)
        self._describe(stream, source)
        return ConvertedSound(source, stream, self._window)

    def _subtitles(self, source: SubtitleStream) -> Track | None:
        # Not the context's name, which is the decoder's: that of hdmv_pgs_subtitle is "pgssub".
        codec = source.codec_context.codec.canonical_name if source.codec_context is not None else ""
        target: Stream
        if codec in self._kind.subtitles_copied:
            target = self._output.add_stream_from_template(source)
        elif self._kind.subtitle_encoder is not None and codec in _TEXT_SUBTITLES:
            target = self._output.add_stream(self._kind.subtitle_encoder)
        else:
            kind = "subtitles" if self._kind.subtitle_encoder is None else "such subtitles"
            self._say(f"{self._target_name} can hold no {kind}; those of {self._name} are left out.")
            return None
        assert isinstance(target, SubtitleStream)
        self._describe(target, source)
        converted = codec not in self._kind.subtitles_copied
        return Subtitles(source, target, self._window, converted=converted)

    def _describe(self, target: Stream, source: Stream) -> Stream:
        """Give ``target`` the language, title and dispositions of ``source``."""
        kept = {key: value for key, value in source.metadata.items() if key in _STREAM_METADATA}
        language = kept.get("language")
        if language is not None and self._output.format.name == "mov":
            kept["language"] = _BIBLIOGRAPHIC.get(language, language)
        target.metadata.update(kept)
        target.disposition = source.disposition
        return target

    def _start_reading(self, source: InputContainer, from_s: float) -> None:
        if not self._tracks:
            self.close()
            return
        for stream in source.streams:
            if stream.index not in self._tracks:
                stream.discard = Discard.all
        if from_s > (source.start_time or 0) / av.time_base:
            source.seek(round(from_s * av.time_base))
        self._packets = source.demux([source.streams[index] for index in self._tracks])
        self._look_ahead({index for index in self._tracks if source.streams[index].type == "audio"})

    def _look_ahead(self, sound: set[int]) -> None:
        """Read until all of ``sound`` has begun, or some seconds into the part."""
        while sound and len(self._ahead) < _AHEAD_PACKETS:
            packet = self._read()
            if packet is None:
                break
            placed_s = self._window.place(packet)
            if placed_s is None or (placed_s < -_PREROLL_S and packet.stream_index in sound):
                continue
            self._ahead.append(packet)
            if placed_s > _BEGINS_WITHIN_S:
                break
            if placed_s >= 0:
                sound.discard(packet.stream_index)
        self.begins_at_once = not sound


def _sound_stream(output: OutputContainer, encoder: str, source: AudioStream) -> AudioStream:
    """A stream of ``output`` as like ``source`` as its encoder can."""
    codec = av.Codec(encoder, "w")
    rates = codec.audio_rates or []
    rate = source.codec_context.sample_rate
    channels = source.codec_context.layout.nb_channels
    stream = output.add_stream(encoder, rate=rate if not rates or rate in rates else 48_000)
    assert isinstance(stream, AudioStream)
    if channels == 1:
        layout = "mono"
    else:
        layout = "5.1" if channels >= _SURROUND_CHANNELS and encoder != "libmp3lame" else "stereo"
    stream.codec_context.layout = layout
    formats = codec.audio_formats
    if formats:
        stream.codec_context.format = formats[0]
    stream.codec_context.bit_rate = _BITS_PER_CHANNEL * min(stream.codec_context.layout.nb_channels, 4)
    return stream

"""Video files."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Protocol

import av

from agecam.errors import SourceError
from agecam.messages import Frame
from agecam.sources.animation import AnimationDecoder
from agecam.sources.file_decoder import FileDecoder
from agecam.sources.files import check_file
from agecam.sources.image import plays_as_animation
from agecam.sources.media import Decoded
from agecam.sources.seeking import PastEndError
from agecam.sources.selection import FrameSelection, nothing_selected, select
from agecam.sources.video_header import NoVideoError, TooLargeError, UnknownCodecError

_log = logging.getLogger(__name__)


class _Decoder(Protocol):
    """What :class:`VideoFileSource` needs of a decoder."""

    fps: float | None
    frame_count: int | None

    @property
    def damage(self) -> str | None: ...
    @property
    def duration_s(self) -> float | None: ...
    def frames(self) -> Iterator[Decoded]: ...
    def frames_from(self, start_s: float, /) -> Iterator[Decoded] | None: ...
    def close(self) -> None: ...


class VideoFileSource:
    """A video file or an animated image, every frame with its true presentation time and duration.

    Times count from where the file begins: a video that begins after its sound has a first frame above 0.
    They keep the file's own pace, also where it varies. A file that is damaged after its start gives
    what can be decoded, then ends; :attr:`damage` then says what is wrong, and a warning is logged.
    The only frame of a whole file that holds one is a still, and in every selection.

    Of a ``selection`` the frames before its start are not decoded where that can be exact. With
    ``keeps_coded`` frames have a :attr:`agecam.messages.Frame.coded` where the file holds what fits.
    """

    is_live = False
    is_camera = False

    def __init__(
        self, path: Path | str, selection: FrameSelection | None = None, *, keeps_coded: bool = False
    ) -> None:
        self._path = Path(path)
        self._keeps_coded = keeps_coded
        self._selection = selection or FrameSelection()
        self._decoder: _Decoder | None = None
        self._selected: Iterator[tuple[Decoded, float | None]] = iter(())
        self._is_still = False
        self.damage: str | None = None
        """One sentence on what is wrong with the frames given; ``None``: nothing. Of what lies behind the
        last frame, known once the end is reached."""

    @property
    def name(self) -> str:
        return self._path.name

    @property
    def fps(self) -> float | None:
        fps = self._decoder.fps if self._decoder else None
        return fps and fps / self._selection.every

    @property
    def duration_s(self) -> float | None:
        """For how many seconds it plays, as its header has it; ``None`` where unknown or not open."""
        return self._decoder.duration_s if self._decoder else None

    @property
    def frame_count(self) -> int | None:
        if self._decoder is None:
            return None
        return self._selection.count(self._decoder.frame_count, self._decoder.fps)

    def selected(self, selection: FrameSelection) -> VideoFileSource:
        """The same file, not open, with the frames of ``selection`` alone."""
        return VideoFileSource(self._path, selection, keeps_coded=self._keeps_coded)

    def open(self) -> None:
        self.close()
        check_file(self._path)
        try:
            decoder = (
                AnimationDecoder(self._path) if plays_as_animation(self._path) else FileDecoder(self._path)
            )
        except UnknownCodecError:
            raise SourceError(
                f"{self._path} is damaged, or its video is of a kind that AgeCam cannot decode; "
                "convert it to MP4."
            ) from None
        except NoVideoError:
            raise SourceError(f"{self._path} holds no moving pictures; choose a video.") from None
        except TooLargeError as error:
            raise SourceError(
                f"{self._path} is too large to be read: {error.size} pixels; make a smaller copy of it."
            ) from None
        except av.FFmpegError as error:
            raise self._not_a_video() from error
        self._decoder = decoder
        try:
            self._selected = self._select(decoder)
        except BaseException:
            self.close()
            raise

    def read(self) -> Frame | None:
        if self._decoder is None:
            return None
        selected = next(self._selected, None)
        if selected is None:
            self._note_damage(self._decoder.damage)
            return None
        frame, duration_s = selected
        try:
            image = frame.image()
        except (av.FFmpegError, ValueError) as error:
            raise SourceError(f"{self._path} has colours that AgeCam does not know; convert it.") from error
        coded = frame.coded(image) if self._keeps_coded else None
        return Frame(image, frame.time_s, frame.index, self._is_still, duration_s, coded)

    def close(self) -> None:
        self._selected = iter(())
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None

    def _select(self, decoder: _Decoder) -> Iterator[tuple[Decoded, float | None]]:
        """The frames to give; that there is one is known already."""
        decoded = decoder.frames()
        first = list(islice(decoded, 2))
        if not first:
            raise self._not_a_video()
        self._is_still = len(first) == 1 and decoder.damage is None
        selection = FrameSelection() if self._is_still else self._selection
        late = None
        if selection.start_s > first[-1].time_s:
            try:
                late = decoder.frames_from(selection.start_s)
            except PastEndError as error:
                raise nothing_selected(self.name, selection, error.last_s) from None
        selected = select(late or chain(first, decoded), selection, self.name)
        return chain(list(islice(selected, 1)), selected)

    def _not_a_video(self) -> SourceError:
        if not self._path.stat().st_size:
            return SourceError(f"{self._path} is empty; choose another video.")
        return SourceError(f"{self._path} is damaged or not a video; try whether a video player opens it.")

    def _note_damage(self, damage: str | None) -> None:
        if damage is not None and self.damage is None:
            self.damage = f"{self._path} is damaged: {damage}."
            _log.warning("%s", self.damage)

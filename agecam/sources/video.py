"""Video files."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Protocol

import av
import numpy as np
from numpy.typing import NDArray

from agecam.errors import SourceError
from agecam.messages import Frame
from agecam.sources.animation import AnimationDecoder
from agecam.sources.files import check_file
from agecam.sources.image import plays_as_animation
from agecam.sources.media import Decoder, NoVideoError
from agecam.sources.structure import is_cut_off

_log = logging.getLogger(__name__)


class _Decoder(Protocol):
    """What :class:`VideoFileSource` needs of a decoder; each frame is BGR, read-only, with its time."""

    fps: float | None
    frame_count: int | None

    @property
    def damage(self) -> str | None: ...
    def __iter__(self) -> Iterator[tuple[NDArray[np.uint8], float]]: ...
    def close(self) -> None: ...


class _FileDecoder:
    """A :class:`_Decoder` of a file that FFmpeg plays."""

    def __init__(self, path: Path) -> None:
        # "file:" lets a name that holds a colon be a name. Metadata may be in any encoding.
        self._container = av.open(f"file:{path}", metadata_errors="replace")
        try:
            self._decoder = Decoder(self._container, cut_off=is_cut_off(path))
        except BaseException:
            self._container.close()
            raise
        self.fps = self._decoder.fps
        self.frame_count = self._decoder.frame_count

    @property
    def damage(self) -> str | None:
        return self._decoder.damage

    def __iter__(self) -> Iterator[tuple[NDArray[np.uint8], float]]:
        return ((self._decoder.to_bgr(frame), time_s) for frame, time_s in self._decoder)

    def close(self) -> None:
        self._container.close()


class VideoFileSource:
    """A video file or an animated image, every frame with its true presentation time from 0.

    Times keep the file's own pace, also where it varies. A file that is damaged after its start gives
    what can be decoded, then ends; :attr:`damage` then says what is wrong, and a warning is logged.
    The only frame of a whole file that holds one is a still.
    """

    is_live = False
    is_camera = False

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._decoder: _Decoder | None = None
        self._decoded: Iterator[tuple[NDArray[np.uint8], float]] = iter(())
        self._is_still = False
        self._index = 0
        self.damage: str | None = None
        """One sentence on what is wrong with the file, known once its end is reached; ``None``: nothing."""

    @property
    def name(self) -> str:
        return self._path.name

    @property
    def fps(self) -> float | None:
        return self._decoder.fps if self._decoder else None

    @property
    def frame_count(self) -> int | None:
        return self._decoder.frame_count if self._decoder else None

    def open(self) -> None:
        self.close()
        check_file(self._path)
        try:
            self._decoder = (
                AnimationDecoder(self._path) if plays_as_animation(self._path) else _FileDecoder(self._path)
            )
        except NoVideoError:
            raise SourceError(f"{self._path} holds no moving pictures; choose a video.") from None
        except av.FFmpegError as error:
            raise self._not_a_video() from error
        decoded = iter(self._decoder)
        first = list(islice(decoded, 2))
        if not first:
            self.close()
            raise self._not_a_video()
        self._is_still = len(first) == 1 and self._decoder.damage is None
        self._decoded = chain(first, decoded)

    def read(self) -> Frame | None:
        if self._decoder is None:
            return None
        decoded = next(self._decoded, None)
        if decoded is None:
            self._note_damage(self._decoder.damage)
            return None
        self._index += 1
        return Frame(*decoded, index=self._index - 1, is_still=self._is_still)

    def close(self) -> None:
        self._decoded = iter(())
        self._index = 0
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None

    def _not_a_video(self) -> SourceError:
        if not self._path.stat().st_size:
            return SourceError(f"{self._path} is empty; choose another video.")
        return SourceError(f"{self._path} is damaged or not a video; try whether a video player opens it.")

    def _note_damage(self, damage: str | None) -> None:
        if damage is not None and self.damage is None:
            self.damage = f"{self._path} is damaged: {damage}."
            _log.warning("%s", self.damage)

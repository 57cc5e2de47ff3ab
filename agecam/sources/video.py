"""Video files."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import av
from av.container import InputContainer
from av.video.frame import VideoFrame

from agecam.errors import SourceError
from agecam.messages import Frame
from agecam.sources.files import check_file
from agecam.sources.media import Decoder, NoVideoError

_log = logging.getLogger(__name__)


class VideoFileSource:
    """A video file, every frame with its true presentation time from 0.

    Times keep the file's own pace, also where it varies. A file that is damaged after its start gives
    what can be decoded, then ends; :attr:`damage` then says what is wrong, and a warning is logged.
    """

    is_live = False
    is_camera = False

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._container: InputContainer | None = None
        self._decoder: Decoder | None = None
        self._decoded: Iterator[tuple[VideoFrame, float]] = iter(())
        self._first: tuple[VideoFrame, float] | None = None
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
            # "file:" lets a name that holds a colon be a name.
            self._container = av.open(f"file:{self._path}")
            self._decoder = Decoder(self._container)
        except NoVideoError:
            self.close()
            raise SourceError(f"{self._path} holds no moving pictures; choose a video.") from None
        except av.FFmpegError as error:
            self.close()
            raise self._not_a_video() from error
        self._decoded = iter(self._decoder)
        self._first = next(self._decoded, None)
        if self._first is None:
            self.close()
            raise self._not_a_video()

    def read(self) -> Frame | None:
        if self._decoder is None:
            return None
        decoded, self._first = self._first or next(self._decoded, None), None
        if decoded is None:
            self._note_damage(self._decoder.damage)
            return None
        self._index += 1
        return Frame(self._decoder.to_bgr(decoded[0]), decoded[1], self._index - 1)

    def close(self) -> None:
        self._decoded = iter(())
        self._first = None
        self._decoder = None
        self._index = 0
        if self._container is not None:
            self._container.close()
            self._container = None

    def _not_a_video(self) -> SourceError:
        if not self._path.stat().st_size:
            return SourceError(f"{self._path} is empty; choose another video.")
        return SourceError(f"{self._path} is damaged or not a video; try whether a video player opens it.")

    def _note_damage(self, damage: str | None) -> None:
        if damage is not None and self.damage is None:
            self.damage = f"{self._path} is damaged: {damage}."
            _log.warning("%s", self.damage)

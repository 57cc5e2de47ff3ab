"""Network streams: RTSP, HTTP (MJPEG among them) and whatever else FFmpeg opens by address."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import av
from av.container import InputContainer
from av.video.frame import VideoFrame

from agecam.errors import SourceError, SourceLostError, SourceNotReadyError
from agecam.messages import Frame
from agecam.sources.address import without_secrets as without_secrets
from agecam.sources.media import Decoder
from agecam.sources.video_header import NoVideoError, TooLargeError

_MAY_COME: Final = (
    av.HTTPNotFoundError,  # what servers say of a camera that does not send to them yet
    av.HTTPServerError,
    av.ExitError,
    av.TimeoutError,
    OSError,
)
"""Errors of opening that go away when the camera or its network is up."""


@dataclass(frozen=True, slots=True)
class StreamConfig:
    """How long a network stream is waited for, and how it is asked for."""

    open_timeout_s: float = 10.0
    """Seconds to an answer, and from there to the first frame."""

    read_timeout_s: float = 4.0
    """A stream that sends nothing for so many seconds is lost."""

    rtsp_transport: str = "tcp"
    """UDP loses packets on most wireless networks, and the image smears."""

    longest_wait_s: float = 0.25
    """A frame that waits so long for its reader makes room for newer ones; a busy computer lets a thread wait
    for 0.1 s."""

    most_waiting: int = 8
    """So many frames wait at most: those of 60 a second for half of ``longest_wait_s``."""

    probe_s: float = 1.5
    """Seconds for which FFmpeg watches an MJPEG stream to learn its frame rate; its default is 5."""

    def ffmpeg_options(self) -> dict[str, str]:
        """The options of ``av.open``."""
        return {
            "rtsp_transport": self.rtsp_transport,
            "analyzeduration": str(round(self.probe_s * 1_000_000)),
        }


class StreamSource:
    """Video from a network address.

    A live stream is read by a thread of its own, whether or not its frames are wanted, and ``read`` gives
    frame after frame to whoever keeps pace, and leaves out what has become old for others: it never falls
    behind. ``Frame.index`` counts those left out too. What turns out to be a recording (its duration is
    known) is given frame by frame with media times, as a file is, and :attr:`is_live` is then false.

    Neither :attr:`name` nor any error shows what an address may hold of user names, passwords and tokens.
    ``clock`` gives the monotonic seconds of a live stream's frames.
    """

    is_camera = False

    def __init__(
        self,
        url: str,
        config: StreamConfig | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._config = config or StreamConfig()
        self._clock = clock
        self._container: InputContainer | None = None
        self._decoder: Decoder | None = None
        self._decoded: Iterator[tuple[VideoFrame, float]] = iter(())
        self._reader: _LiveReader | None = None
        self._live = True
        self._index = 0

    @property
    def name(self) -> str:
        return without_secrets(self._url)

    @property
    def is_live(self) -> bool:
        """Known once the stream is open; true before."""
        return self._live

    @property
    def fps(self) -> float | None:
        return self._decoder.fps if self._decoder else None

    @property
    def frame_count(self) -> int | None:
        return self._decoder.frame_count if self._decoder and not self._live else None

    def open(self) -> None:
        self.close()
        try:
            self._container = av.open(
                self._url,
                options=self._config.ffmpeg_options(),
                metadata_errors="replace",
                timeout=(self._config.open_timeout_s, self._config.read_timeout_s),
            )
            self._live = not self._container.duration
            self._decoder = Decoder(self._container, live=self._live)
        except NoVideoError:
            self.close()
            raise SourceError(f"{self.name} sends no moving pictures; check the address.") from None
        except TooLargeError as error:
            self.close()
            raise SourceError(
                f"{self.name} is too large: {error.size} pixels; ask for a smaller one."
            ) from None
        except (av.FFmpegError, ValueError) as error:
            self.close()
            # Not "from error": its text holds the whole address, and tracebacks go to the log.
            kind = SourceNotReadyError if isinstance(error, _MAY_COME) else SourceError
            raise kind(self._why_not(error)) from None
        self._decoded = iter(self._decoder)
        if self._live:
            self._reader = _LiveReader(self._decoded, self._config, self._clock)

    def read(self) -> Frame | None:
        if self._decoder is None:
            return None
        if self._reader is not None:
            config = self._config
            live = self._reader.take(config.read_timeout_s if self._index else config.open_timeout_s)
            decoded = None
            if live is not None:
                self._index, decoded = live.index, (live.frame, live.time_s)
        else:
            decoded = next(self._decoded, None)
        if decoded is None:
            if self._live or self._decoder.is_interrupted:
                raise SourceLostError(
                    f"{self.name} sends no more pictures; check the network and whether it is still on."
                )
            return None
        self._index += 1
        frame, time_s = decoded
        return Frame(self._decoder.to_bgr(frame), time_s, self._index - 1)

    def close(self) -> None:
        """Waits for the reading thread: of a silent stream at most ``read_timeout_s`` of the config."""
        reader, self._reader = self._reader, None
        container, self._container = self._container, None
        self._decoder = None
        self._decoded = iter(())
        self._live = True
        self._index = 0
        if reader is not None:
            reader.stop()
        if container is not None:
            container.close()

    def _why_not(self, error: Exception) -> str:
        name = self.name
        match error:
            case av.HTTPUnauthorizedError():
                return (
                    f"{name} wants a user name and a password; put them into the address as in "
                    "rtsp://user:password@host/."
                )
            case av.HTTPForbiddenError():
                return f"{name} refuses to show this address; ask its owner for access."
            case av.HTTPNotFoundError():
                return f"{name} is not there (404); check the path in the address."
            case av.HTTPError():
                return f"{name} answers with an error of its own; try again later."
            case av.ConnectionRefusedError():
                return f"{name} refuses the connection; check the port, and whether it is on."
            case av.ProtocolNotFoundError():
                return f"{name} is of a kind that AgeCam cannot open; use http, https, rtsp, rtmp or udp."
            case av.ExitError() | av.TimeoutError():
                return f"{name} does not answer; check the address, and whether it is on."
            case OSError():
                return f"{name} cannot be reached; check the address and the network."
            case _:
                return f"{name} sends no video that AgeCam knows; check the address."


@dataclass(frozen=True, slots=True)
class _LiveFrame:
    """A decoded frame, its number in the stream, and when it came, in monotonic seconds."""

    frame: VideoFrame
    index: int
    time_s: float


class _LiveReader:
    """Decodes a live stream as fast as it comes and keeps the newest frames, few and for a moment."""

    def __init__(
        self,
        decoded: Iterator[tuple[VideoFrame, float]],
        config: StreamConfig,
        clock: Callable[[], float],
    ) -> None:
        self._decoded = decoded
        self._config = config
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting: deque[_LiveFrame] = deque(maxlen=config.most_waiting)
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="agecam-stream", daemon=True)
        self._thread.start()

    def take(self, timeout_s: float) -> _LiveFrame | None:
        """The next frame that is not much older than the newest.

        Waits for it; ``None`` when the stream has ended or sent nothing for ``timeout_s`` seconds.
        """
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._stopped, timeout_s)
            if not self._waiting:
                return None
            oldest_s = self._waiting[-1].time_s - self._config.longest_wait_s
            while self._waiting[0].time_s < oldest_s:
                self._waiting.popleft()
            return self._waiting.popleft()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
        self._thread.join()

    def _run(self) -> None:
        try:
            for index, (frame, _) in enumerate(self._decoded):
                live = _LiveFrame(frame, index, self._clock())
                with self._changed:
                    if self._stopped:
                        break
                    self._waiting.append(live)
                    self._changed.notify()
        finally:
            with self._changed:
                self._stopped = True
                self._changed.notify()

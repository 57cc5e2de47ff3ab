"""Network streams: RTSP, HTTP (MJPEG among them) and whatever else FFmpeg opens by address."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import av
from av.container import InputContainer
from av.video.frame import VideoFrame

from agecam.errors import SourceError, SourceLostError
from agecam.messages import Frame
from agecam.sources.media import Decoder, NoVideoError

OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 4.0
"""A stream that sends nothing for this long is lost."""

_OPTIONS = {
    "rtsp_transport": "tcp",  # UDP loses packets on most wireless networks, and the picture smears
    # FFmpeg would watch an MJPEG stream for 5 s to learn its frame rate.
    "analyzeduration": "1500000",
}


class StreamSource:
    """Moving pictures from a network address.

    A live stream is read by a thread of its own, whether or not its frames are wanted, and ``read`` gives
    the newest: the picture never falls behind. What turns out to be a recording (its length is known) is
    given frame by frame with media times, as a file is, and :attr:`is_live` is then false.

    Neither :attr:`name` nor any error shows what an address may hold of user names, passwords and tokens.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._container: InputContainer | None = None
        self._decoder: Decoder | None = None
        self._pictures: Iterator[tuple[VideoFrame, float]] = iter(())
        self._drain: _Drain | None = None
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
                self._url, options=dict(_OPTIONS), timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S)
            )
            self._live = not self._container.duration
            self._decoder = Decoder(self._container, live=self._live)
        except NoVideoError:
            self.close()
            raise SourceError(f"{self.name} sends no moving pictures; check the address.") from None
        except (av.FFmpegError, ValueError) as error:
            self.close()
            # Not "from error": its text holds the whole address, and tracebacks go to the log.
            raise SourceError(self._why_not(error)) from None
        self._pictures = iter(self._decoder)
        if self._live:
            self._drain = _Drain(self._pictures)

    def read(self) -> Frame | None:
        if self._decoder is None:
            return None
        if self._drain is not None:
            patience_s = READ_TIMEOUT_S if self._index else OPEN_TIMEOUT_S
            picture = self._drain.newest(patience_s)
        else:
            picture = next(self._pictures, None)
        if picture is None:
            if self._live or self._decoder.broke_off:
                raise SourceLostError(
                    f"{self.name} sends no more pictures; check the network and whether it is still on."
                )
            return None
        self._index += 1
        return Frame(self._decoder.to_bgr(picture[0]), picture[1], self._index - 1)

    def close(self) -> None:
        """Waits for the reading thread, which takes at most :data:`READ_TIMEOUT_S` of a silent stream."""
        drain, self._drain = self._drain, None
        container, self._container = self._container, None
        self._decoder = None
        self._pictures = iter(())
        self._live = True
        self._index = 0
        if drain is not None:
            drain.stop()
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


class _Drain:
    """Decodes a live stream as fast as it comes and keeps the newest picture."""

    def __init__(self, pictures: Iterator[tuple[VideoFrame, float]]) -> None:
        self._pictures = pictures
        self._changed = threading.Condition()
        self._newest: tuple[VideoFrame, float] | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="agecam-stream", daemon=True)
        self._thread.start()

    def newest(self, patience_s: float) -> tuple[VideoFrame, float] | None:
        """The newest picture not given before and when it came, in seconds of ``time.monotonic()``.

        Waits for it; ``None`` when the stream has ended or sent nothing for ``patience_s`` seconds.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._stopped, patience_s)
            newest, self._newest = self._newest, None
            return newest

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
        self._thread.join()

    def _run(self) -> None:
        try:
            for frame, _ in self._pictures:
                with self._changed:
                    if self._stopped:
                        break
                    self._newest = frame, time.monotonic()
                    self._changed.notify()
        finally:
            with self._changed:
                self._stopped = True
                self._changed.notify()


def without_secrets(url: str) -> str:
    """The address without user name, password, query and fragment, fit to be shown.

    Everything up to the last ``@`` goes, because an unescaped password may hold any character before it.
    """
    scheme, _, rest = url.partition("://")
    rest = rest.rpartition("@")[2]
    return f"{scheme}://{rest.partition('?')[0].partition('#')[0]}"

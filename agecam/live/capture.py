"""The capture thread: opens, reads and releases the source, and brings it back when it is lost."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from agecam.errors import CameraBusyError, CameraNotFoundError, SourceError, SourceLostError
from agecam.live.slot import LatestSlot
from agecam.live.state import SourceState
from agecam.live.statistics import StatisticsCollector
from agecam.messages import Frame
from agecam.sources import list_cameras, open_source
from agecam.sources.base import Source
from agecam.sources.camera import CameraSource

log = logging.getLogger(__name__)

_RETRY_FIRST_S: Final = 0.5
_RETRY_LONGEST_S: Final = 4.0
_STILL_INTERVAL_S: Final = 0.2
_LAG_FORGIVEN_S: Final = 0.5
_READY_POLL_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """What is to be shown. ``spec`` as for :func:`agecam.sources.open_source`.

    With ``spec`` ``None`` it is the camera called ``preferred`` where that is plugged in, else the first.
    ``loop`` plays a file again and again.
    """

    spec: str | None
    preferred: str | None = None
    loop: bool = False


@dataclass(frozen=True, slots=True)
class Captured:
    """A frame on its way to analysis; ``epoch`` grows with every newly opened source."""

    frame: Frame
    captured_s: float
    epoch: int
    from_camera: bool
    is_still: bool


@dataclass(frozen=True, slots=True)
class CaptureState:
    """Where the capture thread stands."""

    state: SourceState
    source_name: str = ""
    message: str = ""
    epoch: int = 0


class CaptureThread:
    """Serves one :class:`SourceRequest` after another and puts frames into a slot, newest wins.

    A file waits for ``ready`` before its first frame, so that nothing of it is missed while models load.
    """

    def __init__(
        self,
        slot: LatestSlot[Captured],
        statistics: StatisticsCollector,
        ready: threading.Event,
        on_change: Callable[[], None],
    ) -> None:
        self._slot = slot
        self._ready = ready
        self._statistics = statistics
        self._on_change = on_change
        self._lock = threading.Lock()
        self._request: SourceRequest | None = None
        self._state = CaptureState(SourceState.IDLE)
        self._epoch = 0
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="agecam-capture")

    def start(self) -> None:
        self._thread.start()

    def request(self, request: SourceRequest) -> None:
        """Leave the present source and serve this one; returns at once."""
        with self._lock:
            self._request = request
            self._state = CaptureState(SourceState.LOADING)
        self._wake.set()
        self._on_change()

    def retry(self) -> None:
        """Try a missing source again now instead of after the wait."""
        self._wake.set()

    def state(self) -> CaptureState:
        with self._lock:
            return self._state

    def stop(self) -> None:
        """Ask the thread to end; returns at once."""
        self._stopping = True
        self._wake.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end of the thread; false when a device call has not returned by then."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        served: SourceRequest | None = None
        while not self._stopping:
            with self._lock:
                request = self._request
            if request is None or request is served:
                self._wake.wait()
                self._wake.clear()
                continue
            self._serve(request)
            served = request

    def _is_current(self, request: SourceRequest) -> bool:
        with self._lock:
            return not self._stopping and self._request is request

    def _set_state(
        self, request: SourceRequest, state: SourceState, name: str = "", message: str = ""
    ) -> None:
        with self._lock:
            if self._request is not request:  # a newer request has set its own state
                return
            self._state = CaptureState(state, name, message, self._epoch)
        self._on_change()

    def _serve(self, request: SourceRequest) -> None:
        """Show one source until another is wanted, bringing it back whenever it is lost."""
        was_live = False
        wait_s = _RETRY_FIRST_S
        while self._is_current(request):
            self._wake.clear()
            try:
                was_live = self._show(request) or was_live
                return
            except CameraNotFoundError as error:
                state = SourceState.DISCONNECTED if was_live else SourceState.NO_CAMERA
                message = str(error)
            except CameraBusyError as error:
                state, message = SourceState.BUSY, str(error)
            except SourceLostError as error:
                was_live, wait_s = True, _RETRY_FIRST_S
                state, message = SourceState.DISCONNECTED, str(error)
            except SourceError as error:
                # What has been live may come back; what never was is told once.
                state = SourceState.DISCONNECTED if was_live else SourceState.FAILED
                message = str(error)
            log.info("source %s: %s", state.value, message)
            self._slot.clear()
            self._set_state(request, state, message=message)
            if state is SourceState.FAILED or not self._is_current(request):
                return
            woken = self._wake.wait(wait_s)
            wait_s = _RETRY_FIRST_S if woken else min(wait_s * 2, _RETRY_LONGEST_S)

    def _show(self, request: SourceRequest) -> bool:
        source = open_source(request.spec if request.spec is not None else _default_camera(request.preferred))
        try:
            source.open()
            self._epoch += 1
            self._statistics.reset()
            self._pump(source, request)
        finally:
            source.close()
        return True

    def _pump(self, source: Source, request: SourceRequest) -> None:
        still = source.frame_count == 1 and not source.is_live
        pace = _Pace(paced=not source.is_live)
        frame = None
        while self._is_current(request):
            following = source.read()
            if following is None:
                if frame is None:
                    raise SourceError(f"{source.name} holds no picture that can be decoded.")
                if still:
                    self._hold(source, request, frame, pace)
                    return
                if not request.loop:
                    self._set_state(request, SourceState.ENDED, source.name)
                    return
                pace.rewind(1 / (source.fps or 25.0))
                source.close()
                source.open()
                continue
            first, frame = frame is None, pace.on_time_line(following)
            if first:
                self._set_state(request, SourceState.LIVE, source.name)
                if not source.is_live and not self._until_ready(request):
                    return
            if not self._wait_until(pace.due_s(frame.time_s), request):
                return
            self._put(source, frame, still)

    def _until_ready(self, request: SourceRequest) -> bool:
        while not self._ready.wait(_READY_POLL_S):
            if not self._is_current(request):
                return False
        return True

    def _hold(self, source: Source, request: SourceRequest, frame: Frame, pace: _Pace) -> None:
        """Keep offering a still picture, so that it can be recorded like anything else."""
        while self._is_current(request):
            frame = dataclasses.replace(frame, time_s=frame.time_s + _STILL_INTERVAL_S, index=frame.index + 1)
            if self._wait_until(pace.due_s(frame.time_s), request):
                self._put(source, frame, still=True)

    def _put(self, source: Source, frame: Frame, still: bool) -> None:
        self._statistics.captured()
        from_camera = isinstance(source, CameraSource)
        self._slot.put(Captured(frame, time.monotonic(), self._epoch, from_camera, still))

    def _wait_until(self, due_s: float, request: SourceRequest) -> bool:
        while (left_s := due_s - time.monotonic()) > 0:
            if not self._is_current(request):
                return False
            # A plug event may set the flag while a file plays: it only costs one more turn of this loop.
            self._wake.wait(left_s)
            self._wake.clear()
        return True


class _Pace:
    """Puts a file's frames on a time line that never goes back, and says when each is due."""

    def __init__(self, *, paced: bool) -> None:
        self._paced = paced
        self._offset_s = 0.0
        self._index_offset = 0
        self._last: Frame | None = None
        self._start_s: float | None = None

    def on_time_line(self, frame: Frame) -> Frame:
        if self._offset_s:
            frame = dataclasses.replace(
                frame, time_s=frame.time_s + self._offset_s, index=frame.index + self._index_offset
            )
        self._last = frame
        return frame

    def rewind(self, gap_s: float) -> None:
        """The file starts again, ``gap_s`` after its last frame."""
        if self._last is not None:
            self._offset_s = self._last.time_s + gap_s
            self._index_offset = self._last.index + 1

    def due_s(self, time_s: float) -> float:
        """When to hand on the frame of that media time, on the monotonic clock."""
        now_s = time.monotonic()
        if not self._paced:
            return now_s
        if self._start_s is None or now_s - (self._start_s + time_s) > _LAG_FORGIVEN_S:
            self._start_s = now_s - time_s  # the first frame, or decoding cannot keep up: start counting anew
        return self._start_s + time_s


def _default_camera(preferred: str | None) -> str:
    cameras = list_cameras()
    if not cameras:
        raise CameraNotFoundError("No camera is plugged in. Plug one in, or open a file or an address.")
    for camera in cameras:
        if camera.name == preferred:
            return str(camera.index)
    return str(cameras[0].index)

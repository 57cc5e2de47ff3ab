"""The capture thread: opens, reads and releases the source, and brings it back when it is lost."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agecam.errors import (
    CameraBusyError,
    CameraDeniedError,
    CameraNotFoundError,
    SourceError,
    SourceLostError,
    SourceNotReadyError,
)
from agecam.live.camera_control import CameraControl
from agecam.live.playback import PlaybackControl
from agecam.live.played import PlayedStretches
from agecam.live.player import FilePlayer
from agecam.live.slot import LatestSlot
from agecam.live.state import SourceState, SourceStatus
from agecam.live.statistics import StatisticsCollector
from agecam.messages import Frame
from agecam.sources.base import Source
from agecam.sources.camera import CameraSource
from agecam.sources.cameras import Camera, list_cameras

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CaptureConfig:
    """Limits of the capture thread, in seconds."""

    retry_first_s: float = 0.5
    """Wait before a missing source is tried again; doubled at each failure. A camera that was plugged in
    takes 0.3 s until it may be opened."""
    retry_longest_s: float = 4.0
    """The longest such wait: a probe of a missing camera costs some milliseconds."""
    ready_poll_s: float = 0.1
    """While models load: how soon another request is noticed."""


def _open_source(spec: str) -> Source:
    from agecam.sources.factory import open_source  # with FFmpeg, which the window begins without

    return open_source(spec)


@dataclass(frozen=True, slots=True)
class SourceOpener:
    """How sources come about; tests hand in their own."""

    open_source: Callable[[str], Source] = _open_source
    list_cameras: Callable[[], list[Camera]] = list_cameras
    open_camera: Callable[[Camera], Source] = CameraSource


@dataclass(frozen=True, slots=True)
class PreferredCamera:
    """The camera that was used last: its name, and its :attr:`agecam.sources.Camera.device` where known."""

    name: str
    device: str | None = None


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """What is to be shown. ``spec`` as for :func:`agecam.sources.open_source`.

    With ``spec`` ``None`` it is ``camera``; without that the ``preferred`` one where it is plugged in, else
    the first. Whichever camera it is then, it is waited for when it is lost, and never replaced by another.
    ``loop`` plays a file again and again.
    """

    spec: str | None
    camera: Camera | None = None
    preferred: PreferredCamera | None = None
    loop: bool = False


@dataclass(frozen=True, slots=True)
class Captured:
    """A frame on its way to analysis; ``epoch`` grows with every newly opened source and every seek,
    ``number`` with every frame of a session. ``lost`` frames of a live source came right before it, and were
    left out; ``is_repeat`` where that place of a file has been played before in this session."""

    frame: Frame
    captured_s: float
    epoch: int
    number: int
    from_camera: bool
    lost: int = 0
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class CaptureCallbacks:
    """Whom the capture thread calls; all must return at once."""

    on_change: Callable[[], None]
    """When :meth:`CaptureThread.state` has changed."""
    on_captured: Callable[[Captured], None]
    """With every frame before the slot gets it, once models are loaded."""
    on_damage: Callable[[str], None] = lambda _sentence: None
    """With a sentence on what is missing of a file, when that is known."""
    on_return: Callable[[Source, float], None] = lambda _source, _away_s: None
    """With a live source that was lost, right before its first frame since, and for how many seconds it was
    away: from the last frame to the first."""


class CaptureThread:
    """Serves one :class:`SourceRequest` after another and puts frames into a slot, newest wins.

    A file waits for ``ready`` before its first frame, so that nothing of it is missed while models load. How
    it is played is said to ``playback``.
    """

    def __init__(
        self,
        slot: LatestSlot[Captured],
        statistics: StatisticsCollector,
        ready: threading.Event,
        callbacks: CaptureCallbacks,
        opener: SourceOpener | None = None,
        config: CaptureConfig | None = None,
    ) -> None:
        self._slot = slot
        self._ready = ready
        self._statistics = statistics
        self._callbacks = callbacks
        self._opener = opener or SourceOpener()
        self._config = config or CaptureConfig()
        self._lock = threading.Lock()
        self._request: SourceRequest | None = None
        self._state = SourceStatus(SourceState.IDLE)
        self._state_epoch = 0
        self._epoch = 0
        self._first_epoch = 0
        self._number = 0
        self._played: defaultdict[str | None, PlayedStretches] = defaultdict(PlayedStretches)
        """Of each file of this session."""
        self._last_live_s: float | None = None
        """The time of the last frame of the live source that is served."""
        self._plugged_in: Sequence[Camera] | None = None
        self._wake = threading.Event()
        self._stopping = False
        self.camera = CameraControl(callbacks.on_change)
        self.playback = PlaybackControl(self._wake.set, callbacks.on_change)
        # A daemon: a device whose read never returns must not keep the process alive.
        self._thread = threading.Thread(target=self._run, name="agecam-capture", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def request(self, request: SourceRequest) -> None:
        """Leave the present source and serve this one; returns at once."""
        with self._lock:
            self._request = request
            self._state, self._state_epoch = SourceStatus(SourceState.LOADING), 0
        self._wake.set()
        self._callbacks.on_change()

    def retry(self) -> None:
        """Try a missing source again now instead of after the wait."""
        self._wake.set()

    def note_plugged_in(self, cameras: Sequence[Camera]) -> None:
        """These cameras are plugged in now, for a source that is a camera itself to know."""
        with self._lock:
            self._plugged_in = cameras

    def restart(self) -> None:
        """Serve the present request from its beginning."""
        with self._lock:
            request = self._request
        if request is not None:
            self.request(dataclasses.replace(request))

    def reopen_camera(self) -> None:
        """Open the camera that is shown, or waited for, anew; does nothing for other sources."""
        with self._lock:
            request, camera = self._request, self._state.camera
        if request is not None and camera is not None:
            self.request(dataclasses.replace(request, spec=None, camera=camera))

    def state(self) -> tuple[SourceStatus, int]:
        """Where the source stands, and the first epoch of its frames: 0 while none of it is open yet."""
        with self._lock:
            return self._state, self._state_epoch

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

    def is_current(self, request: SourceRequest) -> bool:
        """Whether that is still what is to be shown."""
        with self._lock:
            return not self._stopping and self._request is request

    def set_state(
        self, request: SourceRequest, state: SourceState, source: Source | None, message: str = ""
    ) -> None:
        """Tell where the source of a request stands, unless a newer request has come."""
        is_camera = None if source is None else source.is_camera
        status = SourceStatus(state, source.name if source else "", message, is_camera, _camera_of(source))
        with self._lock:
            if self._request is not request:  # a newer request has set its own state
                return
            self._state, self._state_epoch = status, self._first_epoch
        self._callbacks.on_change()

    def _serve(self, request: SourceRequest) -> None:
        """Show one source until another is wanted, bringing it back whenever it is lost."""
        was_live, self._last_live_s = False, None
        source: Source | None = None
        wait_s = self._config.retry_first_s
        while self.is_current(request):
            self._wake.clear()
            try:
                if source is None or _camera_of(source) is None:  # a camera finds itself again
                    source = self._find(request)
                self._show(source, request)
                return
            except CameraNotFoundError as error:
                state = SourceState.DISCONNECTED if was_live else SourceState.NO_CAMERA
                message = str(error)
            except CameraBusyError as error:
                state, message = SourceState.BUSY, str(error)
            except CameraDeniedError as error:
                state, message = SourceState.DENIED, str(error)
            except SourceLostError as error:
                was_live, wait_s = True, self._config.retry_first_s
                state, message = SourceState.DISCONNECTED, str(error)
            except SourceNotReadyError as error:
                state = SourceState.DISCONNECTED if was_live else SourceState.WAITING
                message = str(error)
            except SourceError as error:
                # What has been live may come back; what never was is told once.
                state = SourceState.DISCONNECTED if was_live else SourceState.FAILED
                message = str(error)
            log.info("source %s: %s", state.value, message)
            self._slot.clear()
            self.set_state(request, state, source, message)
            if state is SourceState.FAILED or not self.is_current(request):
                return
            woken = self._wake.wait(wait_s)
            wait_s = self._config.retry_first_s if woken else min(wait_s * 2, self._config.retry_longest_s)

    def _find(self, request: SourceRequest) -> Source:
        if request.spec is not None:
            return self._opener.open_source(request.spec)
        return self._opener.open_camera(request.camera or self._default_camera(request.preferred))

    def _show(self, source: Source, request: SourceRequest) -> None:
        try:
            if isinstance(source, CameraSource):
                self.camera.prepare(source)
            source.open()
            if isinstance(source, CameraSource):
                self.camera.opened(source)
            self._epoch += 1
            with self._lock:
                self._first_epoch = self._epoch
            self._statistics.reset()
            if source.is_live:
                self._pump(source, request)
            else:
                played = self._played[request.spec]
                FilePlayer(_Host(self, request), self.playback, source, played=played).play(loop=request.loop)
        finally:
            source.close()

    def _pump(self, source: Source, request: SourceRequest) -> None:
        """Hand on the frames of a camera or stream as they come."""
        before: Frame | None = None
        while self.is_current(request):
            if isinstance(source, CameraSource):
                self.camera.serve(source)
            frame = source.read()
            self._tell_plugged_in(source)
            if frame is None:
                if before is None:
                    raise SourceError(f"{source.name} holds no picture that can be decoded.")
                self.set_state(request, SourceState.ENDED, source)
                return
            if before is None:
                self.set_state(request, SourceState.LIVE, source)
                if self._last_live_s is not None:
                    self._callbacks.on_return(source, frame.time_s - self._last_live_s)
            self._last_live_s = frame.time_s
            lost = 0 if before is None else max(0, frame.index - before.index - 1)
            self.put(source, frame, lost)
            before = frame

    def put(self, source: Source, frame: Frame, lost: int = 0, *, is_repeat: bool = False) -> None:
        """Hand on a frame, the first after so many ``lost`` ones."""
        self._statistics.captured()
        self._number += 1
        now_s, is_camera = time.monotonic(), source.is_camera
        captured = Captured(frame, now_s, self._epoch, self._number, is_camera, lost, is_repeat)
        if self._ready.is_set():
            self._callbacks.on_captured(captured)
        self._slot.put(captured)

    def begin_epoch(self) -> None:
        """The frames to come do not follow those before, though their source is the same."""
        self._epoch += 1

    def until_ready(self, request: SourceRequest) -> bool:
        """Wait until models are loaded; false where another request has come first."""
        while not self._ready.wait(self._config.ready_poll_s):
            if not self.is_current(request):
                return False
        return True

    def sleep(self, seconds: float | None) -> None:
        """Wait so long, or until something is wanted of the thread.

        A hotplug event may end it too: it only costs who waits one more turn.
        """
        self._wake.wait(seconds)
        self._wake.clear()

    def _tell_plugged_in(self, source: Source) -> None:
        with self._lock:
            cameras, self._plugged_in = self._plugged_in, None
        if cameras is not None and isinstance(source, CameraSource):
            source.note_plugged_in(cameras)

    def tell_damage(self, source: Source) -> None:
        """Tell what is missing of a file, at its end."""
        damage: str | None = getattr(source, "damage", None)  # files have it
        if damage is not None:
            self._callbacks.on_damage(damage)

    def _default_camera(self, preferred: PreferredCamera | None) -> Camera:
        cameras = self._opener.list_cameras()
        if not cameras:
            raise CameraNotFoundError("Plug one in, or open a file or an address.")
        named = [one for one in cameras if preferred is not None and one.name == preferred.name]
        same = [one for one in named if preferred is not None and one.device == preferred.device]
        return (same or named or cameras)[0]


@dataclass(frozen=True, slots=True)
class _Host:
    """The capture thread as the :class:`agecam.live.player.PlayerHost` of one request."""

    capture: CaptureThread
    request: SourceRequest

    def is_current(self) -> bool:
        return self.capture.is_current(self.request)

    def began(self, source: Source) -> bool:
        self.capture.set_state(self.request, SourceState.LIVE, source)
        return self.capture.until_ready(self.request)

    def sought(self) -> None:
        self.capture.begin_epoch()

    def ended(self, source: Source) -> None:
        self.capture.tell_damage(source)
        self.capture.set_state(self.request, SourceState.ENDED, source)

    def put(self, source: Source, frame: Frame, *, is_repeat: bool) -> None:
        self.capture.put(source, frame, is_repeat=is_repeat)

    def sleep(self, seconds: float | None) -> None:
        self.capture.sleep(seconds)


def _camera_of(source: Source | None) -> Camera | None:
    return source.camera if isinstance(source, CameraSource) else None

"""What tests of the live machine share: waiting, a camera that can be pulled out, and openers of sources."""

import threading
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from agecam.errors import SourceLostError
from agecam.live.capture import SourceOpener
from agecam.live.session import Session
from agecam.live.state import SourceState
from agecam.messages import Frame
from agecam.sources import Source

MAX_WAIT_S = 600.0
"""A net against hangs; waits end with what they wait for."""

MakeSession = Callable[..., Session]


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline_s = time.monotonic() + MAX_WAIT_S
    while not condition():
        assert time.monotonic() < deadline_s, f"waited too long for {what}"
        time.sleep(0.01)


def state_of(session: Session) -> SourceState:
    return session.state().source.state


class FakeCamera:
    """A camera that gives ``frames`` frames of one scene, 50 a second, and then is pulled out."""

    name = "Fake camera"
    is_live = True
    is_camera = True
    fps = 30.0
    frame_count = None

    def __init__(self, image_bgr: NDArray[np.uint8], frames: int | None = None) -> None:
        self._image_bgr = image_bgr
        self._left = frames
        self.closed = threading.Event()

    def open(self) -> None: ...

    def read(self) -> Frame | None:
        time.sleep(0.02)
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise SourceLostError("The camera has been unplugged.")
        return Frame(self._image_bgr, time.monotonic(), 0)

    def close(self) -> None:
        self.closed.set()


def opening(*results: Source | Exception) -> SourceOpener:
    """Gives one source, or failure, after the other; the last again and again."""
    waiting = list(results)

    def open_next(_spec: str) -> Source:
        result = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(result, Exception):
            raise result
        return result

    return SourceOpener(open_source=open_next, list_cameras=list)

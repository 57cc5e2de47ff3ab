"""The one place that imports MediaPipe, without what it drags in, and the ways around its habits.

WORKAROUND (mediapipe 0.10.33): ``mediapipe.tasks`` tries ``tensorflow.tools.docs`` for documentation marks
and ``sounddevice`` for recording sound, and does without either; ``drawing_utils`` imports
``matplotlib.pyplot``, with which AgeCam draws nothing. TensorFlow and matplotlib take 1 to 10 s and hundreds
of megabytes to import; ``sounddevice`` starts ``ldconfig``, ``gcc`` and ``ld`` to look for PortAudio
(``ctypes.util.find_library``). All three are hidden for the length of the import.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import types
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Any

from agecam.opencv import cv2  # noqa: F401  (before mediapipe imports cv2 itself)

os.environ.setdefault("GLOG_minloglevel", "2")

_import_lock = threading.Lock()


@contextlib.contextmanager
def _hidden_modules() -> Iterator[None]:
    hidden: dict[str, Any] = {"tensorflow": None, "sounddevice": None}
    pyplot = types.ModuleType("matplotlib.pyplot")
    matplotlib = types.ModuleType("matplotlib")
    matplotlib.pyplot = pyplot  # type: ignore[attr-defined]
    hidden |= {"matplotlib": matplotlib, "matplotlib.pyplot": pyplot}
    placed = [name for name in hidden if name not in sys.modules]
    if "matplotlib" not in placed:  # the real one is loaded already: costs nothing, keep it
        placed = [name for name in placed if not name.startswith("matplotlib")]
    for name in placed:
        sys.modules[name] = hidden[name]
    try:
        yield
    finally:
        for name in placed:
            del sys.modules[name]


def load_mediapipe() -> Any:
    """Import and return the ``mediapipe`` package (about 0.4 s the first time), thread-safe."""
    with _import_lock:
        if "mediapipe" in sys.modules:
            return sys.modules["mediapipe"]
        with _hidden_modules():
            import mediapipe
        return mediapipe


class _InCallersThread(Executor):
    """Does at once what it is given."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001  (the future hands it to the caller)
            done.set_exception(error)
        return done


def call_directly(task: Any) -> None:
    """Let a MediaPipe task work in the thread that calls it, instead of one of its own.

    The caller sees to it that only one thread at a time uses the task.

    WORKAROUND (mediapipe 0.10.33): every call of its C library is handed to another thread and waited for,
    twice for a detection. Without that, a clip of seven people is analysed 3 to 8 % faster (run in turn: 42.6
    and 41.2, 52.6 and 48.9, 22.5 and 21.5 frames a second). A version that has none of this is left alone.
    """
    dispatcher = getattr(task, "_lib", None)
    signatures = getattr(sys.modules[type(task).__module__], "_CTYPES_SIGNATURES", None)
    executor = getattr(dispatcher, "_executor", None)
    register = getattr(dispatcher, "_register_signature", None)
    if not (isinstance(executor, Executor) and callable(register) and signatures):
        return
    dispatcher._executor = _InCallersThread()  # type: ignore[union-attr]
    for signature in signatures:
        register(signature)
    executor.shutdown()

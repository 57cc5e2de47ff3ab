"""The one place where OpenCV is first imported.

WORKAROUND: ``import cv2`` points ``QT_QPA_PLATFORM_PLUGIN_PATH`` and ``QT_QPA_FONTDIR`` at its own Qt
folder, and PyQt6 then looks for its platform plug-in there and does not start.

OpenCV reads its settings once, when it is loaded. A V4L2 timeout of 2 s instead of 10 lets a pulled camera
be noticed. Controls of V4L2 cameras count as shares of their range, which OpenCV does not tell. Hardware
transforms make Media Foundation take up to a minute to open a camera
(https://github.com/opencv/opencv/issues/17687). An image of more than 2**28 pixels would need more than
800 MB. Failures are reported by AgeCam's own errors, not by OpenCV's log.

Its worker threads sleep once their part is done. By default they first wait awake for more, in vain between
two frames: halving one of 1280 x 720 took 1.7 ms of processor time instead of 0.9, in no less time.
"""

import os
from functools import cache
from typing import Final

os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "2")
os.environ.setdefault("OPENCV_VIDEOIO_V4L_RANGE_NORMALIZED", "1")
os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**28))
os.environ.setdefault("OPENCV_LOG_LEVEL", "FATAL")
os.environ.setdefault("OPENCV_THREAD_POOL_ACTIVE_WAIT_WORKER", "0")
_before = {name: os.environ.get(name) for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")}

import cv2  # noqa: E402

for _name, _value in _before.items():
    if _value is None:
        os.environ.pop(_name, None)
    else:
        os.environ[_name] = _value

__all__ = ["cv2", "use_threads_for"]

_ONE_THREAD_PIXELS: Final = 1920 * 1200
"""Images of so many pixels at most are worked on in one thread. Handing parts of them to another takes 1 of
25 ms of processor time a frame of 1280 x 720, and wins no time; frames of 3840 x 2160 would be delayed."""


def use_threads_for(size_wh: tuple[int, int]) -> None:
    """Have OpenCV use as many threads as pay for images of (width, height) pixels, in the whole process."""
    most = _most_threads()
    threads = 1 if size_wh[0] * size_wh[1] <= _ONE_THREAD_PIXELS else most
    if cv2.getNumThreads() != threads:
        cv2.setNumThreads(threads)


@cache
def _most_threads() -> int:
    """As many as there were when it was first asked for: processes that share the cores have fewer."""
    return cv2.getNumThreads()

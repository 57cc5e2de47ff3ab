"""What all tests share: real photographs, the demo clip, a display, and checks that no test leaves a mess."""

import atexit
import logging
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from numpy.typing import NDArray

# Before anything of Qt or AgeCam is imported: no window on the developer's screen, no file in their home.
# Each process of pytest-xdist has folders of its own.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
_home = Path(tempfile.mkdtemp(prefix="agecam-tests-"))
atexit.register(shutil.rmtree, _home, ignore_errors=True)
for _name in (
    "CACHE_HOME",
    "CONFIG_HOME",
    "DATA_HOME",
    "STATE_HOME",
    "RUNTIME_DIR",
    "PICTURES_DIR",
    "VIDEOS_DIR",
):
    _folder = _home / _name.lower()
    _folder.mkdir(mode=0o700)
    os.environ[f"XDG_{_name}"] = str(_folder)
os.environ["LANGUAGE"] = "en"  # what the window says is compared with English
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors alone: TensorFlow greets in every process
if "PYTEST_XDIST_WORKER" in os.environ:
    # There are as many workers as cores; more threads in each would only wait for one another.
    for _name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ.setdefault(_name, "1")

# A process that was started in the background, or by nohup, ignores these, and so do those that it starts.
for _signal, _handler in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
    _number = getattr(signal, _signal, None)
    if _number is not None and signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)

from agecam.paths import demo_clip as demo_clip_path  # noqa: E402

# A shared or slow machine says nothing about the code: no deadlines. CI runs the same examples each time.
hypothesis.settings.register_profile("agecam", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("agecam")

# Only a leaked thread is waited for this long; on a slow machine one that is about to end may need it.
_THREAD_GRACE_S = float(os.environ.get("AGECAM_TESTS_THREAD_GRACE_S", "60"))
_DISPLAY_STARTS_S = 300
# Pools that libraries keep for the life of the process, by the start of the thread's name.
_THREADS_OF_LIBRARIES = ("Dask-", "IO loop", "Profile", "TCP-Executor", "asyncio_", "tqdm_monitor")


@pytest.fixture(scope="session")
def _astronaut() -> NDArray[np.uint8]:
    import skimage.data

    return np.ascontiguousarray(skimage.data.astronaut()[:, :, ::-1], np.uint8)


@pytest.fixture(scope="session")
def _hopper() -> NDArray[np.uint8]:
    import matplotlib as mpl

    from agecam.sources import read_image

    return read_image(Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg")


@pytest.fixture
def astronaut_bgr(_astronaut: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Eileen Collins, one near face: ``(512, 512, 3)`` uint8 BGR, a copy for each test."""
    return _astronaut.copy()


@pytest.fixture
def hopper_bgr(_hopper: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grace Hopper, one face: ``(600, 512, 3)`` uint8 BGR, a copy for each test."""
    return _hopper.copy()


@pytest.fixture(scope="session")
def demo_clip() -> Path:
    """The clip that ships with the program; ``demo.json`` beside it says where the faces are."""
    return demo_clip_path()


@pytest.fixture(scope="session")
def x_display() -> Iterator[str]:
    """The name of a display of its own (``":7"``), for programs that a test starts on Qt's platform xcb."""
    if shutil.which("Xvfb") is None:
        if "CI" in os.environ:
            pytest.fail("Xvfb is missing: install the package xvfb.")
        pytest.skip("needs Xvfb")
    read_end, write_end = os.pipe()
    command = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "2560x1600x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write_end], stderr=subprocess.DEVNULL)
    os.close(write_end)
    try:
        with os.fdopen(read_end) as pipe:
            if not select.select([pipe], [], [], _DISPLAY_STARTS_S)[0] or not (
                number := pipe.readline().strip()
            ):
                pytest.fail("Xvfb did not start.")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(timeout=_DISPLAY_STARTS_S)


@pytest.fixture
def mount_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Gives the folder of a disk of so many megabytes, empty and unmounted after the test."""
    mounted: list[Path] = []

    def mount(megabytes: int) -> Path:
        folder = tmp_path / f"disk{len(mounted) or ''}"
        folder.mkdir()
        program = shutil.which("mount")
        command = [str(program), "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
        if (
            sys.platform != "linux"
            or program is None
            or subprocess.run(command, capture_output=True).returncode
        ):
            pytest.skip("needs to mount a disk")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def small_disk(mount_disk: Callable[[int], Path]) -> Path:
    """The folder of a disk of two megabytes, empty."""
    return mount_disk(2)


@pytest.fixture(autouse=True)
def _no_leaked_threads() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + _THREAD_GRACE_S
    while (leaked := _new_threads(before)) and time.monotonic() < deadline:
        leaked[0].join(0.05)
    if leaked:
        pytest.fail(f"threads left running: {sorted(thread.name for thread in leaked)}")


def _new_threads(before: set[threading.Thread]) -> list[threading.Thread]:
    return [
        thread
        for thread in threading.enumerate()
        if thread not in before
        and not thread.name.startswith(_THREADS_OF_LIBRARIES)
        # Threads that Python did not start are listed for good once they have run Python code.
        and not isinstance(thread, threading._DummyThread)
    ]


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(f"{record.levelname} {record.name}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def _no_unexpected_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail on warnings and errors of AgeCam's own log that ``@pytest.mark.expects_log(regex)`` does not name.

    Those it names must come.
    """
    patterns = [re.compile(mark.args[0]) for mark in request.node.iter_markers("expects_log")]
    collector = _Collector()
    logger = logging.getLogger("agecam")
    logger.addHandler(collector)
    try:
        yield
    finally:
        logger.removeHandler(collector)
    unexpected = [text for text in collector.texts if not any(pattern.search(text) for pattern in patterns)]
    if unexpected:
        pytest.fail("unexpected log records:\n" + "\n".join(unexpected))
    missing = [p.pattern for p in patterns if not any(p.search(text) for text in collector.texts)]
    if missing:
        pytest.fail(f"expected log records did not come: {missing}")

"""``agecam annotate --scheduler``: workers that die, and schedulers that go away."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.output import VideoWriter
from agecam.sources import open_source
from agecam.sources.prefetch import each_frame
from agecam.sources.selection import FrameSelection, select_frames
from tests.commands.helpers import Run

distributed = pytest.importorskip("distributed")

PATIENCE_S = 600.0
T = TypeVar("T")


def wait_until(condition: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + PATIENCE_S
    while (found := condition()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory, _astronaut: NDArray[np.uint8], demo_clip: Path) -> Path:
    """Eleven portraits, a damaged one, and a clip of two seconds that comes first."""
    folder = tmp_path_factory.mktemp("inputs")
    portrait = cv2.resize(_astronaut[:300, 80:380], (96, 96), interpolation=cv2.INTER_AREA)
    for number in range(12):
        cv2.imwrite(str(folder / f"{number:02}.png"), cv2.add(portrait, (number, number, number, 0)))
    (folder / "05.png").write_bytes(b"no image any more")
    source = select_frames(open_source(str(demo_clip)), FrameSelection(end_s=2.0))
    source.open()
    with VideoWriter(folder / "00-clip.mp4", 640, 360) as writer:
        for frame in each_frame(source):
            writer.write(frame.image_bgr, frame.time_s)
    source.close()
    return folder


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Two workers, each a process that is started again when it dies."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        yield cluster


def worker_at(path: Path, cluster: Any) -> int | None:
    """The process that writes to a part of ``path``."""
    pids: list[int | None] = [worker.pid for worker in cluster.workers.values()]
    for pid in filter(None, pids):
        with contextlib.suppress(OSError):  # it has closed a file, or ended
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                if str(descriptor.readlink()).startswith(str(path.with_name(f".{path.stem}."))):
                    return pid
    return None


def test_tables_are_the_same_whoever_makes_them_and_whoever_dies(
    run: Run, inputs: Path, cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # workers have another folder
    killed: list[int] = []

    def kill() -> None:
        pid = wait_until(lambda: worker_at(tmp_path / "dask" / "00-clip.mp4", cluster))
        os.kill(pid, signal.SIGKILL)
        killed.append(pid)

    killer = threading.Thread(target=kill)
    killer.start()
    scheduler = ("--scheduler", cluster.scheduler_address)
    result = run("annotate", inputs, "-o", "dask", "--csv", "dask.csv", *scheduler)
    killer.join()
    assert result.code == 1
    assert "05.png" in result.err
    assert killed
    assert len(list((tmp_path / "dask").glob("[!.]*"))) == 12
    for jobs in (1, 2):
        result = run("annotate", inputs, "-o", f"{jobs}", "--csv", f"{jobs}.csv", "--jobs", jobs)
        assert result.code == 1
        assert (tmp_path / f"{jobs}.csv").read_bytes() == (tmp_path / "dask.csv").read_bytes()
    assert (tmp_path / "dask.csv").read_text().count("00-clip.mp4,") > 50
    assert not list(tmp_path.rglob("*.partial*"))

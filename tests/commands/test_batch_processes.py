"""A batch in several processes and on Dask workers, some of which are stopped or killed."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.commands.arguments import AnnotateArguments
from agecam.commands.batch import annotate_inputs
from tests.commands.helpers import Run

PATIENCE_S = 600.0
BAD = 10
GOOD = 90


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "agecam", "annotate", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until(condition: Callable[[], Any], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def outputs(folder: Path) -> dict[str, int]:
    """The files that a user sees, and when each was written."""
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("[!.]*")}


def complaints(err: str) -> list[str]:
    return [line for line in err.splitlines() if line.startswith("agecam:")]


@pytest.fixture(scope="module")
def hundred(tmp_path_factory: pytest.TempPathFactory, _astronaut: NDArray[np.uint8]) -> Path:
    """A folder of 100 images: every fifth a portrait, each brighter than the last, every tenth damaged."""
    folder = tmp_path_factory.mktemp("hundred")
    portrait = cv2.resize(_astronaut[:300, 80:380], (96, 96), interpolation=cv2.INTER_AREA)
    for number in range(GOOD + BAD):
        path, level = folder / f"{number:03}.png", number // 2
        is_portrait = number % 5 == 0
        image = cv2.add(portrait, (level, level, level, 0)) if is_portrait else np.full((32, 32, 3), level)
        cv2.imwrite(str(path), image)
        if number % 10 == 9:
            path.write_bytes(b"no image any more")
    return folder


@pytest.fixture(scope="module")
def table(hundred: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The table of the folder, made by one process."""
    folder = tmp_path_factory.mktemp("alone")
    arguments = AnnotateArguments((str(hundred),), folder / "out", csv=folder / "all.csv", quiet=True)
    assert annotate_inputs(arguments) == 1
    return (folder / "all.csv").read_bytes()


def test_of_a_hundred_inputs_ten_bad_ones_are_named_and_the_others_done(
    run: Run, hundred: Path, table: bytes, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = run("annotate", hundred, "-o", out, "--csv", tmp_path / "all.csv", "--jobs", 2)
    assert result.code == 1
    assert len(outputs(out)) == GOOD
    bad = [line for line in complaints(result.err) if ".png" in line]
    assert [line.split(".png")[0][-3:] for line in sorted(bad)] == [f"{n:03}" for n in range(9, 100, 10)]
    assert all("damaged" in line for line in bad)
    assert (tmp_path / "all.csv").read_bytes() == table
    assert [line.split(b".png,")[0][-3:] for line in table.splitlines()[1:]] == [
        f"{number:03}".encode() for number in range(0, 100, 5)
    ]


def test_killed_half_way_and_given_again_only_the_rest_is_done(
    run: Run, hundred: Path, table: bytes, tmp_path: Path
) -> None:
    out, csv = tmp_path / "out", tmp_path / "all.csv"
    arguments = (hundred, "-o", out, "--csv", csv, "--jobs", 2)
    killed = start(*arguments)
    wait_until(lambda: len(outputs(out)) >= 20, killed)
    killed.kill()
    killed.communicate()  # its processes hold the pipes too: none of them is left
    done = outputs(out)
    assert 20 <= len(done) < GOOD
    assert not csv.exists()
    result = run("annotate", *arguments)
    assert result.code == 1
    assert f"{len(done)} of 100 inputs were done before and are skipped" in result.out
    assert len([line for line in result.out.splitlines() if ".png: " in line]) == GOOD - len(done)
    assert outputs(out).items() >= done.items()
    assert len(outputs(out)) == GOOD
    assert csv.read_bytes() == table
    assert not list(out.rglob("*.partial*"))


@pytest.mark.parametrize(("jobs", "number"), [(1, signal.SIGHUP), (2, signal.SIGINT), (2, signal.SIGTERM)])
def test_a_batch_that_is_stopped_says_what_is_done_cut_and_left(
    demo_clip: Path, tmp_path: Path, jobs: int, number: signal.Signals
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in "abc":
        (folder / f"{name}.mp4").symlink_to(demo_clip)
    process = start(folder, "-o", out, "--csv", tmp_path / "all.csv", "--jobs", jobs)
    wait_until(lambda: any(path.stat().st_size for path in out.glob(".a.*.partial.mp4")), process)
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == (130 if number == signal.SIGINT else 143)
    assert "Traceback" not in err
    last = complaints(err)[-1]
    cut = len(list(out.glob("*-stopped.mp4")))
    assert last == (
        f"agecam: Stopped: 0 of 3 inputs done, {cut} cut off, {3 - cut} left; "
        "give the same command again to go on."
    )
    assert cut <= jobs
    assert set(outputs(out)) <= {"a-stopped.mp4", "b-stopped.mp4"}, "no half file under a final name"
    assert not list(out.rglob("*.partial*"))
    assert not (tmp_path / "all.csv").exists()

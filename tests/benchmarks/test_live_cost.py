"""The cost of the live window: its made-up camera, and what is counted of its frames."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from agecam.errors import ModelError
from agecam.live.pipeline import AnnotatedFrame
from agecam.messages import Analysis, Frame
from agecam.output import VideoWriter
from agecam.vision.analyzer import Analyzer
from benchmarks import live_cost
from benchmarks.live_cost import WARM_UP_S, Camera, Frames, Meter, main
from benchmarks.live_scenes import FPS


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three frames of 64 x 48 pixels, each brighter than the one before."""
    path = tmp_path_factory.mktemp("clip") / "three.mp4"
    with VideoWriter(path, 64, 48) as writer:
        for index in range(3):
            writer.write(np.full((48, 64, 3), 60 + 60 * index, np.uint8), index / FPS)
    return path


@pytest.mark.parametrize("in_memory", [False, True])
def test_the_camera_plays_its_file_over_and_over_in_the_clock_of_its_frames(
    clip: Path, in_memory: bool
) -> None:
    camera = Camera(clip, in_memory=in_memory)
    camera.open()
    frames = []
    for _ in range(7):
        frame = camera.read()
        assert frame is not None
        frames.append(frame)
        camera.shown.set()
    assert [frame.index for frame in frames] == list(range(7))
    np.testing.assert_allclose(np.diff([frame.time_s for frame in frames]), 1 / FPS)
    levels = [float(frame.image_bgr.mean()) for frame in frames]
    np.testing.assert_allclose(levels, [60, 120, 180, 60, 120, 180, 60], atol=4)
    camera.has_ended = True
    assert camera.read() is None
    camera.close()


def test_the_next_frame_waits_until_the_last_one_was_shown(clip: Path) -> None:
    camera = Camera(clip)
    camera.open()
    camera.read()
    came = threading.Event()

    def read() -> None:
        camera.read()
        came.set()

    thread = threading.Thread(target=read)
    thread.start()
    assert not came.wait(0.2)
    camera.shown.set()
    assert came.wait(60)
    thread.join()
    camera.close()


def annotated(index: int) -> AnnotatedFrame:
    frame = Frame(np.zeros((2, 2, 3), np.uint8), index / FPS, index)
    return AnnotatedFrame(Analysis(frame, ()), (), None, None)


def test_frames_are_counted_once_after_those_that_warm_up(clip: Path) -> None:
    camera, meter, ends = Camera(clip), Meter(), list[int]()
    frames = Frames(camera, meter, 1.0, lambda: ends.append(meter.frames))
    warm_up = round(WARM_UP_S * FPS)
    for index in range(warm_up + 1):
        assert not meter.has_begun
        frames.show(annotated(index))
    assert meter.has_begun
    for index in range(round(FPS) + 3):
        one = annotated(index)
        frames.show(one)
        frames.show(one)
    assert ends == [round(FPS)]
    assert camera.has_ended
    cost = meter.end("still")
    assert cost.state == "still"
    assert cost.cores >= 0
    assert cost.latency_ms_p95 is not None


@pytest.mark.expects_log("The age model is damaged")
def test_an_analysis_that_fails_ends_the_measurement_with_a_sentence(
    clip: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> Analyzer:
        raise ModelError("The age model is damaged.")

    monkeypatch.setattr(live_cost, "create_analyzer", broken)
    monkeypatch.setattr(sys, "argv", ["live_cost", "1", "--here", "--no-window", "--clip", str(clip)])
    assert main() == 1
    assert "The age model is damaged." in capsys.readouterr().err


def test_what_is_no_state_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["live_cost", "many"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "“many” is no state" in capsys.readouterr().err


@pytest.mark.parametrize("where", [[], ["--no-window"]])
def test_a_clip_that_is_not_there_ends_the_measurement_with_a_sentence(
    tmp_path: Path, where: list[str]
) -> None:
    command = [sys.executable, "-m", "benchmarks.live_cost", "1", "--here", *where]
    done = subprocess.run(
        [*command, "--clip", tmp_path / "away.mp4"],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    reason = done.stderr.splitlines()[-1]
    assert f"There is no file “{tmp_path / 'away.mp4'}”" in reason

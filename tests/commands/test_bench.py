"""``agecam bench``: the metrics that it promises, from a real clip and a made-up scene."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from agecam.commands.arguments import BenchArguments
from agecam.commands.bench import run_bench
from agecam.commands.measure import MeasureConfig
from agecam.commands.scene import FacesScene, write_scene
from agecam.output import VideoWriter
from agecam.paths import models_dir
from agecam.sources import open_source
from agecam.sources.prefetch import each_frame
from agecam.vision.detector import MediaPipeDetector
from tests.commands.helpers import Run

_CLIP_FRAMES = 50


@pytest.fixture(scope="module")
def short_clip(tmp_path_factory: pytest.TempPathFactory, demo_clip: Path) -> Path:
    """The first frames of the demo clip, with two people."""
    path = tmp_path_factory.mktemp("clip") / "short.mp4"
    source = open_source(str(demo_clip))
    source.open()
    with VideoWriter(path, 1280, 720) as writer:
        for _ in range(_CLIP_FRAMES):
            frame = source.read()
            assert frame is not None
            writer.write(frame.image_bgr, frame.time_s)
    source.close()
    return path


def test_json_holds_every_metric_of_a_clip(short_clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = BenchArguments(short_clip, as_json=True)
    few = MeasureConfig(sampled_frames=10, paced_frames=10, live_warm_up_s=0.2, live_s=1.0)
    assert run_bench(arguments, few) == 0
    metrics = json.loads(capsys.readouterr().out)
    assert (metrics["clip"], metrics["width"], metrics["height"]) == ("short.mp4", 1280, 720)
    assert metrics["frames"] == _CLIP_FRAMES
    assert 1 < metrics["faces_mean"] <= 2
    assert set(metrics["stages_ms"]) == {"decode", "detect", "align", "classify", "track", "draw"}
    assert all(value > 0 for value in metrics["stages_ms"].values())
    assert set(metrics["networks"]) == {"full_range", "short_range", "face_verifier", "age", "gender"}
    assert 0 < metrics["networks"]["full_range"]["runs"] < 5
    for name in ("age", "gender"):
        usage = metrics["networks"][name]
        assert 0 < usage["runs"] <= usage["images"] <= metrics["faces_mean"]
        assert usage["inference_ms"] > 0
    assert all(value > 0 for value in metrics["networks"]["full_range"].values())
    # The stages are what a frame is made of; those of several frames run at the same time.
    assert sum(metrics["stages_ms"].values()) > 0.8 * 1000 / metrics["fps"]
    for parts in (metrics["unavoidable_ms"], metrics["unavoidable_cpu_ms"]):
        assert set(parts) == {"decode", "detect", "classify", "draw", "sum"}
        assert sum(parts.values()) == pytest.approx(2 * parts["sum"], abs=0.01)
    parts_ms = metrics["unavoidable_ms"]["sum"]
    assert 1000 / metrics["fps"] == pytest.approx(parts_ms * (1 + metrics["overhead"]["frame"]), rel=0.01)
    assert metrics["cpu_ms"] > 0
    assert 0 < metrics["live"]["fps_analysed"] <= 1.2 * metrics["live"]["fps_captured"]
    assert metrics["live"]["cores"] > 0
    assert 0 < metrics["latency_ms"]["p50"] <= metrics["latency_ms"]["p95"] <= metrics["latency_ms"]["p99"]
    assert 0 < metrics["startup_s"]["window"] <= metrics["startup_s"]["first_label"]
    assert 50 < metrics["rss_mb"] < 3000
    assert metrics["runtime"] == metrics["engine"] == "litert"


def test_the_models_are_those_of_the_folder_that_is_given(short_clip: Path, tmp_path: Path, run: Run) -> None:
    models = tmp_path / "mine"
    models.mkdir()
    for path in models_dir().iterdir():
        if path.name.startswith(("age", "gender", "manifest")):
            shutil.copy(path, models)
    damaged = models / "age.tflite"
    damaged.write_bytes(damaged.read_bytes()[:-1000])
    result = run("bench", short_clip, "--models", models)
    assert result.code == 1
    assert str(damaged) in result.err


def test_a_clip_that_is_too_short_is_told(run: Run, tmp_path: Path) -> None:
    clip = tmp_path / "blink.mp4"
    with VideoWriter(clip, 320, 240) as writer:
        for number in range(3):
            writer.write(np.full((240, 320, 3), 90, np.uint8), number / 25)
    result = run("bench", clip)
    assert result.code == 1
    assert "too short" in result.err


def test_a_scene_is_a_video_that_ends_where_it_begins(tmp_path: Path) -> None:
    path = tmp_path / "scene.mp4"
    write_scene(path, 3, 640, 360)
    source = open_source(str(path))
    source.open()
    frames = list(each_frame(source))
    source.close()
    assert (len(frames), frames[0].width, frames[0].height) == (120, 640, 360)
    first, last, middle = (frames[index].image_bgr.astype(int) for index in (0, -1, 40))
    assert abs(first - last).mean() < 0.3 * abs(first - middle).mean()


@pytest.mark.parametrize("faces", [1, 6, 20])
def test_the_scene_holds_as_many_faces_as_asked_for(faces: int) -> None:
    scene = FacesScene(faces)
    scene.open()
    first, second = scene.read(), scene.read()
    assert first is not None
    assert second is not None
    assert not np.array_equal(first.image_bgr, second.image_bgr), "nothing moves"
    with MediaPipeDetector() as detector:
        found = detector.search(first.image_bgr)
    assert 0.85 * faces <= len(found) <= 1.1 * faces

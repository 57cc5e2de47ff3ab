"""``agecam bench``: the figures of the contract, from a real clip and a made-up scene."""

import json
from pathlib import Path

import numpy as np
import pytest

from agecam.commands.arguments import BenchArguments
from agecam.commands.bench import run_bench
from agecam.commands.measure import MeasureConfig
from agecam.commands.scene import FacesScene, write_scene
from agecam.output import VideoWriter
from agecam.sources import open_source
from agecam.sources.prefetch import each_frame
from agecam.vision.detector import MediaPipeDetector
from tests.commands.helpers import Run


def test_json_holds_every_figure_of_a_clip(demo_clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = BenchArguments(demo_clip, as_json=True)
    assert run_bench(arguments, MeasureConfig(live_warm_up_s=0.5, live_s=1.5)) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["clip"], figures["width"], figures["height"]) == ("demo.mp4", 1280, 720)
    assert figures["frames"] == 325
    assert 1 < figures["faces_mean"] < 2
    assert set(figures["stages_ms"]) == {"decode", "detect", "align", "classify", "track", "draw"}
    assert all(value > 0 for value in figures["stages_ms"].values())
    # The stages are what a frame is made of; those of several frames run at the same time.
    assert sum(figures["stages_ms"].values()) > 0.8 * 1000 / figures["fps"]
    for parts in (figures["unavoidable_ms"], figures["unavoidable_cpu_ms"]):
        assert set(parts) == {"decode", "detect", "classify", "draw", "sum"}
        assert sum(parts.values()) == pytest.approx(2 * parts["sum"], abs=0.01)
    parts_ms = figures["unavoidable_ms"]["sum"]
    assert 1000 / figures["fps"] == pytest.approx(parts_ms * (1 + figures["overhead"]["frame"]), rel=0.01)
    assert figures["cpu_ms"] > 0
    assert 0 < figures["live"]["fps_analysed"] <= 1.2 * figures["live"]["fps_captured"]
    assert figures["live"]["cores"] > 0
    assert 0 < figures["latency_ms"]["p50"] <= figures["latency_ms"]["p95"] <= figures["latency_ms"]["p99"]
    assert 0 < figures["startup_s"]["window"] <= figures["startup_s"]["first_label"]
    assert 50 < figures["rss_mb"] < 3000
    assert figures["runtime"] == figures["engine"] == "litert"


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

"""The built-in clip shows what it is made to show, and the detector finds it."""

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.sources.prefetch import each_frame
from agecam.sources.video import VideoFileSource
from agecam.vision.boxes import iou
from agecam.vision.detector import MediaPipeDetector

_EVERY = 9


@pytest.fixture(scope="module")
def truth(demo_clip: Path) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads(demo_clip.with_suffix(".json").read_text())
    return truth


@pytest.fixture(scope="module")
def frames(demo_clip: Path) -> list[NDArray[np.uint8]]:
    source = VideoFileSource(demo_clip)
    source.open()
    try:
        return [frame.image_bgr for frame in each_frame(source)]
    finally:
        source.close()


def test_clip_is_a_small_ordinary_h264_file(demo_clip: Path) -> None:
    with av.open(demo_clip) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert (stream.width, stream.height) == (1280, 720)
        assert stream.average_rate == 25
        assert container.duration is not None
        assert container.duration / av.time_base > 10
    assert demo_clip.stat().st_size < 3_000_000


def test_truth_has_every_frame(truth: dict[str, Any], frames: list[NDArray[np.uint8]]) -> None:
    assert len(truth["frames"]) == len(frames)


def test_people_cross_come_near_and_leave(truth: dict[str, Any]) -> None:
    boxes = np.array([[person["box"] for person in frame] for frame in truth["frames"]])
    visible = np.array([[person["visible"] for person in frame] for frame in truth["frames"]])
    order = np.sign(boxes[:, 0, 0] - boxes[:, 1, 0])
    assert {-1, 1} <= set(order.tolist())
    for person in (0, 1):
        assert boxes[:, person, 2].max() > 2 * boxes[:, person, 2].min()
    assert visible[:, 0].min() == 0
    assert visible[-1, 0] > 0.9
    hidden = (visible[:, 0] < 0.5) & (boxes[:, 0, 0] + boxes[:, 0, 2] < truth["width"])
    assert hidden.any(), "one passes behind the other"


def test_detector_finds_nearly_all_faces_and_nothing_else(
    truth: dict[str, Any], frames: list[NDArray[np.uint8]]
) -> None:
    visible = found = spurious = 0
    with MediaPipeDetector() as detector:
        for image_bgr, people in list(zip(frames, truth["frames"], strict=True))[::_EVERY]:
            boxes = [face.box for face in detector.detect(image_bgr)]
            for person in people:
                if person["visible"] > 0.8:
                    visible += 1
                    found += any(iou(person["box"], box) > 0.5 for box in boxes)
            spurious += sum(all(iou(p["box"], box) < 0.2 for p in people) for box in boxes)
    assert visible > 50
    assert found >= 0.95 * visible
    assert spurious == 0

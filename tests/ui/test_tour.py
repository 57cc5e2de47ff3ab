"""What a new user does, in the real window on a real X server; see ``tour.py``."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import pytest

from agecam.sources import read_image

CASES = (("800x480", "light", "1"), ("1120x760", "dark", "2"))
"""Size of the window, theme, and pixels of the screen for one of the window."""


@dataclass(frozen=True, slots=True)
class Toured:
    """What a tour has left."""

    folder: Path
    seen: dict[str, Any]
    scale: int


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def toured(
    request: pytest.FixtureRequest, x_display: str, demo_clip: Path, tmp_path_factory: pytest.TempPathFactory
) -> Toured:
    size, theme, scale = request.param
    folder = tmp_path_factory.mktemp("tour")
    environment = {**os.environ, "DISPLAY": x_display, "QT_QPA_PLATFORM": "xcb", "QT_SCALE_FACTOR": scale}
    command = ["-m", "tests.ui.tour", str(demo_clip), str(folder), "--size", size, "--theme", theme]
    done = subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, timeout=1200, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "the program has something to complain about"
    return Toured(folder, json.loads((folder / "seen.json").read_text()), int(scale))


def test_every_step_was_reached_and_photographed(toured: Toured) -> None:
    assert toured.seen["platform"] == "xcb"
    steps = [name for name, facts in toured.seen.items() if isinstance(facts, dict)]
    assert steps == [
        *("welcome", "live", "recording", "paused", "snapshot", "fullscreen", "pulled", "returned", "saved"),
        *("file", "preferences", "question", "again"),
    ]
    photographs = sorted(toured.folder.glob("*.png"))
    assert len(photographs) == len(steps)
    for path, name in zip(photographs, steps, strict=True):
        height, width = read_image(path).shape[:2]
        assert [width, height] == [toured.scale * side for side in toured.seen[name]["size"]]


def test_the_camera_that_was_picked_is_shown_and_labelled(toured: Toured) -> None:
    assert toured.seen["live"] == toured.seen["live"] | {"camera": "Hall camera", "labelled": 2}


def test_the_recording_is_whole_though_the_camera_was_pulled_out_and_came_back_under_another_number(
    toured: Toured,
) -> None:
    seen = toured.seen
    assert seen["recording"]["mark"].startswith("●")
    assert "paused" in seen["paused"]["mark"]
    assert seen["pulled"]["mark"].startswith("●"), "the recording waits for its camera"
    assert any("was away for" in text for text in seen["returned"]["messages"])
    assert any(text.startswith("Recording saved") for text in seen["saved"]["messages"])
    first, second = seen["recordings"]
    for name in (first, second):
        with av.open(str(toured.folder / "recordings" / name)) as container:
            frames = sum(1 for _ in container.decode(video=0))
        assert frames >= (80 if name == first else 5)


def test_full_screen_fills_the_screen_and_says_what_is_going_on(toured: Toured) -> None:
    full = toured.seen["fullscreen"]
    assert full["size"] == toured.seen["screen"]
    assert full["mark"].startswith("●")
    assert any(text.startswith("Snapshot saved") for text in full["messages"])


def test_a_paused_file_is_sought_by_a_click_and_labelled_there(toured: Toured) -> None:
    file = toured.seen["file"]
    assert file["position_s"] == pytest.approx(file["duration_s"] / 2, rel=0.1)
    assert file["labelled"] == 2


def test_quitting_while_recording_asks_and_leaves_no_thread(toured: Toured) -> None:
    assert "Finish it and close" in toured.seen["question"]["question"]
    assert toured.seen["threads"] == ["MainThread"]


def test_the_next_start_has_what_was_chosen(toured: Toured) -> None:
    again = toured.seen["again"]
    assert (again["camera"], again["gender"], again["groups"]) == ("Hall camera", False, True)

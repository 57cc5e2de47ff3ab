"""From a wrong label to a better model: faces collected from a video, and the error on them falls."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from agecam.live.collect import CollectConfig, Collector, TrueLabel
from agecam.live.notices import Notices
from agecam.paths import models_dir
from agecam.sources import open_source
from agecam.vision.analyzer import create_analyzer
from train.workflows.config import FineTuneConfig
from train.workflows.fine_tune import fine_tune

pytestmark = pytest.mark.training

TRUE = {0: TrueLabel("Eileen Collins", 42, "female"), 1: TrueLabel("Grace Hopper", 77, "female")}
"""As old as they were, from left to right in the first frame of the demo clip."""
IMAGES = 30
EVERY = 4
"""Of the clip's frames each fourth is analysed: 6 a second."""


def do_now(work: Callable[[], None]) -> None:
    work()


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory, demo_clip: Path) -> Path:
    """60 images of the two people of the demo clip."""
    folder = tmp_path_factory.mktemp("collected") / "faces"
    # The clip shows each for seconds: its frames are taken as they come.
    config = CollectConfig(least_step_s=0.1, longest_step_s=0.1, away_s=60)
    collector = Collector(Notices(lambda: None), do_now, lambda: None, config)
    collector.use(folder)
    source = open_source(str(demo_clip))
    source.open()
    begun: set[int] = set()
    with create_analyzer() as analyzer:
        while (frame := source.read()) is not None:
            if frame.index % EVERY:
                continue
            people = [person for person in analyzer.analyze(frame).people if person.confirmed]
            for place, person in enumerate(sorted(people, key=lambda one: one.face.box[0])):
                if len(people) == 2 and len(begun) < 2 and person.track_id not in begun:
                    begun.add(person.track_id)
                    collector.start(person.track_id, TRUE[place], IMAGES, has_consent=True)
            collector.observe(frame, people)
    source.close()
    return folder


def test_faces_collected_from_a_video_teach_a_model_how_old_they_are(collected: Path, tmp_path: Path) -> None:
    with (collected / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * IMAGES
    assert {(row["person"], row["age"], row["gender"]) for row in rows} == {
        ("Eileen Collins", "42", "female"),
        ("Grace Hopper", "77", "female"),
    }
    told: list[str] = []
    task = FineTuneConfig(
        models_dir() / "age.keras", collected, tmp_path / "mine", epochs=3, batch_size=8, learning_rate=5e-4
    )
    report = fine_tune(task, told.append)
    assert any("nothing of others" in line for line in told)
    assert sum(report["images"].values()) == 2 * IMAGES, "a face was found in each"
    before, after = (report["metrics"]["new"][name]["age"]["error"] for name in ("before", "after"))
    assert after < 0.7 * before, f"{before:.1f} years before, {after:.1f} after"
    assert report["saved"] == str(tmp_path / "mine" / "age.keras")

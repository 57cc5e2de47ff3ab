"""The example script does what the documentation says of it."""

import re
import runpy
import sys
from pathlib import Path

import pytest

from agecam.paths import models_dir
from agecam.vision.manifest import Manifest

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "predict_age.py"


def photograph() -> Path:
    import matplotlib as mpl

    return Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"


def test_the_example_prints_the_age_of_the_face_in_a_photograph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "age.keras"
    copy.write_bytes(Manifest.read(models_dir()).model_bytes("age", "keras"))
    printed = []
    for words in ([], [str(copy)]):
        monkeypatch.setattr(sys, "argv", ["predict_age.py", str(photograph()), *words])
        runpy.run_path(str(EXAMPLE), run_name="__main__")
        printed.append(capsys.readouterr().out)
    match = re.fullmatch(r"(\d+) years at x=(\d+), y=(\d+), (\d+) by (\d+) pixels\n", printed[0])
    assert match is not None, printed[0]
    age, x, y, width, height = map(int, match.groups())
    assert 65 <= age <= 95, "Grace Hopper, who was 77"
    # Her face is in the upper half of the 512 by 600 pixels, about the middle.
    assert 150 < x + width / 2 < 350
    assert 80 < y + height / 2 < 280
    assert printed[1] == printed[0]


def test_the_documentation_shows_the_example() -> None:
    page = (EXAMPLE.parents[1] / "training.md").read_text(encoding="utf-8")
    body = EXAMPLE.read_text(encoding="utf-8").split("\n\n", 1)[1]
    assert body in page

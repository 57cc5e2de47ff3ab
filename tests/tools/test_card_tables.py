"""The tables of the model card are made of what an evaluation wrote, also by an earlier release."""

import json
from pathlib import Path

import pytest

from tools.card_tables import main

AGE = {"count": 100, "mae": 4.5, "interval_coverage": 0.81}
GENDER = {"count": 100, "accuracy": 0.94}


def printed(path: Path, values: dict[str, float], capsys: pytest.CaptureFixture[str]) -> str:
    def groups(metrics: dict[str, dict[str, float]]) -> dict[str, object]:
        return {"age": {"20-29": metrics}, "adults": {"18-75": metrics}}

    of_ranges, of_ages = {"range": values, "gender": GENDER}, {"age": AGE, "gender": GENDER}
    fairface, utkface = ({**metrics, "groups": groups(metrics)} for metrics in (of_ranges, of_ages))
    path.write_text(json.dumps({"datasets": {"fairface": fairface, "utkface": utkface}}), encoding="utf-8")
    main(str(path))
    return capsys.readouterr().out


def test_tables_have_a_column_for_each_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = {"count": 100, "accuracy": 0.55, "one_off_accuracy": 0.95}
    text = printed(tmp_path / "metrics.json", values, capsys)
    lines = text.splitlines()
    assert lines[0] == "|  | UTKFace | FairFace |"
    assert "| age, MAE (years) | 4.50 |  |" in lines
    assert "| age range accuracy |  | 55.0 % |" in lines
    assert "| age range, one-off accuracy |  | 95.0 % |" in lines
    assert "| 20-29 | 100 | 4.50 | 81.0 % | 94.0 % | 100 | 55.0 % | 95.0 % | 94.0 % |" in lines

    assert not any(line.startswith("| Decade") for line in lines), "it was not measured"

    old = {"count": 100, "right_range": 0.55, "within_one_range": 0.95}
    assert printed(tmp_path / "figures.json", old, capsys) == text


def test_bias_and_pose_have_tables_where_they_were_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = {"age": AGE | {"count": 5}, "gender": GENDER}
    groups = {"age": {}, "adults": {"18-75": few}, "yaw": {"frontal": {"age": AGE}, "profile": few}}
    biases = {"60-69": {"count": 128, "bias": -4.04}, "10-19": {"count": 40, "bias": 1.5}}
    utkface = {"age": AGE, "gender": GENDER, "groups": groups, "bias": biases}
    held_out = {"utkface": {"calibrated_on": ["aaf"], "interval_coverage": 0.76, "interval_width": 15.0}}
    measured = {"datasets": {"utkface": utkface}, "held_out": held_out}
    (tmp_path / "metrics.json").write_text(json.dumps(measured), encoding="utf-8")
    main(str(tmp_path / "metrics.json"))
    lines = capsys.readouterr().out.splitlines()
    first = lines.index("| Decade | UTKFace: images | bias (years) |")
    assert lines[first + 2 : first + 4] == ["| 10-19 | 40 | +1.50 |", "| 60-69 | 128 | -4.04 |"]
    assert "| UTKFace | All-Age-Faces | 76.0 % | 15.00 |" in lines
    assert "| UTKFace | frontal | 100 | 4.50 | – | 81.0 % | – | – | – |" in lines
    assert "| UTKFace | profile | 100 | – | – | – | – | – | 94.0 % |" in lines

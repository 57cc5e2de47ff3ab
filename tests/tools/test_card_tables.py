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

    old = {"count": 100, "right_range": 0.55, "within_one_range": 0.95}
    assert printed(tmp_path / "figures.json", old, capsys) == text

"""The textbook recipe's page does what it says, word for word, on a small set."""

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agecam.cli import app as agecam
from tests.train.conftest import WritePhotographs
from train.cli import app as train

pytestmark = pytest.mark.training

PAGE = Path(__file__).resolve().parents[2] / "docs" / "textbook.md"
SMALLER = {"--epochs 20": "--epochs 4 --batch 8 --size 64 --width 0.25"}


def commands() -> list[list[str]]:
    """Those of the page, with less to do."""
    found = []
    for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL):
        for line in block.splitlines():
            for long, short in SMALLER.items():
                line = line.replace(long, short)
            found.append(shlex.split(line))
    return found


def test_the_page_leads_from_photographs_to_models_that_run(
    tmp_path: Path, write_photographs: WritePhotographs, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photographs(tmp_path / "faces", [("20", "female"), ("70", "male")] * 16)
    monkeypatch.chdir(tmp_path)
    printed = {}
    for python, dash, module, command, *words in commands():
        assert (python, dash) == ("python", "-m")
        program = {"train": train, "agecam": agecam}[module]
        result = CliRunner(env={"COLUMNS": "200"}).invoke(program, [command, *words], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        printed[command] = result.output
    assert list(printed) == ["prepare", "fit", "evaluate", "export", "predict"]

    for name in ("gender accuracy", "precision (female)", "recall (female)", "F1 (female)", "age, MAE"):
        assert name in printed["evaluate"], name
    assert "females taken for male" in printed["evaluate"]
    report = Path("reports/textbook/report.html").read_text(encoding="utf-8")
    for drawn in ("Learning curves", "ROC curve", "Genders: images", "Age groups: images", "Errors"):
        assert drawn in report, drawn
    metrics = json.loads(Path("reports/textbook/metrics.json").read_text(encoding="utf-8"))
    assert f"{metrics['all']['age']['mae']:.2f} years" in printed["evaluate"]
    counts = metrics["all"]["confusion"]["gender"]
    assert sum(map(sum, counts)) == metrics["all"]["gender"]["count"] >= 4
    assert f"{counts[1][0]} of {sum(counts[1])}" in printed["evaluate"]


def test_nothing_is_hidden_in_the_recipe() -> None:
    fits = [
        dict(zip(words[::2], words[1::2], strict=True))
        for _, _, _, command, *words in commands()
        if command == "fit"
    ]
    assert [options["--heads"] for options in fits] == ["gender", "age"]
    for options in fits:
        assert (options["--optimizer"], options["--architecture"]) == ("adam", "plain")
        assert options["--augment"] == options["--ema-decay"] == options["--dropout"] == "0"
    gender, age = fits
    assert (gender["--gender-loss"], gender["--label-smoothing"]) == ("binary", "0")
    assert (age["--age-loss"], age["--rarity-exponent"]) == ("mae", "0")

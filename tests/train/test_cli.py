"""Names that do not exist are wrong usage, told before a network is thought of."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from train.cli import app


@pytest.mark.parametrize(
    ("words", "choice"),
    [
        ("fit --data d -o o --architecture nope", "compact"),
        ("fit --data d -o o --heads foo", "gender"),
        ("fit --data d -o o --age-loss nope", "mean-variance"),
        ("fit --data d -o o --gender-loss nope", "categorical"),
        ("fit --data d -o o --optimizer nope", "adamw"),
        ("fit --data d -o o --precision nope", "mixed_bfloat16"),
        ("compare --data d -o o --only resnet,nope", "rarity-0.8"),
        ("evaluate m.keras --data d -o o --split foo", "validation"),
        ("evaluate m.keras --data d -o o --part foo", "validation"),
        ("export --data d --age a --gender g -o o --weights int4", "float16"),
        ("fit --data d -o o --size 20", "greater than or equal to 32"),
        ("tune --data d -o o --size 20", "greater than or equal to 32"),
        ("fit --data d -o o --epochs 0", "greater than or equal to 1"),
        ("fit --data d -o o --images 0", "greater than or equal to 1"),
        ("fit --data d -o o --pictures 0", "greater than or equal to 1"),
        ("fit --data d -o o --width 0", "greater than or equal to 0.05"),
        ("fit --data d -o o --learning-rate -1", "greater than or equal to 0"),
    ],
)
def test_unknown_names_are_wrong_usage_and_the_choices_are_told(words: str, choice: str) -> None:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, words.split())
    assert result.exit_code == 2, result.output
    assert choice in result.output


def test_wrong_usage_does_not_load_keras() -> None:
    program = """
import sys
from train.cli import app
for words in (["fit", "--heads", "foo"], ["compare", "--only", "nope"], ["evaluate", "m", "--split", "foo"]):
    try:
        app([*words, "--data", "d", "-o", "o"])
    except SystemExit as end:
        code = end.code
    assert code == 2, (words, code)
print({"keras", "tensorflow"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "set()"

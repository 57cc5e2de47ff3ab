"""Settings come from YAML and JSON files, and those of a run go out and in again unchanged."""

from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from agecam.options import options_from
from train.config_files import config_text, read_config
from train.data.augment import Augmentation
from train.errors import DataError
from train.fit.config import FitConfig, read_fit_config

CHANGED = replace(
    FitConfig(Path("data"), Path("runs/a")),
    architecture="plain",
    width=0.25,
    heads=("gender",),
    age_loss="mae",
    images=100,
    epochs=3,
    learning_rate=2e-5,
    weight_decay=0.01,
    warmup_epochs=1.5,
    emphasize=("60-100=3",),
    init=(Path("a.keras"), Path("b c.keras")),
    track=("wandb",),
    augmentation=Augmentation(rotate_deg=3.5, min_downscale_px=40, p_occlude=0.0),
)


def parsed(path: Path, *words: str) -> FitConfig:
    app, seen = typer.Typer(), []

    @app.command()
    @options_from(FitConfig, read_fit_config)
    def command(config: FitConfig) -> None:
        seen.append(config)

    result = CliRunner().invoke(app, ["--config", str(path), *words])
    assert result.exit_code == 0, result.output
    return seen[0]


def test_what_a_run_writes_is_read_again_to_the_same_run(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    for config in (CHANGED, FitConfig(Path("data"), Path("out"))):
        path.write_text(config_text(config), encoding="utf-8")
        assert parsed(path) == config
    path.write_text(config_text(CHANGED), encoding="utf-8")
    assert parsed(path, "-o", "other", "--epochs", "9") == replace(CHANGED, out=Path("other"), epochs=9)


def test_a_short_file_in_yaml_uses_the_names_of_the_options(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(
        "# a try\ndata: prepared\nout: runs/try\nheads: age\nlearning-rate: 1e-3\nbatch: 16\naugment: 0\n"
        "teacher: [one.keras]\n",
        encoding="utf-8",
    )
    assert parsed(path) == FitConfig(
        Path("prepared"),
        Path("runs/try"),
        heads=("age",),
        learning_rate=1e-3,
        batch_size=16,
        teachers=(Path("one.keras"),),
        augmentation=Augmentation().scaled(0),
    )


def test_a_file_of_an_earlier_release_is_read_by_the_names_of_today(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(
        '{"data": "d", "out": "o", "pictures": 9, "blended": 0.5, "augmentation": {"turn_deg": 4.0}}',
        encoding="utf-8",
    )
    config = parsed(path)
    assert (config.images, config.mixup, config.augmentation) == (9, 0.5, Augmentation(rotate_deg=4.0))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"epochs: [1", r"neither YAML nor JSON \(line 1\)"),
        (b"[" * 100_000, "neither YAML nor JSON"),
        (b"\xff\xfe\x00", "neither YAML nor JSON"),
        (b"just a sentence", "holds no settings"),
        (b"", "holds no settings"),
        (b"1: 2", "holds no settings"),
        (None, "cannot be read: No such file"),
    ],
)
def test_what_is_no_file_of_settings_says_so(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "config.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=says):
        read_config(path)

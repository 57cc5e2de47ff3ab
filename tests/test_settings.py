"""Settings survive a restart, an older file, a damaged file and a full disk."""

import dataclasses
import json
from pathlib import Path

import pytest

from agecam.settings import SCHEMA_VERSION, Settings

CHOSEN = Settings(camera="Front camera", mirror=False, blur=True, recordings_folder="/videos")


def write(path: Path, **values: object) -> Path:
    path.write_text(json.dumps({"version": SCHEMA_VERSION, **values}), encoding="utf-8")
    return path


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "settings.json"
    CHOSEN.save(path)
    assert Settings.load(path) == CHOSEN


def test_saving_replaces_the_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    Settings().save(path)
    CHOSEN.save(path)
    assert Settings.load(path) == CHOSEN
    assert [one.name for one in tmp_path.iterdir()] == ["settings.json"]


def test_a_file_that_cannot_be_replaced_is_left_alone(tmp_path: Path) -> None:
    occupied = tmp_path / "settings.json"
    occupied.mkdir()
    with pytest.raises((IsADirectoryError, PermissionError)):
        CHOSEN.save(occupied)
    assert [one.name for one in tmp_path.iterdir()] == ["settings.json"]


def test_without_a_file_there_are_defaults(tmp_path: Path) -> None:
    assert Settings.load(tmp_path / "settings.json") == Settings()


def test_names_in_any_script_are_kept(tmp_path: Path) -> None:
    settings = Settings(camera="Kamera für Gäste 日本")
    settings.save(tmp_path / "settings.json")
    assert Settings.load(tmp_path / "settings.json") == settings


def test_unknown_missing_and_mistyped_values_fall_back_one_by_one(tmp_path: Path) -> None:
    path = write(tmp_path / "settings.json", camera=7, mirror="no", blur=True, zoom=3)
    assert Settings.load(path) == dataclasses.replace(Settings(), blur=True)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"null and void"])
def test_a_file_that_cannot_be_understood_is_kept_beside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    assert Settings.load(path) == Settings()
    assert path.with_suffix(".broken").read_bytes() == content
    assert not path.exists()


@pytest.mark.parametrize("content", ["[1, 2]", '{"version": 99, "blur": true}', '{"blur": true}'])
def test_a_file_of_another_version_is_not_read(tmp_path: Path, content: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(content)
    assert Settings.load(path) == Settings()

"""Settings survive a restart, an older file, a damaged file and a full disk."""

import dataclasses
import json
import os
import stat
import sys
from pathlib import Path

import pytest

from agecam.settings import MIGRATIONS, SCHEMA_VERSION, Settings, migrate

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


def test_lists_and_tables_of_texts_are_kept_and_of_anything_else_refused(tmp_path: Path) -> None:
    settings = Settings(recent=("a.mp4", "rtsp://camera/live"), camera_modes={"usb1/1-1": "1920x1080@30"})
    settings.save(tmp_path / "settings.json")
    assert Settings.load(tmp_path / "settings.json") == settings
    path = write(tmp_path / "odd.json", recent=["a.mp4", 7], camera_modes={"usb1/1-1": None}, blur=True)
    assert Settings.load(path) == Settings(blur=True)


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


DEEP = b"[" * 200_000
TOO_LONG = b'{"version": 2, "camera": "' + b"x" * 1_000_000 + b'"}'


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"null and void", b"[1, 2]", DEEP, TOO_LONG])
def test_a_file_that_cannot_be_understood_is_kept_beside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    told: list[str] = []
    assert Settings.load(path, told.append) == Settings()
    assert path.with_suffix(".broken").read_bytes() == content
    assert not path.exists()
    assert told == [
        f"The settings in {path} cannot be understood; AgeCam uses its defaults, and keeps the file as "
        "settings.broken."
    ]


@pytest.mark.parametrize(
    "content", ['{"version": 99, "blur": true}', '{"version": [], "zoom": 2}', '{"blur": true}']
)
def test_a_file_of_another_version_is_kept_beside_and_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(content)
    told: list[str] = []
    assert Settings.load(path, told.append) == Settings()
    assert path.with_suffix(".other-version").read_text() == content
    assert len(told) == 1
    assert "another version of AgeCam" in told[0]


VERSION_1 = {
    "version": 1,
    "camera": "Front camera",
    "mirror": False,
    "show_groups": True,
    "blur": True,
    "show_statistics": True,
    "has_agreed": True,
    "theme": "light",
    "recordings_folder": "/videos",
    "record_quality": "high",
    "record_split": "10min",
}


def test_a_file_of_the_first_version_keeps_its_values(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(VERSION_1))
    told: list[str] = []
    loaded = Settings.load(path, told.append)
    assert {name: getattr(loaded, name) for name in VERSION_1 if name != "version"} == {
        name: value for name, value in VERSION_1.items() if name != "version"
    }
    assert (told, loaded.label_size, loaded.language) == ([], None, None)
    loaded.save(path)
    assert json.loads(path.read_text())["version"] == SCHEMA_VERSION
    assert Settings.load(path) == loaded
    assert [one.name for one in tmp_path.iterdir()] == ["settings.json"]


def test_there_is_a_way_from_every_older_version_to_this_one() -> None:
    assert set(MIGRATIONS) == set(range(1, SCHEMA_VERSION))
    for version in MIGRATIONS:
        assert migrate({"version": version, "blur": True})["version"] == SCHEMA_VERSION
    assert migrate({"version": 1, "record_original": True})["record_content"] == "both"
    for content in ({"version": 99}, {"version": True}, {"version": "1"}, {}):
        assert migrate(content) == content


def test_what_was_kept_before_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    for content in ("first", "second", "third"):
        path.write_text(content)
        Settings.load(path)
        Settings().save(path)
    kept = {one.name: one.read_text() for one in tmp_path.iterdir() if one != path}
    assert kept == {"settings.broken": "first", "settings.broken2": "second", "settings.broken3": "third"}
    assert Settings.load(path) == Settings()


def test_a_mistyped_value_is_kept_beside_when_others_are_used(tmp_path: Path) -> None:
    path = write(tmp_path / "settings.json", camera=["Front"], recordings_folder="a\0b", blur=True)
    content = path.read_bytes()
    told: list[str] = []
    assert Settings.load(path, told.append) == dataclasses.replace(Settings(), blur=True)
    assert path.with_suffix(".broken").read_bytes() == content
    assert len(told) == 1


def test_a_folder_in_the_files_place_is_kept_with_all_that_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.mkdir()
    (path / "diary.txt").write_text("mine")
    told: list[str] = []
    assert Settings.load(path, told.append) == Settings()
    assert (tmp_path / "settings.unreadable" / "diary.txt").read_text() == "mine"
    assert "it is no ordinary file" in told[0]
    CHOSEN.save(path)
    assert Settings.load(path) == CHOSEN


@pytest.mark.skipif(sys.platform == "win32", reason="needs named pipes")
def test_a_pipe_in_the_files_place_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    os.mkfifo(path)
    assert Settings.load(path) == Settings()
    assert (tmp_path / "settings.unreadable").is_fifo()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs a user with limits")
def test_a_file_that_may_not_be_read_is_kept_beside(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text("secret")
    path.chmod(0)
    assert Settings.load(path) == Settings()
    assert (tmp_path / "settings.unreadable").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_folders_that_are_made_are_private_and_others_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir(mode=0o755)
    CHOSEN.save(tmp_path / "config" / "a" / "agecam" / "settings.json")
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in tmp_path.rglob("*") if one.is_dir()}
    assert modes == {"config": 0o755, "a": 0o700, "agecam": 0o700}

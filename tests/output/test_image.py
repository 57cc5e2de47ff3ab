import re
from pathlib import Path

import numpy as np
import pytest

from agecam.errors import OutputError
from agecam.output import save_snapshot, unique_path, write_image
from agecam.sources import read_image


def test_snapshot_loses_nothing(tmp_path, astronaut_bgr):
    path = save_snapshot(astronaut_bgr, tmp_path)
    assert np.array_equal(read_image(path), astronaut_bgr)


def test_snapshot_is_named_after_the_time_in_a_folder_made_for_it(tmp_path, astronaut_bgr):
    folder = tmp_path / "Bilder 日本" / "AgeCam"
    path = save_snapshot(astronaut_bgr, folder)
    assert path.parent == folder
    assert re.fullmatch(r"AgeCam \d{4}-\d\d-\d\d \d\d-\d\d-\d\d\.png", path.name)


def test_snapshots_of_one_second_do_not_replace_each_other(tmp_path, astronaut_bgr):
    paths = {save_snapshot(astronaut_bgr[:20, :20], tmp_path) for _ in range(5)}
    assert len(paths) == 5
    assert all(path.exists() for path in paths)


def test_snapshot_says_that_the_folder_cannot_be_made(tmp_path, astronaut_bgr):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"The folder .*inside cannot be made"):
        save_snapshot(astronaut_bgr, tmp_path / "file" / "inside")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder that nobody may write")
def test_snapshot_says_that_the_folder_may_not_be_written(astronaut_bgr):
    with pytest.raises(OutputError) as caught:
        save_snapshot(astronaut_bgr, "/proc")
    assert str(caught.value).endswith(".")


def test_unique_path_counts_on(tmp_path):
    first = unique_path(tmp_path, ".mp4")
    first.touch()
    second = unique_path(tmp_path, ".mp4")
    second.touch()
    assert first != second
    assert second.suffix == ".mp4"


@pytest.mark.parametrize("name", ["a.png", "b.jpg", "c.JPEG", "d.webp"])
def test_writes_the_kind_of_picture_that_the_name_says(tmp_path, astronaut_bgr, name):
    write_image(astronaut_bgr, tmp_path / name)
    read = read_image(tmp_path / name)
    assert read.shape == astronaut_bgr.shape
    assert np.abs(read.astype(int) - astronaut_bgr).mean() < 4


def test_replaces_a_picture(tmp_path, astronaut_bgr):
    write_image(astronaut_bgr, tmp_path / "a.png")
    write_image(astronaut_bgr[:50], tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").shape[0] == 50


def test_names_the_kinds_it_writes(tmp_path, astronaut_bgr):
    with pytest.raises(OutputError, match=r"end its name in one of \.png, \.jpg"):
        write_image(astronaut_bgr, tmp_path / "a.gif")


def test_says_that_a_picture_is_too_large_for_its_kind(tmp_path):
    with pytest.raises(OutputError, match="is too large for"):
        write_image(np.zeros((1, 20_000, 3), np.uint8), tmp_path / "wide.webp")
    assert not (tmp_path / "wide.webp").exists()

"""A prepared folder takes what has come, changed and gone: new crops alone are made, and splits stay."""

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.opencv import cv2
from train.data.config import TO_TRAINING, PrepareConfig
from train.data.crops import load_crops
from train.data.keypoints import load_keypoints
from train.data.make_crops import prepare_crops
from train.data.prepare import prepare
from train.data.readers import read_dataset
from train.data.table import TEST, TRAIN, Table
from train.errors import DataError


@pytest.fixture(scope="module")
def views(_astronaut: NDArray[np.uint8], _hopper: NDArray[np.uint8]) -> list[bytes]:
    """Eight JPEGs: two people, lit from either side, as they are and mirrored, each rotated differently."""
    encoded = []
    for index in range(8):
        image = (_astronaut, _hopper)[index % 2]
        height, width = image.shape[:2]
        light = np.linspace(*((0.1, 1.0) if index // 2 % 2 else (1.0, 0.1)), width)[:, None]
        upright = (image * light).astype(np.uint8)[:, :: 1 if index < 4 else -1]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 3), 5.0 * index - 15, 0.9)
        rotated = cv2.warpAffine(np.ascontiguousarray(upright), matrix, (width, height))
        encoded.append(cv2.imencode(".jpg", rotated)[1].tobytes())
    return encoded


def write(folder: Path, content: bytes, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def state(folder: Path) -> dict[str, tuple[int, str]]:
    """Row and split of each file."""
    table = Table.load(folder)
    rows = zip(table.row.tolist(), table.split.tolist(), strict=True)
    return dict(zip(table.file.tolist(), rows, strict=True))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, views: list[bytes]) -> Path:
    """A folder of photographs by class, ``faces``, and what was prepared of it, ``out``."""
    folder = tmp_path_factory.mktemp("first")
    for index, view in enumerate(views[:6]):
        write(folder / "faces", view, f"{('female', 'male')[index % 2]}/{index}.jpg")
    write(folder / "faces", b"no image", "male/broken.jpg")
    prepare(PrepareConfig((folder / "faces",), folder / "out", test=0.4, validation=0.2))
    return folder


@pytest.fixture
def grown(first: Path, tmp_path: Path, views: list[bytes]) -> PrepareConfig:
    """A copy of it in which one photograph has come, one changed, one gone, and one got another name."""
    shutil.copytree(first, tmp_path, dirs_exist_ok=True)
    faces = tmp_path / "faces"
    write(faces, views[6], "female/6.jpg")
    write(faces, views[7], "male/1.jpg")
    (faces / "male" / "3.jpg").unlink()
    (faces / "male" / "5.jpg").rename(faces / "female" / "aaa.jpg")
    return PrepareConfig((faces,), tmp_path / "out", test=0.4, validation=0.2)


def test_a_grown_folder_is_told_and_splits_stay(first: Path, grown: PrepareConfig) -> None:
    told: list[str] = []
    prepare(grown, told.append)
    assert "Images: added 1, changed 1, removed 1, kept 5" in told
    before, after = state(first / "out"), state(grown.out)
    assert after.keys() == {f"female/{name}.jpg" for name in ("0", "2", "4", "6", "aaa")} | {"male/1.jpg"}
    for name in ("female/0.jpg", "female/2.jpg", "female/4.jpg"):
        assert after[name] == before[name]
    # By its content, and with its new label.
    assert after["female/aaa.jpg"] == before["male/5.jpg"]
    table = Table.load(grown.out)
    assert table.female[table.file == "female/aaa.jpg"] == 1
    assert after["male/1.jpg"][1] == before["male/1.jpg"][1]


def test_new_crops_alone_are_made(first: Path, grown: PrepareConfig) -> None:
    crops = np.load(grown.out / "crops.npy", mmap_mode="r+")
    kept = [
        row for name, (row, _) in state(first / "out").items() if name not in ("male/1.jpg", "male/3.jpg")
    ]
    crops[kept] = 7
    del crops
    prepare(grown)
    after = load_crops(grown.out)
    assert (after[kept] == 7).all(), "what was done must not be done again"
    for name in ("female/6.jpg", "male/1.jpg"):
        row, _ = state(grown.out)[name]
        assert after[row].std() > 10
        assert np.isfinite(load_keypoints(grown.out)[row]).all()


def test_of_images_that_are_gone_nothing_is_left(first: Path, grown: PrepareConfig) -> None:
    gone, _ = state(first / "out")["male/3.jpg"]
    assert load_crops(grown.out)[gone].any()
    prepare(grown)
    assert not load_crops(grown.out)[gone].any()
    assert np.isnan(load_keypoints(grown.out)[gone]).all()
    assert "male/3.jpg" not in (grown.out / "images.csv").read_text(encoding="utf-8")


def test_their_rows_are_taken_by_images_that_come_later(grown: PrepareConfig, views: list[bytes]) -> None:
    prepare(grown)
    length = len(load_crops(grown.out))
    write(grown.sources[0], views[3], "male/back.jpg")
    prepare(grown)
    assert len(load_crops(grown.out)) == length


def test_a_kill_before_the_table_is_written_leaves_what_was_there(first: Path, grown: PrepareConfig) -> None:
    prepare_crops([read_dataset(grown.sources[0])], grown.out)
    before = Table.load(grown.out)
    np.testing.assert_array_equal(before.split, Table.load(first / "out").split)
    np.testing.assert_array_equal(load_crops(grown.out)[before.row], load_crops(first / "out")[before.row])
    prepare(grown)
    after = state(grown.out)
    assert after["male/1.jpg"][1] == state(first / "out")["male/1.jpg"][1]
    assert after["female/aaa.jpg"] == state(first / "out")["male/5.jpg"]


def test_the_same_images_are_kept_and_an_interrupted_preparation_goes_on(first: Path, tmp_path: Path) -> None:
    shutil.copytree(first, tmp_path, dirs_exist_ok=True)
    config = PrepareConfig((tmp_path / "faces",), tmp_path / "out", test=0.4, validation=0.2)
    told: list[str] = []
    prepare(config, told.append)
    assert "Images: added 0, changed 0, removed 0, kept 7" in told
    assert (tmp_path / "out" / "table.csv").read_bytes() == (first / "out" / "table.csv").read_bytes()


def test_a_folder_that_an_earlier_release_prepared_grows_too(first: Path, grown: PrepareConfig) -> None:
    (grown.out / "images.csv").unlink()
    (grown.out / "prepared.json").write_text(
        '{"pictures": 7, "names_sha256": "0", "preprocessing": 1}', encoding="utf-8"
    )
    prepare(grown)
    before, after = state(first / "out"), state(grown.out)
    for name in ("female/0.jpg", "female/2.jpg", "female/4.jpg"):
        assert after[name] == before[name]
    assert "female/6.jpg" in after


def test_nobody_is_on_two_sides_of_what_was_prepared_and_has_grown(
    tmp_path: Path, views: list[bytes]
) -> None:
    faces = tmp_path / "faces"

    def prepared(count: int) -> Table:
        lines = [f"{index}.jpg;30;p{index % 3}" for index in range(count)]
        for index in range(count):
            write(faces, views[index], f"{index}.jpg")
        write(faces, "\n".join(["image;age;Person", *lines]).encode(), "labels.csv")
        return prepare(PrepareConfig((faces,), tmp_path / "out", test=0.2, validation=0.1)).table

    def sides(table: Table) -> dict[str, set[str]]:
        return {person: set(table.split[table.person == person].tolist()) for person in ("p0", "p1", "p2")}

    before = sides(prepared(6))
    assert sorted(map(sorted, before.values())) == [["test"], ["train"], ["validation"]]
    assert sides(prepared(8)) == before


def test_other_settings_split_all_images_anew_and_say_so(first: Path, tmp_path: Path) -> None:
    shutil.copytree(first, tmp_path, dirs_exist_ok=True)
    told: list[str] = []
    prepare(PrepareConfig((tmp_path / "faces",), tmp_path / "out", test=0.0, validation=1.0), told.append)
    assert "Another --seed, --test or --validation than before: all images are split anew." in told
    assert {split for _, split in state(tmp_path / "out").values()} == {"validation"}


def test_new_images_may_be_for_training_alone(first: Path, tmp_path: Path, views: list[bytes]) -> None:
    shutil.copytree(first, tmp_path, dirs_exist_ok=True)
    faces, before = tmp_path / "faces", state(tmp_path / "out")
    tested = next(name for name, (_, split) in before.items() if split == TEST)
    image = cv2.imdecode(np.frombuffer((faces / tested).read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    again = cv2.imencode(".jpg", cv2.convertScaleAbs(image, alpha=0.8))[1].tobytes()
    write(faces, again, "male/again.jpg")
    write(faces, views[6], "female/6.jpg")
    config = PrepareConfig((faces,), tmp_path / "out", test=0.4, validation=0.2, added=TO_TRAINING)
    told: list[str] = []
    prepare(config, told.append)
    after = state(tmp_path / "out")
    assert {name: after[name] for name in before} == before
    assert after["female/6.jpg"][1] == TRAIN
    assert "male/again.jpg" not in after
    assert "  1 shows a photograph that was there" in told
    with (tmp_path / "out" / "skipped.csv").open(encoding="utf-8") as stream:
        reasons = {row["file"]: row["reason"] for row in csv.DictReader(stream)}
    assert reasons["male/again.jpg"] == "shows a photograph that was there"


def test_a_folder_that_has_another_name_is_known_again(first: Path, grown: PrepareConfig) -> None:
    (renamed,) = (source.rename(source.with_name("photos")) for source in grown.sources)
    told: list[str] = []
    prepare(replace(grown, sources=(renamed,)), told.append)
    assert "Images: added 1, changed 1, removed 1, kept 5" in told
    before, after = state(first / "out"), state(grown.out)
    assert after["female/0.jpg"] == before["female/0.jpg"]
    assert after["female/aaa.jpg"] == before["male/5.jpg"]
    assert set(Table.load(grown.out).dataset.tolist()) == {"photos"}


def test_images_of_other_folders_are_not_mixed_in(first: Path, tmp_path: Path, views: list[bytes]) -> None:
    shutil.copytree(first / "out", tmp_path / "out")
    for name in ("others", "faces", "more/faces"):
        write(tmp_path / name, views[7], "male/9.jpg")
    content = (tmp_path / "out" / "table.csv").read_bytes()
    for sources, says in (
        ((tmp_path / "others",), r"holds crops of other images \(faces\): name them too"),
        ((tmp_path / "faces",), r"holds crops of other images that are called faces too"),
        ((tmp_path / "faces", tmp_path / "more" / "faces"), r"are both called faces: rename one"),
    ):
        with pytest.raises(DataError, match=says):
            prepare(PrepareConfig(sources, tmp_path / "out"))
    assert (tmp_path / "out" / "table.csv").read_bytes() == content

"""A folder of labelled faces: the form that training reads, and every way out of it."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.errors import OutputError
from agecam.output.collection import LABELS_FILE, CollectedPerson, Collection, TrueLabel
from train.data.labels import LabelOptions
from train.data.readers import read_dataset

ANNA = TrueLabel("Anna, 1", 34, "female")
BOB = TrueLabel("Bob", age=61)


@pytest.fixture
def image() -> NDArray[np.uint8]:
    return np.full((60, 60, 3), 120, np.uint8)


@pytest.fixture
def collection(tmp_path: Path, image: NDArray[np.uint8]) -> Collection:
    made = Collection(tmp_path / "faces")
    for label in (ANNA, BOB, ANNA):
        made.add(label, image)
    return made


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_training_reads_what_was_collected(collection: Collection) -> None:
    samples = read_dataset(collection.folder, LabelOptions()).samples
    read = {(one.file, one.age_low, one.age_high, one.female, one.person) for one in samples}
    assert read == {
        ("anna-1/0001.jpg", 34, 34, True, "Anna, 1"),
        ("bob/0001.jpg", 61, 61, None, "Bob"),
        ("anna-1/0002.jpg", 34, 34, True, "Anna, 1"),
    }


def test_who_was_collected_is_counted(collection: Collection) -> None:
    assert collection.people() == (CollectedPerson("Anna, 1", 2), CollectedPerson("Bob", 1))
    assert Collection(collection.folder / "other").people() == ()


def test_a_person_is_deleted_and_the_others_stay(collection: Collection, image: NDArray[np.uint8]) -> None:
    orphan = collection.folder / "anna-1" / "0009.jpg"
    orphan.write_bytes(b"left by a crash, without a row")
    collection.remove("Anna, 1")
    assert files(collection.folder) == ["bob/0001.jpg", LABELS_FILE]
    assert (collection.folder / LABELS_FILE).read_text() == "file,age,gender,person\nbob/0001.jpg,61,,Bob\n"
    collection.add(ANNA, image)
    assert collection.people() == (CollectedPerson("Bob", 1), CollectedPerson("Anna, 1", 1))


def test_everybody_is_deleted_and_what_is_not_agecams_stays(collection: Collection) -> None:
    (collection.folder / "notes.txt").write_text("mine")
    (collection.folder / "bob" / "holiday.jpg").write_bytes(b"mine")
    collection.remove_all()
    assert files(collection.folder) == ["bob/holiday.jpg", "notes.txt"]
    assert collection.people() == ()


def test_a_row_that_leads_out_of_the_folder_deletes_nothing_there(collection: Collection) -> None:
    outside = collection.folder.parent / "holiday.jpg"
    outside.write_bytes(b"mine")
    with (collection.folder / LABELS_FILE).open("a") as table:
        table.write("../holiday.jpg,30,,Anna")  # without a line end, as editors leave it
    collection.add(BOB, np.zeros((9, 9, 3), np.uint8))
    collection.remove_all()
    assert outside.exists()


@pytest.mark.parametrize("content", ["name;age\na.jpg;3\n", "\0\xff", "file,age,gender,person\na.jpg,1\n"])
def test_a_folder_with_another_table_is_left_alone(
    tmp_path: Path, image: NDArray[np.uint8], content: str
) -> None:
    (tmp_path / LABELS_FILE).write_text(content, encoding="latin-1")
    collection = Collection(tmp_path)
    for use in (collection.people, collection.remove_all, lambda: collection.add(BOB, image)):
        with pytest.raises(OutputError, match="choose another folder"):
            use()
    assert files(tmp_path) == [LABELS_FILE]
    assert (tmp_path / LABELS_FILE).read_text(encoding="latin-1") == content


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, image: NDArray[np.uint8]) -> None:
    (tmp_path / "faces").write_text("a file stands there")
    with pytest.raises(OutputError, match="folder"):
        Collection(tmp_path / "faces").add(BOB, image)


def test_a_full_disk_leaves_no_half_of_an_image_and_no_row(small_disk: Path) -> None:
    collection = Collection(small_disk / "faces")
    noise = np.random.default_rng(0).integers(0, 255, (512, 512, 3), np.uint8)

    def fill() -> None:
        while True:
            collection.add(BOB, noise)

    with pytest.raises(OutputError, match="disk is full"):
        fill()
    (bob,) = collection.people()
    assert bob.images == len(list((small_disk / "faces" / "bob").iterdir()))

"""The table of prepared images survives the disk, also as earlier releases wrote it."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from tests.train.samples import table_of_samples
from train.data.crops import STORED_PX
from train.data.readers import Sample
from train.data.split import split_table
from train.data.table import TEST, UNUSED, Table, build_table
from train.errors import DataError


@pytest.fixture
def table() -> Table:
    samples = [
        Sample("set", "a, b.jpg", 20, 29, None, "East Asian"),
        Sample("set", "c.jpg", None, None, True),
        Sample("set", "d.jpg", 4, 4, False, person="F0001, MID2"),
    ]
    return split_table(table_of_samples(samples), test=0.2, validation=0.2)


def same(one: Table, other: Table) -> None:
    for field in fields(Table):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))


def test_table_survives_the_disk(table: Table, tmp_path: Path) -> None:
    table.save(tmp_path)
    again = Table.load(tmp_path)
    same(again, table)
    assert again.exact.tolist() == [False, False, True]
    assert again.person.tolist() == ["", "", "F0001, MID2"]
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_table_of_an_earlier_release_is_read(table: Table, tmp_path: Path) -> None:
    table = replace(table, person=np.array([""] * 3))
    table.save(tmp_path)
    path = tmp_path / "table.csv"
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    columns = ",yaw_deg,pitch_deg,face_px,age_edge,person"
    assert header.endswith(f",split{columns}")
    old = [header.removesuffix(f"split{columns}") + "part", *(row.rsplit(",", 5)[0] for row in rows)]
    path.write_text("\n".join(old), encoding="utf-8")
    same(Table.load(tmp_path), table)
    assert np.isnan(Table.load(tmp_path).yaw_deg).all()


def test_folder_that_was_not_prepared_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="train prepare"):
        Table.load(tmp_path / "none")


def test_split_without_images_is_refused_where_some_are_needed(table: Table, tmp_path: Path) -> None:
    none = table.take(table.split != TEST)
    assert len(none.of_split(TEST)) == 0
    with pytest.raises(DataError, match="no images in its test split"):
        none.require_split(TEST, tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"age_low", b"age"),
        (b"20.0", b"twenty"),
        (b"29.0", b"inf"),
        (b"4.0,4.0", b"5.0,4.0"),
        (b"set", b"\xff\xfe"),
        (b"0,set", b"9" * 30 + b",set"),
        (b"0,set", b"77,set"),
        (b"0,set", b"-1,set"),
    ],
)
def test_a_damaged_table_is_told_in_one_sentence(
    table: Table, tmp_path: Path, old: bytes, new: bytes
) -> None:
    table.save(tmp_path)
    np.save(tmp_path / "crops.npy", np.zeros((3, STORED_PX, STORED_PX), np.uint8))
    path = tmp_path / "table.csv"
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    with pytest.raises(DataError, match=r"table\.csv is damaged .*: prepare the images again"):
        Table.load(tmp_path)


def test_the_longest_name_of_a_split_is_written_whole() -> None:
    samples = [Sample("set", f"{i}.jpg", 20, 20, True) for i in range(4)]
    pairs = np.array([0, 0, 0]), np.array([1, 2, 3])
    split = split_table(build_table(samples, np.arange(4), pairs), test=1.0, validation=0.0)
    assert split.split.tolist() == [TEST, UNUSED, UNUSED, UNUSED]

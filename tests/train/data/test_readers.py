"""Labels are read from names and tables, and what cannot be used is said."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.opencv import cv2
from tests.train.samples import table_of_samples
from train.data.readers import Sample, parse_age, parse_gender, read_dataset
from train.data.stores import decode, open_store
from train.errors import DataError

TABLE = """file,age,gender,race
a.webp,34,female,East Asian
b.webp,30-39,male,
c.webp,70+,Female,Black
d.webp,,m,
e.webp,12,,
f.webp,,,
g.webp,abc,male,
h.webp,20,robot,
gone.webp,20,male,
a.webp,35,female,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "faces" / "inner"
    folder.mkdir(parents=True)
    for name in "abcdefgh":
        (folder / f"{name}.webp").write_bytes(b"image")
    (folder / "labels.csv").write_text(TABLE, encoding="utf-8")
    return tmp_path / "faces"


def test_table_gives_exact_ages_ranges_and_missing_labels(folder: Path) -> None:
    samples = {sample.file: sample for sample in read_dataset(folder).samples}
    assert samples["inner/a.webp"] == Sample("faces", "inner/a.webp", 34, 34, True, "East Asian")
    assert samples["inner/b.webp"] == Sample("faces", "inner/b.webp", 30, 39, False)
    assert samples["inner/c.webp"] == Sample("faces", "inner/c.webp", 70, 100, True, "Black")
    assert samples["inner/d.webp"] == Sample("faces", "inner/d.webp", None, None, False)
    assert samples["inner/e.webp"] == Sample("faces", "inner/e.webp", 12, 12, None)
    assert samples["inner/f.webp"] == Sample("faces", "inner/f.webp", None, None, None)
    assert samples["inner/a.webp"].age == 34
    assert samples["inner/b.webp"].age is None


def test_bad_rows_are_skipped_with_their_reason(folder: Path) -> None:
    skipped = [(skip.file, skip.reason) for skip in read_dataset(folder).skipped]
    assert skipped == [
        ("inner/g.webp", "age 'abc' is neither a number nor a range"),
        ("inner/h.webp", "gender 'robot' is neither male nor female"),
        ("inner/gone.webp", "there is no such file"),
        ("inner/a.webp", "listed twice"),
    ]


def test_a_zip_reads_like_the_folder_it_was_made_from(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "faces.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, file.relative_to(folder))
    assert read_dataset(path).samples == read_dataset(folder).samples
    assert open_store(path).read("inner/a.webp") == b"image"
    with pytest.raises(DataError, match="cannot be read"):
        open_store(path).read("inner/none.webp")


def test_utkface_names_carry_the_labels(tmp_path: Path) -> None:
    for name in (
        "26_1_2_20170116192818803.jpg.chip.jpg",
        "116_0_0_20170120134744096.jpg.chip.jpg",
        "39_1_20170116174525125.jpg.chip.jpg",
        "24_0_1_20170116220224657 .jpg.chip.jpg",
        "130_0_0_20170120134744096.jpg.chip.jpg",
    ):
        (tmp_path / name).write_bytes(b"image")
    (tmp_path / "readme.txt").write_text("not an image", encoding="utf-8")
    dataset = read_dataset(tmp_path)
    assert [(s.age, s.female, s.race) for s in dataset.samples] == [
        (116, False, "White"),
        (26, True, "Asian"),
    ]
    assert [skip.file.split("_")[0] for skip in dataset.skipped] == ["130", "24", "39"]


@pytest.mark.parametrize("text", ["-3", "200", "40-30", "3o", "20-", "nan"])
def test_what_is_not_an_age_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="age"):
        parse_age(text)


@pytest.mark.parametrize("text", ["x", "women", "1"])
def test_what_is_not_a_gender_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither male nor female"):
        parse_gender(text)


def test_useless_sources_are_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        read_dataset(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no labelled image"):
        read_dataset(tmp_path)
    (tmp_path / "labels.csv").write_text("name,age\n", encoding="utf-8")
    with pytest.raises(DataError, match="lacks the column file, gender"):
        read_dataset(tmp_path)
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK not really")
    with pytest.raises(DataError, match="not a readable zip"):
        read_dataset(broken)


def test_bounds_and_uncertain_ends_are_read_from_a_table(tmp_path: Path) -> None:
    ages = ["<=60", ">= 45", "45-52~3", "50~2.5", "45-52~old", "45-52~0"]
    rows = [f"{index}.jpg,{age},female" for index, age in enumerate(ages)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,age,gender", *rows]), encoding="utf-8")
    for index in range(len(ages)):
        (tmp_path / f"{index}.jpg").touch()
    dataset = read_dataset(tmp_path)
    assert [(sample.age_low, sample.age_high, sample.age_edge) for sample in dataset.samples] == [
        (0, 60, None),
        (45, 100, None),
        (45, 52, 3),
        (50, 50, 2.5),
    ]
    assert [skip.reason for skip in dataset.skipped] == [
        "'old' behind ~ is no number of years",
        "'0' behind ~ is no number of years",
    ]
    assert table_of_samples(dataset.samples).at_most.tolist() == [True, False, False, False]


def test_images_without_any_label_are_read_with_their_persons(tmp_path: Path) -> None:
    lines = ["file,age,gender,race,person", "a.jpg,,,,F1/M2", "b.jpg,,,, F1/M2 ", "c.jpg,,female,,"]
    (tmp_path / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    for name in "abc":
        (tmp_path / f"{name}.jpg").touch()
    dataset = read_dataset(tmp_path)
    assert not dataset.skipped
    assert [sample.person for sample in dataset.samples] == ["F1/M2", "F1/M2", ""]
    assert [sample.female for sample in dataset.samples] == [None, None, True]
    assert table_of_samples(dataset.samples).person.tolist() == ["F1/M2", "F1/M2", ""]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_of_a_table_may_end_as_on_any_system(folder: Path, line_end: str) -> None:
    expected = read_dataset(folder).samples
    (folder / "inner" / "labels.csv").write_bytes(TABLE.replace("\n", line_end).encode())
    assert read_dataset(folder).samples == expected


def test_a_cell_without_end_is_told(folder: Path) -> None:
    (folder / "inner" / "labels.csv").write_text('file,age,gender\n"' + "x" * 200_000, encoding="utf-8")
    with pytest.raises(DataError, match="is not a table that can be read"):
        read_dataset(folder)


@pytest.mark.parametrize("at", [8, 30])
def test_a_damaged_part_of_a_zip_is_told(tmp_path: Path, at: int) -> None:
    """Of the first member's header: method (unknown), its content."""
    path = tmp_path / "faces.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("23_0_0_1.jpg", b"image" * 100)
    content = bytearray(path.read_bytes())
    central = content.index(b"PK\x01\x02")
    for place in (at, central + at + 2) if at < 30 else (at + len("23_0_0_1.jpg"),):
        content[place] ^= 0xFF if at == 30 else 0x61
    path.write_bytes(content)
    (sample,) = read_dataset(path).samples
    with pytest.raises(DataError, match=r"23_0_0_1\.jpg in .* cannot be read"):
        open_store(path).read(sample.file)


def test_a_file_that_unpacks_to_gigabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("23_0_0_1.jpg", b"image")
    content = bytearray(path.read_bytes())
    size = content.index(b"PK\x01\x02") + 24
    content[size : size + 4] = (4_000_000_000).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        open_store(path).read("23_0_0_1.jpg")


def test_what_decoders_remark_of_damaged_images_is_not_printed(
    astronaut_bgr: NDArray[np.uint8], capfd: pytest.CaptureFixture[str]
) -> None:
    encoded = bytearray(cv2.imencode(".jpg", astronaut_bgr)[1].tobytes())
    encoded[9000:9002] = b"\xff\xd9"
    assert decode(bytes(encoded)) is not None
    header = b"P6\n100000 100000\n255\n"
    assert decode(header) is None
    assert capfd.readouterr().err == ""


def test_a_damaged_png_is_refused_before_memory_is_taken_for_it(astronaut_bgr: NDArray[np.uint8]) -> None:
    encoded = bytearray(cv2.imencode(".png", astronaut_bgr)[1].tobytes())
    assert decode(bytes(encoded)) is not None
    encoded[encoded.index(b"IDAT") - 4] = 0xFF  # of the chunk's length: 4 GB
    assert decode(bytes(encoded)) is None

"""Labels are read from names and tables, and what cannot be used is said."""

import io
import os
import sys
import zipfile
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image

from agecam.opencv import cv2
from tests.train.samples import table_of_samples
from train.data.readers import Sample, read_dataset
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
        ("inner/g.webp", "age is neither a number nor a range: 'abc'"),
        ("inner/h.webp", "gender is neither male nor female: 'robot'"),
        ("gone.webp", "no such file"),
        ("inner/a.webp", "listed before, with other labels"),
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


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_class_folders_are_labels(tmp_path: Path) -> None:
    faces = touch(
        tmp_path / "faces",
        *("female/a.jpg", "male/b.HEIC", "20-29/c.png", "25/d.jpg", "female/20-29/holiday/e.jpg"),
        *("train/male/f.jpg", "val/70+/g.jpg", "holiday/h.jpg", "i.jpg", "male/25/female/j.jpg"),
        *("female/Thumbs.db", "female/._a.jpg", "__MACOSX/female/a.jpg", "female/k.CR2"),
    )
    dataset = read_dataset(faces)
    assert {s.file: (s.age_low, s.age_high, s.female, s.split) for s in dataset.samples} == {
        "female/a.jpg": (None, None, True, ""),
        "male/b.HEIC": (None, None, False, ""),
        "20-29/c.png": (20, 29, None, ""),
        "25/d.jpg": (25, 25, None, ""),
        "female/20-29/holiday/e.jpg": (20, 29, True, ""),
        "train/male/f.jpg": (None, None, False, "train"),
        "val/70+/g.jpg": (70, 100, None, "validation"),
    }
    assert [(skip.file, skip.reason) for skip in dataset.skipped] == [
        ("female/k.CR2", "raw photograph, to be saved as JPEG"),
        ("holiday/h.jpg", "no label in a table, in its name or in its folders' names"),
        ("i.jpg", "no label in a table, in its name or in its folders' names"),
        ("male/25/female/j.jpg", "folders contradict one another: 'male/25/female'"),
    ]
    assert dataset.notes == (
        "faces: labels by folder, 20-29, 25, female, female/20-29/holiday, male, train/male, val/70+",
    )


def test_each_folder_may_have_a_table_and_a_tree_may_have_both(tmp_path: Path) -> None:
    faces = touch(
        tmp_path / "faces", "a/1.jpg", "a/2.jpg", "a/deep/3.jpg", "b/1.jpg", "male/1.jpg", "c/1.jpg"
    )
    (faces / "a" / "labels.csv").write_text("file;age\n1.jpg;30\ndeep/3.jpg;33\n", encoding="utf-8")
    (faces / "b" / "people.tsv").write_text("image\tsex\n1.jpg\tf\n", encoding="utf-8")
    (faces / "c" / "speeds.csv").write_text("clip,fps\n1.jpg,30\n", encoding="utf-8")
    dataset = read_dataset(faces)
    assert [(s.file, s.age, s.female) for s in dataset.samples] == [
        ("a/1.jpg", 30, None),
        ("a/deep/3.jpg", 33, None),
        ("b/1.jpg", None, True),
        ("male/1.jpg", None, False),
    ]
    assert [(skip.file, skip.kind) for skip in dataset.skipped] == [
        ("a/2.jpg", "not in labels.csv"),
        ("c/1.jpg", "no label in a table, in its name or in its folders' names"),
    ]
    assert dataset.notes == (
        "faces/a/labels.csv: 2 rows, semicolon, UTF-8",
        "faces/b/people.tsv: 1 row, tab, UTF-8",
        "faces: labels by folder, male",
    )


def test_the_innermost_table_is_for_an_image(tmp_path: Path) -> None:
    faces = touch(tmp_path / "faces", "a/1.jpg", "2.jpg")
    (faces / "a" / "labels.csv").write_text("file,age\n1.jpg,30\n", encoding="utf-8")
    (faces / "labels.csv").write_text("file,age\n2.jpg,40\na/1.jpg,50\n", encoding="utf-8")
    dataset = read_dataset(faces)
    assert [(sample.file, sample.age) for sample in dataset.samples] == [("2.jpg", 40), ("a/1.jpg", 30)]
    reasons = [(skip.file, skip.reason) for skip in dataset.skipped]
    assert reasons == [("a/1.jpg", "listed before, with other labels")]


def test_other_tables_beside_labels_are_left_alone(tmp_path: Path) -> None:
    faces = touch(tmp_path / "faces", "1.jpg")
    (faces / "labels.csv").write_text("file,age\n1.jpg,30\n", encoding="utf-8")
    (faces / "predictions.csv").write_text("file,age\n1.jpg,44\n", encoding="utf-8")
    dataset = read_dataset(faces)
    assert [sample.age for sample in dataset.samples] == [30]
    assert not dataset.skipped


def test_a_folder_has_a_name_however_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(touch(tmp_path / "faces", "female/1.jpg"))
    assert read_dataset(Path()).name == "faces"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_a_name_that_is_no_text_is_listed(tmp_path: Path) -> None:
    faces = touch(tmp_path / "faces", "female/1.jpg")
    (faces / "female" / os.fsdecode(b"j\xf6rg.jpg")).touch()
    dataset = read_dataset(faces)
    assert [sample.file for sample in dataset.samples] == ["female/1.jpg"]
    assert [(s.file, s.reason) for s in dataset.skipped] == [
        ("female/j\\udcf6rg.jpg", "file name that is no text")
    ]


def test_useless_sources_are_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        read_dataset(tmp_path / "nowhere")
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
        "no number of years behind ~: 'old'",
        "no number of years behind ~: '0'",
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


def test_photographs_of_telephones_are_read(astronaut_bgr: NDArray[np.uint8]) -> None:
    stream = io.BytesIO()
    image = Image.fromarray(cv2.cvtColor(astronaut_bgr, cv2.COLOR_BGR2RGB))
    pillow_heif.from_pillow(image).save(stream, quality=90)
    decoded = decode(stream.getvalue())
    assert decoded is not None
    assert decoded.shape == astronaut_bgr.shape
    assert np.abs(decoded.astype(int) - astronaut_bgr).mean() < 5
    assert decode(stream.getvalue()[:5000]) is None


def test_a_damaged_png_is_refused_before_memory_is_taken_for_it(astronaut_bgr: NDArray[np.uint8]) -> None:
    encoded = bytearray(cv2.imencode(".png", astronaut_bgr)[1].tobytes())
    assert decode(bytes(encoded)) is not None
    encoded[encoded.index(b"IDAT") - 4] = 0xFF  # of the chunk's length: 4 GB
    assert decode(bytes(encoded)) is None

"""Faces are stored, what has none is listed, and an interrupted preparation carries on."""

import csv
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.opencv import cv2
from train.data.config import PrepareConfig
from train.data.crops import STORED_PX, load_crops
from train.data.make_crops import prepare_crops
from train.data.prepare import prepare, prepare_unsplit
from train.data.readers import read_dataset
from train.data.table import TEST, UNUSED, Table
from train.errors import DataError


def write_faces(folder: Path, *images: NDArray[np.uint8]) -> Path:
    folder.mkdir()
    for index, image in enumerate(images):
        cv2.imwrite(str(folder / f"3{index}_1_0_2017.jpg"), image)
    return folder


def reasons(out: Path) -> list[str]:
    with (out / "skipped.csv").open(newline="", encoding="utf-8") as stream:
        return [row["reason"] for row in csv.DictReader(stream)]


def test_preparation_stores_faces_and_reports_the_rest(
    tmp_path: Path, astronaut_bgr: NDArray[np.uint8], hopper_bgr: NDArray[np.uint8]
) -> None:
    folder = write_faces(tmp_path / "faces", astronaut_bgr, hopper_bgr, np.full_like(hopper_bgr, 90))
    (folder / "39_1_0_2017.jpg").write_bytes(b"no image")
    prepared = prepare_crops([read_dataset(folder)], tmp_path / "out")
    assert len(prepared.samples) == 4
    assert prepared.rows[prepared.usable].tolist() == [0, 1]
    assert {(skip.file[:2], skip.reason) for skip in prepared.skipped} == {
        ("32", "no face found"),
        ("39", "not a readable image"),
    }
    crops = load_crops(tmp_path / "out")
    assert crops.shape == (4, STORED_PX, STORED_PX)
    assert crops[0].std() > 20
    assert crops[2].max() == 0


def test_an_interrupted_preparation_carries_on_where_it_was(
    tmp_path: Path, astronaut_bgr: NDArray[np.uint8], hopper_bgr: NDArray[np.uint8]
) -> None:
    dataset = read_dataset(write_faces(tmp_path / "faces", astronaut_bgr, hopper_bgr))
    out = tmp_path / "out"
    prepare_crops([dataset], out)
    whole = load_crops(out).copy()
    crops, status = (np.load(out / name, mmap_mode="r+") for name in ("crops.npy", "status.npy"))
    crops[0], crops[1], status[1] = 7, 0, 0
    del crops, status
    prepare_crops([dataset], out)
    assert (load_crops(out)[0] == 7).all(), "what was done must not be done again"
    np.testing.assert_array_equal(load_crops(out)[1], whole[1])


def test_whole_preparation_leaves_table_sheet_and_list_of_what_is_skipped(
    tmp_path: Path, astronaut_bgr: NDArray[np.uint8], hopper_bgr: NDArray[np.uint8]
) -> None:
    faces = write_faces(
        tmp_path / "faces", astronaut_bgr, hopper_bgr, astronaut_bgr, np.full_like(hopper_bgr, 90)
    )
    # In processes, as large sets are prepared.
    told: list[str] = []
    prepared = prepare(PrepareConfig((faces,), tmp_path / "out", jobs=2), told.append)
    assert told == [f"Not used, and listed in {tmp_path / 'out' / 'skipped.csv'}:", "  1 no face found"]
    assert (len(prepared.table), prepared.duplicates, prepared.skipped) == (3, 1, 1)
    table = Table.load(tmp_path / "out")
    assert table.file.tolist() == prepared.table.file.tolist()
    # Both people look at the camera, one of them a little aside; the same photograph has the same pose.
    assert (np.abs(table.yaw_deg) < 30).all()
    assert table.yaw_deg[0] == table.yaw_deg[2] != table.yaw_deg[1]
    assert ((table.face_px > 60) & (table.face_px < 300)).all()
    sheet = cv2.imread(str(tmp_path / "out" / "sheet.png"), cv2.IMREAD_GRAYSCALE)
    assert sheet is not None
    assert sheet[:128, :384].std() > 20
    assert reasons(tmp_path / "out") == ["no face found"]


def test_without_a_split_each_photograph_is_for_the_test_once(
    tmp_path: Path, astronaut_bgr: NDArray[np.uint8], hopper_bgr: NDArray[np.uint8]
) -> None:
    prepare_unsplit(
        write_faces(tmp_path / "faces", astronaut_bgr, astronaut_bgr, hopper_bgr), tmp_path / "out"
    )
    assert Table.load(tmp_path / "out").split.tolist() == [TEST, UNUSED, TEST]


def test_images_without_any_face_are_refused(tmp_path: Path, hopper_bgr: NDArray[np.uint8]) -> None:
    faces = write_faces(tmp_path / "faces", np.full_like(hopper_bgr, 90))
    told: list[str] = []
    with pytest.raises(DataError, match="No face was found"):
        prepare(PrepareConfig((faces,), tmp_path / "out"), told.append)
    assert "  1 no face found" in told
    assert reasons(tmp_path / "out") == ["no face found"]


def test_shares_of_more_than_the_whole_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"--test 0\.8 and --validation 0\.5 are more than all the images"):
        prepare(PrepareConfig((tmp_path,), tmp_path / "out", test=0.8, validation=0.5))
    assert not (tmp_path / "out").exists()


def test_where_no_label_is_left_all_are_counted_and_listed_and_the_command_fails(tmp_path: Path) -> None:
    faces = tmp_path / "faces"
    faces.mkdir()
    for name in ("1.jpg", "2.jpg", "3.jpg", "4.jpg"):
        (faces / name).touch()
    (faces / "labels.csv").write_text("file;age\n1.jpg;old\n2.jpg;older\n3.jpg;200\n", encoding="utf-8")
    program = "import sys; sys.argv[0] = 'train'; from train.cli import main; main()"
    words = ["prepare", str(faces), "-o", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        env=os.environ | {"COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    says = f"has no image with a label that can be used: {tmp_path / 'out' / 'skipped.csv'} says why."
    assert says in done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines == [
        "faces/labels.csv: 3 rows, semicolon, UTF-8",
        f"Not used, and listed in {tmp_path / 'out' / 'skipped.csv'}:",
        "2 age is neither a number nor a range, such as 'old'",
        "1 age is not between 0 and 120, such as '200'",
        "1 not in labels.csv",
    ]
    assert len(reasons(tmp_path / "out")) == 4


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("prepared.json", b"[" * 200_000),
        ("prepared.json", b'{"pictures": 1}'),
        ("images.csv", b"row,dataset,file\n0,faces,30_1_0_2017.jpg\n"),
        ("images.csv", b"row,dataset,file,sha256\n-1,faces,30_1_0_2017.jpg,\n"),
        ("images.csv", b"\xff\xfe"),
        ("crops.npy", b""),
        ("crops.npy", b"\x93NUMPY\x01\x00\x10\x00{'descr': (     "),
        ("status.npy", b"\x93NUMPY\x01\x00"),
    ],
)
def test_a_damaged_file_of_an_earlier_call_is_told(
    tmp_path: Path, hopper_bgr: NDArray[np.uint8], name: str, content: bytes
) -> None:
    dataset = read_dataset(write_faces(tmp_path / "faces", hopper_bgr))
    prepare_crops([dataset], tmp_path / "out")
    (tmp_path / "out" / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"{name} is damaged"):
        prepare_crops([dataset], tmp_path / "out")


def test_arrays_of_another_kind_or_number_are_told(tmp_path: Path, hopper_bgr: NDArray[np.uint8]) -> None:
    dataset = read_dataset(write_faces(tmp_path / "faces", hopper_bgr))
    out = tmp_path / "out"
    prepare_crops([dataset], out)
    np.save(out / "crops.npy", np.zeros((1, 9, 9), np.float32))
    with pytest.raises(DataError, match="holds something else"):
        load_crops(out)
    with pytest.raises(DataError, match="holds something else"):
        prepare_crops([dataset], out)
    np.save(out / "crops.npy", np.zeros((0, STORED_PX, STORED_PX), np.uint8))
    with pytest.raises(DataError, match="another number of images"):
        prepare_crops([dataset], out)


def test_one_damaged_member_of_a_zip_costs_no_other(tmp_path: Path, hopper_bgr: NDArray[np.uint8]) -> None:
    path = tmp_path / "faces.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("20_0_0_1.jpg", b"content that will not fit its checksum")
        archive.writestr("21_0_0_1.jpg", cv2.imencode(".jpg", hopper_bgr)[1].tobytes())
    path.write_bytes(path.read_bytes().replace(b"content", b"CONTENT", 1))
    prepared = prepare_crops([read_dataset(path)], tmp_path / "out")
    assert [sample.file for sample in prepared.samples] == ["20_0_0_1.jpg", "21_0_0_1.jpg"]
    assert [(s.file, s.reason) for s in prepared.skipped] == [("20_0_0_1.jpg", "not a readable image")]
    assert prepared.usable.tolist() == [False, True]

    whole = cv2.imencode(".jpg", hopper_bgr)[1].tobytes()
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("20_0_0_1.jpg", "21_0_0_1.jpg"):
            archive.writestr(name, whole)
    again = prepare_crops([read_dataset(path)], tmp_path / "out")
    assert again.usable.all(), "a file that can be read now is another one"

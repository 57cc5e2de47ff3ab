"""Faces are stored, what has none is listed, and an interrupted preparation carries on."""

import csv
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.opencv import cv2
from train.data.config import PrepareConfig
from train.data.crops import STORED_PX, load_crops
from train.data.prepare import prepare, prepare_crops, prepare_unsplit, usable_rows
from train.data.readers import read_dataset
from train.data.table import TEST, UNUSED, Table
from train.errors import DataError


def write_faces(folder: Path, *images: NDArray[np.uint8]) -> Path:
    folder.mkdir()
    for index, image in enumerate(images):
        cv2.imwrite(str(folder / f"3{index}_1_0_2017.jpg"), image)
    return folder


def test_preparation_stores_faces_and_reports_the_rest(
    tmp_path: Path, astronaut_bgr: NDArray[np.uint8], hopper_bgr: NDArray[np.uint8]
) -> None:
    folder = write_faces(tmp_path / "faces", astronaut_bgr, hopper_bgr, np.full_like(hopper_bgr, 90))
    (folder / "39_1_0_2017.jpg").write_bytes(b"no image")
    samples, skipped = prepare_crops([read_dataset(folder)], tmp_path / "out")
    assert len(samples) == 4
    assert usable_rows(tmp_path / "out").tolist() == [0, 1]
    assert {(skip.file[:2], skip.reason) for skip in skipped} == {
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


def test_crops_of_other_images_are_not_mixed_in(tmp_path: Path, astronaut_bgr: NDArray[np.uint8]) -> None:
    out = tmp_path / "out"
    prepare_crops([read_dataset(write_faces(tmp_path / "one", astronaut_bgr))], out)
    other = read_dataset(write_faces(tmp_path / "two", astronaut_bgr))
    with pytest.raises(DataError, match="other images"):
        prepare_crops([other], out)


def test_folder_of_an_earlier_release_is_taken_up(tmp_path: Path, astronaut_bgr: NDArray[np.uint8]) -> None:
    dataset = read_dataset(write_faces(tmp_path / "faces", astronaut_bgr))
    out = tmp_path / "out"
    prepare_crops([dataset], out)
    claim = json.loads((out / "prepared.json").read_text(encoding="utf-8"))
    claim["pictures"] = claim.pop("images")
    (out / "prepared.json").write_text(json.dumps(claim), encoding="utf-8")
    samples, skipped = prepare_crops([dataset], out)
    assert (len(samples), skipped) == (1, [])


def test_whole_preparation_leaves_table_sheet_and_list_of_what_is_skipped(
    tmp_path: Path, astronaut_bgr: NDArray[np.uint8], hopper_bgr: NDArray[np.uint8]
) -> None:
    faces = write_faces(
        tmp_path / "faces", astronaut_bgr, hopper_bgr, astronaut_bgr, np.full_like(hopper_bgr, 90)
    )
    # In processes, as large sets are prepared.
    prepared = prepare(PrepareConfig((faces,), tmp_path / "out", jobs=2))
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
    with (tmp_path / "out" / "skipped.csv").open(encoding="utf-8") as stream:
        assert [row["reason"] for row in csv.DictReader(stream)] == ["no face found"]


def test_without_a_split_each_photograph_is_for_the_test_once(
    tmp_path: Path, astronaut_bgr: NDArray[np.uint8], hopper_bgr: NDArray[np.uint8]
) -> None:
    prepare_unsplit(
        write_faces(tmp_path / "faces", astronaut_bgr, astronaut_bgr, hopper_bgr), tmp_path / "out"
    )
    assert Table.load(tmp_path / "out").split.tolist() == [TEST, UNUSED, TEST]


def test_images_without_any_face_are_refused(tmp_path: Path, hopper_bgr: NDArray[np.uint8]) -> None:
    faces = write_faces(tmp_path / "faces", np.full_like(hopper_bgr, 90))
    with pytest.raises(DataError, match="No face was found"):
        prepare(PrepareConfig((faces,), tmp_path / "out"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("prepared.json", b"[" * 200_000),
        ("prepared.json", b'{"pictures": 1}'),
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
    with pytest.raises(DataError, match=r"(is damaged|of other images)"):
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
    np.save(out / "crops.npy", np.zeros((5, STORED_PX, STORED_PX), np.uint8))
    with pytest.raises(DataError, match="another number of images"):
        prepare_crops([dataset], out)


def test_one_damaged_member_of_a_zip_costs_no_other(tmp_path: Path, hopper_bgr: NDArray[np.uint8]) -> None:
    path = tmp_path / "faces.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("20_0_0_1.jpg", b"content that will not fit its checksum")
        archive.writestr("21_0_0_1.jpg", cv2.imencode(".jpg", hopper_bgr)[1].tobytes())
    path.write_bytes(path.read_bytes().replace(b"content", b"CONTENT", 1))
    samples, skipped = prepare_crops([read_dataset(path)], tmp_path / "out")
    assert [sample.file for sample in samples] == ["20_0_0_1.jpg", "21_0_0_1.jpg"]
    assert [(skip.file, skip.reason) for skip in skipped] == [("20_0_0_1.jpg", "not a readable image")]
    assert usable_rows(tmp_path / "out").tolist() == [1]

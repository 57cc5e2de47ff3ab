"""What training cannot use ends in one sentence that says what to do, and leaves nothing half made."""

import errno
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from agecam.opencv import cv2
from train.data.arrays import create_array
from train.data.config import PrepareConfig
from train.data.crops import STORED_PX
from train.data.prepare import prepare
from train.errors import DataError, full_disk_told


def test_a_locked_zip_says_so(tmp_path: Path) -> None:
    path = tmp_path / "faces.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("30_0_0_1.jpg", cv2.imencode(".jpg", np.zeros((9, 9, 3), np.uint8))[1].tobytes())
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the flag of encryption
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"faces\.zip is locked by a password: unpack it"):
        prepare(PrepareConfig((path,), tmp_path / "prepared"))


def test_an_array_without_room_on_the_disk_is_an_error_and_no_crash(small_disk: Path) -> None:
    path = small_disk / "crops.npy"
    with pytest.raises(OSError, match=r"No space.*crops\.npy") as raised:
        create_array(path, np.dtype(np.uint8), (200, STORED_PX, STORED_PX))
    assert raised.value.errno == errno.ENOSPC
    assert not list(small_disk.iterdir())
    create_array(path, np.dtype(np.float32), (20, 4, 2), fill=np.nan)
    assert np.isnan(np.load(path)).all()


def test_a_full_disk_is_told_whatever_a_library_raises(mount_disk: Callable[[int], Path]) -> None:
    disk = mount_disk(1)
    with pytest.raises(RuntimeError, match="of its own"), full_disk_told(disk / "run"):
        raise RuntimeError("of its own")
    (disk / "other").write_bytes(bytes(900_000))
    with pytest.raises(DataError, match="is full: free some space"), full_disk_told(disk / "run"):
        raise RuntimeError("cannot write")
    with pytest.raises(OSError, match="Read-only"), full_disk_told(disk / "run"):
        raise OSError(errno.EROFS, "Read-only file system")


@pytest.mark.parametrize(
    ("backend", "says"), [("jax", "jax is not installed"), ("nope", "choose tensorflow")]
)
def test_a_missing_back_end_is_one_sentence(tmp_path: Path, backend: str, says: str) -> None:
    # As where it is not installed, whatever is installed here.
    program = (
        "import sys; sys.modules['jax'] = None; sys.argv[0] = 'train'; from train.cli import main; main()"
    )
    words = ["fit", "--data", str(tmp_path), "-o", str(tmp_path / "run")]
    environment = os.environ | {"KERAS_BACKEND": backend, "COLUMNS": "300"}
    done = subprocess.run(
        [sys.executable, "-c", program, *words], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr[-2000:]
    assert says in done.stderr
    assert "Traceback" not in done.stderr

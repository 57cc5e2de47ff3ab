"""A file is there whole or not at all."""

from pathlib import Path

import numpy as np
import pytest

from agecam.files import atomic_write, write_atomically


def test_file_appears_when_the_block_ends_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("before", encoding="utf-8")
    with atomic_write(path) as partial:
        partial.write_text("after", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "before"
        assert (partial.parent, partial.suffix) == (tmp_path, ".json")
    assert path.read_text(encoding="utf-8") == "after"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_block_that_fails_leaves_what_was_there_and_nothing_else(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(b"before")

    def write_half() -> None:
        with atomic_write(path) as partial:
            partial.write_bytes(b"half of it")
            raise error

    with pytest.raises(error):
        write_half()
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_block_that_writes_nothing_fails_as_a_missing_file_does(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "table.csv"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_libraries_that_add_a_suffix_of_their_own_find_it_there(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "crops.npy") as partial:
        np.save(partial, np.arange(3))
    assert np.load(tmp_path / "crops.npy").tolist() == [0, 1, 2]


def test_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    with atomic_write(path) as first, atomic_write(path) as second:
        assert first != second
        first.write_bytes(b"first")
        second.write_bytes(b"second")
    assert path.read_bytes() == b"first"  # the outer block ends last
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", ["größer\n", "größer\n".encode()])
def test_bytes_and_text_are_written_as_they_are(tmp_path: Path, content: bytes | str) -> None:
    write_atomically(tmp_path / "text.md", content)
    assert (tmp_path / "text.md").read_bytes() == "größer\n".encode()


def test_missing_folder_is_an_error_of_the_operating_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "none" / "text.md", "text")

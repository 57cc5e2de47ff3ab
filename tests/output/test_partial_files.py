"""Partial files: their names, and what is removed of those that were left."""

from pathlib import Path

import pytest

from agecam.files import PartialFile, remove_leftovers, whole_path


def test_leftovers_of_a_file_are_removed_and_no_others(tmp_path: Path) -> None:
    others = {
        *(".out.0123abcd.partial", ".out.mp4", "out.mp4", ".out.zz.partial.mp4"),
        *(".other.0123abcd.partial.mp4", ".out.0123abcd.partial.csv", "out.part.mp4"),
    }
    for name in (".out.0123abcd.partial.mp4", *others):
        (tmp_path / name).write_bytes(b"")
    held = PartialFile(tmp_path / "out.mp4")
    held.claim()
    remove_leftovers([tmp_path / "out.mp4", tmp_path / "none" / "out.mp4"])
    assert {path.name for path in tmp_path.iterdir()} == {*others, held.path.name}
    held.discard()
    assert not held.path.exists()


@pytest.mark.parametrize("name", ["out.mp4", "out", ".hidden", "a.b.c.tar", "ä ö.csv", "new\nline.png"])
def test_a_partial_file_is_known_by_its_name(tmp_path: Path, name: str) -> None:
    partial = PartialFile(tmp_path / name).path
    assert partial.name.startswith(".")
    assert partial.suffix == ((tmp_path / name).suffix or ".partial")
    assert whole_path(partial) == tmp_path / name
    assert whole_path(tmp_path / name) == tmp_path / name


def test_what_is_no_ordinary_file_is_written_where_it_is() -> None:
    partial = PartialFile(Path("/dev/null"))
    partial.claim()
    assert partial.path == Path("/dev/null")
    partial.commit()
    partial.discard()
    assert not Path("/dev/null").is_file()

"""What a folder holds for a command, and what it leaves out."""

import os
from pathlib import Path

import pytest

from agecam.commands.folders import FolderListing, LeftOut, files_in
from agecam.files import PartialFile

KINDS = {".jpg", ".png"}


def make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def names(listing: FolderListing, folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in listing.files]


def test_files_of_all_sub_folders_come_sorted(tmp_path: Path) -> None:
    make(tmp_path, "b.png", "a.JPG", "deep/er/c.jpg", "[x].jpg")
    listing = files_in(tmp_path, KINDS)
    assert names(listing, tmp_path) == ["[x].jpg", "a.JPG", "b.png", "deep/er/c.jpg"]
    assert (listing.left_out, listing.sentence()) == ({}, None)


def test_other_kinds_and_hidden_files_are_told(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "one.txt", "more/two.pdf", "._a.jpg")
    listing = files_in(tmp_path, KINDS)
    assert names(listing, tmp_path) == ["a.jpg"]
    assert listing.sentence() == "3 files left out: 2 of other kinds (.pdf, .txt), 1 hidden."


def test_the_most_frequent_other_kinds_are_named_first(tmp_path: Path) -> None:
    make(tmp_path, "x.b", "y.B", "x.a", "README", "x.c", "x.d", "x.e", "dated.2024-11-25")
    listing = files_in(tmp_path, KINDS)
    assert listing.sentence() == "8 files left out: 8 of other kinds (no suffix, .b, .a, .c, .d, …)."


def test_unfinished_files_of_its_own_are_told_apart(tmp_path: Path) -> None:
    partial = PartialFile(tmp_path / "a.jpg")
    partial.claim()
    try:
        assert files_in(tmp_path, KINDS).sentence() == "1 file left out: 1 unfinished."
    finally:
        partial.discard()


def test_folders_are_told_apart_from_files(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", ".cache/b.jpg", ".cache/c.jpg")
    listing = files_in(tmp_path, KINDS)
    assert names(listing, tmp_path) == ["a.jpg"]
    assert listing.sentence() == "1 folder left out: 1 hidden."


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_links_to_files_are_followed_and_links_that_loop_or_lead_nowhere_are_told(tmp_path: Path) -> None:
    folder, other = tmp_path / "folder", tmp_path / "other.jpg"
    make(folder, "sub/a.jpg")
    make(tmp_path, "other.jpg")
    (folder / "b.jpg").symlink_to(other)
    (folder / "gone.jpg").symlink_to(tmp_path / "gone")
    (folder / "self.jpg").symlink_to(folder / "self.jpg")
    (folder / "sub" / "up").symlink_to(folder)
    listing = files_in(folder, KINDS)
    assert names(listing, folder) == ["b.jpg", "sub/a.jpg"]
    assert listing.left_out == {LeftOut.BROKEN_LINK: 2, LeftOut.LINKED_FOLDER: 1}
    assert listing.sentence() == "2 files left out: 2 linked to nothing. 1 folder left out: 1 linked."


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_is_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert files_in(tmp_path, KINDS).sentence() == "1 file left out: 1 not ordinary."


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    listing = files_in(tmp_path / "gone", KINDS)
    assert listing.files == ()
    assert listing.sentence() == "1 folder left out: 1 not readable."

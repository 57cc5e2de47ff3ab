"""Files that grow for minutes or hours under a name that says so, and get their own when they are whole."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from agecam.errors import OutputError
from agecam.files import PartialFile, lock_file, with_ending
from agecam.output.disk import GROWING
from agecam.output.files import numbered, write_error
from agecam.output.fragments import cut_to_whole_fragments
from agecam.output.kept import last_time_kept

_PARTS: Final = r"(?: \(\d+\))?(?: part \d+)?(?: original)?(?: \(\d+\))?"
"""What the names of further files of a recording have after that of the first."""
_BUTTON: Final = r"AgeCam \d{4}-\d\d-\d\d \d\d-\d\d-\d\d"
_HEAD_BYTES: Final = 4096
"""More than lies before the first image of a video."""
_MARKS: Final = {
    ".mp4": (b"ftyp", b"mvex"),
    ".mov": (b"ftyp", b"mvex"),
    ".mkv": (b"\x1a\x45\xdf\xa3", b"Lavf"),
    ".webm": (b"\x1a\x45\xdf\xa3", b"Lavf"),
    ".avi": (b"RIFF", b"Lavf"),
    ".gif": (b"GIF89a", b"NETSCAPE2.0"),
}
"""By which AgeCam's own videos are known, as far as that goes: what the kind of file begins with, within 8
bytes, and then the index of fragments, the name of FFmpeg's library or the extension for loops."""
_NOTHING_BYTES: Final = 1_000_000
"""A file without a frame that is smaller than this is the beginning of one, and nothing is lost with it."""
_ROWS_BYTES: Final = 65_536
"""More than a row of a table: about 100 bytes."""


class GrowingFile(PartialFile):
    """A file that is written as ``NAME.part.mp4`` beside ``target``, ``NAME.mp4``, until it is finished.

    Unlike other partial files it can be seen by the user, since it may be all that a crash has left of an
    hour. While it is held, no other process touches it.
    """

    def __init__(self, target: Path) -> None:
        """Make no file yet."""
        super().__init__(target)
        if not self._is_direct:
            self.path = with_ending(self.target, GROWING)
        self.replaces = self.target.is_file()
        """Whether there was a file to be replaced when this one was begun."""

    def finish(self, *, whole: bool) -> Path:
        """Give the file its name; returns its path. Raises :class:`agecam.errors.OutputError`.

        Only a ``whole`` file replaces another, and only one that was there when it was begun; else it gets a
        name that is free.
        """
        try:
            if self._is_direct or (self.replaces and whole):
                self.commit()
                return self.target
            self._release()
            return _move(self.path, numbered(self.target))
        except FileNotFoundError as error:
            raise gone(self.target) from error
        except OSError as error:
            failure = write_error(self.target, error)
            raise OutputError(f"{failure} What was written is kept as {self.path}.") from error


def claim_growing(target: Path, *, may_replace: bool) -> GrowingFile:
    """Begin a file that will be ``target``, or what :func:`numbered` makes of it where that is taken.

    A name is taken by a file, unless it ``may_replace`` that, and by one that is growing there. Raises
    :class:`agecam.errors.OutputError`.
    """
    if may_replace and target.is_dir():
        raise write_error(target, IsADirectoryError(errno.EISDIR, ""))
    for name in numbered(target):
        replaces = may_replace and name == target
        if os.path.lexists(name) and not replaces:
            continue
        try:
            file = GrowingFile(name)
            file.claim()
        except FileExistsError:
            continue
        except OSError as error:
            raise write_error(name, error) from error
        if replaces or not os.path.lexists(name):
            return file
        file.discard()  # one that was growing there has just been finished
    raise AssertionError  # there is always another number


def gone(path: Path) -> OutputError:
    """The sentence for a file that somebody has taken away while it grew."""
    return OutputError(f"The file {path} is gone: it was moved or removed while it was written.")


def finish_leftovers_of(target: Path, header: bytes = b"") -> list[Path]:
    """Keep, under free names beside ``target``, what killed processes have left of it; returns the paths.

    So do the further parts and the originals of a recording. A table begins with ``header``. Files that are
    growing now and what cannot be read are left out, those that hold nothing are removed. What has such a
    name and was not made by AgeCam is left alone.
    """
    target = Path(os.path.realpath(target))
    suffix = target.suffix
    stem = with_ending(target, GROWING).stem.removesuffix(GROWING)

    def names(rest: str) -> Iterator[Path]:
        if rest.startswith(" ("):  # of a second program that recorded into the same file
            return numbered(target.with_name(f"{stem}{rest}{suffix}"))
        return (target.with_name(f"{stem} ({number}){rest}{suffix}") for number in itertools.count(2))

    return _finish_leftovers(
        target.parent,
        (re.escape(stem), re.escape(suffix)),
        lambda _stem, rest: names(rest),
        lambda head: _is_written_by_agecam(head, suffix.lower(), header),
    )


def finish_leftovers_in(folder: Path) -> list[Path]:
    """Give recordings by button that a crash has cut off their names in ``folder``; returns the paths."""
    return _finish_leftovers(
        folder, (_BUTTON, r"\.mp4"), lambda stem, rest: numbered(folder / f"{stem}{rest}.mp4")
    )


def _finish_leftovers(
    folder: Path,
    patterns: tuple[str, str],
    names: Callable[[str, str], Iterator[Path]],
    is_ours: Callable[[bytes], bool] = lambda _head: True,
) -> list[Path]:
    """``patterns`` are of stem and suffix; ``names`` gives those for a stem and what follows it.

    ``is_ours`` is asked about the first bytes of a file.
    """
    stem, suffix = patterns
    pattern = re.compile(rf"({stem})({_PARTS}){re.escape(GROWING)}{suffix}", re.DOTALL)
    finished: list[Path] = []
    with contextlib.suppress(OSError):
        for path in sorted(folder.iterdir()):
            found = pattern.fullmatch(path.name)
            if found is None or not path.is_file():
                continue
            with contextlib.suppress(OSError):
                kept = _finish_one(path, names(found[1], found[2]), is_ours)
                finished += [] if kept is None else [kept]
    return finished


def _finish_one(path: Path, names: Iterator[Path], is_ours: Callable[[bytes], bool]) -> Path | None:
    with path.open("rb") as file:
        # Without locks, on Windows, a file that is held is one that can neither be moved nor removed.
        if not lock_file(file):
            return None
        head = file.read(_HEAD_BYTES)
        if not head:
            path.unlink()  # while it is held, so that nobody else begins it
        if not head or not is_ours(head):
            return None
    # First of all: reading it takes seconds, and the next recording wants the name.
    kept = _move(path, names)
    with contextlib.suppress(OSError):
        if not _cut_to_what_is_whole(kept):
            kept.unlink()
            return None
    return kept


def _cut_to_what_is_whole(path: Path) -> bool:
    """Whether the file, without what was cut off while it was written, holds anything."""
    if path.suffix.lower() == ".csv":
        return _cut_to_whole_rows(path)
    cut_to_whole_fragments(path)
    return last_time_kept(path, 0.0) is not None or path.stat().st_size >= _NOTHING_BYTES


def _is_written_by_agecam(head: bytes, suffix: str, header: bytes) -> bool:
    """Whether a file that begins with ``head`` may be one of AgeCam's, and not the user's own."""
    if suffix not in _MARKS:
        return bool(header) and head.startswith(header)
    kind, mark = _MARKS[suffix]
    return kind in head[:8] and mark in head


def _cut_to_whole_rows(path: Path) -> bool:
    """Cut after the last line end; whether there is more than the header."""
    with path.open("r+b") as file:
        header = file.readline(_ROWS_BYTES)
        size = file.seek(0, os.SEEK_END)
        start = file.seek(max(0, size - _ROWS_BYTES))
        whole = start + file.read().rfind(b"\n") + 1
        file.truncate(whole)
    return whole > len(header)


def _move(path: Path, names: Iterator[Path]) -> Path:
    """Move to the first of the names that is free; replaces nothing, whatever else happens at that moment."""
    for name in names:
        try:
            os.link(path, name)
        except FileExistsError:
            continue
        except FileNotFoundError:
            raise
        except OSError:  # a disk without links, such as most USB sticks
            if os.path.lexists(name):
                continue
            path.rename(name)
        else:
            path.unlink()
        return name
    raise AssertionError  # there is always another number

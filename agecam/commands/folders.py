"""The files of a folder that a command works on, and what it leaves out."""

from __future__ import annotations

import enum
import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agecam.files import whole_path

_MAX_KINDS: Final = 5
"""Suffixes that a sentence names, the most frequent ones."""
_MAX_SUFFIX: Final = 8
"""Characters of a suffix, with its dot; what is longer is a part of a name that has a dot in it."""


class LeftOut(enum.Enum):
    """Why a file or folder inside a folder is left out."""

    OTHER_KIND = enum.auto()
    HIDDEN = enum.auto()
    UNFINISHED = enum.auto()
    """A program still writes it, or was killed while it did."""
    SPECIAL = enum.auto()
    BROKEN_LINK = enum.auto()
    HIDDEN_FOLDER = enum.auto()
    LINKED_FOLDER = enum.auto()
    UNREADABLE_FOLDER = enum.auto()


_OF_FILES: Final = {  # each follows a number
    LeftOut.OTHER_KIND: "of other kinds",
    LeftOut.HIDDEN: "hidden",
    LeftOut.UNFINISHED: "unfinished",
    LeftOut.SPECIAL: "not ordinary",
    LeftOut.BROKEN_LINK: "linked to nothing",
}
_OF_FOLDERS: Final = {
    LeftOut.HIDDEN_FOLDER: "hidden",
    LeftOut.LINKED_FOLDER: "linked",
    LeftOut.UNREADABLE_FOLDER: "not readable",
}


@dataclass(frozen=True, slots=True)
class FolderListing:
    """The files of some kinds below a folder, and how many others were left out.

    ``other_kinds`` are the suffixes of :attr:`LeftOut.OTHER_KIND`, lower case, the most frequent first; one
    is empty where a file has none.
    """

    files: tuple[Path, ...]
    left_out: Mapping[LeftOut, int] = field(default_factory=dict)
    other_kinds: tuple[str, ...] = ()

    def sentence(self) -> str | None:
        """What was left out and why, for the user, such as ``3 files left out: 2 of other kinds (.txt, .pdf),
        1 hidden.``; ``None`` where nothing was.
        """
        parts = [self._part("file", _OF_FILES), self._part("folder", _OF_FOLDERS)]
        return " ".join(part for part in parts if part) or None

    def _part(self, noun: str, words: Mapping[LeftOut, str]) -> str:
        counts = {reason: self.left_out.get(reason, 0) for reason in words}
        total = sum(counts.values())
        reasons = (
            f"{count} {words[reason]}{self._kinds() if reason is LeftOut.OTHER_KIND else ''}"
            for reason, count in counts.items()
            if count
        )
        return f"{total} {noun}{'' if total == 1 else 's'} left out: {', '.join(reasons)}." if total else ""

    def _kinds(self) -> str:
        named = [kind or "no suffix" for kind in self.other_kinds[:_MAX_KINDS]]
        return f" ({', '.join([*named, '…'] if len(self.other_kinds) > _MAX_KINDS else named)})"


def files_in(folder: Path, suffixes: Collection[str]) -> FolderListing:
    """The files below ``folder`` whose suffix, in lower case, is one of ``suffixes``, sorted by path.

    Links to files are followed, links to folders are not: they may lead in circles, or to the whole disk.
    Hidden files and folders, files that a program is still writing and all that is no ordinary file are left
    out; so are sub folders that may not be read, ``folder`` itself included. A file that may not be read is
    listed, so that it is told of as one that failed.
    """
    files, left_out, kinds = list[Path](), Counter[LeftOut](), Counter[str]()
    for entry in _walk(folder, left_out):
        path = Path(entry)
        reason = _reason(entry, path, suffixes)
        if reason is None:
            files.append(path)
            continue
        left_out[reason] += 1
        if reason is LeftOut.OTHER_KIND:
            kinds[_suffix(path)] += 1
    ordered = sorted(kinds, key=lambda kind: (-kinds[kind], kind))
    return FolderListing(tuple(sorted(files)), dict(left_out), tuple(ordered))


def _walk(folder: Path, left_out: Counter[LeftOut]) -> Iterator[os.DirEntry[str]]:
    """All that is no folder; folders that are not entered are counted."""
    waiting = [os.fspath(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as scan:
                entries = list(scan)
        except OSError:
            left_out[LeftOut.UNREADABLE_FOLDER] += 1
            continue
        for entry in entries:
            if not _is_folder(entry):
                yield entry
            elif entry.name.startswith("."):
                left_out[LeftOut.HIDDEN_FOLDER] += 1
            elif entry.is_symlink():
                left_out[LeftOut.LINKED_FOLDER] += 1
            else:
                waiting.append(entry.path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _reason(entry: os.DirEntry[str], path: Path, suffixes: Collection[str]) -> LeftOut | None:
    if whole_path(path) != path:
        return LeftOut.UNFINISHED
    if entry.name.startswith("."):
        return LeftOut.HIDDEN
    if path.suffix.lower() not in suffixes:
        return LeftOut.OTHER_KIND
    try:
        if entry.is_file():
            return None
    except OSError:
        return LeftOut.BROKEN_LINK
    return LeftOut.BROKEN_LINK if entry.is_symlink() and not path.exists() else LeftOut.SPECIAL


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    return suffix if len(suffix) <= _MAX_SUFFIX else ""

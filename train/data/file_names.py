"""Which file a cell of a table means: spelled as on another system, without suffix, with its old folder."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

IMAGE_SUFFIXES: Final = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".webp",
        ".bmp",
        ".gif",
        ".tif",
        ".tiff",
        ".heic",
        ".heif",
        ".avif",
    }
)
_RAW_SUFFIXES: Final = frozenset({".cr2", ".cr3", ".nef", ".arw", ".dng", ".orf", ".raf", ".rw2"})
_SPREADSHEET_SUFFIXES: Final = frozenset({".xlsx", ".xlsm", ".xls", ".ods", ".numbers"})
_ABSOLUTE: Final = re.compile(r"/|[A-Za-z]:/")


class FileNames:
    """The files of a data set, ``names`` with forward slashes."""

    def __init__(self, dataset: str, names: Iterable[str]) -> None:
        self._dataset = dataset
        self._names = frozenset(names)
        self._by_key: defaultdict[str, set[str]] = defaultdict(set)
        for name in self._names:
            self._by_key[_key(name)].add(name)
            if is_image(name):
                self._by_key[_key(str(PurePosixPath(name).with_suffix("")))].add(name)

    def find(self, folder: PurePosixPath, text: str) -> str:
        """The file that a table in ``folder`` names ``text``. Raises :class:`ValueError` where there is none.

        Of an absolute path, and of one that begins with the folder's own name, what stands in front may be
        missing.
        """
        if not text:
            raise ValueError("no file named")
        exact = posixpath.normpath((folder / text).as_posix())
        if exact in self._names:
            return exact
        path = text.replace("\\", "/")
        parts = path.split("/")
        own_name = folder.name or self._dataset
        for start, part in enumerate(parts):
            if start and not _ABSOLUTE.match(path) and parts[start - 1] != own_name:
                continue
            key = _key(posixpath.normpath((folder / "/".join([part, *parts[start + 1 :]])).as_posix()))
            found = self._by_key.get(key, set())
            if len(found) > 1:
                raise ValueError("more than one file of that name")
            if found:
                return next(iter(found))
        raise ValueError("no such file")


def is_image(name: str) -> bool:
    """Whether a file is one by its name."""
    return _has_suffix(name, IMAGE_SUFFIXES)


def is_raw(name: str) -> bool:
    """Whether a file is by its name what a camera's sensor saw, which is not read."""
    return _has_suffix(name, _RAW_SUFFIXES)


def is_spreadsheet(name: str) -> bool:
    """Whether a file is by its name what a spreadsheet program saves, which is not read."""
    return _has_suffix(name, _SPREADSHEET_SUFFIXES) and not PurePosixPath(name).name.startswith("~$")


def _has_suffix(name: str, suffixes: frozenset[str]) -> bool:
    """Whether ``name`` ends so, and is not what macOS puts beside each file into a zip."""
    path = PurePosixPath(name)
    is_shadow = path.name.startswith("._") or "__MACOSX" in path.parts
    return path.suffix.lower() in suffixes and not is_shadow


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()

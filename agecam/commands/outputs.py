"""What a run is to write, compared with what it reads and with itself before any work is done.

Files are told apart by identity, not by spelling: a link, another case on a disk that knows none, and a
``file://`` address are the file they lead to, whether it is there yet or not.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agecam.errors import UsageError
from agecam.files import MAX_NAME_BYTES, remove_leftovers
from agecam.output.files import write_error
from agecam.paths import make_private_folder
from agecam.sources.files import input_file

_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)
"""The beginning of an address, as it is once it has become a path; one letter is a drive of Windows."""


def is_special(path: Path) -> bool:
    """Whether there is something that is neither a file nor a folder."""
    found = _stat(path)
    return found is not None and not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode))


def is_folder(path: Path) -> bool:
    """Whether there is a folder; false also for what is no file name at all."""
    found = _stat(path)
    return found is not None and stat.S_ISDIR(found.st_mode)


def folds_case(folder: Path) -> bool:
    """Whether a name in another case, or composed otherwise, is the same name in this folder: tried out."""
    try:
        with tempfile.NamedTemporaryFile(prefix=".agecam-case-", dir=folder) as probe:
            name = Path(probe.name)
            return name.with_name(name.name.upper()).exists()
    except OSError:
        return sys.platform in ("win32", "darwin")


def may_write(folder: Path) -> bool:
    """Whether files can be made in a folder, as far as its permissions and its disk tell."""
    return os.access(folder, os.W_OK | os.X_OK)


@dataclass(frozen=True, slots=True)
class _Identity:
    """A file that is there, or ``new`` names below a ``folder`` that is."""

    device: int
    inode: int
    new: tuple[str, ...]
    folder: Path

    @property
    def key(self) -> tuple[object, ...]:
        """The same for all spellings that may be one file on some disk."""
        folded = (unicodedata.normalize("NFC", part).casefold() for part in self.new)
        return self.device, self.inode, *folded


class _Files:
    """A set of files by identity."""

    def __init__(self, folds_case: Callable[[Path], bool]) -> None:
        self._folds_case = folds_case
        self._known: dict[tuple[object, ...], list[_Identity]] = {}

    def add(self, path: Path) -> None:
        identity = _identify(path)
        self._known.setdefault(identity.key, []).append(identity)

    def __contains__(self, path: Path) -> bool:
        one = _identify(path)
        return any(
            one.new == other.new or self._folds_case(one.folder) for other in self._known.get(one.key, ())
        )


class OutputPlan:
    """All files that a run is to write.

    ``inputs`` are what the user named. ``folds_case`` tells of a folder whether names there differ by case,
    ``may_write`` whether files can be made there.
    """

    def __init__(
        self,
        inputs: Iterable[str],
        *,
        folds_case: Callable[[Path], bool] = folds_case,
        may_write: Callable[[Path], bool] = may_write,
    ) -> None:
        self._may_write = may_write
        self._inputs, self._outputs = _Files(folds_case), _Files(folds_case)
        self._folders, self._reserved = _Files(folds_case), set[Path]()
        """Those that outputs lie in, and their spellings."""
        self._claimed: list[Path] = []
        for path in map(input_file, inputs):
            if path is not None and _stat(path) is not None:
                self._inputs.add(path)

    def reserve(self, folder: Path) -> None:
        """Keep the place of a folder for outputs in it; raises :class:`UsageError` where it is an output."""
        for one in (folder, *folder.parents):
            if one in self._reserved:
                return
            if one in self._outputs:
                raise UsageError(
                    f"{one} is named for an output and for a folder; choose another name for one."
                )
            self._folders.add(one)
            self._reserved.add(one)

    def claim(self, path: Path, *, streams: bool = False) -> Path:
        """Take a file for one output; raises :class:`UsageError` where it is an input, taken or no file.

        What is written from its beginning to its end and ``streams`` may also go to a pipe or a device.
        """
        if self.is_claimed(path):
            raise UsageError(f"{path} is named for two outputs; choose another name for one of them.")
        return self.claim_first((path,), streams=streams)

    def claim_first(self, candidates: Iterable[Path], *, streams: bool = False) -> Path:
        """Take the first of some files that is not taken; raises :class:`UsageError` where it is an input."""
        path = next(path for path in candidates if not self.is_claimed(path))
        if _ADDRESS.match(path.as_posix()):
            raise UsageError("An output is a file on this computer, and no address; name a file or a folder.")
        if len(os.fsencode(path.name)) > MAX_NAME_BYTES:
            raise UsageError(f"{path} has too long a name for a file; choose a shorter one.")
        if not streams and is_special(path):
            raise UsageError(f"{path} is a pipe or a device; name a file.")
        if path in self._inputs:
            raise UsageError(f"{path} is an input, which is never replaced; choose another output.")
        self.reserve(path.parent)
        self._outputs.add(path)
        self._claimed.append(path)
        return path

    def is_claimed(self, path: Path) -> bool:
        """Whether a file is that of an output already, or a folder of one."""
        return path in self._outputs or path in self._folders

    def prepare(self, *, force: bool, own: Collection[Path] = ()) -> None:
        """Make sure that all claimed files can be written, and that nothing is replaced unasked.

        ``own`` are those that an earlier run of the same has made. Makes the folders, and clears away what a
        killed run has left of the same files. Raises
        :class:`UsageError` where a file is there already, or a folder, and
        :class:`agecam.errors.OutputError` where one may not be written or a folder cannot be made.
        """
        for path in self._claimed:
            if is_folder(path):
                raise UsageError(f"{path} is a folder; name a file in it.")
            if _stat(path) is None:
                continue
            if not force and path not in own:
                raise UsageError(f"{path} is there already; choose another name, or replace it with --force.")
            if not os.access(path, os.W_OK):
                raise write_error(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
        for folder in dict.fromkeys(path.parent for path in self._claimed):
            make_folder(folder)
        for path in self._claimed:
            found = _stat(path)
            is_written_there = found is not None and not stat.S_ISREG(found.st_mode)  # /dev/stdout, a pipe
            if not is_written_there and not self._may_write(Path(os.path.realpath(path)).parent):
                raise write_error(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
        remove_leftovers(self._claimed)


def make_folder(folder: Path) -> None:
    """Make the folder where it is missing; raises :class:`agecam.errors.OutputError` where it cannot.

    It is the user's alone: what lies in it shows people.
    """
    try:
        make_private_folder(folder)
    except OSError as error:
        raise write_error(folder, error) from error


def _identify(path: Path) -> _Identity:
    """Follows symbolic links, also those that lead to nothing yet."""
    at, new = Path(os.path.realpath(path)), list[str]()
    while True:
        found = _stat(at)
        if found is not None or at == at.parent:
            device, inode = (found.st_dev, found.st_ino) if found is not None else (0, 0)
            return _Identity(device, inode, tuple(reversed(new)), at)
        new.append(at.name)
        at = at.parent


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (OSError, ValueError):  # also a name that is too long, or no name
        return None

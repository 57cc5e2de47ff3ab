"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

if sys.platform != "win32":
    import fcntl

_PARTIAL: Final = re.compile(r"\.(.+)\.[0-9a-f]{8}\.partial(\.[^.]*)?", re.DOTALL)
MAX_NAME_BYTES: Final = 255
"""Of one file name, on the file systems in use."""


class PartialFile:
    """A file in the making: written at ``path``, beside ``target``, and moved there when it is whole.

    ``path`` has a hidden name of its own and keeps the suffix, by which libraries tell formats apart. A
    symbolic link is followed, so that the link stays. What is no ordinary file (``/dev/stdout``, a pipe) is
    written where it is.
    """

    def __init__(self, target: Path) -> None:
        """Make no file yet."""
        self._is_direct = target.exists() and not target.is_file() and not target.is_dir()
        # Where /dev/stdout is a pipe, it leads to what has no path of its own.
        self.target = target if self._is_direct else Path(os.path.realpath(target))
        self.path = self.target if self._is_direct else _partial_path(self.target)
        self._hold: BinaryIO | None = None

    def claim(self) -> None:
        """Make the file, empty, and hold it against :func:`remove_leftovers` of another process.

        Raises :class:`OSError`, such as :class:`FileNotFoundError` without the folder.
        """
        while not self._is_direct:
            self._hold = self.path.open("xb")
            lock_file(self._hold, waits=True)
            if _is_at(self._hold, self.path):
                return
            self._release()  # somebody who cleared up took it, empty, for a leftover

    def commit(self, place: Path | None = None) -> None:
        """Move the file to ``target``, or another ``place`` in the same folder; raises :class:`OSError`.

        What stood there is replaced, and its permissions are kept.
        """
        if self._is_direct:
            return
        place = place or self.target
        with contextlib.suppress(OSError):
            shutil.copymode(place, self.path)
        self._release()  # Windows moves no file that is open
        self.path.replace(place)

    def discard(self) -> None:
        """Remove the file, where it is still there; what stands at ``target`` is left alone."""
        self._release()
        if not self._is_direct:
            with contextlib.suppress(OSError):
                self.path.unlink()

    def _release(self) -> None:
        if self._hold is not None:
            self._hold.close()
            self._hold = None


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Write ``path`` by way of a :class:`PartialFile`, whose path is handed to the block.

    It takes the place of ``path`` when the block ends well, and is removed otherwise, so that no reader meets
    half of a file and what stood there before stays until then. Raises :class:`OSError` as writing and
    renaming do; the folder must exist.

    >>> with atomic_write(Path("crops.npy")) as partial:
    ...     np.save(partial, crops)
    """
    partial = PartialFile(path)
    try:
        yield partial.path
        partial.commit()
    except BaseException:
        partial.discard()
        raise


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write bytes, or text as UTF-8 with its line ends as they are, as :func:`atomic_write` does."""
    with atomic_write(path) as partial:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)


def is_taken(path: Path) -> bool:
    """Whether there is something that a file moved there would replace."""
    return path.is_file() or path.is_dir()


def free_names(paths: Sequence[Path], word: str) -> list[Path]:
    """The same files with a word in their names, and a number where it needs one, which are not there yet."""
    endings = (f"-{word}" if number == 1 else f"-{word}-{number}" for number in itertools.count(1))
    named = ([with_ending(path, ending) for path in paths] for ending in endings)
    return next(paths for paths in named if not any(map(os.path.lexists, paths)))


def with_ending(path: Path, ending: str) -> Path:
    """The file with ``ending`` after its stem, which is cut where the name would be too long."""
    stem = path.stem
    while len(os.fsencode(f"{stem}{ending}{path.suffix}")) > MAX_NAME_BYTES and len(stem) > 1:
        stem = stem[:-1]
    return path.with_name(f"{stem}{ending}{path.suffix}")


def whole_path(path: Path) -> Path:
    """Where a partial file at ``path`` belongs, for sentences about it; of any other ``path`` itself."""
    found = _PARTIAL.fullmatch(path.name)
    return path.with_name(f"{found[1]}{found[2] or ''}") if found else path


def remove_leftovers(targets: Iterable[Path]) -> None:
    """Remove what killed processes have left of partial files of these targets.

    Those of a process that still runs are left alone.
    """
    names: dict[Path, set[str]] = {}
    for target in targets:
        real = Path(os.path.realpath(target))
        names.setdefault(real.parent, set()).add(whole_path(_partial_path(real)).name)
    for folder, wanted in names.items():
        with contextlib.suppress(OSError):
            for path in folder.iterdir():
                if whole_path(path).name in wanted and path.name not in wanted:
                    _remove_unless_held(path)


def _partial_path(target: Path) -> Path:
    stem = target.stem
    while True:
        name = f".{stem}.{secrets.token_hex(4)}.partial{target.suffix}"
        if len(os.fsencode(name)) <= MAX_NAME_BYTES or len(stem) <= 1:
            return target.with_name(name)
        stem = stem[:-1]


def _remove_unless_held(path: Path) -> None:
    # Without locks, on Windows, a file that is held is one that cannot be removed.
    with contextlib.suppress(OSError), path.open("rb") as file:
        if not lock_file(file):
            return
    with contextlib.suppress(OSError):
        path.unlink()


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Whether the open file is the one that stands at ``path``."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def lock_file(file: BinaryIO, *, waits: bool = False) -> bool:
    """Whether this process alone holds the file, from now until it is closed.

    With ``waits`` it waits for whoever holds it now.
    """
    if sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
        except OSError:
            return False
    return True

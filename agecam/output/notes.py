"""Notes of recordings and tables that grow now: any later start finds what a crash has left of them."""

from __future__ import annotations

import contextlib
import json
import secrets
from pathlib import Path
from typing import BinaryIO, Final

from agecam.files import lock_file
from agecam.output.growing import finish_leftovers_of
from agecam.paths import growing_dir, make_private_folder

_MAX_BYTES: Final = 100_000
"""Of a note that is read: more than the longest path takes."""


class GrowingNote:
    """Says that a file called ``target`` grows, as long as the note is there and this process holds it.

    ``header`` is what a table begins with, ``folder`` where notes are kept. Where that cannot be written
    there is no note, and what a crash leaves is found by the next recording of the same name alone.
    """

    def __init__(self, target: Path, header: bytes = b"", folder: Path | None = None) -> None:
        folder = folder or growing_dir()
        self._path = folder / f"{secrets.token_hex(8)}.json"
        self._file: BinaryIO | None = None
        content = json.dumps({"target": str(target.absolute()), "header": header.decode("latin-1")})
        with contextlib.suppress(OSError):
            make_private_folder(folder)
            self._file = self._path.open("xb", buffering=0)
            lock_file(self._file, waits=True)
            self._file.write(content.encode())

    def remove(self) -> None:
        """The file is finished."""
        self.release()
        with contextlib.suppress(OSError):
            self._path.unlink()

    def release(self) -> None:
        """The file could not get its name: leave it to the next start."""
        if self._file is not None:
            self._file.close()
            self._file = None


def finish_noted(folder: Path | None = None) -> list[Path]:
    """Keep what killed processes have left of the files in the notes; returns the paths.

    As :func:`agecam.output.growing.finish_leftovers_of` does. Notes of files that grow now are left alone,
    and those of folders that are not there, as of a disk that is not plugged in.
    """
    finished: list[Path] = []
    with contextlib.suppress(OSError):
        for path in sorted((folder or growing_dir()).glob("*.json")):
            with contextlib.suppress(OSError), path.open("rb") as note:
                content = note.read(_MAX_BYTES) if lock_file(note) else b""
                if content and _finish(content, finished):
                    path.unlink()
    return finished


def _finish(content: bytes, finished: list[Path]) -> bool:
    """Whether the note has served; adds the files that are kept to ``finished``."""
    try:
        values = json.loads(content)
        target, header = Path(values["target"]), values["header"].encode("latin-1")
        if not target.parent.is_dir():
            return False
        finished += finish_leftovers_of(target, header)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass  # nothing that this program has written
    return True

"""What a batch has done already: one small file an input, in a hidden folder of the output folder.

It is written just before the outputs are moved to their places, by whoever made them, so that whatever ends
the program leaves either no output, or one that the record tells for AgeCam's own. Paths are kept relative to
the output folder: the record stays true when that is moved along with the inputs, or read on another machine.
"""

from __future__ import annotations

import enum
import hashlib
import json
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from agecam.files import write_atomically

log = logging.getLogger(__name__)

FOLDER: Final = ".agecam"
"""Name of the hidden folder."""
_VERSION: Final = 1
_MTIME_STEP_NS: Final = 2_000_000_000
"""Times of files that differ by less are the same: FAT keeps them in steps of 2 s (Microsoft, FAT
specification 1.03), and only once a file is no longer in the cache."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one content of a file from another without reading it: bytes, and nanoseconds."""

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """``None`` where there is no such file."""
        try:
            found = path.stat()
        except (OSError, ValueError):
            return None
        return cls(found.st_size, found.st_mtime_ns)

    def matches(self, other: Stamp | None) -> bool:
        return (
            other is not None
            and self.size == other.size
            and abs(self.mtime_ns - other.mtime_ns) < _MTIME_STEP_NS
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where the record of one input stands, and what it is to say of the run; travels to other machines."""

    path: Path
    inputs: tuple[str, ...]
    """What goes in: one input, or all of a batch for a file that is made of them together."""
    settings: str
    """A hash of all that the outputs depend on besides the inputs."""
    run: str
    """Of one start of the command."""

    @property
    def output_folder(self) -> Path:
        return self.path.parent.parent

    def part(self, kind: str) -> Path:
        """Where an input's part of a file that is made of many is kept."""
        return self.path.with_suffix(f".{kind}-part")

    def name_of(self, path: Path) -> str:
        """The name of an output in the record."""
        return relative_name(path, self.output_folder)

    def path_of(self, name: str) -> Path:
        return self.output_folder / name


class State(enum.Enum):
    """What the record knows of the outputs of an input."""

    NEW = "new"
    """Nothing, or they are of something else."""
    DONE = "done"
    EDITED = "edited"
    """Done, and somebody has changed an output since."""
    OUTDATED = "outdated"
    """The input, the settings or the program have changed since, or an output is gone or unfinished."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the record says of one input."""

    inputs: tuple[str, ...]
    settings: str
    run: str
    stamp: Stamp | None = None
    """Of the input, before it was read."""
    done: bool = True
    """Whether the outputs are whole."""
    outputs: Mapping[str, tuple[Stamp, ...]] = field(default_factory=dict)
    """Of each the stamp of its content, then those of earlier contents that this one is to replace."""
    summary: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """``None`` where there is none, or one that cannot be understood."""
        try:
            content = json.loads(path.read_bytes())
            if content.pop("version") != _VERSION:
                return None
            stamp = content.pop("stamp")
            outputs = {
                name: tuple(Stamp(*map(int, one)) for one in stamps)
                for name, stamps in content.pop("outputs").items()
            }
            inputs = tuple(map(str, content.pop("inputs")))
            return cls(inputs=inputs, stamp=stamp and Stamp(*map(int, stamp)), outputs=outputs, **content)
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    def write(self, path: Path) -> None:
        """A record that cannot be written costs nobody the outputs: the log has it."""
        content = asdict(self)
        content["version"] = _VERSION
        content["stamp"] = self.stamp and (self.stamp.size, self.stamp.mtime_ns)
        content["outputs"] = {
            name: [(one.size, one.mtime_ns) for one in stamps] for name, stamps in self.outputs.items()
        }
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            write_atomically(path, json.dumps(content, separators=(",", ":")))
        except OSError:
            log.warning("%s could not be written; the next run will not know of its input", path)

    def owns(self, place: Place, path: Path) -> bool:
        """Whether the file that stands there now is one that AgeCam has made of the same inputs, or fewer."""
        present = Stamp.of(path)
        stamps = self.outputs.get(place.name_of(path), ())
        return set(self.inputs) <= set(place.inputs) and any(one.matches(present) for one in stamps)

    def state(self, place: Place, outputs: Iterable[Path], stamp: Stamp | None) -> State:
        """How the outputs stand of an input that has ``stamp`` now.

        Those in the hidden folder are AgeCam's alone, so that one that has changed is simply made again.
        """
        if self.inputs != place.inputs:
            return State.NEW
        if not self.done or stamp != self.stamp or self.settings != place.settings:
            return State.OUTDATED
        edited = False
        for path in outputs:
            stamps, present = self.outputs.get(place.name_of(path), ()), Stamp.of(path)
            if not stamps or present is None:
                return State.OUTDATED
            if not stamps[0].matches(present):
                if path.parent == place.path.parent or any(one.matches(present) for one in stamps):
                    return State.OUTDATED
                edited = True
        return State.EDITED if edited else State.DONE


def new_stamps(place: Place, outputs: Mapping[Path, Path]) -> dict[str, tuple[Stamp, ...]]:
    """The stamps to record of outputs that are written elsewhere still: from each final path to that.

    Those of what is AgeCam's own and will be replaced come after: both are, until the file is moved.
    """
    entry = Entry.read(place.path)
    stamps = dict[str, tuple[Stamp, ...]]()
    for path, partial in outputs.items():
        present, written = Stamp.of(path), Stamp.of(partial)
        owned = present is not None and entry is not None and entry.owns(place, path)
        kept = (present,) if owned and present is not None else ()
        stamps[place.name_of(path)] = (*(() if written is None else (written,)), *kept)
    return stamps


def record_path(path: Path, output_folder: Path) -> Path:
    """Where the record is of what is written to ``path``."""
    name = relative_name(path, output_folder)
    key = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:24]
    return output_folder.absolute() / FOLDER / f"{key}.record"


def relative_name(path: Path, folder: Path) -> str:
    """``path`` as seen from ``folder``, with slashes; absolute where there is no way, on another drive."""
    real = _real(path)
    try:
        return Path(os.path.relpath(real, os.path.realpath(folder))).as_posix()
    except ValueError:
        return real.as_posix()


def is_below(path: Path, folder: Path) -> bool:
    """Whether ``path`` lies in ``folder`` or one below it, however both are spelled."""
    return _real(path).is_relative_to(os.path.realpath(folder))


def _real(path: Path) -> Path:
    """A link stays one; the way to it is that of the disk."""
    return Path(os.path.realpath(path.parent)) / path.name

"""One input of ``agecam annotate`` and what becomes of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from agecam.commands.record import Entry, Place, Stamp
from agecam.drawing.label_text import LabelStyle
from agecam.runtime import Runtime
from agecam.sources.files import input_file
from agecam.sources.selection import FrameSelection
from agecam.sources.stream import without_secrets


@dataclass(frozen=True, slots=True)
class Job:
    """One input and its outputs; travels to other processes and machines."""

    spec: str
    target: Path
    csv: Path | None = None
    json: Path | None = None
    report: Path | None = None
    style: LabelStyle = field(default_factory=LabelStyle)
    runtime: Runtime = "litert"
    models: Path | None = None
    """Folder of age and gender models; ``None`` for those that ship."""
    selection: FrameSelection = field(default_factory=FrameSelection)
    force: bool = False
    """Whether to replace files that are there."""
    place: Place | None = None
    """Where a batch keeps the record of this input; what stands beside that is the batch's own."""

    @property
    def name(self) -> str:
        """The input as the user has named it, without what an address holds that is secret."""
        return without_secrets(self.spec) if "://" in self.spec else self.spec

    @property
    def label(self) -> str:
        """A short name of the input."""
        return self.target.name if "://" in self.spec else Path(self.spec).name

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The annotated file, and then what tells of it."""
        return tuple(path for path in (self.target, self.csv, self.json, self.report) if path is not None)

    def is_private(self, path: Path) -> bool:
        """Whether an output is no file for the user, but a part of one."""
        return self.place is not None and path.parent == self.place.path.parent

    def stamp(self) -> Stamp | None:
        """Of the input as it is now; ``None`` for what is no file."""
        path = input_file(self.spec)
        return None if path is None else Stamp.of(path)

    def absolute(self) -> Job:
        """The same for a process that runs in another folder, or on another machine with the same disks."""
        path = input_file(self.spec)
        is_file = path is not None and os.path.lexists(path)
        spec = str(path.absolute()) if path is not None and is_file else self.spec
        others = {name: getattr(self, name) for name in ("csv", "json", "report", "models")}
        others = {name: path and path.absolute() for name, path in others.items()}
        return replace(self, spec=spec, target=self.target.absolute(), **others)


@dataclass(frozen=True, slots=True)
class Summary:
    """What was done to one input.

    ``warning`` tells of a file that was damaged part of the way, and makes the input one that failed;
    ``notes`` tell what is good to know.
    """

    spec: str
    target: Path
    frames: int
    people: int
    seconds: float
    warning: str | None = None
    stopped_by: int | None = None
    """The signal that has ended the work before its end."""
    is_whole: bool = True
    """Whether all that the input holds, and can be read, is in the outputs."""
    notes: tuple[str, ...] = ()

    @classmethod
    def recorded(cls, job: Job, entry: Entry) -> Summary:
        """What the record says was done."""
        said = entry.summary
        counts = int(said.get("frames", 0)), int(said.get("people", 0)), float(said.get("seconds", 0.0))
        return cls(job.spec, job.target, *counts, warning=said.get("warning"))

    def sentence(self) -> str:
        if self.frames == 1:
            return f"{self.target}: {_count(self.people, 'face')}."
        speed = self.frames / max(self.seconds, 1e-6)
        return (
            f"{self.target}: {self.frames} frames, {_count(self.people, 'person', 'people')}, "
            f"{speed:.0f} frames a second."
        )


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


OnFrame = Callable[[int, int | None], None]
"""Called with the number of frames done and, where known, of all frames."""

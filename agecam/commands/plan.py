"""Which input of ``agecam annotate`` goes to which files, decided before any work."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from agecam import __version__
from agecam.commands.arguments import AnnotateArguments
from agecam.commands.job import Job, Summary
from agecam.commands.merge import KINDS, STREAMED, Kind, Merged
from agecam.commands.naming import Input, check_kind, each_input, place_below, target_name
from agecam.commands.outputs import OutputPlan, is_folder, make_folder
from agecam.commands.record import FOLDER, Entry, Place, State, record_path, relative_name
from agecam.errors import UsageError
from agecam.output import IMAGE_OUTPUTS, VIDEO_OUTPUTS
from agecam.paths import models_dir
from agecam.settings import models_folder
from agecam.sources.files import input_file
from agecam.sources.stream import without_secrets
from agecam.vision.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Plan:
    """All inputs of a run, in their order, and what is to be done."""

    jobs: tuple[Job, ...]
    done: tuple[tuple[Job, Summary], ...] = ()
    """Those that an earlier run has done."""
    merged: tuple[Merged, ...] = ()
    """Files of all inputs together."""
    notes: tuple[str, ...] = ()
    """What the user should know of the inputs."""

    @property
    def to_do(self) -> tuple[Job, ...]:
        done = {job for job, _ in self.done}
        return tuple(job for job in self.jobs if job not in done)


def plan_batch(arguments: AnnotateArguments) -> Plan:
    """One job an input, with outputs that are neither an input nor those of another, and folders for them.

    A batch (several inputs, or a folder) goes on with what an earlier run of it has left. Raises
    :class:`UsageError` where the outputs make no sense, or would replace a file unasked or an input, and
    :class:`agecam.errors.OutputError` where they cannot be written.
    """
    inputs, output = arguments.inputs, arguments.output
    notes = list[str]()
    found = each_input(inputs, output, notes)
    outputs = OutputPlan(one.spec for one in found)
    if len(inputs) > 1 or found[0].spec != inputs[0]:
        return _Batch(arguments, found, outputs, notes).plan()
    target = outputs.claim(output / target_name(found[0]) if is_folder(output) else output)
    check_kind(found[0], target)
    job = replace(_job(arguments, found[0], target), **{kind: getattr(arguments, kind) for kind in KINDS})
    for kind in KINDS:
        if (path := getattr(job, kind)) is not None:
            outputs.claim(path, streams=kind in STREAMED)
    outputs.prepare(force=arguments.force)
    return Plan((job,))


def _job(arguments: AnnotateArguments, found: Input, target: Path) -> Job:
    return Job(
        found.spec,
        target,
        style=arguments.style(),
        runtime=arguments.runtime,
        models=models_folder(arguments.models),
        selection=arguments.selection(),
        force=arguments.force,
    )


class _Batch:
    """Several inputs that go to one folder."""

    def __init__(
        self, arguments: AnnotateArguments, found: Sequence[Input], outputs: OutputPlan, notes: list[str]
    ) -> None:
        self._arguments, self._found, self._outputs, self._notes = arguments, found, outputs, notes
        self._folder = arguments.output
        self._run = secrets.token_hex(8)
        self._settings = _settings(arguments)

    def plan(self) -> Plan:
        arguments = self._arguments
        destinations = {kind: path for kind in KINDS if (path := getattr(arguments, kind)) is not None}
        files = {kind: path for kind, path in destinations.items() if _is_one_file(kind, path)}
        folders = [path for kind, path in destinations.items() if kind not in files]
        for folder in (self._folder, *folders):
            if folder.exists() and not is_folder(folder):
                raise UsageError(f"{folder} is a file, but several inputs need a folder; name a folder.")
        jobs = self._placed_jobs(destinations, files)
        if self._folder.suffix.lower() in (*IMAGE_OUTPUTS, *VIDEO_OUTPUTS) and not is_folder(self._folder):
            raise UsageError(f"{self._folder} names a file, but several inputs need a folder; name a folder.")
        merged = [
            self._merged(kind, self._outputs.claim(path, streams=kind in STREAMED))
            for kind, path in files.items()
        ]
        done, own = self._done(jobs)
        own |= {one.path for one in merged if one.is_own()}
        self._outputs.prepare(force=arguments.force, own=own)
        make_folder(self._folder.absolute() / FOLDER)
        return Plan(tuple(jobs), tuple(done), tuple(merged), tuple(self._notes))

    def _placed_jobs(self, destinations: dict[Kind, Path], files: dict[Kind, Path]) -> list[Job]:
        found = self._found
        names = [target_name(one) for one in found]
        targets = place_below(self._folder, found, names, self._outputs, self._is_own_target)
        jobs = [
            replace(_job(self._arguments, one, target), place=self._place(target, (self._identity(one),)))
            for one, target in zip(found, targets, strict=True)
        ]
        for kind, destination in destinations.items():
            if kind in files:
                places = [job.place.part(kind) for job in jobs if job.place is not None]
            else:
                suffix = KINDS[kind][0]
                names = [target.relative_to(self._folder).with_suffix(suffix) for target in targets]
                is_own = partial(_is_recorded, jobs)
                places = place_below(destination, found, names, self._outputs, is_own)
            jobs = [_with(job, kind, place) for job, place in zip(jobs, places, strict=True)]
        return jobs

    def _is_own_target(self, index: int, path: Path) -> bool:
        entry = Entry.read(record_path(path, self._folder))
        return entry is not None and entry.inputs == (self._identity(self._found[index]),)

    def _place(self, path: Path, inputs: Iterable[str]) -> Place:
        return Place(record_path(path, self._folder), tuple(inputs), self._settings, self._run)

    def _identity(self, found: Input) -> str:
        path = input_file(found.spec)
        return without_secrets(found.spec) if path is None else relative_name(path, self._folder)

    def _merged(self, kind: Kind, path: Path) -> Merged:
        place = self._place(path, map(self._identity, self._found))
        return Merged(kind, path, place, force=self._arguments.force)

    def _done(self, jobs: Sequence[Job]) -> tuple[list[tuple[Job, Summary]], set[Path]]:
        """What need not be done, and the files that are there and may be replaced or stay."""
        done, own = list[tuple[Job, Summary]](), set[Path]()
        for job in jobs:
            entry = None if job.place is None else Entry.read(job.place.path)
            if entry is None or job.place is None or self._arguments.force:
                continue
            state = entry.state(job.place, job.outputs, job.stamp())
            if state in (State.DONE, State.EDITED):
                done.append((job, Summary.recorded(job, entry)))
                own.update(job.outputs)
            else:
                own.update(path for path in job.outputs if entry.owns(job.place, path))
            if state is State.EDITED:
                self._notes.append(f"{job.target} was changed after it was made, and stays as it is.")
        return done, own


def _is_recorded(jobs: Sequence[Job], index: int, path: Path) -> bool:
    place = jobs[index].place
    entry = None if place is None else Entry.read(place.path)
    if place is None or entry is None or entry.inputs != place.inputs:
        return False
    return place.name_of(path) in entry.outputs


def _with(job: Job, kind: Kind, path: Path) -> Job:
    match kind:
        case "csv":
            return replace(job, csv=path)
        case "json":
            return replace(job, json=path)
        case "report":
            return replace(job, report=path)


def _is_one_file(kind: Kind, path: Path) -> bool:
    return path.suffix.lower() in KINDS[kind] and not is_folder(path)


def _settings(arguments: AnnotateArguments) -> str:
    """A hash of all that the outputs depend on besides the inputs and their names."""
    manifest = Manifest.read(models_folder(arguments.models) or models_dir())
    models = hashlib.sha256(json.dumps(manifest.models, sort_keys=True).encode()).hexdigest()
    parts = {
        "version": __version__,
        "models": models,
        "runtime": arguments.runtime,
        "style": asdict(arguments.style()),
        "selection": asdict(arguments.selection()),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

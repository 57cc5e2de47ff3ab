"""Which input of ``agecam annotate`` goes to which files, decided before any work."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agecam.commands.annotate import Job, is_photograph
from agecam.commands.arguments import AnnotateArguments
from agecam.commands.outputs import OutputPlan, is_folder
from agecam.errors import UsageError
from agecam.output import IMAGE_OUTPUTS, VIDEO_OUTPUTS
from agecam.sources import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from agecam.sources.files import input_file
from agecam.sources.stream import without_secrets

_VIDEO_SUFFIX: Final = ".mp4"
_KEPT_SUFFIXES: Final = (".png", ".jpg", ".jpeg")
_MAX_STEM: Final = 100
"""Characters of an address that make a file name."""


def plan_jobs(arguments: AnnotateArguments) -> list[Job]:
    """One job an input, with outputs that are neither an input nor those of another, and folders for them.

    Of inputs that would share an output in the output folder, later ones get a name with their own suffix,
    the name of their folder or a number. Raises :class:`UsageError` where the outputs make no sense, or would
    replace a file unasked or an input, and :class:`agecam.errors.OutputError` where they cannot be written.
    """
    inputs, output, csv = arguments.inputs, arguments.output, arguments.csv
    found = list(_expand(inputs))
    outputs = OutputPlan(one.spec for one in found)
    if len(inputs) == 1 and found[0].spec == inputs[0]:
        target = outputs.claim(output / _target_name(found[0]) if is_folder(output) else output)
        _check_kind(found[0], target)
        placed = [(target, csv if csv is None else outputs.claim(csv))]
    else:
        for folder in (output, csv):
            if folder is not None and folder.exists() and not is_folder(folder):
                raise UsageError(f"{folder} is a file, but several inputs need a folder; name a folder.")
        placed = _place(found, output, csv, outputs)
    outputs.prepare(force=arguments.force)
    style, runtime, force = arguments.style(), arguments.runtime, arguments.force
    return [
        Job(one.spec, target, rows, style, runtime, force)
        for one, (target, rows) in zip(found, placed, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Found:
    """One input: its path below the folder that was named, or its name, and the name of that folder."""

    spec: str
    relative: Path
    folder: str


def _expand(inputs: Sequence[str]) -> Iterator[_Found]:
    kinds = IMAGE_SUFFIXES | VIDEO_SUFFIXES
    for spec in inputs:
        path = input_file(spec)
        if path is None:
            yield _Found(spec, Path(_name_of_address(spec)), "")
        elif "://" in spec or not is_folder(path):
            yield _Found(spec, Path(path.name), path.absolute().parent.name)
        else:
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in kinds and p.is_file())
            if not inside:
                raise UsageError(f"The folder {path} holds no videos and no pictures.")
            for file in inside:
                yield _Found(str(file), file.relative_to(path), path.absolute().name)


def _name_of_address(url: str) -> str:
    """A name for a file that holds nothing secret of the address."""
    rest = without_secrets(url).partition("://")[2][:_MAX_STEM]
    return "".join(char if char.isalnum() or char in ".-" else "_" for char in rest) + _VIDEO_SUFFIX


def _target_name(found: _Found) -> Path:
    if not is_photograph(found.spec):
        return found.relative.with_suffix(_VIDEO_SUFFIX)
    kept = found.relative.suffix.lower() in _KEPT_SUFFIXES
    return found.relative if kept else found.relative.with_suffix(".png")


def _check_kind(found: _Found, target: Path) -> None:
    """Raises :class:`UsageError` where an output of that name cannot hold what the input gives."""
    kinds = (*IMAGE_OUTPUTS, *VIDEO_OUTPUTS) if is_photograph(found.spec) else VIDEO_OUTPUTS
    if target.suffix.lower() not in kinds:
        raise UsageError(f"{target.name} cannot hold that input; end its name in {' or '.join(kinds)}.")


def _place(
    found: Sequence[_Found], output: Path, csv: Path | None, outputs: OutputPlan
) -> list[tuple[Path, Path | None]]:
    """The output and the table of each input inside their folders."""
    targets = _place_below(output, found, [_target_name(one) for one in found], outputs)
    if csv is None:
        return [(target, None) for target in targets]
    names = [target.relative_to(output).with_suffix(".csv") for target in targets]
    return list(zip(targets, _place_below(csv, found, names, outputs), strict=True))


def _place_below(
    folder: Path, found: Sequence[_Found], names: Sequence[Path], outputs: OutputPlan
) -> list[Path]:
    suffixes: dict[str, set[str]] = {}
    for one, name in zip(found, names, strict=True):
        suffixes.setdefault(str(name).casefold(), set()).add(one.relative.suffix.lower())
    return [
        outputs.claim_first(
            folder / candidate
            for candidate in _candidates(one, name, mixed=len(suffixes[str(name).casefold()]) > 1)
        )
        for one, name in zip(found, names, strict=True)
    ]


def _candidates(found: _Found, name: Path, *, mixed: bool) -> Iterable[Path]:
    """Names for one output, the plainest first; ``mixed`` where inputs that share it differ by suffix."""
    yield name
    kind = found.relative.suffix.lower().lstrip(".")
    if mixed and kind:  # clip.mov and clip.mkv would both become clip.mp4
        yield name.with_stem(f"{name.stem}-{kind}")
    if found.folder:
        yield name.with_stem(f"{name.stem}-{found.folder}")
    for number in itertools.count(2):
        yield name.with_stem(f"{name.stem}-{number}")

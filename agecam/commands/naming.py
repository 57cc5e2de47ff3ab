"""The inputs of ``agecam annotate`` one by one, and the names of what they become."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count, islice, takewhile
from pathlib import Path
from typing import Final

from agecam.commands.annotate import is_photograph
from agecam.commands.folders import files_in
from agecam.commands.outputs import OutputPlan, is_folder
from agecam.commands.record import Entry, is_below, record_path
from agecam.errors import UsageError
from agecam.files import with_ending
from agecam.output import IMAGE_OUTPUTS, VIDEO_OUTPUTS
from agecam.sources import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from agecam.sources.files import check_file, input_file
from agecam.sources.stream import without_secrets

_VIDEO_SUFFIX: Final = ".mp4"
_KEPT_SUFFIXES: Final = (".png", ".jpg", ".jpeg")
_MAX_STEM: Final = 100
"""Characters of an address that make a file name."""
_MAX_ENDING: Final = 40
"""Characters of a folder or suffix that are added to a name, so that there is room for the name."""
_KEPT_CANDIDATES: Final = 5
"""Names of an input among which the one of an earlier run is looked for."""


@dataclass(frozen=True, slots=True)
class Input:
    """One input: its path below the folder that was named, or its name, and the name of that folder."""

    spec: str
    relative: Path
    folder: str


def each_input(specs: Sequence[str], output: Path, notes: list[str]) -> list[Input]:
    """The inputs, those of folders sorted by path; what a folder holds besides is added to ``notes``.

    What an earlier run has written to the folder ``output``, or to one below a folder of inputs, is no input.
    Raises :class:`UsageError` for a
    folder that holds none.
    """
    found = list[Input]()
    for spec in specs:
        if not spec.strip():  # a variable of a script that was never set; as a path it is this folder
            raise UsageError("An input has no name; check the command.")
        path = input_file(spec)
        if path is None:
            found.append(Input(spec, Path(_name_of_address(spec)), ""))
        elif "://" in spec or not is_folder(path):
            found.append(Input(spec, Path(path.name), path.absolute().parent.name))
        else:
            found += _inputs_in(path, output, notes)
    return found


def _inputs_in(folder: Path, output: Path, notes: list[str]) -> list[Input]:
    listing = files_in(folder, IMAGE_SUFFIXES | VIDEO_SUFFIXES)
    files = [path for path in listing.files if not _is_own_output(path, folder, output)]
    left_out = listing.sentence()
    if len(files) < len(listing.files):
        own = f"{len(listing.files) - len(files)} made by an earlier run are left out too."
        left_out = f"{left_out} {own}" if left_out else own
    if not files:
        why = f" ({left_out})" if left_out else ""
        raise UsageError(f"The folder {folder} holds no videos and no pictures{why}; choose another.")
    if left_out:
        notes.append(f"{folder}: {left_out}")
    name = folder.absolute().name
    return [Input(str(file), file.relative_to(folder), name) for file in files]


def _is_own_output(path: Path, folder: Path, output: Path) -> bool:
    """Whether an earlier run has written ``path``: to ``output``, or to another folder below ``folder``.

    Not to ``folder`` itself: who names an output folder as input wants what it holds.
    """
    outputs = list(takewhile(lambda above: above != folder, path.parents))
    if is_below(path, output):
        outputs.append(output)
    return any(Entry.read(record_path(path, one)) is not None for one in outputs)


def _name_of_address(url: str) -> str:
    """A name for a file that holds nothing secret of the address."""
    rest = without_secrets(url).partition("://")[2][:_MAX_STEM]
    return "".join(char if char.isalnum() or char in ".-" else "_" for char in rest) + _VIDEO_SUFFIX


def target_name(found: Input) -> Path:
    """The name of the annotated file below the output folder."""
    if not is_photograph(found.spec):
        return found.relative.with_suffix(_VIDEO_SUFFIX)
    kept = found.relative.suffix.lower() in _KEPT_SUFFIXES
    return found.relative if kept else found.relative.with_suffix(".png")


def check_kind(found: Input, target: Path) -> None:
    """Raises :class:`UsageError` where an output of that name cannot hold what the input gives.

    And :class:`agecam.errors.SourceError` where that is because there is no such input.
    """
    kinds = (*IMAGE_OUTPUTS, *VIDEO_OUTPUTS) if is_photograph(found.spec) else VIDEO_OUTPUTS
    if target.suffix.lower() not in kinds:
        if (path := input_file(found.spec)) is not None:
            check_file(path)
        raise UsageError(
            f"{target.name} cannot hold that input; end its name in {' or '.join(kinds)}, "
            "or name a folder that is there."
        )


def place_below(
    folder: Path,
    found: Sequence[Input],
    names: Sequence[Path],
    outputs: OutputPlan,
    is_own: Callable[[int, Path], bool],
) -> list[Path]:
    """A file in ``folder`` for each input, claimed: its name of ``names``, or one like it that is free.

    Of inputs that would share one, later ones get their own suffix, the name of their folder or a number.
    ``is_own`` tells of an input, by its index, whether an earlier run has given it a file: it keeps that,
    also where others have come before it.
    """
    for above in dict.fromkeys(name.parent for name in names):  # a folder may be called x.mp4 beside x.mov
        outputs.reserve(folder / above)
    kinds = Counter(
        folded for folded, _ in {(_folded(name), _kind(one)) for one, name in zip(found, names, strict=True)}
    )
    candidates = [
        [folder / one for one in islice(_candidates(found[index], name), _KEPT_CANDIDATES)]
        for index, name in enumerate(names)
    ]
    kept = {
        index: outputs.claim_first(own)
        for index, paths in enumerate(candidates)
        if (own := [path for path in paths if is_own(index, path) and not outputs.is_claimed(path)])
    }
    return [
        kept[index]
        if index in kept
        else outputs.claim_first(
            folder / one for one in _candidates(found[index], name, mixed=kinds[_folded(name)] > 1)
        )
        for index, name in enumerate(names)
    ]


def _folded(name: Path) -> str:
    return str(name).casefold()


def _kind(found: Input) -> str:
    return found.relative.suffix.lower().lstrip(".")


def _candidates(found: Input, name: Path, *, mixed: bool = True) -> Iterable[Path]:
    """Names for one output, the plainest first; ``mixed`` where inputs that share it differ by suffix."""
    yield with_ending(name, "")
    if mixed and _kind(found):  # clip.mov and clip.mkv would both become clip.mp4
        yield with_ending(name, f"-{_kind(found)[:_MAX_ENDING]}")
    if found.folder:
        yield with_ending(name, f"-{found.folder[:_MAX_ENDING]}")
    for number in count(2):
        yield with_ending(name, f"-{number}")

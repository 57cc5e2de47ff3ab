"""What AgeCam remembers from one start to the next: a dataclass in a versioned JSON file."""

from __future__ import annotations

import dataclasses
import errno
import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from agecam.files import write_atomically
from agecam.paths import make_private_folder, settings_file

_log = logging.getLogger(__name__)

SCHEMA_VERSION: Final = 2
_MAX_BYTES: Final = 1_000_000
"""Of a settings file that is read, a thousand times what one takes."""
_MAX_KEPT: Final = 1000
"""Files kept beside under one word; names are tried up to this number."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The user's choices. ``camera`` is the name of the last camera used, ``None`` before the first."""

    camera: str | None = None
    camera_device: str | None = None
    """Which of the cameras of that name, see :attr:`agecam.sources.Camera.device`; ``None`` where unknown."""
    mirror: bool = True
    show_groups: bool = False
    show_interval: bool = True
    show_gender: bool = True
    show_confidence: bool = False
    blur: bool = False
    show_statistics: bool = False
    show_people: bool = True
    """The panel of people, beside the picture."""
    show_people_narrow: bool = False
    """The same in a window that has little room for it."""
    has_agreed: bool = False
    """Whether the user has read what the program does, and agreed to it."""
    label_size: str | None = None
    """``"small"`` or ``"large"``; anything else is normal."""
    smallest_face: str | None = None
    """A key of :data:`agecam.ui.choices.SMALLEST_FACES`; anything else labels faces of all sizes."""
    language: str | None = None
    """``"en"`` or ``"de"``; anything else follows the system."""
    theme: str | None = None
    """``"light"`` or ``"dark"``; anything else follows the system."""
    recordings_folder: str | None = None
    snapshots_folder: str | None = None
    collection_folder: str | None = None
    """Of face images for training."""
    record_quality: str | None = None
    record_content: str | None = None
    """``"original"`` or ``"both"``; anything else records the annotated picture alone."""
    record_split: str | None = None
    countdown: bool = False
    """Whether a recording by button begins some seconds later."""
    snapshot_sound: bool = False
    show_strip: bool = True
    """Whether the last recordings and snapshots are shown below the picture."""
    recent: tuple[str, ...] = ()
    """Files and addresses opened last, the latest first."""
    camera_modes: Mapping[str, str] = field(default_factory=dict)
    """What was chosen for each camera, by its key: texts that
    :meth:`agecam.sources.camera_modes.CameraMode.parse` reads."""
    camera_controls: Mapping[str, str] = field(default_factory=dict)
    """Brightness and exposure set of each camera, by its key: texts that
    :func:`agecam.sources.camera_controls.parse_controls` reads."""
    models_folder: str | None = None
    """Of age and gender models to run; ``None`` for those that ship."""

    @classmethod
    def load(cls, path: Path, tell: Callable[[str], None] = _log.info) -> Self:
        """Read the file; what is missing, unknown or of the wrong type falls back to the default.

        A file that holds more than that is kept beside under a new name before another can take its place:
        one of another version, with values of the wrong type, or that cannot be understood at all. ``tell``
        is given one sentence about it for the user, by default the log.
        """
        try:
            values = _read(path)
        except FileNotFoundError:
            return cls()
        except OSError as error:
            wrong, word = f"cannot be read ({error.strerror})", "unreadable"
        except (ValueError, RecursionError):
            wrong, word = "cannot be understood", "broken"
        else:
            values = migrate(values)
            if values.get("version") == SCHEMA_VERSION:
                return cls._from_values(values, path, tell)
            wrong, word = "are of another version of AgeCam", "other-version"
        tell(f"The settings in {path} {wrong}; AgeCam uses its defaults{_set_aside(path, word)}.")
        return cls()

    @classmethod
    def _from_values(cls, values: Mapping[str, Any], path: Path, tell: Callable[[str], None]) -> Self:
        defaults = cls()
        names = [one.name for one in dataclasses.fields(cls) if one.name in values]
        known = {name: (values[name], _fits(values[name], getattr(defaults, name))) for name in names}
        if not all(fits for _, fits in known.values()):
            aside = _set_aside(path, "broken")
            tell(f"Some settings in {path} make no sense; AgeCam uses its defaults for them{aside}.")
        return cls(**{name: _frozen(value) for name, (value, fits) in known.items() if fits})

    def save(self, path: Path) -> None:
        """Write the file as a whole or not at all.

        Raises :class:`OSError` when the folder cannot be written.
        """
        make_private_folder(path.parent)
        text = json.dumps({"version": SCHEMA_VERSION, **dataclasses.asdict(self)}, indent=2)
        write_atomically(path, text + "\n")


def migrate(values: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a settings file of an older version as this one writes it; of any other, as it is."""
    current = dict(values)
    while type(version := current.get("version")) is int and version in MIGRATIONS:
        current = {**MIGRATIONS[version](current), "version": version + 1}
    return current


def _to_2(values: dict[str, Any]) -> dict[str, Any]:
    """Whether the original is kept was yes or no, before recordings could hold it alone."""
    return {"record_content": "both", **values} if values.get("record_original") is True else values


MIGRATIONS: Final[Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]]] = {1: _to_2}
"""By version, what makes of a file's content that of the next version."""


def models_folder(given: Path | None, settings: Path | None = None) -> Path | None:
    """The folder of models that a command is given, or that the settings name; ``None`` for those that ship.

    ``settings`` is their file, by default the user's. It is left as it is, also where it is broken.
    """
    if given is not None:
        return given
    try:
        named = _read(settings or settings_file()).get("models_folder")
    except (OSError, ValueError, RecursionError):
        return None
    return Path(named).expanduser() if named and _fits(named, None) else None


def _read(path: Path) -> dict[str, Any]:
    """The content of a settings file, an object.

    Raises :class:`OSError`, and :class:`ValueError` or :class:`RecursionError` where it holds none.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no ordinary file")  # a folder; a pipe would be waited for
    with path.open("rb") as file:
        values = json.loads(file.read(_MAX_BYTES))
    if not isinstance(values, dict):
        raise ValueError("not an object")
    return values


def _set_aside(path: Path, word: str) -> str:
    """Move what is there to a free name beside it; gives a clause that says so, empty where it cannot."""
    names = (path.with_suffix(f".{word}{number}") for number in ("", *range(2, _MAX_KEPT)))
    place = next((name for name in names if not os.path.lexists(name)), None)
    if place is None:
        return ""
    try:
        path.rename(place)
    except OSError:
        return ""
    return f", and keeps the file as {place.name}"


def _fits(value: Any, default: Any) -> bool:
    """Whether a value that was read is of the kind of that field's default; text where that is ``None``."""
    if isinstance(default, bool):
        return isinstance(value, bool)
    if isinstance(default, tuple):
        return isinstance(value, list) and all(map(_is_text, value))
    if isinstance(default, Mapping):
        return isinstance(value, dict) and all(map(_is_text, value.values()))
    return value is None or _is_text(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value

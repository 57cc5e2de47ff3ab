"""What AgeCam remembers from one start to the next: a dataclass in a versioned JSON file."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from agecam.files import write_atomically

log = logging.getLogger(__name__)

SCHEMA_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Settings:
    """The user's choices. ``camera`` is the name of the last camera used, ``None`` before the first."""

    camera: str | None = None
    mirror: bool = True
    show_groups: bool = False
    show_interval: bool = True
    show_gender: bool = True
    show_confidence: bool = False
    blur: bool = False
    recordings_folder: str | None = None
    snapshots_folder: str | None = None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file; what is missing, unknown or of the wrong type falls back to the default.

        A file that cannot be understood at all is kept beside as ``.broken``, and defaults are used.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError) as error:
            log.info("settings in %s cannot be read (%s); using defaults", path, error)
            with contextlib.suppress(OSError):
                path.replace(path.with_suffix(".broken"))
            return cls()
        if not isinstance(values, dict) or values.get("version") != SCHEMA_VERSION:
            return cls()
        return cls(
            **{
                field.name: values[field.name]
                for field in dataclasses.fields(cls)
                if field.name in values and _fits(values[field.name], field.default)
            }
        )

    def save(self, path: Path) -> None:
        """Write the file as a whole or not at all.

        Raises :class:`OSError` when the folder cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"version": SCHEMA_VERSION, **dataclasses.asdict(self)}, indent=2)
        write_atomically(path, text + "\n")


def _fits(value: Any, default: Any) -> bool:
    if isinstance(default, bool):
        return isinstance(value, bool)
    return value is None or isinstance(value, str)

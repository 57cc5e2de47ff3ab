"""The texts that the help shows: read from files in the background, nothing of Qt."""

from __future__ import annotations

import html
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agecam.paths import log_file, models_dir

_LIBRARIES: Final = (
    *("ai-edge-litert", "av", "cv2-enumerate-cameras", "mediapipe", "numpy", "opencv-contrib-python"),
    *("pillow", "pillow-heif", "platformdirs", "PyQt6", "rich", "typer"),
)
"""What AgeCam itself asks for; those that these bring along are named in their own files."""
_LICENCE_SIGNS: Final = 60
"""A licence's name is no longer than this; some packages give its text in place of the name."""
_LOG_BYTES: Final = 60_000
"""Of the end of the log: some hundred lines."""
_CARD: Final = "README.md"


@dataclass(frozen=True, slots=True)
class HelpTexts:
    """``card`` is Markdown, ``licences`` rich text, ``log`` plain; ``log_path`` is where all of that is."""

    card: str
    licences: str
    log: str
    log_path: Path


def read_help(models: Path | None, log_path: Path | None = None) -> HelpTexts:
    """Read them; ``models`` is the folder of models that run, ``None`` for those that ship."""
    path = log_path or log_file()
    return HelpTexts(_card(models), _licences(), _end_of(path), path)


def _card(models: Path | None) -> str:
    path = (models or models_dir()) / _CARD
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return f"The models in `{path.parent}` have no model card."


def _licences() -> str:
    rows = "".join(
        f"<tr><td>{html.escape(name)}&nbsp;&nbsp;</td><td>{html.escape(version)}&nbsp;&nbsp;</td>"
        f"<td>{html.escape(licence)}</td></tr>"
        for name, version, licence in map(_library, _LIBRARIES)
        if version
    )
    return (
        "<p><b>AgeCam</b> is free software under the GNU General Public License, version 3 or later: you may "
        "use, study, change and share it. It comes without any warranty. The text is in the file LICENSE of "
        "its source.</p><p><b>Age and gender models</b>: made for AgeCam from photographs for research, and "
        "so for research and private purposes only; see the model card.</p>"
        "<p><b>Face detectors</b>: of MediaPipe, Apache License 2.0; its text is beside them.</p>"
        f"<p><b>Libraries</b>, which AgeCam runs on:</p><table>{rows}</table>"
    )


def _library(name: str) -> tuple[str, str, str]:
    """Name, version and licence; no version where it is not installed."""
    from importlib import metadata  # the window begins without what it loads

    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return name, "", ""
    named = next((about[key] for key in ("License-Expression", "License") if key in about), "")
    if not named or len(named) > _LICENCE_SIGNS or "\n" in named:
        kinds = [one for one in about.get_all("Classifier") or [] if one.startswith("License ::")]
        named = kinds[0].rpartition(" :: ")[2] if kinds else "see its own files"
    return about["Name"], about["Version"], named


def _end_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LOG_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return "Nothing has been logged yet."
    return text if size <= _LOG_BYTES else text.partition("\n")[2]

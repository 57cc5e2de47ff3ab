"""Where AgeCam's own files lie, and where it puts the user's."""

from __future__ import annotations

from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent


def _shipped(folder: str) -> Path:
    """A folder that ships with the program: inside the installed package, or beside it in a checkout."""
    packaged = _PACKAGE / "_data" / folder
    return packaged if packaged.is_dir() else _PACKAGE.parent / folder


def models_dir() -> Path:
    """The folder of age and gender models, face detectors and ``manifest.json``."""
    return _shipped("models")


def assets_dir() -> Path:
    """The folder of the demo clip and the icon."""
    return _shipped("assets")


def demo_clip() -> Path:
    return assets_dir() / "demo.mp4"


def settings_file() -> Path:
    return Path(platformdirs.user_config_dir("agecam", appauthor=False)) / "settings.json"


def log_file() -> Path:
    return Path(platformdirs.user_log_dir("agecam", appauthor=False)) / "agecam.log"


def growing_dir() -> Path:
    """The folder of notes about recordings that are not finished."""
    return Path(platformdirs.user_state_dir("agecam", appauthor=False)) / "growing"


def cache_dir() -> Path:
    """The folder of what the program makes for itself and may replace."""
    return Path(platformdirs.user_cache_dir("agecam", appauthor=False))


def recordings_dir() -> Path:
    return Path(platformdirs.user_videos_dir()) / "AgeCam"


def snapshots_dir() -> Path:
    return Path(platformdirs.user_pictures_dir()) / "AgeCam"


def collection_dir() -> Path:
    """The folder of labelled face images for training."""
    return snapshots_dir() / "collected"


def make_private_folder(folder: Path) -> None:
    """Make the folder and those above it where they are missing, for this user alone. Raises
    :class:`OSError`.

    What lies in them shows people, or tells which cameras and files were used. Folders that are there are
    left as they are. Windows makes those in the user's home private by itself.
    """
    missing = [one for one in (folder, *folder.parents) if not one.is_dir()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)

"""``agecam cameras``."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

from agecam.commands.console import tell
from agecam.sources import Camera, list_cameras


def print_cameras(*, as_json: bool, list_cameras: Callable[[], list[Camera]] = list_cameras) -> None:
    """Print one line a camera, or a JSON list."""
    found = list_cameras()
    if as_json:
        tell(json.dumps([dataclasses.asdict(camera) for camera in found]))
    elif not found:
        tell("No camera is plugged in.")
    else:
        for camera in found:
            where = f"  {camera.path}" if camera.path else ""
            tell(f"{camera.index}  {camera.name}{where}")

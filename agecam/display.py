"""Whether a window can be opened here."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from agecam.errors import AgeCamError
from agecam.system_libraries import SystemLibrary, how_to_install_libraries, missing_libraries

_ANSWER_S: Final = 2.0
"""A display server that does not accept a connection within so many seconds will not show a window."""


def has_display(environment: Mapping[str, str] = os.environ, system: str = sys.platform) -> bool:
    """True where Qt will find a screen; checked without Qt, which aborts the program where there is none."""
    if system in ("win32", "darwin"):
        return True
    platform = environment.get("QT_QPA_PLATFORM", "").split(":")[0]
    if platform and platform not in ("xcb", "wayland"):
        return True  # offscreen, vnc, eglfs …: no display server is needed
    wayland = environment.get("WAYLAND_DISPLAY")
    if wayland:
        folder = Path(environment.get("XDG_RUNTIME_DIR", "/"))
        if (folder / wayland).exists():  # an absolute path stands for itself
            return True
    return _x_server_answers(environment.get("DISPLAY", ""))


def _x_server_answers(display: str) -> bool:
    host, separator, rest = display.rpartition(":")
    number = rest.split(".")[0]
    if not separator or not number.isdigit():
        return False
    if host and host != "unix":
        try:
            with socket.create_connection((host, 6000 + int(number)), timeout=_ANSWER_S):
                return True
        except OSError:
            return False
    for address in (f"/tmp/.X11-unix/X{number}", f"\0/tmp/.X11-unix/X{number}"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_ANSWER_S)
            try:
                connection.connect(address)
            except OSError:
                continue
            return True
    return False


def check_window_libraries(
    environment: Mapping[str, str] = os.environ,
    missing_libraries: Callable[[], Sequence[SystemLibrary]] = missing_libraries,
) -> None:
    """Raise :class:`AgeCamError` where Qt would abort the program for want of a system library.

    Qt names a single library then, and sometimes the wrong one.
    """
    platform = environment.get("QT_QPA_PLATFORM", "").split(":")[0]
    if platform not in ("", "xcb") or (not platform and environment.get("WAYLAND_DISPLAY")):
        return
    missing = [library for library in missing_libraries() if library.needed_for == "window"]
    if missing:
        how = how_to_install_libraries(missing)
        raise AgeCamError(f"The window cannot be opened here. {how}")

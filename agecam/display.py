"""Whether a window can be opened here."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from agecam.errors import AgeCamError
from agecam.system_libraries import how_to_install_libraries, missing_libraries


def has_display() -> bool:
    """True where Qt will find a screen; checked without Qt, which aborts the program where there is none."""
    if sys.platform in ("win32", "darwin"):
        return True
    platform = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0]
    if platform and platform not in ("xcb", "wayland"):
        return True  # offscreen, vnc, eglfs …: no display server is needed
    wayland = os.environ.get("WAYLAND_DISPLAY")
    if wayland:
        folder = Path(os.environ.get("XDG_RUNTIME_DIR", "/"))
        if (folder / wayland).exists():  # an absolute path stands for itself
            return True
    return _x_server_answers(os.environ.get("DISPLAY", ""))


def _x_server_answers(display: str) -> bool:
    host, separator, rest = display.rpartition(":")
    number = rest.split(".")[0]
    if not separator or not number.isdigit():
        return False
    if host and host != "unix":
        try:
            with socket.create_connection((host, 6000 + int(number)), timeout=2):
                return True
        except OSError:
            return False
    for address in (f"/tmp/.X11-unix/X{number}", f"\0/tmp/.X11-unix/X{number}"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(2)
            try:
                connection.connect(address)
            except OSError:
                continue
            return True
    return False


def check_window_libraries() -> None:
    """Raise :class:`AgeCamError` where Qt would abort the program for want of a system library.

    Qt names a single library then, and sometimes the wrong one.
    """
    platform = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0]
    if platform not in ("", "xcb") or (not platform and os.environ.get("WAYLAND_DISPLAY")):
        return
    missing = [library for library in missing_libraries() if library.needed_for == "window"]
    if missing:
        how = how_to_install_libraries(missing)
        raise AgeCamError(f"The window cannot be opened here. {how}")

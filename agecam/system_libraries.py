"""Libraries of the operating system that AgeCam's dependencies link to but do not bring along.

Only the standard library is used here, so that ``tools/bootstrap.py`` can ask before anything is installed.
The table is what Qt's window (on X11 and Wayland), Qt Multimedia's list of cameras and MediaPipe name as
``NEEDED`` in their Linux wheels, less what glibc and GCC always bring.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:  # an older Python, which bootstrap.py has to tell from a newer one, cannot evaluate it
    Which = Callable[[str], str | None]
    """``shutil.which``: the path of a program, ``None`` where there is none."""


class SystemLibrary(NamedTuple):
    """A shared library by its soname, the package of Debian and Ubuntu that holds it, and what needs it."""

    soname: str
    package: str
    needed_for: str


_FACES: Final = "face detection"
_WINDOW: Final = "window"
_CAMERAS: Final = "list of cameras"

LIBRARIES: Final = (
    SystemLibrary("libEGL.so.1", "libegl1", _FACES),
    SystemLibrary("libGLESv2.so.2", "libgles2", _FACES),
    SystemLibrary("libGL.so.1", "libgl1", _WINDOW),
    SystemLibrary("libX11.so.6", "libx11-6", _WINDOW),
    SystemLibrary("libX11-xcb.so.1", "libx11-xcb1", _WINDOW),
    SystemLibrary("libdbus-1.so.3", "libdbus-1-3", _WINDOW),
    SystemLibrary("libfontconfig.so.1", "libfontconfig1", _WINDOW),
    SystemLibrary("libfreetype.so.6", "libfreetype6", _WINDOW),
    SystemLibrary("libglib-2.0.so.0", "libglib2.0-0", _WINDOW),
    SystemLibrary("libgthread-2.0.so.0", "libglib2.0-0", _WINDOW),
    SystemLibrary("libwayland-client.so.0", "libwayland-client0", _WINDOW),
    SystemLibrary("libwayland-cursor.so.0", "libwayland-cursor0", _WINDOW),
    SystemLibrary("libwayland-egl.so.1", "libwayland-egl1", _WINDOW),
    SystemLibrary("libxcb.so.1", "libxcb1", _WINDOW),
    SystemLibrary("libxcb-cursor.so.0", "libxcb-cursor0", _WINDOW),
    SystemLibrary("libxcb-glx.so.0", "libxcb-glx0", _WINDOW),
    SystemLibrary("libxcb-icccm.so.4", "libxcb-icccm4", _WINDOW),
    SystemLibrary("libxcb-image.so.0", "libxcb-image0", _WINDOW),
    SystemLibrary("libxcb-keysyms.so.1", "libxcb-keysyms1", _WINDOW),
    SystemLibrary("libxcb-randr.so.0", "libxcb-randr0", _WINDOW),
    SystemLibrary("libxcb-render.so.0", "libxcb-render0", _WINDOW),
    SystemLibrary("libxcb-render-util.so.0", "libxcb-render-util0", _WINDOW),
    SystemLibrary("libxcb-shape.so.0", "libxcb-shape0", _WINDOW),
    SystemLibrary("libxcb-shm.so.0", "libxcb-shm0", _WINDOW),
    SystemLibrary("libxcb-sync.so.1", "libxcb-sync1", _WINDOW),
    SystemLibrary("libxcb-util.so.1", "libxcb-util1", _WINDOW),
    SystemLibrary("libxcb-xfixes.so.0", "libxcb-xfixes0", _WINDOW),
    SystemLibrary("libxcb-xkb.so.1", "libxcb-xkb1", _WINDOW),
    SystemLibrary("libxkbcommon.so.0", "libxkbcommon0", _WINDOW),
    SystemLibrary("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", _WINDOW),
    SystemLibrary("libbrotlidec.so.1", "libbrotli1", _CAMERAS),
    SystemLibrary("libdrm.so.2", "libdrm2", _CAMERAS),
    SystemLibrary("libgssapi_krb5.so.2", "libgssapi-krb5-2", _CAMERAS),
    SystemLibrary("libpulse.so.0", "libpulse0", _CAMERAS),
    SystemLibrary("libXext.so.6", "libxext6", _CAMERAS),
    SystemLibrary("libXrandr.so.2", "libxrandr2", _CAMERAS),
)


def missing_libraries(libraries: Iterable[SystemLibrary] = LIBRARIES) -> list[SystemLibrary]:
    """Those of ``libraries`` that the dynamic linker cannot load here; none on systems other than Linux."""
    if not sys.platform.startswith("linux"):
        return []
    return [library for library in libraries if not _loads(library.soname)]


def _loads(soname: str) -> bool:
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def packages_of(libraries: Iterable[SystemLibrary]) -> list[str]:
    """The packages that hold ``libraries``, each once, sorted."""
    return sorted({library.package for library in libraries})


def is_root() -> bool:
    """Whether this is the system administrator; not to be asked on Windows."""
    return os.geteuid() == 0


def install_command(
    packages: Sequence[str], which: Which = shutil.which, is_root: Callable[[], bool] = is_root
) -> list[str] | None:
    """How to install packages of Debian or Ubuntu, with ``sudo`` if needed; ``None`` where apt is not."""
    if which("apt-get") is None:
        return None
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    return command if is_root() else ["sudo", *command]


def how_to_install(
    packages: Sequence[str],
    sonames: Sequence[str],
    which: Which = shutil.which,
    is_root: Callable[[], bool] = is_root,
) -> str:
    """One sentence for the user about what to install."""
    command = install_command(packages, which, is_root)
    if command is not None:
        return f"Install the missing system packages with: {' '.join(command)}"
    return f"Install the packages of your system that hold {', '.join(sonames)}."


def how_to_install_libraries(libraries: Sequence[SystemLibrary]) -> str:
    """The same for libraries of the table."""
    return how_to_install(packages_of(libraries), [library.soname for library in libraries])

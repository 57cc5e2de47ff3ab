"""How each system is asked to keep the screen on; a refusal or its absence is no error."""

from __future__ import annotations

import ctypes
import itertools
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agecam.ui.screen_awake import Inhibitor

if TYPE_CHECKING:
    from PyQt6.QtDBus import QDBusConnection

log = logging.getLogger(__name__)

_NAME: Final = "AgeCam"
_REASON: Final = "Live picture or recording"
_ANSWER_MS: Final = 5000
"""A service may have to be started first."""
_UINT: Final = 3
"""``QMetaType::UInt``: an ``int`` of Python's would be sent as signed."""
_PORTAL_IDLE: Final = 8
"""Flag of the portal: no idle session, https://flatpak.github.io/xdg-desktop-portal."""

# winbase.h, SetThreadExecutionState.
_ES_CONTINUOUS: Final = 0x80000000
_ES_SYSTEM_REQUIRED: Final = 0x1
_ES_DISPLAY_REQUIRED: Final = 0x2


def system_inhibitors() -> Sequence[Inhibitor]:
    """The ways to ask this system, the best one first."""
    if sys.platform == "win32":
        return [WindowsInhibitor()]
    if sys.platform == "darwin":
        return [CaffeinateInhibitor()]
    bus = SessionBus(os.environ)
    return [ScreenSaverInhibitor(bus), PortalInhibitor(bus)]


class SessionBus:
    """The session's D-Bus, if there is one: where none runs, none is started."""

    _numbers = itertools.count()
    """Qt gives the same connection, even one that has failed, to whoever asks for the same name."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = environment.get("DBUS_SESSION_BUS_ADDRESS", "")
        if not self._address and (folder := environment.get("XDG_RUNTIME_DIR")):
            socket = Path(folder) / "bus"
            self._address = f"unix:path={socket}" if socket.exists() else ""
        self._name = f"agecam-awake-{next(self._numbers)}"
        self._connection: QDBusConnection | None = None

    def call(self, target: tuple[str, str, str], method: str, *arguments: Any) -> list[Any] | None:
        """What a method of ``target``, a service, path and interface, gives; ``None`` where it fails.

        An ``int`` is sent as unsigned, as all here are.
        """
        if not self._address:
            return None
        # Only now: loading it takes a while.
        from PyQt6.QtDBus import QDBusArgument, QDBusConnection, QDBusMessage, QDBusPendingReply

        if self._connection is None:
            self._connection = QDBusConnection.connectToBus(self._address, self._name)
        if not self._connection.isConnected():
            self.disconnect()
            return None
        message = QDBusMessage.createMethodCall(*target, method)
        message.setArguments(
            [QDBusArgument(one, _UINT) if isinstance(one, int) else one for one in arguments]
        )
        answer = QDBusPendingReply(self._connection.asyncCall(message, _ANSWER_MS))
        answer.waitForFinished()
        if answer.isError():
            log.info("%s.%s: %s", target[2], method, answer.error().message())
            self.disconnect()
            return None
        return list(answer.reply().arguments())

    def disconnect(self) -> None:
        """Let go of it: whatever was granted ends then at the latest."""
        from PyQt6.QtDBus import QDBusConnection

        if self._connection is not None:
            self._connection = None
            QDBusConnection.disconnectFromBus(self._name)


class ScreenSaverInhibitor:
    """The service of most Linux desktops: KDE, GNOME, Xfce, Cinnamon, MATE.

    https://people.freedesktop.org/~hadess/idle-inhibition-spec
    """

    _TARGET: Final = (
        "org.freedesktop.ScreenSaver",
        "/org/freedesktop/ScreenSaver",
        "org.freedesktop.ScreenSaver",
    )

    def __init__(self, bus: SessionBus) -> None:
        self._bus = bus
        self._cookie: int | None = None

    def inhibit(self) -> bool:
        answer = self._bus.call(self._TARGET, "Inhibit", _NAME, _REASON)
        self._cookie = answer[0] if answer else None
        return self._cookie is not None

    def release(self) -> None:
        if self._cookie is not None:
            self._bus.call(self._TARGET, "UnInhibit", self._cookie)
            self._cookie = None
            self._bus.disconnect()


class PortalInhibitor:
    """The desktop portal, which programs in a sandbox ask, and some compositors have alone.

    https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.Inhibit.html
    """

    _SERVICE: Final = "org.freedesktop.portal.Desktop"

    def __init__(self, bus: SessionBus) -> None:
        self._bus = bus
        self._request: str | None = None

    def inhibit(self) -> bool:
        target = (self._SERVICE, "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Inhibit")
        answer = self._bus.call(target, "Inhibit", "", _PORTAL_IDLE, {"reason": _REASON})
        self._request = str(answer[0]) if answer else None
        return self._request is not None

    def release(self) -> None:
        if self._request is not None:
            self._bus.call((self._SERVICE, self._request, "org.freedesktop.portal.Request"), "Close")
            self._request = None
            self._bus.disconnect()


class WindowsInhibitor:
    """``SetThreadExecutionState``, which holds while the thread that has called it lives."""

    def inhibit(self) -> bool:
        return self._set(_ES_CONTINUOUS | _ES_SYSTEM_REQUIRED | _ES_DISPLAY_REQUIRED)

    def release(self) -> None:
        self._set(_ES_CONTINUOUS)

    @staticmethod
    def _set(state: int) -> bool:
        windll = getattr(ctypes, "windll", None)
        return windll is not None and windll.kernel32.SetThreadExecutionState(ctypes.c_uint(state)) != 0


class CaffeinateInhibitor:
    """The program ``caffeinate`` of macOS, told to end with this process however that ends."""

    def __init__(self, program: str = "caffeinate") -> None:
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    def inhibit(self) -> bool:
        program = shutil.which(self._program)
        if program is None:
            return False
        try:
            self._process = subprocess.Popen([program, "-d", "-i", "-w", str(os.getpid())])
        except OSError as error:
            log.info("%s: %s", program, error)
            return False
        return True

    def release(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

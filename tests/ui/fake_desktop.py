"""A process that offers on a message bus what a desktop does, and prints each call: ADDRESS SERVICE PATH...

In a process of its own: Qt's thread of the bus and Python's lock would wait for one another at the end.
"""

import sys
from collections.abc import Mapping
from typing import Any

from PyQt6.QtCore import QCoreApplication, QObject, pyqtClassInfo, pyqtSlot
from PyQt6.QtDBus import QDBusConnection, QDBusObjectPath

# WORKAROUND: the stubs of PyQt6 know not that it is a decorator.
class_info: Any = pyqtClassInfo

COOKIE = 4_000_000_001  # as large as one may be


def tell(*words: object) -> None:
    print(*words, flush=True)


@class_info("D-Bus Interface", "org.freedesktop.ScreenSaver")
class ScreenSaver(QObject):
    @pyqtSlot(str, str, result="uint")
    def Inhibit(self, name: str, reason: str) -> int:  # noqa: N802
        tell("Inhibit", name, reason)
        return COOKIE

    @pyqtSlot("uint")
    def UnInhibit(self, cookie: int) -> None:  # noqa: N802
        tell("UnInhibit", cookie)


@class_info("D-Bus Interface", "org.freedesktop.portal.Inhibit")
class Portal(QObject):
    @pyqtSlot(str, "uint", "QVariantMap", result="QDBusObjectPath")
    def Inhibit(self, window: str, flags: int, options: dict[str, object]) -> QDBusObjectPath:  # noqa: N802
        tell("Inhibit", repr(window), flags, options)
        return QDBusObjectPath("/request/1")


@class_info("D-Bus Interface", "org.freedesktop.portal.Request")
class Request(QObject):
    @pyqtSlot()
    def Close(self) -> None:  # noqa: N802
        tell("Close")


OBJECTS: Mapping[str, Mapping[str, type[QObject]]] = {
    "org.freedesktop.ScreenSaver": {"/org/freedesktop/ScreenSaver": ScreenSaver},
    "org.freedesktop.portal.Desktop": {"/org/freedesktop/portal/desktop": Portal, "/request/1": Request},
}


def main(address: str, service: str) -> int:
    application = QCoreApplication([])
    bus = QDBusConnection.connectToBus(address, "desktop")
    kept = {path: make() for path, make in OBJECTS[service].items()}
    for path, one in kept.items():
        bus.registerObject(path, one, QDBusConnection.RegisterOption.ExportAllSlots)
    tell("ready" if bus.registerService(service) else "no bus")
    return application.exec()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

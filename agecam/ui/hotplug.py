"""Tells when a camera may have been plugged in or out, without touching any device."""

from __future__ import annotations

import logging
import sys
from typing import Final

from PyQt6.QtCore import QFileSystemWatcher, QObject, QTimer, pyqtSignal

log = logging.getLogger(__name__)

_DEVICES: Final = "/dev"
_CONFIRM_MS: Final = 300
"""A device appears before its owner and rights are set, and one camera brings several devices."""


class HotplugWatcher(QObject):
    """Emits ``changed`` soon after a camera comes or goes, and at times for no reason.

    On Linux it watches the folder of devices. Qt Multimedia does the same, but opens each camera in the GUI
    thread to ask for its formats, which can take long, and loads FFmpeg for it: 0.1 s and 20 MB.
    """

    changed = pyqtSignal()

    def __init__(self, parent: QObject, devices: str = _DEVICES) -> None:
        super().__init__(parent)
        self._confirm = QTimer(self)
        self._confirm.setSingleShot(True)
        self._confirm.setInterval(_CONFIRM_MS)
        self._confirm.timeout.connect(self.changed)
        if sys.platform == "linux":
            watcher = QFileSystemWatcher([devices], self)
            watcher.directoryChanged.connect(self._wait)
        else:
            self._watch_with_multimedia()

    def _watch_with_multimedia(self) -> None:
        try:
            from PyQt6.QtMultimedia import QMediaDevices
        except ImportError:  # a system without its libraries: the session tries again by itself, only later
            log.info("Qt Multimedia cannot be loaded; hotplug events are not seen")
            return
        QMediaDevices(self).videoInputsChanged.connect(self._wait)

    def _wait(self) -> None:
        if not self._confirm.isActive():  # or a folder that never rests would put it off for ever
            self._confirm.start()

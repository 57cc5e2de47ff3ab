"""Keys that no control wants, and what is dropped on the window."""

from __future__ import annotations

from typing import Final

from PyQt6.QtCore import QMimeData, Qt
from PyQt6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent

from agecam.ui.actions import Actions
from agecam.ui.commands import CommandedWindow, WindowCommands

_IGNORED: Final = Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier
"""Modifiers that keys of actions may come with: "?" needs Shift on most keyboards."""


class InputWindow(CommandedWindow):
    """A window that hands plain keys to its ``actions``, and dropped files and addresses to ``commands``."""

    commands: WindowCommands
    actions_by_name: Actions

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802
        """Keys that nothing with the focus has wanted."""
        if event is None:
            return
        modifiers = event.modifiers() & ~_IGNORED
        action = self.actions_by_name.for_key(event.key()) if not modifiers else None
        if action is None:
            super().keyPressEvent(event)
        elif action.autoRepeat() or not event.isAutoRepeat():
            action.trigger()

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:  # noqa: N802
        if event is not None and _first_url(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:  # noqa: N802
        dropped = "" if event is None else _first_url(event.mimeData())
        if event is not None and dropped:
            event.acceptProposedAction()
            self.commands.show_dropped(dropped)


def _first_url(mime: QMimeData | None) -> str:
    """The path of the first file, or the first address; empty where there is none."""
    urls = [] if mime is None else mime.urls()
    return urls[0].toLocalFile() or urls[0].toString() if urls else ""

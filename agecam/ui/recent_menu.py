"""The menu of files and addresses that were opened last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QMenu, QWidget

from agecam.sources.address import shown_input
from agecam.sources.files import exists
from agecam.ui.language import tr

MOST: Final = 10
RunInBackground = Callable[[str, Callable[[], None]], None]
"""Takes the kind of some work, and the work."""


def with_recent(recent: Sequence[str], spec: str) -> tuple[str, ...]:
    """The list with ``spec`` as its latest entry, and no more than :data:`MOST`."""
    return (spec, *(one for one in recent if one != spec))[:MOST]


def recent_texts(recent: Sequence[str]) -> tuple[str, ...]:
    """What each is called in a menu: a file by its name, and its folder where two have one name.

    Addresses are shown without their passwords.
    """
    names = [_name(spec) for spec in recent]
    return tuple(
        name if names.count(name) == 1 or "://" in spec else f"{name} – {Path(spec).parent}"
        for spec, name in zip(recent, names, strict=True)
    )


def _name(spec: str) -> str:
    return shown_input(spec) if "://" in spec else Path(spec).name or spec


class RecentMenu(QMenu):
    """``opened`` has what was chosen, ``cleared`` says that all of it is to be forgotten.

    Files that are not there cannot be chosen; the disks are asked in the background when the menu opens.
    """

    opened = pyqtSignal(str)
    cleared = pyqtSignal()
    _looked = pyqtSignal(object)

    def __init__(self, run_in_background: RunInBackground, parent: QWidget) -> None:
        super().__init__(tr("Open recent"), parent)
        self._run_in_background = run_in_background
        self._recent: tuple[str, ...] = ()
        self._entries: dict[str, QAction] = {}
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self.look)
        self._looked.connect(self._show_missing)

    def show_recent(self, recent: tuple[str, ...], *, enabled: bool) -> None:
        """Show these, the latest first."""
        entry = self.menuAction()
        can_open = enabled and bool(recent)
        if entry is not None and entry.isEnabled() != can_open:
            entry.setEnabled(can_open)
        if recent == self._recent:
            return
        self._recent = recent
        self.clear()
        self._entries = {}
        for spec, text in zip(recent, recent_texts(recent), strict=True):
            entry = self._entries[spec] = QAction(text.replace("&", "&&"), self)
            entry.setToolTip(shown_input(spec))
            entry.triggered.connect(lambda _checked, spec=spec: self.opened.emit(spec))
            self.addAction(entry)
        self.addSeparator()
        forget = self.addAction(tr("Clear this list"))
        if forget is not None:
            forget.triggered.connect(self.cleared)

    def look(self) -> None:
        """Ask which files are there."""
        files = [spec for spec in self._recent if "://" not in spec]
        self._run_in_background(
            "recent", lambda: self._looked.emit({spec for spec in files if not exists(Path(spec))})
        )

    def _show_missing(self, missing: set[str]) -> None:
        for spec, entry in self._entries.items():
            entry.setEnabled(spec not in missing)
            entry.setToolTip(f"{shown_input(spec)} is not there" if spec in missing else shown_input(spec))

"""The menu of how recordings are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from PyQt6.QtGui import QAction, QActionGroup
from PyQt6.QtWidgets import QMenu, QWidget

from agecam.ui.options import QUALITIES, RecordingChoices

OnChosen = Callable[[str, object], None]
"""Takes the name of a field of :class:`RecordingChoices`, and its new value."""

_QUALITY_TEXTS: Final = {"small": "Small files", "standard": "Standard quality", "high": "High quality"}
_SPLITS: Final[dict[str | None, str]] = {
    None: "One file, however long",
    "10min": "A new file every 10 minutes",
    "30min": "A new file every 30 minutes",
    "1h": "A new file every hour",
    "500MB": "A new file every 500 MB",
    "2GB": "A new file every 2 GB",
}


class RecordingMenu(QMenu):
    """Shows ``choices`` and tells the name and value of each that is changed, for the next recording."""

    def __init__(self, choices: RecordingChoices, on_chosen: OnChosen, parent: QWidget) -> None:
        super().__init__("Recording", parent)
        self.choices = choices
        self._on_chosen = on_chosen
        self._add_group(
            "quality", {quality: _QUALITY_TEXTS[quality] for quality in QUALITIES}, choices.quality
        )
        self.addSeparator()
        self.original = QAction("Also keep the picture without labels", self)
        self.original.setCheckable(True)
        self.original.setChecked(bool(choices.original))
        self.original.triggered.connect(lambda checked: self._choose("original", checked))
        self.addAction(self.original)
        self.addSeparator()
        splits = dict(_SPLITS)
        if choices.split is not None and choices.split not in splits:
            splits[choices.split] = f"A new file every {choices.split}"
        self._add_group("split", splits, choices.split)

    def action(self, text: str) -> QAction:
        """The entry with that text."""
        return next(action for action in self.actions() if action.text() == text)

    def _add_group(self, name: str, texts: dict[Any, str], chosen: object) -> None:
        group = QActionGroup(self)
        for value, text in texts.items():
            action = QAction(text, group)
            action.setCheckable(True)
            action.setChecked(value == chosen)
            action.triggered.connect(lambda _checked, value=value: self._choose(name, value))
            self.addAction(action)

    def _choose(self, name: str, value: object) -> None:
        self.choices = replace(self.choices, **{name: value})  # type: ignore[arg-type]  # one of its fields
        self._on_chosen(name, value)

"""The menu of how recordings are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from PyQt6.QtGui import QAction, QActionGroup
from PyQt6.QtWidgets import QMenu, QWidget

from agecam.live.recording import Quality, RecordingContent
from agecam.ui.language import tr
from agecam.ui.options import CONTENTS, QUALITIES, RecordingChoices

OnChosen = Callable[[str, object], None]
"""Takes the name of a field of :class:`RecordingChoices`, and its new value."""

QUALITY_TEXTS: Final[dict[Quality, str]] = {
    "small": "Small files",
    "standard": "Standard quality",
    "high": "High quality",
}
CONTENT_TEXTS: Final[dict[RecordingContent, str]] = {
    "annotated": "The picture with labels",
    "original": "The picture without labels",
    "both": "Both, a file of each",
}
_SPLITS: Final[dict[str | None, str]] = {
    None: "One file, however long",
    "10min": "A new file every 10 minutes",
    "30min": "A new file every 30 minutes",
    "1h": "A new file every hour",
    "500MB": "A new file every 500 MB",
    "2GB": "A new file every 2 GB",
}


def split_texts(chosen: str | None) -> dict[str | None, str]:
    """What each way of splitting recordings is called, one of its own that the user has chosen too."""
    own = {} if chosen in _SPLITS else {chosen: tr("A new file every {size}", size=chosen)}
    return _SPLITS | own


class RecordingMenu(QMenu):
    """Shows ``choices`` and tells the name and value of each that is changed, for the next recording."""

    def __init__(self, choices: RecordingChoices, on_chosen: OnChosen, parent: QWidget) -> None:
        super().__init__(tr("Recording"), parent)
        self._on_chosen = on_chosen
        self._by_value: dict[tuple[str, object], QAction] = {}
        self._add_group("quality", {quality: QUALITY_TEXTS[quality] for quality in QUALITIES})
        self.addSeparator()
        self._add_group("content", {content: CONTENT_TEXTS[content] for content in CONTENTS})
        self.addSeparator()
        self._add_group("split", split_texts(choices.split))
        self.show_choices(choices)

    def action(self, text: str) -> QAction:
        """The entry with that text."""
        return next(action for action in self.actions() if action.text() == text)

    def show_choices(self, choices: RecordingChoices) -> None:
        """Tick what is chosen."""
        for chosen in (
            ("quality", choices.quality or "standard"),
            ("content", choices.content or "annotated"),
            ("split", choices.split),
        ):
            if chosen in self._by_value:
                self._by_value[chosen].setChecked(True)

    def _add_group(self, name: str, texts: Mapping[Any, str]) -> None:
        group = QActionGroup(self)
        for value, text in texts.items():
            action = QAction(tr(text), group)
            action.setCheckable(True)
            action.triggered.connect(lambda _checked, value=value: self._on_chosen(name, value))
            self._by_value[name, value] = action
            self.addAction(action)

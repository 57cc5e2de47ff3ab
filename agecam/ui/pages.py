"""What stands in place of the live view while there are no frames: one page for each state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from agecam.live.state import SourceState

CONSENT_SHORT = "Estimates can be wrong. Use them with the consent of the people in view."
CONSENT = f"AgeCam estimates age and gender from faces. {CONSENT_SHORT} Pictures never leave this computer."


@dataclass(frozen=True, slots=True)
class PageText:
    """What a page says; ``actions`` names the buttons it offers, see :class:`MessagePage`."""

    symbol: str
    title: str
    text: str
    actions: tuple[str, ...] = ()
    busy: bool = False


PAGES: dict[SourceState, PageText] = {
    SourceState.IDLE: PageText("◌", "Starting", CONSENT, busy=True),
    SourceState.LOADING: PageText("◌", "Loading", CONSENT, busy=True),
    SourceState.NO_CAMERA: PageText(
        "⌀",
        "No camera",
        "A camera that you plug in appears here by itself.",
        ("retry", "open_file", "open_address", "demo"),
    ),
    SourceState.BUSY: PageText(
        "⊘",
        "The camera is in use",
        "AgeCam keeps trying, and goes on as soon as the camera is free.",
        ("retry", "open_file", "demo", "troubleshoot"),
    ),
    SourceState.DISCONNECTED: PageText(
        "⌁",
        "The picture has stopped",
        "AgeCam goes on by itself as soon as it is back.",
        ("retry", "open_file"),
        busy=True,
    ),
    SourceState.FAILED: PageText(
        "!",
        "This cannot be shown",
        "",
        ("open_file", "open_address", "demo", "troubleshoot"),
    ),
}
"""States without a page show the live view."""


class MessagePage(QWidget):
    """A symbol, a title, a sentence or two, and buttons for what can be done about it."""

    def __init__(self, text: PageText, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._default_text = text.text
        self.setObjectName("page")
        layout = QVBoxLayout(self)
        layout.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.setSpacing(14)
        layout.addStretch()
        for content, name in ((text.symbol, "symbol"), (text.title, "title")):
            label = QLabel(content)
            label.setObjectName(name)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label)
        self._detail = QLabel()
        self._detail.setObjectName("detail")
        self._detail.setTextFormat(Qt.TextFormat.PlainText)  # a file's name is no markup
        self._detail.setWordWrap(True)
        self._detail.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._detail.setFixedWidth(560)
        self._detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        # Not addWidget with an alignment: that gives a label one line's height, however it wraps.
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self._detail)
        row.addStretch()
        layout.addLayout(row)
        if text.busy:
            bar = QProgressBar()
            bar.setRange(0, 0)
            bar.setTextVisible(False)
            bar.setFixedSize(220, 4)
            layout.addWidget(bar, alignment=Qt.AlignmentFlag.AlignCenter)
        layout.addLayout(self._buttons(actions))
        layout.addStretch()
        self.set_message("")

    @staticmethod
    def _buttons(actions: Sequence[QAction]) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch()
        for action in actions:
            button = QPushButton(action.text())
            button.setToolTip(action.toolTip())
            button.clicked.connect(action.trigger)
            row.addWidget(button)
        row.addStretch()
        return row

    def set_message(self, message: str) -> None:
        """What is wrong this time, above what the page always says."""
        self._detail.setText("\n\n".join(part for part in (message, self._default_text) if part))

    def message(self) -> str:
        return self._detail.text()

"""What stands where the picture would be while there is none: one page for each state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from agecam.engine.state import SourceState

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
        "Plug in a camera and it appears here by itself, or show something else.",
        ("retry", "open_file", "open_address", "demo"),
    ),
    SourceState.BUSY: PageText(
        "⊘",
        "The camera is in use",
        "Close the other program that shows the camera; AgeCam keeps trying.",
        ("retry", "open_file", "demo", "troubleshoot"),
    ),
    SourceState.DISCONNECTED: PageText(
        "⌁",
        "The picture has stopped",
        "Put the cable back; AgeCam goes on by itself.",
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
"""States without a page show the picture."""


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
        self._detail.setWordWrap(True)
        self._detail.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._detail.setMinimumWidth(460)
        self._detail.setMaximumWidth(560)
        self._detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(self._detail, alignment=Qt.AlignmentFlag.AlignCenter)
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

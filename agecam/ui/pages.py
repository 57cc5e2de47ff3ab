"""What stands in place of the live view while there are no frames: one page for each state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction, QResizeEvent
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from agecam.live.state import SourceState
from agecam.ui.flow import FlowLayout
from agecam.ui.language import tr, tr_sentence
from agecam.ui.view_state import CONSENT_SHORT

CONSENT = f"AgeCam estimates age and gender from faces. {CONSENT_SHORT} Pictures never leave this computer."

_TEXT_WIDTH_PX: Final = 560
"""No wider: longer lines are hard to read."""


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
    SourceState.DENIED: PageText(
        "⊘",
        "AgeCam may not use the camera",
        "AgeCam goes on by itself as soon as it may.",
        ("retry", "open_file", "demo", "troubleshoot"),
    ),
    SourceState.DISCONNECTED: PageText(
        "⌁",
        "The picture has stopped",
        "AgeCam goes on by itself as soon as it is back.",
        ("retry", "open_file"),
        busy=True,
    ),
    SourceState.WAITING: PageText(
        "⌁",
        "No answer yet",
        "AgeCam keeps trying, and goes on by itself as soon as there is a picture.",
        ("retry", "open_address", "open_file"),
        busy=True,
    ),
    SourceState.FAILED: PageText(
        "!",
        "This cannot be shown",
        "",
        ("retry", "open_file", "open_address", "demo", "troubleshoot"),
    ),
    SourceState.ANALYSIS_FAILED: PageText(
        "!",
        "Faces cannot be analysed",
        "",
        ("troubleshoot", "quit"),
    ),
}
"""States without a page show the live view."""

WELCOME = PageText(
    "☺",
    "Welcome to AgeCam",
    "AgeCam finds faces in a live picture and estimates age and gender, as others would see them.\n\n"
    "Everything stays on this computer: no picture leaves it, and nothing is kept unless you record it.\n\n"
    "Estimates can be wrong, for some people more than for others. Decide nothing about anybody by them.\n\n"
    "Show people only who agree to it. You find this again under “About AgeCam”.",
    ("agree", "quit"),
)
"""What is agreed to once, before anything is shown."""


class ActionButton(QPushButton):
    """A button that is what its action is: its text, and whether it can be used."""

    def __init__(self, action: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._action = action
        self.clicked.connect(action.trigger)
        action.changed.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        self.setText(self._action.text())
        self.setToolTip(self._action.toolTip())
        self.setEnabled(self._action.isEnabled())


class MessagePage(QScrollArea):
    """A symbol, a title, a sentence or two, and buttons for what can be done about it.

    Where it has little room the symbol goes, and where it has less it scrolls.
    """

    def __init__(self, text: PageText, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._default_text = tr(text.text)
        self.setObjectName("page")
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its buttons take it
        content = QWidget()
        content.setObjectName("pageContent")
        layout = QVBoxLayout(content)
        layout.setSpacing(14)
        layout.addStretch()
        self._symbol, title = QLabel(text.symbol), QLabel(tr(text.title))
        title.setWordWrap(True)
        for label, name in ((self._symbol, "symbol"), (title, "title")):
            label.setObjectName(name)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label)
        self._detail = QLabel()
        self._detail.setObjectName("detail")
        self._detail.setTextFormat(Qt.TextFormat.PlainText)  # a file's name is no markup
        self._detail.setWordWrap(True)
        self._detail.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._detail.setMaximumWidth(_TEXT_WIDTH_PX)
        self._detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        # Not addWidget with an alignment: that gives a label one line's height, however it wraps.
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._detail, 1000)
        row.addStretch(1)
        layout.addLayout(row)
        if text.busy:
            bar = QProgressBar()
            bar.setRange(0, 0)
            bar.setTextVisible(False)
            bar.setFixedSize(220, 4)
            layout.addWidget(bar, alignment=Qt.AlignmentFlag.AlignCenter)
        buttons = QWidget()
        flow = FlowLayout(buttons, centered=True, spacing=10)
        self.buttons = [ActionButton(action) for action in actions]
        for button in self.buttons:
            flow.addWidget(button)
        layout.addWidget(buttons)
        layout.addStretch()
        self._layout = layout
        self.setWidget(content)
        self.set_message("")

    def set_message(self, message: str) -> None:
        """What is wrong this time, above what the page always says."""
        self._detail.setText("\n\n".join(part for part in (tr_sentence(message), self._default_text) if part))
        self._fit()

    def keep_free(self, top_px: int, bottom_px: int) -> None:
        """Leave so much room at the top and the bottom to what lies over the page."""
        self.setViewportMargins(0, top_px, 0, bottom_px)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        viewport, symbol = self.viewport(), self._symbol
        if viewport is None:
            return
        needed_px = self._layout.totalHeightForWidth(viewport.width())
        if symbol.isHidden():
            needed_px += symbol.sizeHint().height() + self._layout.spacing()
        symbol.setVisible(needed_px <= viewport.height())

    def message(self) -> str:
        return self._detail.text()

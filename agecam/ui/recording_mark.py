"""What lies over the picture of recordings, tables and snapshots: marks, the countdown, and the flash."""

from __future__ import annotations

from typing import Final

from PyQt6.QtCore import QElapsedTimer, Qt, QVariantAnimation
from PyQt6.QtGui import QColor, QPainter, QPaintEvent
from PyQt6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from agecam.ui.actions import Actions
from agecam.ui.language import tr
from agecam.ui.pages import ActionButton
from agecam.ui.view_state import RecordingMark

_TIME_SCALE: Final = 1.7
_DIGIT_SCALE: Final = 8.0
"""Of the usual text: read across a room."""
_FLASH_MS: Final = 260
_FLASH_ALPHA: Final = 210
_LEAST_APART_MS: Final = 400
"""No more than three flashes a second, which can trigger seizures (WCAG 2.2, 2.3.1)."""


class RecordingMarkView(QFrame):
    """Shows a :class:`RecordingMark`, large; the mouse reaches the picture through it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("recordingMark")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 7, 14, 8)
        column.setSpacing(1)
        self.label = _label(self, "recordingTime", _TIME_SCALE)
        self.detail = _label(self, "recordingDetail", 1.0)
        self.warning = _label(self, "recordingWarning", 1.0)
        for label in (self.label, self.detail, self.warning):
            column.addWidget(label)
        for label in (self.detail, self.warning):
            label.hide()
        self._shown = RecordingMark()
        self.hide()

    def text(self) -> str:
        """All that it says, in one line."""
        mark = self._shown
        return "  ".join(part for part in (mark.text, mark.detail, mark.warning) if part)

    def show_mark(self, mark: RecordingMark) -> None:
        """Show it."""
        if mark == self._shown:
            return
        is_restyled = mark.is_paused != self._shown.is_paused
        self._shown = mark
        for label, text in (
            (self.label, mark.text),
            (self.detail, mark.detail),
            (self.warning, mark.warning),
        ):
            label.setText(f"⚠ {text}" if text and label is self.warning else text)
            label.setVisible(bool(text))
        self.setAccessibleName(self.text())
        if is_restyled:
            self.setProperty("paused", mark.is_paused)
            _restyle(self)
        self.setVisible(bool(mark.text))
        self.adjustSize()


class TableMarkView(QLabel):
    """A small line that says that a table is written; the mouse reaches the picture through it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("tableMark")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_text(self, text: str) -> None:
        """Show it; an empty one hides it."""
        if text != self.text():
            self.setText(text)
            self.setAccessibleName(text)
            self.adjustSize()
        self.setVisible(bool(text))


class CountdownView(QFrame):
    """The seconds until a recording begins, in the middle of the picture, and a button that stops it."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("countdownView")
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 10, 28, 18)
        column.setSpacing(8)
        self.digit = _label(self, "countdownDigit", _DIGIT_SCALE)
        self.digit.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self.digit)
        self.cancel = ActionButton(actions["record"])
        column.addWidget(self.cancel)
        self.hide()

    def show_seconds(self, seconds: int) -> None:
        """Show them; 0 hides it."""
        if seconds and self.digit.text() != str(seconds):
            self.digit.setText(str(seconds))
            self.setAccessibleName(tr("Recording begins in {seconds} seconds", seconds=seconds))
            self.adjustSize()
        self.setVisible(seconds > 0)


class Flash(QWidget):
    """A white sheet over the picture that fades at once; what is made after it lies over it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._since = QElapsedTimer()
        self._fading = QVariantAnimation(self)
        self._fading.setDuration(_FLASH_MS)
        self._fading.setStartValue(_FLASH_ALPHA)
        self._fading.setEndValue(0)
        self._fading.valueChanged.connect(lambda _alpha: self.update())
        self._fading.finished.connect(self.hide)
        self.hide()

    def start(self) -> None:
        """Flash now, unless it has just done so."""
        if self._since.isValid() and self._since.elapsed() < _LEAST_APART_MS:
            return
        self._since.start()
        self.show()
        self._fading.start()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: ARG002, N802
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(255, 255, 255, int(self._fading.currentValue() or 0)))
        painter.end()


def _label(parent: QWidget, name: str, scale: float) -> QLabel:
    """A line of plain text, so many times the usual size."""
    label = QLabel(parent)
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * scale)
    label.setFont(font)
    return label


def _restyle(widget: QWidget) -> None:
    """Have style sheets see a property that has changed."""
    style = widget.style()
    if style is not None:
        style.unpolish(widget)
        style.polish(widget)

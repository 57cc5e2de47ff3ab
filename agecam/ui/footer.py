"""The line below the picture: a hint on the left, numbers on the right."""

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from agecam.ui.view_state import ViewState


class ElidedLabel(QLabel):
    """A line of plain text that ends in "…" where it has no room; the tool tip has all of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: ARG002, N802
        painter = QPainter(self)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), int(self.alignment()), text)
        painter.end()


class Footer(QWidget):
    """Shows the hint and the numbers of a :class:`ViewState`."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("footer")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 3, 10, 3)
        self._hint = ElidedLabel()
        row.addWidget(self._hint, 1)
        self._numbers = QLabel()
        self._numbers.setTextFormat(Qt.TextFormat.PlainText)
        self._numbers.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._numbers)

    @property
    def numbers(self) -> str:
        """The text on the right."""
        return self._numbers.text()

    def show_view(self, view: ViewState) -> None:
        """Show it."""
        self.setVisible(not view.is_fullscreen)
        if view.hint != self._hint.text():
            self._hint.setText(view.hint)
            self._hint.setToolTip(view.hint)
        if view.numbers != self._numbers.text():
            self._show_numbers(view.numbers)
        if view.numbers_detail != self._numbers.toolTip():
            self._numbers.setToolTip(view.numbers_detail)

    def _show_numbers(self, text: str) -> None:
        """A label of a fixed size has the window laid out anew only where that changes.

        That of numbers that change all the time grows to what the widest need, and goes with them.
        """
        label = self._numbers
        label.setText(text)
        wanted, now = label.sizeHint(), label.minimumSize()
        if not text or wanted.width() > now.width() or wanted.height() != now.height():
            label.setFixedSize(wanted)

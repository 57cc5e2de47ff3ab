"""Rows that break where they are full: nothing is cut off in narrow windows or by large text."""

from __future__ import annotations

from PyQt6.QtCore import QRect, QSize, Qt
from PyQt6.QtWidgets import QLayout, QLayoutItem, QWidget


class FlowLayout(QLayout):
    """Puts widgets side by side and goes on in the next row where one is full.

    After Qt's "Flow Layout" example. With ``centered`` rows are centred, else they begin at the left.
    """

    def __init__(self, parent: QWidget | None = None, *, centered: bool = False, spacing: int = 6) -> None:
        super().__init__(parent)
        self._centered = centered
        self._items: list[QLayoutItem] = []
        self.setSpacing(spacing)

    def addItem(self, item: QLayoutItem | None) -> None:  # noqa: N802
        if item is not None:
            self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # noqa: N802
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # noqa: N802
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:  # noqa: N802
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        return self._arrange(QRect(0, 0, width, 0), move=False)

    def sizeHint(self) -> QSize:  # noqa: N802
        sizes = [item.sizeHint() for item in self._shown()]
        margins = self.contentsMargins()
        width = sum(size.width() for size in sizes) + self.spacing() * max(0, len(sizes) - 1)
        height = max((size.height() for size in sizes), default=0)
        return QSize(width + margins.left() + margins.right(), height + margins.top() + margins.bottom())

    def minimumSize(self) -> QSize:  # noqa: N802
        margins = self.contentsMargins()
        size = QSize(0, 0)
        for item in self._shown():
            size = size.expandedTo(item.minimumSize())
        return size + QSize(margins.left() + margins.right(), margins.top() + margins.bottom())

    def setGeometry(self, rect: QRect) -> None:  # noqa: N802
        super().setGeometry(rect)
        self._arrange(rect, move=True)

    def _shown(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _arrange(self, rect: QRect, *, move: bool) -> int:
        """Place the items where ``move``; gives the height that they take."""
        margins = self.contentsMargins()
        room = rect.width() - margins.left() - margins.right()
        top = rect.y() + margins.top()
        for row in self._rows(room):
            widths = [min(room, item.sizeHint().width()) for item in row]
            height = max(item.sizeHint().height() for item in row)
            left = rect.x() + margins.left()
            if self._centered:
                left += max(0, room - sum(widths) - self.spacing() * (len(row) - 1)) // 2
            for item, width in zip(row, widths, strict=True):
                if move:
                    item.setGeometry(QRect(left, top, width, height))
                left += width + self.spacing()
            top += height + self.spacing()
        return top - rect.y() - (self.spacing() if self._items else 0) + margins.bottom()

    def _rows(self, room: int) -> list[list[QLayoutItem]]:
        rows: list[list[QLayoutItem]] = []
        left = 0
        for item in self._shown():
            width = item.sizeHint().width()
            if not rows or left + width > room:
                rows.append([])
                left = 0
            rows[-1].append(item)
            left += width + self.spacing()
        return rows

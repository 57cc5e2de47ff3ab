"""The live picture: letterboxed, scaled smoothly, painted from the newest result."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from agecam.live.state import Shown

_BACKGROUND = QColor(16, 18, 22)


def letterbox(inner: QSize, outer: QSize) -> QRectF:
    """The largest centred rectangle of the shape of ``inner`` that fits into ``outer``, in pixels."""
    if inner.isEmpty() or outer.isEmpty():
        return QRectF()
    scale = min(outer.width() / inner.width(), outer.height() / inner.height())
    width, height = inner.width() * scale, inner.height() * scale
    return QRectF((outer.width() - width) / 2, (outer.height() - height) / 2, width, height)


class VideoView(QWidget):
    """Shows one :class:`Shown` at a time and reports when a new one has reached the screen."""

    double_clicked = pyqtSignal()

    def __init__(self, on_painted: Callable[[Shown], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._on_painted = on_painted
        self._shown: Shown | None = None
        self._fresh = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 180)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Live picture")

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(1280, 720)

    def show_frame(self, shown: Shown | None) -> None:
        """Paint this picture at the next turn of the event loop; ``None`` blanks the view."""
        if shown is not self._shown:
            self._shown, self._fresh = shown, shown is not None
            self.update()

    def picture_rect(self) -> QRectF:
        """Where the picture lies in the widget, in its own pixels."""
        if self._shown is None:
            return QRectF()
        height, width = self._shown.picture_bgr.shape[:2]
        return letterbox(QSize(width, height), self.size())

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: ARG002, N802
        painter = QPainter(self)
        painter.fillRect(self.rect(), _BACKGROUND)
        shown = self._shown
        if shown is not None:
            picture = shown.picture_bgr
            height, width = picture.shape[:2]
            # The QImage borrows the array's memory and lives no longer than this call.
            image = QImage(
                picture.data,  # type: ignore[call-overload]  # any buffer will do
                width,
                height,
                picture.strides[0],
                QImage.Format.Format_BGR888,
            )
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self.picture_rect(), image)
        painter.end()
        if shown is not None and self._fresh:
            self._fresh = False
            self._on_painted(shown)

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: ARG002, N802
        self.double_clicked.emit()

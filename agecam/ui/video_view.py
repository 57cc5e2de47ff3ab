"""The live view: letterboxed, painted from the newest annotated frame in the pixels of the screen."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QRegion, QResizeEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from agecam.drawing.preview import fit_size
from agecam.live.pipeline import AnnotatedFrame
from agecam.ui.language import tr
from agecam.ui.overlay_painter import paint_overlay

_BACKGROUND = QColor(16, 18, 22)


def letterbox(inner: QSize, outer: QSize) -> QRectF:
    """The largest centred rectangle of the shape of ``inner`` that fits into ``outer``, whole pixels."""
    if inner.isEmpty() or outer.isEmpty():
        return QRectF()
    width, height = fit_size((inner.width(), inner.height()), (outer.width(), outer.height()))
    return QRectF((outer.width() - width) // 2, (outer.height() - height) // 2, width, height)


class VideoView(QWidget):
    """Shows one :class:`AnnotatedFrame` at a time and reports when a new one has reached the screen."""

    double_clicked = pyqtSignal()
    screen_size_changed = pyqtSignal(int, int)
    """How many pixels of the screen there are for a frame, width and height."""

    def __init__(self, on_painted: Callable[[AnnotatedFrame], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._on_painted = on_painted
        self._annotated: AnnotatedFrame | None = None
        self._fresh = False
        self._painted: tuple[tuple[int, int] | None, QRect] = None, QRect()
        """The size of the last frame that was painted, and where in the widget it lies."""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 180)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(tr("Live picture"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(1280, 720)

    @property
    def screen_size(self) -> QSize:
        """The pixels of the screen that the widget has."""
        return self.size() * self.devicePixelRatioF()

    def show_frame(self, annotated: AnnotatedFrame | None) -> None:
        """Paint this frame at the next turn of the event loop; ``None`` blanks the view."""
        if annotated is self._annotated:
            return
        self._annotated, self._fresh = annotated, annotated is not None
        preview = None if annotated is None else annotated.preview
        size_wh, rect = self._painted
        if preview is not None and preview.overlay.size_wh == size_wh:
            self.update(rect)  # what is beside the frame stays as it is
        else:
            self.update()

    def frame_rect(self) -> QRectF:
        """Where the frame lies in the widget, in the widget's pixels."""
        return self._in_widget(self._screen_rect())

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.scale(1 / self.devicePixelRatioF(), 1 / self.devicePixelRatioF())
        rect, annotated = self._screen_rect(), self._annotated
        inner = self._in_widget(rect)
        if event is None or not inner.contains(QRectF(event.rect())):
            self._paint_beside(painter, rect.toRect())
        if annotated is not None and annotated.preview is not None:
            array = annotated.preview.image_bgra
            # The QImage borrows the array's memory and lives no longer than this call.
            image = QImage(
                array.data,  # type: ignore[call-overload]  # any buffer will do
                array.shape[1],
                array.shape[0],
                array.strides[0],
                QImage.Format.Format_RGB32,
            )
            if rect.size() != image.size().toSizeF():  # while the window changes its size
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(rect, image)
            paint_overlay(painter, annotated.preview.overlay, rect)
            self._painted = annotated.preview.overlay.size_wh, inner.toAlignedRect()
        painter.end()
        if annotated is not None and self._fresh:
            self._fresh = False
            self._on_painted(annotated)

    def _paint_beside(self, painter: QPainter, frame: QRect) -> None:
        """Only what the frame leaves free; rounding may have cut a pixel off the size."""
        widget = QRegion(QRect(QPoint(), self.screen_size + QSize(1, 1)))
        painter.setClipRegion(widget.subtracted(QRegion(frame)))
        painter.fillRect(widget.boundingRect(), _BACKGROUND)
        painter.setClipping(False)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._tell_screen_size()

    def event(self, event: QEvent | None) -> bool:
        """Also where the window goes to a screen of other pixels."""
        if event is not None and event.type() in (QEvent.Type.DevicePixelRatioChange, QEvent.Type.Show):
            self._tell_screen_size()
        return super().event(event)

    def _tell_screen_size(self) -> None:
        self.screen_size_changed.emit(self.screen_size.width(), self.screen_size.height())

    def _screen_rect(self) -> QRectF:
        """Where the frame lies in the widget, in pixels of the screen."""
        preview = None if self._annotated is None else self._annotated.preview
        return QRectF() if preview is None else letterbox(QSize(*preview.overlay.size_wh), self.screen_size)

    def _in_widget(self, rect: QRectF) -> QRectF:
        """That of the screen's pixels in those of the widget."""
        ratio = self.devicePixelRatioF()
        return QRectF(rect.topLeft() / ratio, rect.size() / ratio)

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: ARG002, N802
        self.double_clicked.emit()

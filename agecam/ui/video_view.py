"""The live view: letterboxed, scaled smoothly, painted from the newest annotated frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from agecam.live.pipeline import AnnotatedFrame
from agecam.opencv import cv2

_BACKGROUND = QColor(16, 18, 22)
_SHRINK_BELOW = 0.75
"""Qt takes two pixels of the image by two for one of the screen; below this scale it would leave out some,
and the mean of all is taken."""


def letterbox(inner: QSize, outer: QSize) -> QRectF:
    """The largest centred rectangle of the shape of ``inner`` that fits into ``outer``, in pixels."""
    if inner.isEmpty() or outer.isEmpty():
        return QRectF()
    scale = min(outer.width() / inner.width(), outer.height() / inner.height())
    width, height = inner.width() * scale, inner.height() * scale
    return QRectF((outer.width() - width) / 2, (outer.height() - height) / 2, width, height)


class VideoView(QWidget):
    """Shows one :class:`AnnotatedFrame` at a time and reports when a new one has reached the screen."""

    double_clicked = pyqtSignal()

    def __init__(self, on_painted: Callable[[AnnotatedFrame], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._on_painted = on_painted
        self._annotated: AnnotatedFrame | None = None
        self._fresh = False
        self._shrunk_from: NDArray[np.uint8] | None = None
        self._shrunk_image = np.zeros((0, 0, 3), np.uint8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 180)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Live picture")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(1280, 720)

    def show_frame(self, annotated: AnnotatedFrame | None) -> None:
        """Paint this frame at the next turn of the event loop; ``None`` blanks the view."""
        if annotated is not self._annotated:
            self._annotated, self._fresh = annotated, annotated is not None
            self.update()

    def frame_rect(self) -> QRectF:
        """Where the frame lies in the widget, in the widget's pixels."""
        image = None if self._annotated is None else self._annotated.image_bgr
        return QRectF() if image is None else letterbox(QSize(*image.shape[1::-1]), self.size())

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: ARG002, N802
        painter = QPainter(self)
        painter.fillRect(self.rect(), _BACKGROUND)
        annotated = self._annotated
        if annotated is not None and annotated.image_bgr is not None:
            rect = self.frame_rect()
            array = self._shrunk(annotated.image_bgr, rect)
            height, width = array.shape[:2]
            # The QImage borrows the array's memory and lives no longer than this call.
            image = QImage(
                array.data,  # type: ignore[call-overload]  # any buffer will do
                width,
                height,
                array.strides[0],
                QImage.Format.Format_BGR888,
            )
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(rect, image)
        painter.end()
        if annotated is not None and self._fresh:
            self._fresh = False
            self._on_painted(annotated)

    def _shrunk(self, image_bgr: NDArray[np.uint8], rect: QRectF) -> NDArray[np.uint8]:
        """The image in the pixels of the screen where those are far fewer: else fine patterns would beat."""
        ratio = self.devicePixelRatioF()
        size = (max(1, round(rect.width() * ratio)), max(1, round(rect.height() * ratio)))
        if size[0] > _SHRINK_BELOW * image_bgr.shape[1]:
            return image_bgr
        if self._shrunk_from is not image_bgr or self._shrunk_image.shape[1::-1] != size:
            self._shrunk_from = image_bgr
            self._shrunk_image = np.asarray(
                cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA), np.uint8
            )
        return self._shrunk_image

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: ARG002, N802
        self.double_clicked.emit()

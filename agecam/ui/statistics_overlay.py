"""The statistics over the picture: numbers in rows, and plots of the last minute."""

from __future__ import annotations

from typing import Final

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from agecam.live.statistics import HISTORY_S
from agecam.ui.statistics_view import Plot, StatisticsView
from agecam.ui.theme import ON_IMAGE

_PLOT_HEIGHT_PX: Final = 44
_LINE_PX: Final = 1.5


class PlotView(QWidget):
    """The line of one :class:`Plot`, its name above on the left and its newest value on the right."""

    def __init__(self, colour: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._colour = QColor(colour)
        self._plot = Plot("", (), 1.0, "")
        self.setFixedHeight(_PLOT_HEIGHT_PX + self.fontMetrics().height())

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(240, self.height())

    def show_plot(self, plot: Plot) -> None:
        """Draw it."""
        if plot != self._plot:
            self._plot = plot
            self.update()

    def line(self, rect: QRectF) -> QPolygonF:
        """The points of the line in ``rect``, a minute wide, the newest on the right."""
        values, step = self._plot.values, rect.width() / (HISTORY_S - 1)
        left = rect.right() - step * (len(values) - 1)
        return QPolygonF(
            [
                QPointF(left + step * at, rect.bottom() - rect.height() * min(1.0, value / self._plot.top))
                for at, value in enumerate(values)
            ]
        )

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: ARG002, N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line_height = self.fontMetrics().height()
        head = QRectF(0, 0, self.width(), line_height)
        painter.setPen(QColor(ON_IMAGE.muted))
        painter.drawText(head, Qt.AlignmentFlag.AlignLeft, self._plot.name)
        painter.setPen(QColor(ON_IMAGE.text))
        painter.drawText(head, Qt.AlignmentFlag.AlignRight, self._plot.text)
        rect = QRectF(0, line_height + 3, self.width(), self.height() - line_height - 5)
        painter.setPen(QPen(QColor(ON_IMAGE.line), 1))
        for at in (rect.top(), rect.center().y(), rect.bottom()):
            painter.drawLine(QPointF(rect.left(), at), QPointF(rect.right(), at))
        points = self.line(rect)
        if len(points) > 1:
            area = QPolygonF([QPointF(points[0].x(), rect.bottom())])
            area += points
            area.append(rect.bottomRight())
            faint = QColor(self._colour)
            faint.setAlpha(60)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(faint)
            painter.drawPolygon(area)
            painter.setPen(QPen(self._colour, _LINE_PX))
            painter.drawPolyline(points)
        painter.end()


class StatisticsOverlay(QFrame):
    """Shows a :class:`StatisticsView`; hidden where there is none. The mouse goes through it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("statistics")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(8)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        column.addLayout(self._grid)
        self._labels: list[tuple[QLabel, QLabel]] = []
        self.plots = [PlotView(colour, self) for colour in (ON_IMAGE.first, ON_IMAGE.second)]
        for plot in self.plots:
            column.addWidget(plot)
        self._shown: StatisticsView | None = None
        self._is_compact = False
        self.hide()

    @property
    def text(self) -> str:
        """What it says, a line a row; empty where it is hidden."""
        return "" if self._shown is None else self._shown.text

    def show_view(self, view: StatisticsView | None) -> None:
        """Show it."""
        if view == self._shown:
            return
        self._shown = view
        self.setVisible(view is not None)
        self.setAccessibleName(self.text)
        if view is None:
            return
        while len(self._labels) < len(view.rows):
            self._add_row()
        for (name, value), texts in zip(self._labels, view.rows, strict=True):
            for label, text in zip((name, value), texts, strict=True):
                if label.text() != text:
                    label.setText(text)
        for plot_view, plot in zip(self.plots, view.plots, strict=True):
            plot_view.show_plot(plot)
        self._fit()

    def set_compact(self, compact: bool) -> None:
        """Leave out the plots, where the picture is small."""
        if compact == self._is_compact:
            return
        self._is_compact = compact
        for plot in self.plots:
            plot.setVisible(not compact)
        self._fit()

    def _fit(self) -> None:
        layout = self.layout()
        if layout is not None:
            layout.activate()  # or the size would be that before the last change
        wanted = self.sizeHint().expandedTo(QSize(self.width(), 0))  # never narrower: no edge that flickers
        if wanted != self.size():
            self.resize(wanted)

    def _add_row(self) -> None:
        row = len(self._labels)
        labels = QLabel(), QLabel()
        for column, label in enumerate(labels):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
            self._grid.addWidget(label, row, column)
        labels[0].setObjectName("statisticsName")
        self._labels.append(labels)

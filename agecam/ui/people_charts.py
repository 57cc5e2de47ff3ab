"""Live charts of a session, painted by hand: ages seen, and people over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from PyQt6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from agecam.live.people import AGE_BIN_YEARS, CountOverTime
from agecam.ui.language import tr
from agecam.ui.status_text import time_text

_TITLE_GAP_PX: Final = 4
_PLOT_LINES: Final = 4
"""Height of the plot itself, in lines of text."""
_AGE_TICKS: Final = 4
"""Bars from one number below them to the next: 20 years."""


class Chart(QWidget):
    """A title, a plot with its greatest value at the side, and texts below; a subclass paints the plot."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._title = title
        self.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802
        line = self.fontMetrics().height()
        return QSize(200, (2 + _PLOT_LINES) * line + 2 * _TITLE_GAP_PX)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return self.sizeHint()

    def say(self, text: str) -> None:
        """What the chart shows, in words, for screen readers and as its tool tip."""
        if text != self.accessibleDescription():
            self.setAccessibleDescription(text)
            self.setToolTip(text)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: ARG002, N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = self.fontMetrics()
        line = metrics.height()
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        painter.drawText(QPointF(0, metrics.ascent()), self._title)
        most = self.most()
        margin = metrics.horizontalAdvance(str(most)) + 6
        plot = QRectF(margin, line + _TITLE_GAP_PX, self.width() - margin, _PLOT_LINES * line)
        self._paint_axis(painter, plot, most)
        self.paint_plot(painter, plot, most)
        painter.end()

    def most(self) -> int:
        """The greatest value, at least 1."""
        raise NotImplementedError

    def paint_plot(self, painter: QPainter, plot: QRectF, most: int) -> None:
        """Paint the values into ``plot``, which ``most`` fills, and what is below it."""
        raise NotImplementedError

    def label(self, painter: QPainter, x: float, plot: QRectF, text: str) -> None:
        """A text below the plot about ``x``, moved so that it lies in the chart."""
        metrics = QFontMetrics(painter.font())
        width = metrics.horizontalAdvance(text)
        left = min(max(0.0, x - width / 2), self.width() - width)
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(QPointF(left, plot.bottom() + _TITLE_GAP_PX + metrics.ascent()), text)

    def _paint_axis(self, painter: QPainter, plot: QRectF, most: int) -> None:
        metrics = QFontMetrics(painter.font())
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        for value, y in ((most, plot.top() + metrics.ascent() / 2), (0, plot.bottom())):
            text = str(value)
            painter.drawText(QPointF(plot.left() - 6 - metrics.horizontalAdvance(text), y), text)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Button), 1))
        for y in (plot.top(), plot.center().y()):
            painter.drawLine(QLineF(plot.left(), y, plot.right(), y))
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.PlaceholderText), 1))
        painter.drawLine(QLineF(plot.left(), plot.bottom(), plot.right(), plot.bottom()))


class AgeChart(Chart):
    """How many people of each age were seen: a bar for each :data:`AGE_BIN_YEARS` years."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(tr("Ages seen"), parent)
        self._ages: tuple[int, ...] = ()

    def show_ages(self, ages: tuple[int, ...]) -> None:
        """Show these numbers of people."""
        if ages == self._ages:
            return
        self._ages = ages
        seen = [
            tr(
                "{first} to {last} years: {number}",
                first=place * AGE_BIN_YEARS,
                last=(place + 1) * AGE_BIN_YEARS - 1,
                number=number,
            )
            for place, number in enumerate(ages)
            if number
        ]
        self.say("; ".join(seen) or tr("Nobody yet"))
        self.update()

    def most(self) -> int:
        return max(1, *self._ages) if self._ages else 1

    def paint_plot(self, painter: QPainter, plot: QRectF, most: int) -> None:
        bars = max(1, len(self._ages))
        step = plot.width() / bars
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(QPalette.ColorRole.Highlight))
        for place, number in enumerate(self._ages):
            if number:
                height = plot.height() * number / most
                bar = QRectF(plot.left() + place * step + 1, plot.bottom() - height, step - 2, height)
                painter.drawRoundedRect(bar, 2, 2)
        for place in range(0, bars, _AGE_TICKS):
            self.label(painter, plot.left() + place * step, plot, str(place * AGE_BIN_YEARS))


class CountChart(Chart):
    """How many people were in view, from the beginning of the session until now."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(tr("People over time"), parent)
        self._count = CountOverTime()

    def show_count(self, count: CountOverTime) -> None:
        """Show these means over equal stretches of time."""
        if count == self._count:
            return
        self._count = count
        now = f"{count.means[-1]:.0f}" if count.means else ""
        self.say(tr("{now} now, {most} at most", now=now, most=count.most) if now else tr("Nobody yet"))
        self.update()

    def most(self) -> int:
        return max(1, self._count.most)

    def paint_plot(self, painter: QPainter, plot: QRectF, most: int) -> None:
        means = self._count.means
        if means:
            points = _steps(means, plot, most)
            line = QPolygonF(points)
            area = QPolygonF([*points, plot.bottomRight(), plot.bottomLeft()])
            colour = self.palette().color(QPalette.ColorRole.Highlight)
            faint = self.palette().color(QPalette.ColorRole.Highlight)
            faint.setAlpha(70)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # steps need none, and it is slow
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(faint)
            painter.drawPolygon(area)
            painter.setPen(QPen(colour, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(line)
        self.label(painter, plot.left(), plot, "0:00")
        length_s = math.floor(len(means) * self._count.bin_s)
        if length_s:
            self.label(painter, plot.right(), plot, time_text(length_s))


def _steps(means: Sequence[float], plot: QRectF, most: int) -> list[QPointF]:
    """The corners of a line of steps: two for each stretch of one value."""
    step = plot.width() / len(means)
    points = []
    left = 0.0
    for place, mean in enumerate(means):
        right = (place + 1) * step
        if place + 1 == len(means) or means[place + 1] != mean:
            y = plot.bottom() - plot.height() * mean / most
            points += [QPointF(plot.left() + left, y), QPointF(plot.left() + right, y)]
            left = right
    return points

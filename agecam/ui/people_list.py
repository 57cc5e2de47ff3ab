"""The list of people in view: a row each, with crop, estimate and time in view."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from PyQt6.QtCore import QAbstractListModel, QModelIndex, QPointF, QRect, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPainterPath,
    QPalette,
    QPen,
    QPixmap,
)
from PyQt6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from agecam.drawing.label_text import LabelStyle, label_texts
from agecam.live.collect import CollectProgress
from agecam.live.people import PersonInView
from agecam.ui.language import tr
from agecam.ui.status_text import time_text

NUMBER_ROLE: Final = Qt.ItemDataRole.UserRole
_ROW_ROLE: Final = Qt.ItemDataRole.UserRole + 1
_PADDING_PX: Final = 10
_MARGIN_PX: Final = 6
"""About the crop."""
_OWN_KEYS: Final = (
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
    Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown,
)
_STRIPE_PX: Final = 4


@dataclass(frozen=True, slots=True)
class Row:
    """What one row says: ``large`` and ``small`` beside each other, ``detail`` below, and what is collected.

    ``is_still`` people of a photograph have no time in view.
    """

    person: PersonInView
    large: str
    small: str
    detail: str
    progress: CollectProgress | None = None

    @property
    def spoken(self) -> str:
        """All of it, for a screen reader."""
        parts = [
            tr("{age} years", age=self.large) if self.large.isdigit() else self.large,
            self.small,
            self.detail,
        ]
        return ", ".join(part for part in parts if part)


def row_of(
    person: PersonInView,
    style: LabelStyle,
    progress: CollectProgress | None = None,
    *,
    is_still: bool = False,
) -> Row:
    """The words of a person's label, with range and certainty; gender where the style shows it."""
    in_view = "" if is_still else tr("{time} in view", time=time_text(person.seen_s))
    if progress is not None:
        in_view = tr("{taken} of {wanted} collected", taken=progress.taken, wanted=progress.wanted)
    if person.estimate is None:
        return Row(person, "…", "", in_view, progress)
    full = replace(style, show_interval=False, show_confidence=True)
    large, small = label_texts(person.estimate, full)
    small = tuple(map(_in_language, small))
    interval = f"{person.estimate.age_low:.0f}–{person.estimate.age_high:.0f}"
    return Row(person, large, interval, " · ".join(part for part in (*small, in_view) if part), progress)


def widest_detail() -> str:
    """What a row has room for beside the crop."""
    return f"{tr('female')} 99 % · {tr('{time} in view', time='1:00:00')}"


def _in_language(word: str) -> str:
    """A small text of a label as a row says it: a gender, with or without its probability, or a range."""
    gender, gap, probability = word.partition(" ")
    words = {"female": tr("female"), "male": tr("male"), "?": tr("gender ?")}
    return words.get(gender, gender) + gap + probability


class PeopleModel(QAbstractListModel):
    """The rows, in the order in which people came into view."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self._pixmaps: dict[int, tuple[bytes, QPixmap]] = {}

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # noqa: ARG002, N802
        return len(self._rows)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return row.spoken
            case Qt.ItemDataRole.ToolTipRole:
                return f"{row.large}  ({row.small})\n{row.detail}" if row.small else row.detail
            case Qt.ItemDataRole.DecorationRole:
                return self._pixmap(row.person)
        return {int(NUMBER_ROLE): row.person.number, int(_ROW_ROLE): row}.get(role)

    def numbers(self) -> list[int]:
        """Those of the rows, in their order."""
        return [row.person.number for row in self._rows]

    def show_rows(self, rows: list[Row]) -> bool:
        """Show them; whether others are in view than before."""
        if [row.person.number for row in rows] != self.numbers():
            self.beginResetModel()
            self._rows = rows
            self._pixmaps = {
                number: kept for number, kept in self._pixmaps.items() if number in self.numbers()
            }
            self.endResetModel()
            return True
        for place, (row, before) in enumerate(zip(rows, self._rows, strict=True)):
            if row != before:
                self._rows[place] = row
                self.dataChanged.emit(self.index(place), self.index(place))
        return False

    def _pixmap(self, person: PersonInView) -> QPixmap:
        jpeg, pixmap = self._pixmaps.get(person.number, (None, QPixmap()))
        if jpeg is not person.crop_jpeg:
            pixmap = QPixmap()
            pixmap.loadFromData(person.crop_jpeg)
            self._pixmaps[person.number] = (person.crop_jpeg, pixmap)
        return pixmap


class PersonDelegate(QStyledItemDelegate):
    """Paints a row: the colour of the person's box, the crop, the texts, and how far collecting is."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: ARG002, N802
        height = QFontMetrics(_large(option.font)).height() + option.fontMetrics.height()
        return QSize(120, height + 2 * _PADDING_PX)

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        row: Row | None = index.data(_ROW_ROLE)
        if painter is None or row is None:
            return
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        palette, rect = option.palette, option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            outline = QRectF(rect).adjusted(1, 1, -1, -1)
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight), 2))
            painter.setBrush(palette.color(QPalette.ColorRole.Button))
            painter.drawRoundedRect(outline, 6, 6)
        blue, green, red = row.person.colour
        stripe = QRectF(
            rect.left() + 4, rect.top() + _PADDING_PX, _STRIPE_PX, rect.height() - 2 * _PADDING_PX
        )
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(red, green, blue))
        painter.drawRoundedRect(stripe, 2, 2)
        side = rect.height() - 2 * _MARGIN_PX
        crop = QRectF(stripe.right() + _MARGIN_PX, rect.top() + _MARGIN_PX, side, side)
        _paint_crop(painter, crop, index.data(Qt.ItemDataRole.DecorationRole), palette)
        left = round(crop.right()) + _PADDING_PX + 2
        texts = QRect(left, rect.top(), rect.right() - left - _PADDING_PX, rect.height())
        _paint_texts(painter, texts, row, option)
        if row.progress is not None:
            bar = QRectF(texts.left(), rect.bottom() - 7, texts.width(), 3)
            trough = palette.color(QPalette.ColorRole.Text)
            trough.setAlpha(50)
            painter.fillRect(bar, trough)
            bar.setWidth(texts.width() * row.progress.taken / max(1, row.progress.wanted))
            painter.fillRect(bar, palette.color(QPalette.ColorRole.Highlight))
        painter.restore()


class PeopleList(QListView):
    """The list; the row that is chosen stays chosen while its person is in view.

    ``opened`` is emitted at a double click and at Enter.
    """

    opened = pyqtSignal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("peopleList")
        self.doubleClicked.connect(lambda _index: self.opened.emit())
        self.people = PeopleModel(self)
        self.setModel(self.people)
        self.setItemDelegate(PersonDelegate(self))
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.setAccessibleName(tr("People in view"))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802
        """All but moving and opening is the window's: a list looks for letters, and marks rows by Space."""
        if event is None:
            return
        if event.key() in _OWN_KEYS:
            super().keyPressEvent(event)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
        else:
            event.ignore()

    def chosen(self) -> int | None:
        """The number of the person whose row is chosen."""
        number = self.currentIndex().data(NUMBER_ROLE)
        return None if number is None else int(number)

    def choose(self, number: int) -> None:
        """Choose the row of that person, where he is in view."""
        numbers = self.people.numbers()
        if number in numbers:
            self.setCurrentIndex(self.people.index(numbers.index(number)))

    def show_rows(self, rows: list[Row]) -> None:
        """Show them."""
        chosen = self.chosen()
        if self.people.show_rows(rows) and chosen is not None:
            self.choose(chosen)


def _large(font: QFont) -> QFont:
    large = QFont(font)
    large.setPointSizeF(1.5 * font.pointSizeF())
    large.setWeight(QFont.Weight.DemiBold)
    return large


def _paint_texts(painter: QPainter, rect: QRect, row: Row, option: QStyleOptionViewItem) -> None:
    text, muted = QPalette.ColorRole.Text, QPalette.ColorRole.PlaceholderText
    palette = option.palette
    large = _large(option.font)
    metrics = QFontMetrics(large)
    baseline = rect.top() + _PADDING_PX + metrics.ascent()
    painter.setFont(large)
    painter.setPen(palette.color(text))
    painter.drawText(QPointF(rect.left(), baseline), row.large)
    painter.setFont(option.font)
    painter.setPen(palette.color(muted))
    painter.drawText(QPointF(rect.left() + metrics.horizontalAdvance(row.large) + 8, baseline), row.small)
    detail = option.fontMetrics.elidedText(row.detail, Qt.TextElideMode.ElideRight, rect.width())
    painter.drawText(QPointF(rect.left(), baseline + metrics.descent() + option.fontMetrics.ascent()), detail)


def _paint_crop(painter: QPainter, rect: QRectF, pixmap: QPixmap, palette: QPalette) -> None:
    """The crop with round corners; where there is none, a figure without a face."""
    painter.save()
    shape = QPainterPath()
    shape.addRoundedRect(rect, 6, 6)
    painter.setClipPath(shape)
    painter.fillRect(rect, palette.color(QPalette.ColorRole.Window))
    if pixmap.isNull():
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.color(QPalette.ColorRole.PlaceholderText))
        side = rect.width()
        painter.drawEllipse(rect.center() - QPointF(0, 0.12 * side), 0.19 * side, 0.19 * side)
        painter.drawEllipse(rect.center() + QPointF(0, 0.48 * side), 0.34 * side, 0.36 * side)
    else:
        # At the edge of a frame a crop is no square: it fills the place, cut and not stretched.
        scale = max(rect.width() / pixmap.width(), rect.height() / pixmap.height())
        source = QRectF(0, 0, rect.width() / scale, rect.height() / scale)
        source.moveCenter(QRectF(pixmap.rect()).center())
        painter.drawPixmap(rect, pixmap, source)
    painter.restore()

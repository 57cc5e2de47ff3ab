"""The panel of people: who is in view, what was seen in this session, and what can be kept of it."""

from __future__ import annotations

from typing import Final

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from agecam.drawing.label_text import LabelStyle
from agecam.live.collect import CollectState
from agecam.live.people import PeopleState
from agecam.ui.actions import ACTIONS, Actions
from agecam.ui.flow import FlowLayout
from agecam.ui.language import tr
from agecam.ui.people_charts import AgeChart, CountChart
from agecam.ui.people_list import PeopleList, row_of, widest_detail

_BESIDE_PX: Final = 72
"""Margins of the panel and of a row; the crop is three lines of text high."""
_LEAST_PX: Final = 220
_SPACING_PX: Final = 8
_NARROW: Final = 3
"""A window is narrow where the panel would take more than a third of it."""
_LEAST_ROWS: Final = 2
"""The charts are left out where the list would have no room for so many people."""


class PeoplePanel(QFrame):
    """Shows a :class:`PeopleState`; ``list`` tells who is chosen."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("people")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setMinimumWidth(_LEAST_PX)
        self.setAccessibleName(tr("People"))
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(_SPACING_PX)
        column.addLayout(self._head(actions))
        self.list = PeopleList(self)
        column.addWidget(self.list, 1)
        self.nobody = QLabel(tr("Nobody in view"), self.list)
        self.nobody.setObjectName("nobody")
        self.nobody.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nobody.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.charts = QWidget()
        charts = QVBoxLayout(self.charts)
        charts.setContentsMargins(0, 0, 0, 0)
        charts.setSpacing(8)
        self.ages, self.count = AgeChart(self.charts), CountChart(self.charts)
        charts.addWidget(self.ages)
        charts.addWidget(self.count)
        column.addWidget(self.charts)
        self.collected = QLabel()
        self.collected.setObjectName("collected")
        self.collected.setTextFormat(Qt.TextFormat.PlainText)
        self.collected.hide()
        column.addWidget(self.collected)
        column.addWidget(self._foot(actions))

    def sizeHint(self) -> QSize:  # noqa: N802
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(widest_detail()) + 3 * metrics.height() + _BESIDE_PX, 400)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Of all but the plots, which go where there is no room for them."""
        whole, plots = super().minimumSizeHint(), self.charts.sizeHint().height() + _SPACING_PX
        return QSize(whole.width(), whole.height() - (0 if self.charts.isHidden() else plots))

    def is_narrow(self, width_px: int) -> bool:
        """Whether a window so wide has little room beside the panel."""
        return width_px < _NARROW * self.sizeHint().width()

    def show_people(
        self, people: PeopleState, collected: CollectState, style: LabelStyle, *, is_live: bool
    ) -> None:
        """Show them, each as ``style`` says; where no frame is shown, nobody is in view."""
        self.setMaximumWidth(self.sizeHint().width())
        progress = {one.number: one for one in collected.running}
        in_view = people.in_view if is_live else ()
        self.list.show_rows(
            [row_of(one, style, progress.get(one.number), is_still=people.is_still) for one in in_view]
        )
        self.nobody.setVisible(not in_view)
        _set_text(self.numbers, tr("{seen} in view · {all} in all", seen=len(in_view), all=people.number))
        self.ages.show_ages(people.ages)
        self.count.show_count(people.count)
        images = tr("{count} image" if collected.images == 1 else "{count} images", count=collected.images)
        _set_text(self.collected, tr("{images} collected for training", images=images))
        self.collected.setVisible(bool(collected.images))

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        super().resizeEvent(event)
        self.nobody.setGeometry(self.list.viewport().rect())  # type: ignore[union-attr]  # it has one
        rows = _LEAST_ROWS * self.list.sizeHintForRow(0) if self.list.people.rowCount() else 100
        rest = self.height() - self.charts.sizeHint().height() - self._foot_height()
        self.charts.setVisible(rest >= rows)

    def _foot_height(self) -> int:
        """Of all but list and charts."""
        return self.foot.heightForWidth(self.width()) + 4 * self.fontMetrics().height()

    def _head(self, actions: Actions) -> QHBoxLayout:
        row = QHBoxLayout()
        title = QLabel(tr("People"))
        title.setObjectName("panelTitle")
        row.addWidget(title)
        self.numbers = QLabel()
        self.numbers.setObjectName("panelNumbers")
        self.numbers.setTextFormat(Qt.TextFormat.PlainText)
        self.numbers.setToolTip(tr("How many are in view, and how many were seen since AgeCam was started"))
        row.addWidget(self.numbers, 1, Qt.AlignmentFlag.AlignRight)
        self.close_button = QToolButton()
        self.close_button.setObjectName("panelClose")
        self.close_button.setText("✕")
        self.close_button.setToolTip(tr("Hide this panel ({key})", key=ACTIONS["people"].key_text))
        self.close_button.setAccessibleName(tr("Hide the panel of people"))
        self.close_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.close_button.clicked.connect(actions["people"].trigger)
        row.addWidget(self.close_button)
        return row

    def _foot(self, actions: Actions) -> QWidget:
        self.foot = QWidget()
        flow = FlowLayout(self.foot, spacing=6)
        flow.setContentsMargins(0, 0, 0, 0)
        for name in ("collect", "summary", "table"):
            button = QToolButton()
            button.setObjectName(name)
            button.setDefaultAction(actions[name])
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            flow.addWidget(button)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.foot.setSizePolicy(policy)
        return self.foot


def _set_text(label: QLabel, text: str) -> None:
    if text != label.text():
        label.setText(text)

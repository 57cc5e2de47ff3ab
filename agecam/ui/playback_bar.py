"""The bar that plays a file: play, steps, a seek bar with time and length, speed, loop."""

from __future__ import annotations

from typing import Final

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSlider,
    QStyle,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from agecam.live.playback import SPEEDS
from agecam.ui.actions import ACTIONS, Actions
from agecam.ui.language import tr
from agecam.ui.view_state import PlaybackView

_STEPS_A_SECOND: Final = 100
"""Of the seek bar."""
_KEY_STEP_S: Final = 5.0
_STEPPING: Final = ("step_back", "play", "step_on")
"""The buttons before the seek bar."""
_LEAST_SEEK_PX: Final = 120
"""A seek bar that is shorter cannot be aimed at."""


class SeekBar(QSlider):
    """A slider of seconds that goes where it is clicked; ``sought`` has the time that the user wants."""

    sought = pyqtSignal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setSingleStep(round(_KEY_STEP_S * _STEPS_A_SECOND))
        self.setPageStep(round(_KEY_STEP_S * _STEPS_A_SECOND))
        self.setAccessibleName(tr("Position in the file"))
        self.valueChanged.connect(lambda value: self.sought.emit(value / _STEPS_A_SECOND))

    def show_position(self, position_s: float, duration_s: float) -> None:
        """Move there without a signal, unless the user holds it."""
        if not self.isSliderDown():
            with QSignalBlocker(self):
                self.setMaximum(max(1, round(duration_s * _STEPS_A_SECOND)))
                self.setValue(round(position_s * _STEPS_A_SECOND))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        if event is None or event.button() is not Qt.MouseButton.LeftButton:
            return
        self.setSliderDown(True)
        self._go_to(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802
        if event is not None and self.isSliderDown():
            self._go_to(event)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: ARG002, N802
        self.setSliderDown(False)

    def _go_to(self, event: QMouseEvent) -> None:
        at = round(event.position().x())
        self.setValue(QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), at, self.width()))


class PlaybackBar(QFrame):
    """Shows a :class:`PlaybackView`; hidden where there is none."""

    sought = pyqtSignal(float)
    speed_chosen = pyqtSignal(float)

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("playback")
        self.seek_bar = SeekBar()
        self.seek_bar.sought.connect(self.sought)
        self.time = QLabel()
        self.time.setTextFormat(Qt.TextFormat.PlainText)
        self.speed = QToolButton()
        self.speed.setToolTip(tr("Speed"))
        self.speed.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.speed.setMenu(self._speed_menu())
        self._is_narrow = True
        self._fitted: tuple[int, int, str, int] | None = None
        """For what it was made narrow or wide last: widths, texts and their size."""
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 4)
        column.setSpacing(4)
        self._above, self._row = QHBoxLayout(), QHBoxLayout()
        column.addLayout(self._above)
        column.addLayout(self._row)
        stepping = [self._button(actions, name) for name in _STEPPING]
        self._buttons = [*stepping, self.speed, self._button(actions, "loop")]
        for button in self._buttons:
            self._row.addWidget(button)
        self.set_narrow(False)
        QWidget.setTabOrder(stepping[-1], self.seek_bar)
        QWidget.setTabOrder(self.seek_bar, self.speed)
        for button in self.findChildren(QToolButton):
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.hide()

    def show_view(self, playback: PlaybackView | None) -> None:
        """Show it."""
        self.setVisible(playback is not None)
        if playback is None:
            return
        self.seek_bar.setVisible(playback.duration_s is not None)
        self.seek_bar.setEnabled(playback.can_seek)
        self.seek_bar.show_position(playback.position_s, playback.duration_s or 1.0)
        if self.time.text() != playback.text:
            self.time.setText(playback.text)
        self.speed.setText(f"{playback.speed:g}×")
        self.speed.setAccessibleName(tr("Speed {speed}", speed=f"{playback.speed:g}"))
        self.speed.setEnabled(playback.can_change)

    def fit(self, width: int) -> None:
        """Give the seek bar a row of its own where it would have little room between the buttons."""
        fitted = (width, self.time.sizeHint().width(), self.speed.text(), self.fontMetrics().height())
        if fitted == self._fitted:  # what follows takes a millisecond, many times a second
            return
        self._fitted = fitted
        beside = sum(one.sizeHint().width() + self._row.spacing() for one in (*self._buttons, self.time))
        self.set_narrow(width - beside < _LEAST_SEEK_PX)

    def set_narrow(self, narrow: bool) -> None:
        """Whether the seek bar and the time stand above the buttons, not between them."""
        if narrow is self._is_narrow:
            return
        self._is_narrow = narrow
        row, at = (self._above, 0) if narrow else (self._row, len(_STEPPING))
        for widget in (self.seek_bar, self.time):
            (self._row if narrow else self._above).removeWidget(widget)
        row.insertWidget(at, self.seek_bar, 1)
        row.insertWidget(at + 1, self.time)

    @staticmethod
    def _button(actions: Actions, name: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setDefaultAction(actions[name])
        button.setAccessibleName(tr(ACTIONS[name].tip))  # its text is a symbol
        return button

    def _speed_menu(self) -> QMenu:
        menu = QMenu(self)
        for speed in SPEEDS:
            action = menu.addAction(f"{speed:g}×")
            assert action is not None
            action.triggered.connect(lambda _checked, speed=speed: self.speed_chosen.emit(speed))
        return menu

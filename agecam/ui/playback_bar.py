"""The bar that plays a file: play, steps, a seek bar with time and length, speed, loop."""

from __future__ import annotations

from typing import Final

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QSlider, QStyle, QToolButton, QWidget

from agecam.live.playback import SPEEDS
from agecam.ui.actions import ACTIONS, Actions
from agecam.ui.language import tr
from agecam.ui.view_state import PlaybackView

_STEPS_A_SECOND: Final = 100
"""Of the seek bar."""
_KEY_STEP_S: Final = 5.0


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
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(4)
        for name in ("step_back", "play", "step_on"):
            row.addWidget(self._button(actions, name))
        self.seek_bar = SeekBar()
        self.seek_bar.sought.connect(self.sought)
        row.addWidget(self.seek_bar, 1)
        self.time = QLabel()
        self.time.setTextFormat(Qt.TextFormat.PlainText)
        row.addWidget(self.time)
        self.speed = QToolButton()
        self.speed.setToolTip(tr("Speed"))
        self.speed.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.speed.setMenu(self._speed_menu())
        row.addWidget(self.speed)
        row.addWidget(self._button(actions, "loop"))
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

"""The bar above the picture: the picker of cameras, the actions used most, and a menu of all others."""

from __future__ import annotations

from typing import Final

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QComboBox, QMenu, QSizePolicy, QToolButton, QWidget

from agecam.ui.actions import Actions
from agecam.ui.choices import ChoiceGroup, in_group
from agecam.ui.flow import FlowLayout
from agecam.ui.language import tr
from agecam.ui.options import RecordingChoices
from agecam.ui.recording_menu import OnChosen, RecordingMenu
from agecam.ui.view_state import CameraList, ViewState

_ON_BAR: Final = ("open_file", "record", "pause", "snapshot", "mirror")
_SEPARATOR: Final = ""
_RECORDING: Final = "recording"
"""Stands for a menu of its own."""
_IN_MENU: Final = (
    "open_address",
    "demo",
    "retry",
    _SEPARATOR,
    *in_group(ChoiceGroup.LABELS),
    _SEPARATOR,
    *in_group(ChoiceGroup.VIEW),
    "fullscreen",
    _SEPARATOR,
    _RECORDING,
    "folder",
    _SEPARATOR,
    "preferences",
    "shortcuts",
    "troubleshoot",
    "about",
    _SEPARATOR,
    "quit",
)


class Controls(QWidget):
    """Goes on in a second row where one has no room for all; its actions also serve pages and keyboard."""

    camera_picked = pyqtSignal(int)
    """With the row of the camera in :attr:`agecam.ui.view_state.WindowFacts.cameras`."""

    def __init__(
        self, actions: Actions, recording: RecordingChoices, on_recording: OnChosen, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("controls")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._actions = actions
        self._cameras_shown = CameraList()
        self._buttons: dict[str, QToolButton] = {}
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        row = FlowLayout(self, spacing=6)
        row.setContentsMargins(8, 6, 8, 6)
        self.cameras = QComboBox()
        self.cameras.setToolTip(tr("Which camera to show"))
        self.cameras.setAccessibleName(tr("Camera"))
        self.cameras.setMinimumContentsLength(14)
        self.cameras.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.cameras.setPlaceholderText(tr(self._cameras_shown.placeholder))
        self.cameras.setEnabled(False)
        self.cameras.activated.connect(self.camera_picked)
        row.addWidget(self.cameras)
        for name in _ON_BAR:
            button = self._buttons[name] = QToolButton()
            button.setObjectName(name)
            button.setDefaultAction(actions[name])
            row.addWidget(button)
        self.recording_menu = RecordingMenu(recording, on_recording, self)
        self.menu = self._make_menu()
        row.addWidget(self._more())
        for button in self.findChildren(QToolButton):
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def button(self, name: str) -> QToolButton:
        """The button of an action on the bar."""
        return self._buttons[name]

    def show_view(self, view: ViewState) -> None:
        """Show what the view state says of the bar, actions included."""
        self._actions.show_view(view.actions)
        for name, button in self._buttons.items():
            button.setVisible(self._actions[name].isVisible())
        self.setVisible(not view.is_fullscreen)
        self.recording_menu.show_choices(view.recording_choices)
        if view.cameras != self._cameras_shown:
            self._show_cameras(view.cameras)

    def _show_cameras(self, cameras: CameraList) -> None:
        with QSignalBlocker(self.cameras):
            if cameras.texts != self._cameras_shown.texts:
                self.cameras.clear()
                self.cameras.addItems(cameras.texts)
            self.cameras.setCurrentIndex(cameras.chosen)
        self.cameras.setPlaceholderText(cameras.placeholder)
        self.cameras.setEnabled(cameras.enabled)
        self._cameras_shown = cameras

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        for name in _IN_MENU:
            if name == _RECORDING:
                menu.addMenu(self.recording_menu)
            elif name == _SEPARATOR:
                menu.addSeparator()
            else:
                menu.addAction(self._actions[name])
        return menu

    def _more(self) -> QToolButton:
        button = QToolButton()
        button.setObjectName("more")
        button.setText(tr("More ▾"))
        button.setAccessibleName(tr("More"))
        button.setToolTip(tr("Labels, view, recording, help"))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(self.menu)
        return button

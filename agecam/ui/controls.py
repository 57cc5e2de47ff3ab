"""The bar above the picture: the picker of cameras, the actions used most, and a menu of all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QComboBox, QMenu, QSizePolicy, QToolButton, QWidget

from agecam.ui.actions import Actions
from agecam.ui.camera_view import CameraView
from agecam.ui.choices import ChoiceGroup, in_group
from agecam.ui.flow import FlowLayout
from agecam.ui.language import tr
from agecam.ui.options import RecordingChoices
from agecam.ui.recent_menu import RecentMenu, RunInBackground
from agecam.ui.recording_menu import RecordingMenu
from agecam.ui.view_state import CameraList, ViewState

if TYPE_CHECKING:
    from agecam.ui.camera_dialog import CameraDialog, CameraOwner

_ON_BAR: Final = ("camera", "open_file", "record", "pause", "snapshot", "mirror")
_SEPARATOR: Final = ""
_RECORDING: Final = "recording"
_RECENT: Final = "recent"
_HELP: Final = "help"
"""Each stands for a menu of its own."""
_IN_MENU: Final = (
    "open_address",
    _RECENT,
    "demo",
    "retry",
    _SEPARATOR,
    *in_group(ChoiceGroup.LABELS),
    _SEPARATOR,
    *in_group(ChoiceGroup.VIEW),
    "people",
    "fullscreen",
    _SEPARATOR,
    _RECORDING,
    "table",
    "summary",
    "collect",
    "folder",
    "camera",
    _SEPARATOR,
    "preferences",
    _HELP,
    _SEPARATOR,
    "quit",
)
_IN_RECORDING: Final = (*in_group(ChoiceGroup.RECORDING), "recordings_folder")
_IN_HELP: Final = ("about", "card", "shortcuts", _SEPARATOR, "troubleshoot", "log")


class ControlsOwner(Protocol):
    """Whom the menus and the dialog of the bar tell what the user wants."""

    recording: RecordingChoices

    @property
    def camera(self) -> CameraOwner: ...
    def choose_recording(self, name: str, value: object) -> None: ...
    def open(self, spec: str) -> None: ...
    def forget_recent(self) -> None: ...


class Controls(QWidget):
    """Goes on in a second row where one has no room for all; its actions also serve pages and keyboard."""

    camera_picked = pyqtSignal(int)
    """With the row of the camera in :attr:`agecam.ui.view_state.WindowFacts.cameras`."""

    def __init__(
        self, actions: Actions, owner: ControlsOwner, run_in_background: RunInBackground, parent: QWidget
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
        actions["camera"].setIconText("⚙")
        self._buttons["camera"].setAccessibleName(tr("Camera settings"))
        self.recording_menu = RecordingMenu(owner.recording, owner.choose_recording, self)
        self.recording_menu.addSeparator()
        self.recording_menu.addActions([actions[name] for name in _IN_RECORDING])
        self.recent_menu = RecentMenu(run_in_background, self)
        self.recent_menu.opened.connect(owner.open)
        self.recent_menu.cleared.connect(owner.forget_recent)
        self._owner = owner
        self._camera: CameraView | None = None
        self.camera_dialog: CameraDialog | None = None
        self.menu = self._make_menu()
        more = self._more()
        row.addWidget(more)
        for button in (*self._buttons.values(), more):
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
        self.recent_menu.show_recent(view.recent, enabled=self._actions["open_file"].isEnabled())
        if view.cameras != self._cameras_shown:
            self._show_cameras(view.cameras)
        self._camera = view.camera
        if self.camera_dialog is not None:
            self.camera_dialog.show_view(view.camera)

    def show_camera(self) -> None:
        """Show what can be set of the camera."""
        if self.camera_dialog is None:
            from agecam.ui.camera_dialog import CameraDialog  # the window begins without it

            self.camera_dialog = CameraDialog(self._owner.camera, self.window() or self)
        self.camera_dialog.show_view(self._camera)
        self.camera_dialog.show()
        self.camera_dialog.activateWindow()

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
        help_menu = self._filled(QMenu(tr("Help"), self), _IN_HELP, {})
        menus = {_RECORDING: self.recording_menu, _RECENT: self.recent_menu, _HELP: help_menu}
        return self._filled(QMenu(self), _IN_MENU, menus)

    def _filled(self, menu: QMenu, names: Sequence[str], menus: Mapping[str, QMenu]) -> QMenu:
        """The menu with the actions, and the menus, of these names."""
        for name in names:
            if name in menus:
                menu.addMenu(menus[name])
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

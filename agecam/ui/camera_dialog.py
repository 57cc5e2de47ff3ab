"""The dialog of the camera: size, frame rate, brightness and exposure; each change holds at once."""

from __future__ import annotations

from typing import Final, Protocol

from PyQt6.QtCore import QSignalBlocker, Qt
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from agecam.sources.camera_controls import ControlName
from agecam.sources.camera_modes import CameraMode
from agecam.ui.camera_view import CameraView
from agecam.ui.language import tr

_STEPS: Final = 100
_EXPOSURE_POWER: Final = 3
"""Exposure times of webcams reach from 0.3 to 200 ms; on a straight scale all that is of use would lie in the
lowest tenth of the slider."""


class CameraOwner(Protocol):
    """Who sets the camera."""

    def choose_mode(self, mode: CameraMode | None) -> None: ...
    def set_control(self, name: ControlName, value: float) -> None: ...
    def restore_controls(self) -> None: ...


class CameraDialog(QDialog):
    """Shows a :class:`CameraView`; what the driver does not offer is hidden."""

    def __init__(self, owner: CameraOwner, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Camera"))
        self._owner = owner
        self._view: CameraView | None = None
        self._is_empty = True
        self.size_box = self._box(tr("Size"), tr("How large the picture is"))
        self.rate_box = self._box(
            tr("Frames a second"), tr("How many pictures a second the camera is asked for")
        )
        self.obtained = QLabel()
        self.obtained.setTextFormat(Qt.TextFormat.PlainText)
        self.brightness = self._slider(tr("Brightness"), ControlName.BRIGHTNESS)
        self.automatic = QCheckBox(tr("Automatic exposure"))
        self.automatic.setToolTip(tr("The camera chooses how long it exposes"))
        self.automatic.clicked.connect(lambda on: self._owner.set_control(ControlName.AUTO_EXPOSURE, on))
        self.exposure = self._slider(tr("Exposure"), ControlName.EXPOSURE)
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setObjectName("note")
        self._rows = QGridLayout()
        self._rows.setHorizontalSpacing(16)
        self._rows.setVerticalSpacing(10)
        self._rows.setColumnStretch(1, 1)
        self._labels: dict[QWidget, QLabel] = {}
        self._add_row(tr("&Size"), self.size_box)
        self._add_row(tr("&Frames a second"), self.rate_box)
        self._add_row(tr("The camera gives"), self.obtained)
        self._add_row(tr("&Brightness"), self.brightness)
        self._add_row("", self.automatic)
        self._add_row(tr("&Exposure"), self.exposure)
        self.restore = QPushButton(tr("Restore driver defaults"))
        self.restore.setToolTip(tr("Brightness and exposure as the camera comes"))
        self.restore.setAutoDefault(False)
        self.restore.clicked.connect(self._owner.restore_controls)
        self._rows.addWidget(self.restore, self._rows.rowCount(), 1, Qt.AlignmentFlag.AlignLeft)
        self._rows.addWidget(self.note, self._rows.rowCount(), 0, 1, 2)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Close | QDialogButtonBox.StandardButton.RestoreDefaults
        )
        buttons.rejected.connect(self.close)
        usual = buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults)
        assert usual is not None
        self.usual = usual
        self.usual.setText(tr("Usual size and rate"))
        self.usual.clicked.connect(lambda: self._owner.choose_mode(None))
        column = QVBoxLayout(self)
        column.setSpacing(14)
        column.addLayout(self._rows)
        column.addStretch(1)
        column.addWidget(buttons)
        self.setMinimumWidth(min(460, parent.width()))
        self.size_box.activated.connect(lambda _row: self._choose())
        self.rate_box.activated.connect(lambda _row: self._choose())
        self.show_view(None)

    def show_view(self, view: CameraView | None) -> None:
        """Show it; ``None`` is no camera."""
        if view == self._view and not self._is_empty:
            return
        self._view, self._is_empty = view, False
        self.setWindowTitle(tr("Camera") if view is None else view.name)
        can_change = view is not None and view.can_change_mode
        for box in (self.size_box, self.rate_box):
            box.setEnabled(can_change)
        self.usual.setEnabled(can_change and view is not None and not view.is_usual)
        self.note.setText(
            tr("No camera is shown.")
            if view is None
            else ""
            if can_change
            else tr("Size and frame rate are locked while a recording runs.")
        )
        self.note.setVisible(bool(self.note.text()))
        self.obtained.setText("–" if view is None else view.obtained)
        if view is not None:
            self._show_mode(view)
        self._show_controls(view)

    def _show_mode(self, view: CameraView) -> None:
        size = view.chosen.width_px, view.chosen.height_px
        _fill(self.size_box, [(f"{width} × {height}", (width, height)) for width, height in view.sizes], size)
        _fill(self.rate_box, [(f"{fps:.4g}", fps) for fps in view.rates(size)], view.chosen.fps)

    def _show_controls(self, view: CameraView | None) -> None:
        controls = None if view is None else view.controls
        can_set = view is not None and view.can_set
        self.restore.setVisible(controls is not None and not controls.is_empty)
        self.restore.setEnabled(can_set)
        brightness = None if controls is None else controls.brightness
        exposure = None if controls is None else controls.exposure
        automatic = None if controls is None else controls.auto_exposure
        for widget, value in (
            (self.brightness, brightness),
            (self.exposure, exposure),
            (self.automatic, automatic),
        ):
            for one in (widget, self._labels[widget]):
                one.setVisible(value is not None)
            widget.setEnabled(can_set)
        self.exposure.setEnabled(can_set and not automatic)
        self.automatic.setChecked(bool(automatic))
        for slider, share in (
            (self.brightness, brightness),
            (self.exposure, None if exposure is None else exposure ** (1 / _EXPOSURE_POWER)),
        ):
            if share is not None and not slider.isSliderDown():
                with QSignalBlocker(slider):
                    slider.setValue(round(share * _STEPS))

    def _choose(self) -> None:
        view, size, fps = self._view, self.size_box.currentData(), self.rate_box.currentData()
        if view is not None and size is not None:
            self._owner.choose_mode(view.nearest(tuple(size), fps or view.chosen.fps))

    def _set(self, name: ControlName, steps: int) -> None:
        share = steps / _STEPS
        self._owner.set_control(name, share**_EXPOSURE_POWER if name is ControlName.EXPOSURE else share)

    def _add_row(self, text: str, field: QWidget) -> None:
        row = self._rows.rowCount()
        label = self._labels[field] = QLabel(text)
        label.setBuddy(field)
        self._rows.addWidget(label, row, 0)
        self._rows.addWidget(field, row, 1)

    @staticmethod
    def _box(name: str, tip: str) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        box.setToolTip(tip)
        return box

    def _slider(self, name: str, control: ControlName) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, _STEPS)
        slider.setPageStep(_STEPS // 10)
        slider.setAccessibleName(name)
        slider.setToolTip(tr("{name} of the camera", name=name))
        slider.valueChanged.connect(lambda steps: self._set(control, steps))
        return slider


def _fill(box: QComboBox, entries: list[tuple[str, object]], chosen: object) -> None:
    """Have the box offer these texts, each with its value, and show the chosen one."""
    values = [value for _, value in entries]
    if [box.itemText(row) for row in range(box.count())] != [text for text, _ in entries]:
        box.clear()
        for text, value in entries:
            box.addItem(text, value)
    box.setCurrentIndex(values.index(chosen) if chosen in values else -1)

"""The preferences: what the menus have and more, in one dialog that holds at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Protocol

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from agecam.settings import Settings
from agecam.ui.choices import CHOICES, SMALLEST_FACES, ChoiceGroup
from agecam.ui.dialogs import Dialogs
from agecam.ui.footer import ElidedLabel
from agecam.ui.language import LANGUAGES, tr
from agecam.ui.recording_menu import CONTENT_TEXTS, QUALITY_TEXTS, split_texts

THEME_TEXTS: Final[dict[str | None, str]] = {None: "As the system", "light": "Light", "dark": "Dark"}
LABEL_SIZE_TEXTS: Final[dict[str | None, str]] = {None: "Normal", "small": "Small", "large": "Large"}
_KEPT: Final = ("camera", "camera_device", "camera_modes", "camera_controls", "has_agreed", "recent")
"""Fields of :class:`Settings` that are no preferences: restoring the defaults leaves them."""


class SettingsOwner(Protocol):
    """Who has the settings, and lets others hold."""

    settings: Settings

    @property
    def recordings_folder(self) -> Path: ...
    @property
    def snapshots_folder(self) -> Path: ...
    def change(self, settings: Settings) -> None: ...


class Preferences(QDialog):
    """One tab for labels, view, and recording and folders; each change holds at once."""

    def __init__(self, owner: SettingsOwner, dialogs: Dialogs, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Preferences"))
        self._owner = owner
        self._dialogs = dialogs
        self._updates: list[Callable[[], None]] = []
        """What makes each row show the settings."""
        self.tabs = QTabWidget()
        labels = self._switches(ChoiceGroup.LABELS)
        labels.addRow(tr("Size"), self._choice("label_size", LABEL_SIZE_TEXTS))
        labels.addRow(tr("Faces with a label"), self._choice("smallest_face", _smallest_face_texts()))
        self._add_tab("Labels", labels)
        view = self._switches(ChoiceGroup.VIEW)
        view.addRow(tr("Theme"), self._choice("theme", THEME_TEXTS))
        view.addRow(tr("Language"), self._choice("language", _language_texts()))
        self._add_tab("View", view)
        recording = self._recording()
        recording.addRow(_hint(tr("All of this holds from the next recording on.")))
        self._add_tab("Recording", recording)
        self._add_tab("Folders", self._folders())
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Close | QDialogButtonBox.StandardButton.RestoreDefaults
        )
        buttons.rejected.connect(self.close)
        restore = buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults)
        assert restore is not None
        self.restore = restore
        self.restore.clicked.connect(self._restore)
        column = QVBoxLayout(self)
        column.addWidget(self.tabs)
        column.addWidget(buttons)
        self.resize(520, 380)
        self.update_rows()

    def row(self, field: str) -> QWidget:
        """The control of a field of :class:`Settings`."""
        found: QWidget | None = self.findChild(QWidget, field)
        assert found is not None, field
        return found

    def update_rows(self) -> None:
        """Show the settings as they are."""
        for update in self._updates:
            update()

    def _add_tab(self, title: str, form: QFormLayout) -> None:
        form.setContentsMargins(16, 14, 16, 14)
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(10)
        for row in range(form.rowCount()):
            label = form.itemAt(row, QFormLayout.ItemRole.LabelRole)
            if label is not None and (widget := label.widget()) is not None:
                widget.setObjectName("rowLabel")
        page = QWidget()
        page.setLayout(form)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(page)
        self.tabs.addTab(scroll, tr(title))

    def _switches(self, group: ChoiceGroup) -> QFormLayout:
        form = QFormLayout()
        for choice in CHOICES:
            if choice.group is group:
                form.addRow(self._switch(choice.field, choice.text, choice.tip))
        return form

    def _recording(self) -> QFormLayout:
        form = QFormLayout()
        form.addRow(tr("Quality"), self._choice("record_quality", {**QUALITY_TEXTS}, default="standard"))
        form.addRow(tr("Files"), self._choice("record_split", split_texts(self._owner.settings.record_split)))
        form.addRow(tr("Keep"), self._choice("record_content", {**CONTENT_TEXTS}, default="annotated"))
        for choice in CHOICES:
            if choice.group is ChoiceGroup.RECORDING:
                form.addRow(self._switch(choice.field, choice.text, choice.tip))
        return form

    def _folders(self) -> QFormLayout:
        form = QFormLayout()
        for title, field, current in (
            ("Recordings", "recordings_folder", lambda: self._owner.recordings_folder),
            ("Snapshots", "snapshots_folder", lambda: self._owner.snapshots_folder),
            ("Models", "models_folder", lambda: None),
        ):
            form.addRow(tr(title), self._folder(tr(title), field, current))
        return form

    def _switch(self, field: str, text: str, tip: str) -> QCheckBox:
        box = QCheckBox(tr(text))
        box.setObjectName(field)
        box.setToolTip(tr(tip))
        box.clicked.connect(lambda checked: self._set(field, checked))
        self._updates.append(lambda: box.setChecked(bool(getattr(self._owner.settings, field))))
        return box

    def _choice(self, field: str, texts: dict[Any, str], default: object = None) -> QComboBox:
        box = QComboBox()
        box.setObjectName(field)
        for value, text in texts.items():
            box.addItem(tr(text), value)
        box.activated.connect(lambda row: self._set(field, box.itemData(row)))
        values = list(texts)

        def update() -> None:
            value = getattr(self._owner.settings, field)
            box.setCurrentIndex(values.index(value if value in values else default))

        self._updates.append(update)
        return box

    def _folder(self, title: str, field: str, current: Callable[[], Path | None]) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        label = ElidedLabel()
        label.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        layout.addWidget(label, 1)
        choose = QPushButton(tr("Choose…"))
        choose.setObjectName(field)
        usual = QPushButton(tr("Usual"))
        usual.setToolTip(tr("The folder that AgeCam uses by itself"))
        for button in (choose, usual):  # a screen reader tells the rows apart
            button.setAccessibleName(f"{title}: {button.text()}")
        layout.addWidget(choose)
        layout.addWidget(usual)

        def ask() -> None:
            folder = self._dialogs.ask_for_folder(self, current() or Path.home())
            if folder is not None:
                self._set(field, folder)

        def update() -> None:
            named = getattr(self._owner.settings, field)
            shown = named or str(current() or tr("Those of AgeCam"))
            is_later = field == "models_folder" and named
            label.setText(tr("{folder}, from the next start on", folder=shown) if is_later else shown)
            label.setToolTip(shown)
            usual.setEnabled(named is not None)

        choose.clicked.connect(ask)
        usual.clicked.connect(lambda: self._set(field, None))
        self._updates.append(update)
        return row

    def _set(self, field: str, value: object) -> None:
        self._owner.change(replace(self._owner.settings, **{field: value}))  # type: ignore[arg-type]
        self.update_rows()

    def _restore(self) -> None:
        now = self._owner.settings
        self._owner.change(Settings(**{field: getattr(now, field) for field in _KEPT}))
        self.update_rows()


def _hint(text: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName("hint")
    label.setWordWrap(True)
    return label


def _smallest_face_texts() -> dict[Any, str]:
    parts = {part: tr("From {part} of the picture’s height on", part=part) for part in SMALLEST_FACES}
    return {None: "All", **parts}


def _language_texts() -> dict[Any, str]:
    names: dict[Any, str] = {None: tr("As the system"), **LANGUAGES}
    return {code: tr("{language}, from the next start on", language=name) for code, name in names.items()}

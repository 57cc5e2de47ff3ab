"""Collecting: a person in view says his true age or gender, and images of him are kept for training."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PyQt6.QtCore import QSignalBlocker, QSize, Qt
from PyQt6.QtGui import QFontDatabase, QIcon, QPixmap
from PyQt6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from agecam.drawing.label_text import LabelStyle
from agecam.live.collect import CollectedPerson, Collector, CollectState, TrueLabel
from agecam.live.people import PeopleState, PersonInView
from agecam.ui.footer import ElidedLabel
from agecam.ui.language import tr
from agecam.ui.people_list import Row, row_of

CONSENT_TEXT: Final = "The person agrees that these images are kept for training"
PURPOSE_TEXT: Final = (
    "Where a label is wrong, images of the person and the true age or gender teach the models. They stay on "
    "this computer. Faces of others in them are covered."
)
HELP_TEXT: Final = (
    "This command makes better models of these images; it needs AgeCam with its training part. Some dozens "
    "of images of each of three people or more are a beginning."
)
_IMAGES: Final = 60
"""Of one person, unless the user wants another number."""
_OLDEST: Final = 110
_ICON_PX: Final = 40


def training_command(folder: Path, platform: str = sys.platform) -> str:
    """The line for a shell that trains the models further with the images in ``folder``."""
    words = ["python", "-m", "train", "all", str(folder), "-o", f"{folder}-models"]
    return subprocess.list2cmdline(words) if platform == "win32" else shlex.join(words)


class CollectDialog(QDialog):
    """Stays beside the live view; what it shows comes from :meth:`show_state` alone."""

    def __init__(
        self,
        collector: Collector,
        on_choose_folder: Callable[[], None],
        on_open_folder: Callable[[Path], None],
        may_delete_all: Callable[[QWidget, int], bool],
        parent: QWidget,
    ) -> None:
        """``may_delete_all`` asks, before a parent, whether so many images are to be deleted."""
        super().__init__(parent)
        self.setWindowTitle(tr("Collect faces for training"))
        self._collector = collector
        self._on_choose_folder = on_choose_folder
        self._on_open_folder = on_open_folder
        self._may_delete_all = may_delete_all
        self._state = CollectState()
        self._wanted: int | None = None
        """Who is to be chosen as soon as he is listed."""
        content = QWidget()
        column = QVBoxLayout(content)
        purpose = QLabel(tr(PURPOSE_TEXT))
        purpose.setWordWrap(True)
        column.addWidget(purpose)
        column.addWidget(self._make_person())
        column.addWidget(self._make_collected())
        column.addWidget(self._make_help())
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        screen = self.screen()
        room = QSize(620, 680) if screen is None else screen.availableGeometry().size()
        self.resize(QSize(620, 680).boundedTo(room))
        self._update()

    @property
    def buttons(self) -> list[QPushButton]:
        """All of them."""
        return self.findChildren(QPushButton)

    def choose(self, number: int | None) -> None:
        """Choose the person with that number in view."""
        self._wanted = number

    def show_state(
        self, people: PeopleState, state: CollectState, style: LabelStyle, *, is_live: bool
    ) -> None:
        """Show who is in view, what is being collected, and what the folder holds."""
        before, self._state = self._state, state
        if state.folder != before.folder and state.folder is not None:
            self.folder.setText(str(state.folder))
            self.folder.setToolTip(str(state.folder))
            self.command.setText(training_command(state.folder))
            self.command.setCursorPosition(0)
        if state.people != before.people:
            self._show_collected(state.people)
            if not self._is_begun() and not self.name.isModified():
                self.name.setText(self._free_name())
        self._show_who(people if is_live else PeopleState(), style)
        self._update()

    # -- parts -------------------------------------------------------------------------------------

    def _make_person(self) -> QWidget:
        box = QGroupBox(tr("Person in view"))
        form = QFormLayout(box)
        self._make_fields()
        rows = (
            (tr("Person"), self.who),
            (tr("Name"), self.name),
            (tr("True age"), self.age),
            (tr("True gender"), self.gender),
            (tr("Images"), self.images),
        )
        form.setLabelAlignment(Qt.AlignmentFlag.AlignVCenter)
        for text, widget in rows:
            widget.setMinimumHeight(2 * self.fontMetrics().height())
            form.addRow(text, widget)
        self.who.setMinimumHeight(_ICON_PX + 10)
        self.consent = QCheckBox(tr(CONSENT_TEXT))
        self.consent.setToolTip(tr("Nothing is collected without it"))
        form.addRow(self.consent)
        self.start = QPushButton(tr("Collect"))
        self.start.setToolTip(tr("Begin to take images of the person, or end it"))
        self.start.clicked.connect(self._start_or_stop)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        self.progress.setAccessibleName(tr("Images collected"))
        self.missing = QLabel()
        self.missing.setObjectName("detail")
        row = QHBoxLayout()
        row.addWidget(self.start)
        row.addWidget(self.missing, 1)
        row.addWidget(self.progress, 1)
        form.addRow(row)
        self.name.textChanged.connect(self._update)
        self.age.valueChanged.connect(self._update)
        self.gender.currentIndexChanged.connect(self._update)
        self.consent.toggled.connect(self._update)
        self.who.currentIndexChanged.connect(self._change_who)
        return box

    def _make_fields(self) -> None:
        self.who = QComboBox()
        self.who.setIconSize(QSize(_ICON_PX, _ICON_PX))
        self.who.setPlaceholderText(tr("Nobody in view"))
        self.who.setAccessibleName(tr("Person in view"))
        self.who.setToolTip(tr("Whose images to collect"))
        self.name = QLineEdit()
        self.name.setMaxLength(80)
        self.name.setToolTip(
            tr("Any name or number: images of one person share it, and it need not be the real one")
        )
        self.age = QSpinBox()
        self.age.setRange(-1, _OLDEST)
        self.age.setSpecialValueText(tr("not said"))
        self.age.setValue(-1)
        self.age.setToolTip(tr("In years"))
        self.gender = QComboBox()
        for text, value in ((tr("not said"), None), (tr("female"), "female"), (tr("male"), "male")):
            self.gender.addItem(text, value)
        self.gender.setToolTip(tr("As the person says"))
        self.images = QSpinBox()
        self.images.setRange(1, 1000)
        self.images.setValue(_IMAGES)
        self.images.setToolTip(
            tr("Taken by and by, in different poses and sizes: let the person move a little")
        )

    def _make_collected(self) -> QWidget:
        box = QGroupBox(tr("Collected"))
        column = QVBoxLayout(box)
        row = QHBoxLayout()
        self.folder = ElidedLabel()
        row.addWidget(self.folder, 1)
        self.show_folder = _button(tr("Show"), tr("Show the folder"), self._open_folder)
        row.addWidget(self.show_folder)
        choose = _button(tr("Choose…"), tr("Collect into another folder"), self._on_choose_folder)
        row.addWidget(choose)
        column.addLayout(row)
        self.people = QListWidget()
        self.people.setAccessibleName(tr("People whose images were collected"))
        self.people.currentRowChanged.connect(self._update)
        self.people.setFixedHeight(5 * self.fontMetrics().height())
        column.addWidget(self.people, 1)
        row = QHBoxLayout()
        self.delete = _button(
            tr("Delete person"), tr("Delete all images of the person that is chosen"), self._delete
        )
        self.delete_all = _button(
            tr("Delete everybody…"), tr("Delete all images that were collected"), self._delete_all
        )
        row.addWidget(self.delete)
        row.addWidget(self.delete_all)
        row.addStretch(1)
        column.addLayout(row)
        return box

    def _make_help(self) -> QWidget:
        box = QGroupBox(tr("Make better models"))
        column = QVBoxLayout(box)
        text = QLabel(tr(HELP_TEXT))
        text.setWordWrap(True)
        column.addWidget(text)
        row = QHBoxLayout()
        self.command = QLineEdit()
        self.command.setReadOnly(True)
        self.command.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.command.setAccessibleName(tr("Command"))
        row.addWidget(self.command, 1)
        row.addWidget(_button(tr("Copy"), tr("Put the command on the clipboard"), self._copy))
        column.addLayout(row)
        return box

    # -- what the user does ------------------------------------------------------------------------

    def _start_or_stop(self) -> None:
        number = self.who.currentData()
        if self._running() is not None:
            self._collector.stop(number)
        elif not self._what_is_missing():
            label = TrueLabel(
                self.name.text().strip(),
                None if self.age.value() < 0 else self.age.value(),
                self.gender.currentData(),
            )
            self._collector.start(number, label, self.images.value(), has_consent=self.consent.isChecked())
        self._update()

    def _open_folder(self) -> None:
        if self._state.folder is not None:
            self._on_open_folder(self._state.folder)

    def _delete(self) -> None:
        item = self.people.currentItem()
        if item is not None:
            self._collector.remove(item.data(Qt.ItemDataRole.UserRole))

    def _delete_all(self) -> None:
        if self._may_delete_all(self, sum(person.images for person in self._state.people)):
            self._collector.remove_all()

    def _copy(self) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.command.text())

    def _change_who(self) -> None:
        """Another person has another name and another age, and is asked again."""
        self.name.setText(self._free_name())
        self.age.setValue(-1)
        self.gender.setCurrentIndex(0)
        self.consent.setChecked(False)
        self._update()

    # -- what it shows -----------------------------------------------------------------------------

    def _free_name(self) -> str:
        taken = {person.name for person in self._state.people} | {one.name for one in self._state.running}
        number = len(taken) + 1
        while (name := tr("Person {number}", number=number)) in taken:
            number += 1
        return name

    def _running(self) -> tuple[int, int] | None:
        """Of the chosen person the images taken and wanted, while some are being collected."""
        number = self.who.currentData()
        return next(((one.taken, one.wanted) for one in self._state.running if one.number == number), None)

    def _what_is_missing(self) -> str:
        if self._state.is_hidden:
            return tr("Faces are blurred: nobody is collected.")
        if self.who.currentData() is None:
            return tr("Nobody is in view.")
        if not self.name.text().strip():
            return tr("Give a name or number.")
        if self.age.value() < 0 and self.gender.currentData() is None:
            return tr("Give an age or a gender.")
        return "" if self.consent.isChecked() else tr("The person has to agree.")

    def _update(self) -> None:
        running, missing = self._running(), self._what_is_missing()
        self.start.setText(tr("Collect" if running is None else "Stop"))
        self.start.setEnabled(running is not None or not missing)
        self.progress.setVisible(running is not None)
        self.missing.setText(
            missing
            if running is None
            else tr("{taken} of {wanted} images", taken=running[0], wanted=running[1])
        )
        for widget in (self.name, self.age, self.gender, self.images, self.consent):
            widget.setEnabled(running is None and self.who.currentData() is not None)
        if running is not None:
            self.progress.setMaximum(running[1])
            self.progress.setValue(running[0])
        self.delete.setEnabled(self.people.currentItem() is not None)
        for button in (self.delete_all, self.show_folder):
            button.setEnabled(bool(self._state.people))

    def _show_who(self, people: PeopleState, style: LabelStyle) -> None:
        chosen = self.who.currentData()
        numbers = [person.number for person in people.in_view]
        if chosen is not None and chosen not in numbers and self._is_begun():
            numbers.insert(0, chosen)  # he may come back, and what was said of him is not lost
        wanted = self._wanted if self._wanted in numbers else chosen
        self._wanted = None if wanted == self._wanted else self._wanted
        if numbers != [self.who.itemData(row) for row in range(self.who.count())]:
            with QSignalBlocker(self.who):
                self.who.clear()
                for number in numbers:
                    self.who.addItem("", number)
        if numbers and wanted not in numbers:
            wanted = numbers[0]
        with QSignalBlocker(self.who):
            self.who.setCurrentIndex(-1 if wanted is None or not numbers else numbers.index(wanted))
        if self.who.currentData() != chosen:
            self._change_who()
        for place in set(range(self.who.count())) - {self.who.findData(one.number) for one in people.in_view}:
            self.who.setItemText(place, tr("out of view"))
        for person in people.in_view:
            self._show_person(person, row_of(person, style))

    def _show_person(self, person: PersonInView, row: Row) -> None:
        text = f"{row.large}  ({row.small})" if row.small else tr("being estimated")
        place = self.who.findData(person.number)
        if text != self.who.itemText(place):
            self.who.setItemText(place, text)
            pixmap = QPixmap()
            pixmap.loadFromData(person.crop_jpeg)
            self.who.setItemIcon(place, QIcon(pixmap))

    def _is_begun(self) -> bool:
        """Whether anything has been said of the chosen person, or images of him are being collected."""
        return (
            self._running() is not None
            or self.age.value() >= 0
            or self.gender.currentData() is not None
            or self.consent.isChecked()
        )

    def _show_collected(self, people: tuple[CollectedPerson, ...]) -> None:
        item = self.people.currentItem()
        chosen = None if item is None else item.data(Qt.ItemDataRole.UserRole)
        self.people.clear()
        for person in people:
            images = tr("{count} image" if person.images == 1 else "{count} images", count=person.images)
            item = QListWidgetItem(f"{person.name}: {images}", self.people)
            item.setData(Qt.ItemDataRole.UserRole, person.name)
            if person.name == chosen:
                self.people.setCurrentItem(item)


def _button(text: str, tip: str, on_click: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    button.clicked.connect(lambda: on_click())
    return button

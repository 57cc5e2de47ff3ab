"""Collecting faces from the real window: consent, progress, deletion, and the command that comes next."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from agecam.drawing.label_text import LabelStyle
from agecam.live.collect import CollectState
from agecam.live.people import PeopleState, PersonInView
from agecam.messages import Estimate
from agecam.output.collection import Collection, TrueLabel
from agecam.settings import Settings
from agecam.ui.collect import CollectDialog, training_command
from agecam.ui.dialogs import Dialogs
from agecam.ui.window import MainWindow
from tests.ui.helpers import MAX_WAIT_MS, OpenWindow, wait_for_labels

WIDE = (1120, 760)
"""Wide enough for the panel, pixels."""
ANNA, BOB = (PersonInView(number, Estimate(34, 28, 41, 0.96), 5.0) for number in (1, 2))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "faces of us"


def open_dialog(qtbot: QtBot, window: MainWindow) -> CollectDialog:
    window.controls["collect"].trigger()
    dialog = window.commands.people.dialog
    assert dialog is not None
    qtbot.waitUntil(dialog.isVisible, timeout=MAX_WAIT_MS)
    return dialog


def test_a_person_who_agrees_is_collected_and_deleted_at_a_click(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, settings: Settings, folder: Path
) -> None:
    window = open_window(str(demo_clip), loop=True, chosen=replace(settings, collection_folder=str(folder)))
    window.resize(*WIDE)
    wait_for_labels(qtbot, window, people=2)
    qtbot.waitUntil(lambda: window.people.list.people.rowCount() == 2, timeout=MAX_WAIT_MS)
    number = window.people.list.people.numbers()[1]
    window.people.list.choose(number)
    dialog = open_dialog(qtbot, window)
    qtbot.waitUntil(lambda: dialog.who.currentData() == number, timeout=MAX_WAIT_MS)
    assert not dialog.start.isEnabled()
    assert dialog.missing.text() == "Give an age or a gender."
    dialog.age.setValue(77)
    assert dialog.missing.text() == "The person has to agree."
    assert not dialog.start.isEnabled()
    dialog.consent.setChecked(True)
    dialog.name.setText("Grace")
    dialog.images.setValue(3)
    dialog.start.click()
    qtbot.waitUntil(lambda: "Images of Grace collected: 3" in window.message_text(), timeout=MAX_WAIT_MS)
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["age"], row["gender"], row["person"]) for row in rows] == [("77", "", "Grace")] * 3
    assert all((folder / row["file"]).is_file() for row in rows)

    qtbot.waitUntil(lambda: dialog.people.count() == 1, timeout=MAX_WAIT_MS)
    qtbot.waitUntil(
        lambda: window.people.collected.text() == "3 images collected for training", timeout=MAX_WAIT_MS
    )
    item = dialog.people.item(0)
    assert item is not None
    assert item.text() == "Grace: 3 images"
    assert not dialog.delete.isEnabled()
    dialog.people.setCurrentRow(0)
    dialog.delete.click()
    qtbot.waitUntil(lambda: not any(folder.iterdir()), timeout=MAX_WAIT_MS)
    qtbot.waitUntil(lambda: dialog.people.count() == 0, timeout=MAX_WAIT_MS)
    assert not dialog.delete_all.isEnabled()


class Answers(Dialogs):
    """Answers whether to delete everybody, one after the other, and keeps how many images it was about."""

    def __init__(self, *answers: bool) -> None:
        self.asked: list[int] = []
        self._answers = list(answers)

    def may_delete_all(self, parent: QWidget, images: int) -> bool:
        self.asked.append(images)
        return self._answers.pop(0)


def test_everybody_is_deleted_when_the_user_says_so_again(
    qtbot: QtBot, open_window: OpenWindow, settings: Settings, folder: Path, astronaut_bgr: NDArray[np.uint8]
) -> None:
    collection = Collection(folder)
    for name in ("Anna", "Anna", "Bob"):
        collection.add(TrueLabel(name, 34, None), astronaut_bgr)
    dialogs = Answers(False, True)
    window = open_window(None, chosen=replace(settings, collection_folder=str(folder)), dialogs=dialogs)
    dialog = open_dialog(qtbot, window)
    qtbot.waitUntil(lambda: dialog.people.count() == 2, timeout=MAX_WAIT_MS)
    dialog.delete_all.click()
    assert dialogs.asked == [3]
    assert len(collection.people()) == 2, "the user has kept them"
    dialog.delete_all.click()
    qtbot.waitUntil(lambda: not any(folder.iterdir()), timeout=MAX_WAIT_MS)
    assert dialogs.asked == [3, 3]


def test_the_command_names_the_real_folder_and_is_copied(
    qtbot: QtBot, open_window: OpenWindow, settings: Settings, folder: Path
) -> None:
    window = open_window(None, chosen=replace(settings, collection_folder=str(folder)))
    dialog = open_dialog(qtbot, window)
    wanted = f"python -m train all '{folder}' -o '{folder}-models'"
    qtbot.waitUntil(lambda: dialog.command.text() == wanted, timeout=MAX_WAIT_MS)
    next(button for button in dialog.buttons if button.text() == "Copy").click()
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    assert clipboard.text() == wanted


def test_the_command_is_quoted_as_each_system_wants_it() -> None:
    assert training_command(Path("a b"), "win32") == 'python -m train all "a b" -o "a b-models"'
    assert training_command(Path("a b"), "linux") == "python -m train all 'a b' -o 'a b-models'"


def show(dialog: CollectDialog, *people: PersonInView) -> None:
    dialog.show_state(PeopleState(people, 2), CollectState(), LabelStyle(), is_live=True)


def test_what_was_said_of_a_person_outlasts_a_moment_out_of_view_and_goes_with_another_one(
    qtbot: QtBot, open_window: OpenWindow
) -> None:
    dialog = open_dialog(qtbot, open_window(None))
    show(dialog, ANNA, BOB)
    assert dialog.who.currentData() == 1
    dialog.age.setValue(34)
    dialog.consent.setChecked(True)
    show(dialog, BOB)
    assert (dialog.who.currentData(), dialog.who.currentText()) == (1, "out of view")
    show(dialog, ANNA, BOB)
    assert (dialog.who.currentData(), dialog.age.value(), dialog.consent.isChecked()) == (1, 34, True)
    dialog.who.setCurrentIndex(1)
    assert (dialog.age.value(), dialog.consent.isChecked()) == (-1, False), "who else is asked anew"
    show(dialog)
    assert dialog.who.currentData() is None
    assert dialog.missing.text() == "Nobody is in view."


def test_every_control_has_a_name_or_a_tip_and_is_reached_by_tab(
    qtbot: QtBot, open_window: OpenWindow
) -> None:
    dialog = open_dialog(qtbot, open_window(None))
    show(dialog, ANNA)
    controls = [
        dialog.who,
        dialog.name,
        dialog.age,
        dialog.gender,
        dialog.images,
        dialog.people,
        dialog.command,
    ]
    for control in [*controls, dialog.consent, *dialog.buttons]:
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus.value or control.focusPolicy() in (
            Qt.FocusPolicy.StrongFocus,
            Qt.FocusPolicy.WheelFocus,
        )
        assert control.accessibleName() or control.toolTip()

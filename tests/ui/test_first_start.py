"""What is agreed to once, and the preferences."""

from dataclasses import replace
from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QCheckBox, QComboBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from agecam.live.state import SourceState
from agecam.settings import Settings
from agecam.ui.actions import ACTIONS
from agecam.ui.choices import CHOICES
from agecam.ui.dialogs import Dialogs, shortcuts_text
from agecam.ui.preferences import Preferences
from agecam.ui.theme import LIGHT, apply_theme
from agecam.ui.window import MainWindow
from tests.ui.helpers import MAX_WAIT_MS, OpenWindow, wait_for_state, wait_until_closed


def test_nothing_is_shown_or_recorded_before_the_user_has_agreed_and_it_is_asked_once(
    qtbot: QtBot, open_window: OpenWindow, settings: Settings, demo_clip: Path, tmp_path: Path
) -> None:
    new = replace(settings, has_agreed=False)
    window = open_window(str(demo_clip), chosen=new, record=tmp_path / "out.mp4")
    assert window.current_page() is window.stage.welcome
    text = window.stage.welcome.message()
    assert all(word in text for word in ("computer", "agree", "wrong"))
    assert window.session.state().source.state is SourceState.IDLE
    assert not window.session.state().recording.is_running
    for name in ("open_file", "open_address", "demo", "record", "snapshot"):
        assert not window.controls[name].isEnabled()
    agree = next(one for one in window.stage.welcome.buttons if one.text() == "I agree")
    agree.click()
    wait_for_state(qtbot, window, SourceState.LIVE)
    qtbot.waitUntil(lambda: window.current_page() is window.view, timeout=MAX_WAIT_MS)
    assert window.session.state().recording.is_running
    window.close_without_asking()
    wait_until_closed(qtbot, window)
    remembered = Settings.load(tmp_path / "config" / "settings.json")
    assert remembered == replace(new, has_agreed=True)


class ChoosesFolder(Dialogs):
    """Answers with a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ask_for_folder(self, parent: QWidget, current: Path) -> str | None:
        return str(self._folder)


def preferences_of(window: MainWindow) -> Preferences:
    window.controls["preferences"].trigger()
    (found,) = window.findChildren(Preferences)
    assert found.isVisible()
    return found


def test_preferences_hold_at_once_everywhere_and_after_a_restart(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path
) -> None:
    try:
        window = open_window(None, dialogs=ChoosesFolder(tmp_path / "models"))
        shown = preferences_of(window)
        for choice in CHOICES:
            box = shown.row(choice.field)
            assert isinstance(box, QCheckBox)
            before = choice.value(window.settings)
            assert box.isChecked() is before
            box.click()
            assert choice.value(window.settings) is not before
            assert window.controls[choice.name].isChecked() is not before, "the menu shows the same"
        quality, theme = shown.row("record_quality"), shown.row("theme")
        assert isinstance(quality, QComboBox)
        assert isinstance(theme, QComboBox)
        quality.activated.emit(quality.findText("High quality"))
        assert window.controls.recording_menu.action("High quality").isChecked()
        theme.activated.emit(theme.findText("Light"))
        colour = window.palette().window().color().name()
        assert colour == LIGHT.window
        models = shown.row("models_folder")
        assert isinstance(models, QPushButton)
        models.click()
        window.controls["blur"].trigger()
        shown.update_rows()
        window.close_without_asking()
        wait_until_closed(qtbot, window)
        kept = Settings.load(tmp_path / "config" / "settings.json")
        assert (kept.record_quality, kept.theme) == ("high", "light")
        assert kept.models_folder == str(tmp_path / "models")
        assert kept.show_gender is False
        assert kept.blur is False, "turned on here, and off again in the menu"
    finally:
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        apply_theme(application)


def test_defaults_are_restored_at_a_click_and_the_camera_and_the_agreement_stay(
    open_window: OpenWindow, settings: Settings
) -> None:
    chosen = replace(settings, camera="Front camera", blur=True, show_gender=False, record_quality="high")
    window = open_window(None, chosen=chosen)
    shown = preferences_of(window)
    shown.restore.click()
    assert window.settings == Settings(camera="Front camera", has_agreed=True)
    assert not window.controls["blur"].isChecked()
    assert window.controls.recording_menu.action("Standard quality").isChecked()


def test_a_screen_reader_tells_the_buttons_of_the_folders_apart(open_window: OpenWindow) -> None:
    shown = preferences_of(open_window(None))
    names = [shown.row(field).accessibleName() for field in ("recordings_folder", "snapshots_folder")]
    assert names == ["Recordings: Choose…", "Snapshots: Choose…"]


def test_the_list_of_keys_names_every_key(qtbot: QtBot) -> None:
    text = shortcuts_text()
    keys = [spec.key_text for spec in ACTIONS.values() if spec.key_text] + [one.key_text for one in CHOICES]
    assert {"Space", "Left", "Ctrl+R", "F11", "Ctrl+T, I"} <= set(keys)
    assert all(f"<b>{key}</b>" in text for key in keys)


def test_a_question_mark_asks_for_the_keys(open_window: OpenWindow, tmp_path: Path) -> None:
    asked: list[int] = []

    class Noted(Dialogs):
        def show_shortcuts(self, parent: QWidget) -> None:
            asked.append(1)

    window = open_window(None, dialogs=Noted())
    QTest.keyClick(window.view, Qt.Key.Key_Question)  # type: ignore[call-overload]  # static
    assert asked == [1]

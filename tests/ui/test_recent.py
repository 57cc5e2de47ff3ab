"""Files and addresses that were opened last: remembered, shown without secrets, forgotten at a click."""

from dataclasses import replace
from pathlib import Path

from PyQt6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from agecam.live.recording import RecordingPhase
from agecam.live.state import SourceState
from agecam.settings import Settings
from agecam.ui.dialogs import Dialogs
from agecam.ui.recent_menu import MOST, recent_texts, with_recent
from agecam.ui.window import MainWindow
from tests.ui.helpers import (
    MAX_WAIT_MS,
    OpenWindow,
    wait_for_recording,
    wait_for_state,
    wait_until_closed,
)

SECRET = "rtsp://anna:secret@camera.local/live?token=1"


class ChoosesFile(Dialogs):
    """Answers with a file and an address."""

    def __init__(self, path: Path, address: str = SECRET) -> None:
        self._path = path
        self._address = address

    def ask_for_file(self, parent: QWidget) -> str | None:
        return str(self._path)

    def ask_for_address(self, parent: QWidget) -> str | None:
        return self._address


def entries(window: MainWindow) -> dict[str, bool]:
    """What can be opened again by its text, and whether it can be chosen."""
    actions = window.controls.recent_menu.actions()
    return {one.text(): one.isEnabled() for one in actions if one.text() not in ("", "Clear this list")}


def test_the_list_holds_each_once_the_latest_first_and_no_more_than_ten() -> None:
    recent: tuple[str, ...] = ()
    for name in [f"{number}.mp4" for number in range(12)] + ["5.mp4"]:
        recent = with_recent(recent, name)
    assert len(recent) == MOST
    assert recent[:3] == ("5.mp4", "11.mp4", "10.mp4")
    assert recent.count("5.mp4") == 1


def test_entries_are_told_apart_and_show_no_password() -> None:
    recent = ("/a/party.mp4", "/b/party.mp4", "/b/talk.mp4", SECRET)
    assert recent_texts(recent) == (
        *("party.mp4 – /a", "party.mp4 – /b", "talk.mp4"),
        "rtsp://camera.local/live",
    )


def test_what_was_opened_is_offered_again_after_a_restart_until_it_is_forgotten(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, tmp_path: Path
) -> None:
    clip = tmp_path / "Tom & Ann.mp4"
    clip.write_bytes(demo_clip.read_bytes())
    window = open_window(None, dialogs=ChoosesFile(clip))
    wait_for_state(qtbot, window, SourceState.NO_CAMERA)
    entry = window.controls.recent_menu.menuAction()
    assert entry is not None
    assert not entry.isEnabled(), "nothing was opened yet"
    window.controls["open_file"].trigger()
    wait_for_state(qtbot, window, SourceState.LIVE)
    qtbot.waitUntil(lambda: entries(window) == {"Tom && Ann.mp4": True}, timeout=MAX_WAIT_MS)
    window.close_without_asking()
    wait_until_closed(qtbot, window)

    remembered = Settings.load(tmp_path / "config" / "settings.json")
    assert remembered.recent == (str(clip),)
    no_name = "x" * 300
    remembered = replace(remembered, recent=(str(clip), no_name))
    again = open_window(None, chosen=remembered)
    wait_for_state(qtbot, again, SourceState.NO_CAMERA)
    again.controls.recent_menu.actions()[0].trigger()
    wait_for_state(qtbot, again, SourceState.LIVE)
    clip.unlink()
    again.controls.recent_menu.look()
    gone = {"Tom && Ann.mp4": False, no_name: False}
    qtbot.waitUntil(lambda: entries(again) == gone, timeout=MAX_WAIT_MS)
    again.controls.recent_menu.actions()[-1].trigger()
    assert entries(again) == {}
    assert again.settings.recent == ()


def test_an_address_is_remembered_and_nothing_can_be_opened_while_a_recording_runs(
    qtbot: QtBot, open_window: OpenWindow, settings: Settings, demo_clip: Path, tmp_path: Path
) -> None:
    chosen = replace(settings, recent=(str(demo_clip),))
    dialogs = ChoosesFile(demo_clip, "http://127.0.0.1:9/video.mjpg")
    window = open_window(None, dialogs=dialogs, chosen=chosen, record=tmp_path / "out.mp4")
    wait_for_recording(qtbot, window, RecordingPhase.WAITING)
    entry = window.controls.recent_menu.menuAction()
    assert entry is not None
    qtbot.waitUntil(lambda: not entry.isEnabled(), timeout=MAX_WAIT_MS)
    window.controls["record"].trigger()
    qtbot.waitUntil(entry.isEnabled, timeout=MAX_WAIT_MS)
    window.controls["open_address"].trigger()
    assert window.settings.recent == ("http://127.0.0.1:9/video.mjpg", str(demo_clip))

"""Messages over the picture: kinds, remedies, and how long they stay."""

from dataclasses import replace
from pathlib import Path

from PyQt6.QtCore import QPoint, QRect
from PyQt6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from agecam.live.notices import Notice, NoticeKind, Remedy
from agecam.live.recording import RecordingPhase
from agecam.live.state import SourceState
from agecam.settings import Settings
from agecam.ui.dialogs import Dialogs
from agecam.ui.messages import MessageList
from agecam.ui.pages import PAGES, MessagePage
from tests.ui.helpers import (
    MAX_WAIT_MS,
    OpenWindow,
    frames_in,
    wait_for_recording,
    wait_for_state,
    wait_until_closed,
)


def texts(messages: MessageList) -> list[str]:
    return [one.notice.text for one in messages.messages]


def test_what_was_done_goes_by_itself_and_an_error_stays_until_it_is_dismissed(qtbot: QtBot) -> None:
    shown = MessageList(lambda _notice: None, shown_ms={NoticeKind.DONE: 30, NoticeKind.WARNING: 60})
    qtbot.addWidget(shown)
    shown.add(Notice("An error", NoticeKind.ERROR))
    shown.add(Notice("Done"))
    shown.add(Notice("A warning", NoticeKind.WARNING))
    assert texts(shown) == ["An error", "Done", "A warning"]
    qtbot.waitUntil(lambda: texts(shown) == ["An error"], timeout=MAX_WAIT_MS)
    qtbot.wait(150)
    shown.messages[0].close_button.click()
    assert texts(shown) == []
    assert not shown.isVisible()


def test_many_messages_push_out_those_that_are_no_errors(qtbot: QtBot) -> None:
    shown = MessageList(lambda _notice: None)
    qtbot.addWidget(shown)
    shown.add(Notice("An error", NoticeKind.ERROR))
    for number in range(6):
        shown.add(Notice(f"Done {number}"))
    assert texts(shown) == ["An error", "Done 3", "Done 4", "Done 5"]
    shown.add(Notice("An error", NoticeKind.ERROR))
    assert texts(shown) == ["Done 3", "Done 4", "Done 5", "An error"], "told again, not twice"


def test_a_screen_reader_is_told_the_kind_and_the_text_of_a_message(qtbot: QtBot) -> None:
    shown = MessageList(lambda _notice: None)
    qtbot.addWidget(shown)
    shown.add(Notice("The disk is full.", NoticeKind.ERROR))
    assert shown.messages[0].accessibleName() == "Error: The disk is full."
    assert shown.messages[0].close_button.accessibleName() == "Dismiss"


def test_a_message_offers_its_remedy(qtbot: QtBot, tmp_path: Path) -> None:
    followed: list[Notice] = []
    shown = MessageList(followed.append)
    qtbot.addWidget(shown)
    saved = Notice("Saved", remedy=Remedy.SHOW_IN_FOLDER, path=tmp_path / "a.mp4")
    shown.add(saved)
    button = shown.messages[0].remedy
    assert button is not None
    assert button.text() == "Show in folder"
    button.click()
    assert followed == [saved]


class ChoosesFolder(Dialogs):
    """Answers with a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ask_for_folder(self, parent: QWidget, current: Path) -> str | None:
        return str(self._folder)


def test_where_a_folder_cannot_be_written_another_is_chosen_at_a_click(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "recordings").write_text("a file stands where the folder should be")
    other = tmp_path / "other"
    window = open_window(str(demo_clip), dialogs=ChoosesFolder(other), loop=True)
    wait_for_state(qtbot, window, SourceState.LIVE)
    qtbot.waitUntil(window.controls["record"].isEnabled, timeout=MAX_WAIT_MS)
    window.controls["record"].trigger()
    qtbot.waitUntil(lambda: "choose another" in window.message_text(), timeout=MAX_WAIT_MS)
    message = window.stage.messages.messages[-1]
    assert message.notice.is_error
    assert message.remedy is not None
    message.remedy.click()
    wait_for_recording(qtbot, window, RecordingPhase.OFF)
    window.controls["record"].trigger()
    wait_for_recording(qtbot, window, RecordingPhase.ON, frames=5)
    window.close_without_asking()
    wait_until_closed(qtbot, window)
    (path,) = other.iterdir()
    assert frames_in(path) >= 5
    assert Settings.load(tmp_path / "config" / "settings.json").recordings_folder == str(other)


def test_a_snapshot_on_a_full_disk_leaves_no_file_and_offers_another_folder(
    qtbot: QtBot, open_window: OpenWindow, settings: Settings, demo_clip: Path, small_disk: Path
) -> None:
    (small_disk / "ballast").write_bytes(bytes(2_000_000))
    window = open_window(
        str(demo_clip), loop=True, chosen=replace(settings, snapshots_folder=str(small_disk))
    )
    wait_for_state(qtbot, window, SourceState.LIVE)
    window.commands.take_snapshot()
    qtbot.waitUntil(lambda: "disk is full" in window.message_text(), timeout=MAX_WAIT_MS)
    assert window.stage.messages.messages[-1].notice.remedy is Remedy.CHOOSE_SNAPSHOTS_FOLDER
    assert [path.name for path in small_disk.rglob("*") if path.is_file()] == ["ballast"]


def test_a_narrow_list_has_buttons_below_the_sentence(qtbot: QtBot) -> None:
    messages = MessageList(lambda _notice: None)
    qtbot.addWidget(messages)
    messages.add(Notice("A sentence of many words " * 4, NoticeKind.ERROR, Remedy.CHOOSE_RECORDINGS_FOLDER))
    message = messages.messages[0]
    text = message.findChild(QLabel)
    assert text is not None
    for width, is_below in ((300, True), (760, False)):
        messages.resize(width, messages.fit(width))
        messages.show()
        assert (message.close_button.geometry().top() >= text.geometry().bottom()) is is_below
        assert text.width() > 250


def test_in_a_small_window_a_message_hides_no_button_of_a_page(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window(None)
    page = window.page(SourceState.NO_CAMERA)
    qtbot.waitUntil(lambda: window.current_page() is page, timeout=MAX_WAIT_MS)
    window.resize(640, 480)
    stage, viewport = window.stage, page.viewport()
    assert viewport is not None

    def place(widget: QWidget) -> QRect:
        return QRect(widget.mapTo(stage, QPoint(0, 0)), widget.size())

    def can_be_used() -> bool:
        return all(
            place(viewport).contains(place(button))
            and not stage.messages.geometry().intersects(place(button))
            for button in page.buttons
        )

    for number in (1, 2):
        text = f"Snapshot saved: /home/somebody/Pictures/AgeCam/AgeCam 2026-11-26 14.20.3{number}.png"
        window.show_notice(Notice(text, NoticeKind.DONE, Remedy.SHOW_IN_FOLDER))
        qtbot.waitUntil(can_be_used, timeout=MAX_WAIT_MS)
        qtbot.waitUntil(lambda: all(one.isVisible() for one in stage.messages.messages), timeout=MAX_WAIT_MS)
        assert len(stage.messages.messages) == number
        assert stage.messages.height() == stage.messages.heightForWidth(stage.messages.width()), "cut off"
    for message in stage.messages.messages:
        message.close_button.click()
    assert place(viewport) == stage.rect()


def test_a_page_with_little_room_spares_its_symbol_alone(qtbot: QtBot) -> None:
    page = MessagePage(PAGES[SourceState.DISCONNECTED], ())
    qtbot.addWidget(page)
    page.resize(640, 600)
    page.show()
    hidden = []
    for free_px in (0, 480, 0):
        page.keep_free(0, free_px)
        hidden.append([label.text() for label in page.findChildren(QLabel) if not label.isVisible()])
    assert hidden == [[], [PAGES[SourceState.DISCONNECTED].symbol], []]

"""The panel of people in the real window, and what it keeps."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from PyQt6.QtCore import QEvent, QPoint, QRect, Qt
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from agecam.drawing.label_text import LabelStyle
from agecam.live.collect import CollectProgress, CollectState
from agecam.live.notices import Remedy
from agecam.live.people import CountOverTime, PeopleState, PersonInView
from agecam.messages import Estimate
from agecam.settings import Settings
from agecam.ui.people_list import row_of
from agecam.ui.window import MainWindow
from tests.ui.helpers import MAX_WAIT_MS, OpenWindow, wait_for_labels, wait_until_closed

WIDE = (1120, 760)
"""Wide enough for the panel, pixels."""
ANNA = PersonInView(4, Estimate(34.2, 28.6, 40.7, 0.96), 65.0)


def wait_for_rows(qtbot: QtBot, window: MainWindow, rows: int) -> None:
    def shown() -> bool:
        texts = [row.data() for row in map(window.people.list.people.index, range(rows))]
        return window.people.list.people.rowCount() == rows and all(
            text and "years" in text for text in texts
        )

    qtbot.waitUntil(shown, timeout=MAX_WAIT_MS)


def test_a_row_has_the_words_of_the_label_with_range_certainty_and_time() -> None:
    row = row_of(ANNA, LabelStyle(show_interval=False))
    assert (row.large, row.small, row.detail) == ("34", "29–41", "female 96 % · 1:05 in view")
    assert row.spoken == "34 years, 29–41, female 96 % · 1:05 in view"
    assert row_of(ANNA, LabelStyle(show_gender=False)).detail == "1:05 in view"
    unsure = replace(ANNA, estimate=Estimate(34.2, 28.6, 40.7, 0.6))
    assert row_of(unsure, LabelStyle(), is_still=True).detail == "gender ?"
    assert row_of(ANNA, LabelStyle(age="group")).large == "30–39"
    collecting = CollectProgress(4, "Anna", 12, 60)
    assert row_of(replace(ANNA, estimate=None), LabelStyle(), collecting).detail == "12 of 60 collected"


def test_the_panel_shows_who_is_in_view_and_what_was_seen(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, settings: Settings, tmp_path: Path
) -> None:
    window = open_window(str(demo_clip), loop=True, chosen=replace(settings, show_people_narrow=True))
    window.resize(*WIDE)
    wait_for_labels(qtbot, window, people=2)
    wait_for_rows(qtbot, window, 2)
    panel = window.people
    assert panel.isVisible()
    assert panel.numbers.text() == "2 in view · 2 in all"
    assert not panel.list.people.index(0).data(Qt.ItemDataRole.DecorationRole).isNull()
    assert panel.ages.accessibleDescription().count("years") == 2
    assert panel.count.accessibleDescription().endswith("2 at most")

    window.controls["gender"].trigger()
    qtbot.waitUntil(
        lambda: "male" not in panel.list.people.index(0).data(), timeout=MAX_WAIT_MS
    )  # nor female
    window.controls["blur"].trigger()
    qtbot.waitUntil(
        lambda: panel.list.people.index(0).data(Qt.ItemDataRole.DecorationRole).isNull(), timeout=MAX_WAIT_MS
    )
    assert not window.controls["collect"].isEnabled()
    window.controls["blur"].trigger()

    window.set_fullscreen(True)
    assert panel.isVisible()
    window.set_fullscreen(False)
    qtbot.waitUntil(lambda: window.width() == WIDE[0], timeout=MAX_WAIT_MS)
    panel.close_button.click()
    assert not panel.isVisible()
    window.close_without_asking()
    wait_until_closed(qtbot, window)
    assert not Settings.load(tmp_path / "config" / "settings.json").show_people


def test_the_panel_is_away_in_a_narrow_window_until_it_is_asked_for(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path
) -> None:
    window = open_window(str(demo_clip), loop=True)
    window.resize(640, 480)
    wait_for_labels(qtbot, window, people=1)
    qtbot.waitUntil(lambda: not window.people.isVisible(), timeout=MAX_WAIT_MS)
    QTest.keyClick(window, Qt.Key.Key_F9)  # type: ignore[call-overload]  # static
    qtbot.waitUntil(window.people.isVisible, timeout=MAX_WAIT_MS)
    place = QRect(window.people.mapTo(window, QPoint(0, 0)), window.people.size())
    assert window.rect().contains(place)
    assert window.width() == 640
    assert not window.people.charts.isVisible(), "there is no room for them"
    assert window.settings.show_people, "of wide windows, as it was"
    window.resize(*WIDE)
    qtbot.waitUntil(window.people.charts.isVisible, timeout=MAX_WAIT_MS)


def test_nobody_is_in_view_where_no_frame_is_shown(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window(None)
    state = PeopleState((ANNA,), 1, count=CountOverTime(0.0, 1.0, (1.0,), 1))
    window.people.show_people(state, CollectState(), LabelStyle(), is_live=False)
    assert window.people.list.people.rowCount() == 0
    assert window.people.numbers.text() == "0 in view · 1 in all"
    assert not window.people.isVisible(), "nothing was seen yet"


def test_the_chosen_row_stays_chosen_while_others_come_and_go(qtbot: QtBot, open_window: OpenWindow) -> None:
    window = open_window(None)
    people = [replace(ANNA, number=number) for number in (1, 2, 3)]
    for shown in (people, people[1:], [people[1]]):
        window.people.show_people(PeopleState(tuple(shown), 3), CollectState(), LabelStyle(), is_live=True)
        if len(shown) == 3:
            window.people.list.choose(2)
        assert window.people.list.chosen() == 2
    window.people.show_people(PeopleState((people[0],), 3), CollectState(), LabelStyle(), is_live=True)
    assert window.people.list.chosen() is None


def test_a_table_is_started_and_stopped_and_the_session_summed_up_by_key(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, tmp_path: Path
) -> None:
    window = open_window(str(demo_clip), loop=True)
    window.resize(*WIDE)
    wait_for_labels(qtbot, window, people=1)
    qtbot.waitUntil(window.controls["summary"].isEnabled, timeout=MAX_WAIT_MS)
    window.set_fullscreen(True)
    window.controls["table"].trigger()
    assert window.controls["table"].text() == "■ Stop CSV", "at once, whenever the file is there"
    assert window.controls["table"].isChecked()
    mark = window.stage.table
    qtbot.waitUntil(lambda: mark.isVisible() and mark.text() == "Writing CSV 0:01", timeout=MAX_WAIT_MS)
    window.set_fullscreen(False)
    window.controls["summary"].trigger()
    qtbot.waitUntil(lambda: "Summary saved" in window.message_text(), timeout=MAX_WAIT_MS)
    window.controls["table"].trigger()
    qtbot.waitUntil(lambda: "Table saved" in window.message_text(), timeout=MAX_WAIT_MS)
    assert window.stage.messages.messages[-1].notice.remedy is Remedy.SHOW_IN_FOLDER
    qtbot.waitUntil(lambda: not mark.isVisible(), timeout=MAX_WAIT_MS)
    assert not window.controls["table"].isChecked()
    files = {path.suffix: path for path in (tmp_path / "recordings").iterdir() if "session" in path.name}
    assert set(files) == {".html", ".csv", ".json"}
    assert "data:image/jpeg" in files[".html"].read_text(encoding="utf-8")
    (table,) = (path for path in (tmp_path / "recordings").glob("*.csv") if "session" not in path.name)
    with table.open(newline="") as file:
        assert list(csv.DictReader(file))


def test_keys_for_the_picture_work_while_the_list_has_the_focus(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path
) -> None:
    window = open_window(str(demo_clip), loop=True)
    window.resize(*WIDE)
    wait_for_rows(qtbot, window, 2)
    window.people.list.setFocus()
    press = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Down, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window.people.list, press)
    assert window.people.list.chosen() is not None
    QTest.keyClick(window.people.list, Qt.Key.Key_Space)  # type: ignore[call-overload]  # static
    playback = window.session.state().playback
    assert playback is not None
    assert playback.is_paused


@pytest.mark.parametrize("name", ["collect", "summary", "table"])
def test_each_button_of_the_panel_has_a_tip_with_its_key(open_window: OpenWindow, name: str) -> None:
    assert "Ctrl+" in open_window(None).controls[name].toolTip()


def test_a_window_with_the_panel_can_be_made_small_again(
    qtbot: QtBot, open_window: OpenWindow, settings: Settings
) -> None:
    window = open_window(None, chosen=replace(settings, show_people_narrow=True))
    panel = window.people
    window.resize(1600, 900)
    panel.show()
    qtbot.waitUntil(panel.charts.isVisible, timeout=MAX_WAIT_MS)
    assert panel.minimumSizeHint().height() < 300, "the plots go where there is no room"
    window.resize(700, 400)
    qtbot.waitUntil(lambda: window.height() == 400 and not panel.charts.isVisible(), timeout=MAX_WAIT_MS)

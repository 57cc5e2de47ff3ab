"""The window speaks another language, and nothing of it is left untranslated."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtWidgets import QAbstractButton, QGroupBox, QLabel, QMenu
from pytestqt.qtbot import QtBot

import agecam.ui
from agecam.drawing.label_text import LabelStyle
from agecam.live.notices import Notice, Remedy
from agecam.live.people import PersonInView
from agecam.live.state import SourceState
from agecam.messages import Estimate
from agecam.settings import Settings
from agecam.ui.actions import ACTIONS
from agecam.ui.choices import CHOICES
from agecam.ui.collect import CONSENT_TEXT, HELP_TEXT, PURPOSE_TEXT
from agecam.ui.dialogs import about_text
from agecam.ui.help_dialog import HelpPage
from agecam.ui.language import (
    Catalogue,
    choose_language,
    system_languages,
    tr,
    tr_sentence,
    use_language,
)
from agecam.ui.messages import REMEDY_TEXTS
from agecam.ui.pages import PAGES, WELCOME
from agecam.ui.people_list import row_of
from agecam.ui.preferences import LABEL_SIZE_TEXTS, THEME_TEXTS, Preferences
from agecam.ui.recording_menu import CONTENT_TEXTS, QUALITY_TEXTS, split_texts
from tests.ui.helpers import OpenWindow, wait_for_state

UI = Path(agecam.ui.__file__).parent
GERMAN = Catalogue.read(UI / "translations" / "agecam_de.ts")


@pytest.fixture
def german() -> Iterator[None]:
    use_language("de")
    yield
    use_language("en")


def texts_in_code() -> Iterator[str]:
    """What the window's code translates."""
    for path in UI.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr":
                literals = node.args[0]
                nodes = (literals.body, literals.orelse) if isinstance(literals, ast.IfExp) else (literals,)
                yield from (str(one.value) for one in nodes if isinstance(one, ast.Constant))


def texts_in_tables() -> Iterator[str]:
    for spec in ACTIONS.values():
        yield from (spec.text, spec.tip)
    for choice in CHOICES:
        yield from (choice.text, choice.tip, choice.group.value)
    for page in (*PAGES.values(), WELCOME):
        yield from (page.title, page.text)
    yield from REMEDY_TEXTS.values()
    yield from (CONSENT_TEXT, HELP_TEXT, PURPOSE_TEXT)
    yield from (page.value for page in HelpPage)
    for table in (THEME_TEXTS, LABEL_SIZE_TEXTS, QUALITY_TEXTS, CONTENT_TEXTS, split_texts(None)):
        yield from table.values()


def test_every_text_of_the_window_has_a_translation_with_the_same_names() -> None:
    texts = {text for text in (*texts_in_code(), *texts_in_tables()) if text}
    assert len(texts) > 150
    assert sorted(text for text in texts if text not in GERMAN.texts) == []
    for source, translation in GERMAN.texts.items():
        assert set(re.findall(r"\{\w+\}", source)) == set(re.findall(r"\{\w+\}", translation)), source


@pytest.mark.parametrize(
    ("chosen", "system", "expected"),
    [
        (None, ["de-AT", "en"], "de"),
        (None, ["fr-FR", "de_DE"], "de"),
        (None, ["DE-at"], "de"),
        (None, ["fr-FR"], "en"),
        (None, [], "en"),
        ("en", ["de"], "en"),
        ("de", ["en"], "de"),
        ("xx", ["de"], "de"),
    ],
)
def test_the_language_is_the_chosen_one_else_the_systems(
    chosen: str | None, system: list[str], expected: str
) -> None:
    assert choose_language(chosen, system) == expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ["C"]),
        ({"LANG": "C.UTF-8", "LANGUAGE": ""}, ["C"]),
        ({"LANG": "de_AT.UTF-8"}, ["de-AT"]),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "de_DE@euro"}, ["de-DE"]),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "de_DE", "LC_MESSAGES": "fr_FR"}, ["de-DE"]),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "fr:de_CH:en"}, ["fr", "de-CH", "en", "en-US"]),
        ({"LANG": "C", "LANGUAGE": "de"}, ["de", "C"]),
    ],
)
def test_linux_tells_the_preferred_languages_by_its_environment(
    environment: dict[str, str], expected: list[str]
) -> None:
    assert system_languages(environment, "linux") == expected


@pytest.mark.usefixtures("german")
def test_sentences_of_the_session_keep_what_they_name() -> None:
    assert tr_sentence("Snapshot saved: /photos/{a} 1.png") == "Foto gespeichert: /photos/{a} 1.png"
    assert tr_sentence("There is no picture to save yet.") == "Es gibt noch kein Bild zu speichern."
    assert tr_sentence("A sentence that nobody has translated: 3 frames") == (
        "A sentence that nobody has translated: 3 frames"
    )
    assert tr("{count} faces", count=3) == "3 Gesichter"
    assert tr("not there {count}", count=3) == "not there 3"
    assert "Freie Software" in about_text(None)


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Table saved: /a/b.csv (3 s)", "Tabelle gespeichert: /a/b.csv (3 s)"),
        (
            "Summary saved: /a/b.html, and the same as .csv and .json",
            "Zusammenfassung gespeichert: /a/b.html, und dasselbe als .csv und .json",
        ),
        ("Images of Anna collected: 3, in /a/b.", "Bilder von Anna gesammelt: 3, in /a/b."),
        (
            "Images of Anna collected: 1, in /a/b. The person is out of view.",
            "Bilder von Anna gesammelt: 1, in /a/b. Die Person ist nicht mehr im Bild.",
        ),
        (
            "No image of Anna was collected. The person is out of view.",
            "Von Anna wurde kein Bild gesammelt. Die Person ist nicht mehr im Bild.",
        ),
        (
            "The camera was away for 3.2 s; the recording goes on.",
            "Die Kamera war 3.2 s lang weg; die Aufnahme geht weiter.",
        ),
    ],
)
def test_what_the_session_says_of_people_and_cameras_is_translated_as_a_whole(
    sentence: str, expected: str
) -> None:
    assert tr_sentence(sentence) == expected


@pytest.mark.usefixtures("german")
def test_a_row_of_the_panel_and_the_dialog_that_collects_speak_german(
    qtbot: QtBot, open_window: OpenWindow
) -> None:
    person = PersonInView(1, Estimate(34.2, 28.6, 40.7, 0.96), 65.0)
    assert row_of(person, LabelStyle()).spoken == "34 Jahre, 29–41, weiblich 96 % · 1:05 im Bild"
    window = open_window(None)
    window.commands.people.collect()
    dialog = window.commands.people.dialog
    assert dialog is not None
    shown = {label.text() for label in dialog.findChildren(QLabel)}
    shown |= {button.text() for button in dialog.findChildren(QAbstractButton)}
    shown |= {box.title() for box in dialog.findChildren(QGroupBox)}
    assert {"Wahres Alter", "Sammeln", "Person löschen", "Niemand ist im Bild."} <= shown
    english = {source for source, translation in GERMAN.texts.items() if source != translation}
    assert sorted(shown & english) == []
    dialog.close()


@pytest.mark.usefixtures("german")
def test_a_window_in_german_shows_no_english_text(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path
) -> None:
    window = open_window(None)
    wait_for_state(qtbot, window, SourceState.NO_CAMERA)
    for state in PAGES:
        window.page(state)  # made when it is first asked for
    window.show_notice(Notice("Snapshot saved: a.png", remedy=Remedy.SHOW_IN_FOLDER))
    window.commands.show_preferences()
    preferences = window.findChild(Preferences)
    assert preferences is not None
    shown = [label.text() for label in window.findChildren(QLabel)]
    shown += [button.text() for button in window.findChildren(QAbstractButton)]
    shown += [action.text() for menu in window.findChildren(QMenu) for action in menu.actions()]
    shown += [preferences.windowTitle(), *(preferences.tabs.tabText(row) for row in range(4))]
    assert {"Keine Kamera", "Datei öffnen…", "Foto gespeichert: a.png", "Im Ordner zeigen"} <= set(shown)
    assert {"Einstellungen", "Beschriftung", "Gesichter verpixeln", "Farben"} <= set(shown)
    # Where both are the same there is nothing to see.
    english = {source for source, translation in GERMAN.texts.items() if source != translation}
    assert sorted(set(shown) & english) == []
    preferences.close()


def test_the_language_is_chosen_in_the_preferences_for_the_next_start(
    qtbot: QtBot, open_window: OpenWindow, settings: Settings
) -> None:
    window = open_window(None)
    window.commands.show_preferences()
    preferences = window.findChild(Preferences)
    assert preferences is not None
    row = preferences.row("language")
    texts = [row.itemText(at) for at in range(row.count())]  # type: ignore[attr-defined]
    assert [text.split(",")[0] for text in texts] == ["As the system", "English", "Deutsch"]
    row.activated.emit(2)  # type: ignore[attr-defined]
    assert window.settings.language == "de"
    preferences.close()

"""What the help says: labels, licences, the model card and the log."""

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from agecam import __version__
from agecam.drawing.label_text import LabelStyle, label_texts
from agecam.messages import Estimate
from agecam.paths import log_file
from agecam.ui.actions import ACTIONS
from agecam.ui.choices import CHOICES
from agecam.ui.dialogs import Dialogs, about_text, shortcuts_text
from agecam.ui.help_dialog import HelpDialog, HelpPage, KeysDialog
from agecam.ui.help_texts import HelpTexts, read_help
from tests.ui.helpers import MAX_WAIT_MS, NotedDesktop, OpenWindow

_ROOT = Path(__file__).resolve().parents[2]


def test_the_help_says_what_range_and_question_mark_on_labels_mean() -> None:
    text = about_text(None)
    assert "wider than 30 years" in text
    assert label_texts(Estimate(30, 15, 45, 0.76), LabelStyle()) == ("30", ("15–45", "female"))
    assert "less than 75 % sure" in text
    assert label_texts(Estimate(30, 15, 46, 0.74), LabelStyle()) == ("?", ("15–46", "?"))


def test_every_page_of_the_help_can_be_read(qtbot: QtBot, tmp_path: Path) -> None:
    log = tmp_path / "agecam.log"
    log.write_text("first line\n" + 2000 * "a line of the log that goes on for a while\n" + "last line\n")
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = HelpDialog(read_help(None, log), about_text(None), lambda: None, parent)
    assert f"AgeCam {__version__}" in dialog.text(HelpPage.ABOUT)
    card = dialog.text(HelpPage.CARD)
    assert "Model card: age and gender from a face" in card
    assert "| age |" not in card, "tables are shown as tables"
    licences = dialog.text(HelpPage.LICENCES)
    assert "GNU General Public License, version 3 or later" in licences
    assert "PyQt6" in licences
    assert "GPL-3.0" in licences
    shown = dialog.text(HelpPage.LOG)
    assert shown.endswith("last line\n")
    assert "first line" not in shown, "its end is what matters"
    dialog.show_page(HelpPage.LOG)
    assert dialog.tabs.tabText(dialog.tabs.currentIndex()) == "Log"


def test_models_without_a_card_and_a_log_that_is_not_there_are_told(tmp_path: Path) -> None:
    texts = read_help(tmp_path, tmp_path / "none.log")
    assert texts.card == f"The models in `{tmp_path}` have no model card."
    assert texts.log == "Nothing has been logged yet."


class ReadsHelp(Dialogs):
    """Notes which page is asked for, and asks for the folder of the log."""

    def __init__(self) -> None:
        self.pages: list[HelpPage] = []

    def show_help(
        self, parent: QWidget, texts: HelpTexts, about: str, page: HelpPage, show_log: Callable[[], None]
    ) -> None:
        self.pages.append(page)
        show_log()


def test_the_menu_leads_to_each_page_and_to_the_folder_of_the_log(
    qtbot: QtBot, open_window: OpenWindow
) -> None:
    dialogs, desktop = ReadsHelp(), NotedDesktop()
    log_file().parent.mkdir(parents=True, exist_ok=True)
    window = open_window(None, dialogs=dialogs, desktop=desktop)
    for name, page in (("about", HelpPage.ABOUT), ("card", HelpPage.CARD), ("log", HelpPage.LOG)):
        window.controls[name].trigger()
        qtbot.waitUntil(lambda page=page: dialogs.pages[-1:] == [page], timeout=MAX_WAIT_MS)  # type: ignore[misc]
    assert len(dialogs.pages) == 3
    qtbot.waitUntil(lambda: desktop.opened == [log_file().parent] * 3, timeout=MAX_WAIT_MS)


def test_the_user_guide_has_every_key() -> None:
    guide = (_ROOT / "docs" / "user-guide.md").read_text(encoding="utf-8")
    keys = {spec.key for spec in ACTIONS.values()} | {choice.key for choice in CHOICES}
    assert {key for key in keys if key not in guide} == set()


def test_the_list_of_keys_fits_a_small_window_and_scrolls(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(640, 480)
    keys = KeysDialog(shortcuts_text(), window)
    keys.show()
    assert keys.width() <= window.width()
    assert keys.height() <= window.height()
    scroll = keys.text.verticalScrollBar()
    assert scroll is not None
    assert scroll.maximum() > 0
    assert "Ctrl+Shift+R" in keys.text.toPlainText()

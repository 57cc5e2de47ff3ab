"""Help: what AgeCam is, its model card, the licences, and the log."""

from __future__ import annotations

import enum
from collections.abc import Callable

from PyQt6.QtGui import QFontDatabase, QTextCursor
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QPlainTextEdit,
    QTabWidget,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from agecam.ui.help_texts import HelpTexts
from agecam.ui.language import tr


class HelpPage(enum.Enum):
    """The tabs; the value is the title."""

    ABOUT = "About"
    CARD = "Model card"
    LICENCES = "Licences"
    LOG = "Log"


class HelpDialog(QDialog):
    """Opens at one of its pages. ``show_log`` shows the folder of the log."""

    def __init__(self, texts: HelpTexts, about: str, show_log: Callable[[], None], parent: QWidget) -> None:
        """``about`` is rich text."""
        super().__init__(parent)
        self.setWindowTitle("AgeCam")
        self.tabs = QTabWidget()
        self._add(HelpPage.ABOUT, _browser(about))
        card = _browser("")
        card.setMarkdown(texts.card)
        self._add(HelpPage.CARD, card)
        self._add(HelpPage.LICENCES, _browser(texts.licences))
        self._add(HelpPage.LOG, _log_view(texts.log))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        folder = buttons.addButton(tr("Show log in folder"), QDialogButtonBox.ButtonRole.ActionRole)
        assert folder is not None
        self.folder = folder
        self.folder.setToolTip(str(texts.log_path))
        self.folder.clicked.connect(show_log)
        self.tabs.currentChanged.connect(self._show_buttons)
        column = QVBoxLayout(self)
        column.addWidget(self.tabs)
        column.addWidget(buttons)
        self.resize(min(760, parent.width()), min(560, parent.height()))
        self._show_buttons(0)

    def show_page(self, page: HelpPage) -> None:
        """Turn to it."""
        self.tabs.setCurrentIndex(list(HelpPage).index(page))

    def text(self, page: HelpPage) -> str:
        """What stands on it, without its markup."""
        shown = self.tabs.widget(list(HelpPage).index(page))
        assert isinstance(shown, QTextBrowser | QPlainTextEdit)
        return shown.toPlainText()

    def _show_buttons(self, row: int) -> None:
        self.folder.setVisible(list(HelpPage)[row] is HelpPage.LOG)

    def _add(self, page: HelpPage, shown: QWidget) -> None:
        shown.setAccessibleName(tr(page.value))
        self.tabs.addTab(shown, tr(page.value))


class KeysDialog(QDialog):
    """Which keys do what: rich text that scrolls where the window has no room for it."""

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Keyboard"))
        self.text = _browser(text)
        self.text.setAccessibleName(tr("Keyboard"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.addWidget(self.text)
        column.addWidget(buttons)
        self.resize(min(620, parent.width()), min(640, parent.height()))


def _browser(text: str) -> QTextBrowser:
    browser = QTextBrowser()
    browser.setOpenExternalLinks(True)
    browser.setHtml(text)
    document = browser.document()
    if document is not None:
        document.setDocumentMargin(14)
    return browser


def _log_view(text: str) -> QPlainTextEdit:
    view = QPlainTextEdit(text)
    view.setReadOnly(True)
    view.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    view.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    view.moveCursor(QTextCursor.MoveOperation.End)
    return view

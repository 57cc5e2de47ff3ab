"""What the window asks the user, one method a question; tests hand in answers of their own."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PyQt6.QtWidgets import QFileDialog, QInputDialog, QMessageBox, QWidget

from agecam import __version__
from agecam.drawing.label_text import AGE_UNSURE_YEARS, GENDER_SURE
from agecam.sources.files import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from agecam.ui.actions import ACTIONS
from agecam.ui.choices import CHOICES
from agecam.ui.help_dialog import HelpDialog, HelpPage, KeysDialog
from agecam.ui.help_texts import HelpTexts
from agecam.ui.language import tr
from agecam.ui.pages import CONSENT

_LABEL_HELP: Final = (
    "The range beside an age holds the true one four times in five; “?” stands for an age whose range is "
    "wider than {years} years, and for a gender that is less than {percent} % sure."
)


class Dialogs:
    """The dialogs of the window; each waits for the user."""

    def ask_for_file(self, parent: QWidget) -> str | None:
        """The path of a video or image, or ``None``."""
        kinds = " ".join(f"*{suffix}" for suffix in sorted({*VIDEO_SUFFIXES, *IMAGE_SUFFIXES}))
        name, _ = QFileDialog.getOpenFileName(
            parent,
            tr("Open a video or picture"),
            "",
            tr("Videos and pictures ({kinds});;All files (*)", kinds=kinds),
        )
        return name or None

    def ask_for_folder(self, parent: QWidget, current: Path) -> str | None:
        """The path of a folder for files to be saved in, or ``None``."""
        return QFileDialog.getExistingDirectory(parent, tr("Choose a folder"), str(current)) or None

    def ask_for_address(self, parent: QWidget) -> str | None:
        """The address of a camera or stream, or ``None``."""
        address, accepted = QInputDialog.getText(
            parent, tr("Open address"), tr("Address of a camera or stream (http, rtsp …):")
        )
        return address.strip() or None if accepted else None

    def may_stop_recording(self, parent: QWidget) -> bool:
        """Whether to finish the recording that runs, and close."""
        answer = QMessageBox.question(
            parent,
            tr("Stop recording?"),
            tr("A recording is running. Finish it and close AgeCam?"),
            QMessageBox.StandardButton.Close | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Cancel,
        )
        return answer == QMessageBox.StandardButton.Close

    def may_delete_all(self, parent: QWidget, images: int) -> bool:
        """Whether to delete so many collected images, of everybody."""
        answer = QMessageBox.question(
            parent,
            tr("Delete everybody?"),
            tr("Delete all images that were collected ({count})? They cannot be brought back.", count=images),
            QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Cancel,
        )
        return answer == QMessageBox.StandardButton.Yes

    def show_shortcuts(self, parent: QWidget) -> None:
        """Which keys do what."""
        dialog = KeysDialog(shortcuts_text(), parent)
        dialog.exec()
        dialog.deleteLater()

    def show_help(
        self, parent: QWidget, texts: HelpTexts, about: str, page: HelpPage, show_log: Callable[[], None]
    ) -> None:
        """Version, licences, model card and log, from ``page`` on; ``about`` is rich text."""
        dialog = HelpDialog(texts, about, show_log, parent)
        dialog.show_page(page)
        dialog.exec()
        dialog.deleteLater()


def shortcuts_text() -> str:
    """The keys of all actions, as a table in rich text."""
    keys = [(spec.key_text, spec.tip) for spec in ACTIONS.values()]
    keys += [(choice.key_text, choice.tip) for choice in CHOICES]
    rows = "".join(
        f"<tr><td><b>{html.escape(key)}</b>&nbsp;&nbsp;</td><td>{html.escape(tr(tip))}</td></tr>"
        for key, tip in keys
        if key
    )
    return f"<table>{rows}</table>"


def about_text(models: Path | None) -> str:
    """What there is to say of AgeCam, in rich text."""
    which = (
        tr("Age and gender models: those of AgeCam. They may be used for research only; see the model card.")
        if models is None
        else tr(
            "Age and gender models: those in {folder}, which are not AgeCam’s.",
            folder=html.escape(str(models.absolute())),
        )
    )
    return (
        f"<h3>AgeCam {__version__}</h3><p>{tr(CONSENT)}</p><p>{label_help()}</p><p>"
        + tr(
            "“Gender” is how a face looks to people who labelled photographs, as female or male; it says "
            "nothing about who somebody is."
        )
        + f"</p><p>{which}</p><p>{tr('Free software under the GNU GPL, version 3 or later.')}</p>"
    )


def label_help() -> str:
    """What labels leave in doubt, and when."""
    return tr(_LABEL_HELP, years=AGE_UNSURE_YEARS, percent=f"{100 * GENDER_SURE:.0f}")

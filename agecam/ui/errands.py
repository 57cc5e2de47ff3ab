"""Slow things that the window has done for the user, off its thread."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtWidgets import QApplication, QWidget

from agecam.live.notices import Notice, NoticeKind
from agecam.live.session import Session
from agecam.ui.desktop import Desktop
from agecam.ui.dialogs import Dialogs, about_text
from agecam.ui.help_dialog import HelpPage
from agecam.ui.help_texts import HelpTexts, read_help


class Errands(QObject):
    """Opens folders and files and collects reports; ``said`` is emitted with a :class:`Notice` about each."""

    said = pyqtSignal(object)
    _help_ready = pyqtSignal(object, object)
    _report_ready = pyqtSignal(str)
    _found = pyqtSignal(str, str)

    def __init__(
        self,
        session: Session,
        desktop: Desktop,
        dialogs: Dialogs,
        window: QWidget,
        models: Path | None = None,
    ) -> None:
        """``models`` is the folder of models that run, which a report tells of."""
        super().__init__(window)
        self._session = session
        self._desktop = desktop
        self._dialogs = dialogs
        self._window = window
        self._models = models
        self._help_ready.connect(self._show_help)
        self._report_ready.connect(self._copy_report)
        self._found.connect(self._open_found)

    def open_folder(self, folder: Path) -> None:
        """Show a folder of recordings in the desktop's own program."""
        missing = f"Nothing has been recorded yet; videos will be saved in {folder}."
        self._open(folder, missing)

    def open_file(self, path: Path) -> None:
        """Show a recording, snapshot or log in the program that the desktop has for it."""
        self._open(path, f"{path} is not there any more.")

    def _open(self, path: Path, missing: str) -> None:
        # A folder on a sleeping disk or a network takes seconds to answer.
        self._session.run_in_background(
            "folder", lambda: self._found.emit(str(path), "" if path.exists() else missing)
        )

    def show_help(self, page: HelpPage) -> None:
        """Read what the help says, and show it from that page on."""
        self._session.run_in_background("help", lambda: self._help_ready.emit(read_help(self._models), page))

    def copy_report(self) -> None:
        """Put the troubleshooting text on the clipboard."""
        self.said.emit(Notice("Collecting…"))
        self._session.run_in_background("report", self._collect_report)

    def _open_found(self, path: str, missing: str) -> None:
        if missing:
            self.said.emit(Notice(missing, NoticeKind.WARNING))
        else:
            self._desktop.open_path(Path(path))

    def _show_help(self, texts: HelpTexts, page: HelpPage) -> None:
        self._dialogs.show_help(
            self._window, texts, about_text(self._models), page, lambda: self.open_file(texts.log_path.parent)
        )

    def _collect_report(self) -> None:
        from agecam import doctor  # only who asks for a report waits for what it loads

        self._report_ready.emit(doctor.render(doctor.collect(models=self._models)))

    def _copy_report(self, report: str) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(report)
            self.said.emit(
                Notice("The troubleshooting text is on the clipboard: paste it into a bug report.")
            )

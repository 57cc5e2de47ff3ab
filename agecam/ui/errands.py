"""Slow things that the window has done for the user, off its thread."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtWidgets import QApplication

from agecam.live.notices import Notice, NoticeKind
from agecam.live.session import Session
from agecam.ui.desktop import Desktop
from agecam.ui.help_texts import read_help


class Errands(QObject):
    """Opens folders and files and collects reports; ``said`` is emitted with a :class:`Notice` about each."""

    said = pyqtSignal(object)
    help_ready = pyqtSignal(object, object)
    """With the :class:`agecam.ui.help_texts.HelpTexts`, and the page that was asked for."""
    _report_ready = pyqtSignal(str)
    _found = pyqtSignal(str, str)

    def __init__(
        self, session: Session, desktop: Desktop, parent: QObject, models: Path | None = None
    ) -> None:
        """``models`` is the folder of models that run, which a report tells of."""
        super().__init__(parent)
        self._session = session
        self._desktop = desktop
        self._models = models
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

    def read_help(self, page: object) -> None:
        """Read what the help shows, and emit ``help_ready``."""
        self._session.run_in_background("help", lambda: self.help_ready.emit(read_help(self._models), page))

    def copy_report(self) -> None:
        """Put the troubleshooting text on the clipboard."""
        self.said.emit(Notice("Collecting…"))
        self._session.run_in_background("report", self._collect_report)

    def _open_found(self, path: str, missing: str) -> None:
        if missing:
            self.said.emit(Notice(missing, NoticeKind.WARNING))
        else:
            self._desktop.open_path(Path(path))

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

"""Slow things that the window has done for the user, off its thread."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QObject, QUrl, pyqtSignal
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import QApplication

from agecam.live.notices import Notice, NoticeKind
from agecam.live.session import Session


class Errands(QObject):
    """Opens folders and collects reports; ``said`` is emitted with a :class:`Notice` about each."""

    said = pyqtSignal(object)
    _report_ready = pyqtSignal(str)
    _folder_found = pyqtSignal(str, bool)

    def __init__(self, session: Session, parent: QObject, models: Path | None = None) -> None:
        """``models`` is the folder of models that run, which a report tells of."""
        super().__init__(parent)
        self._session = session
        self._models = models
        self._report_ready.connect(self._copy_report)
        self._folder_found.connect(self._open_found_folder)

    def open_folder(self, folder: Path) -> None:
        """Show a folder in the desktop's own program."""
        # A folder on a sleeping disk or a network takes seconds to answer.
        self._session.run_in_background(
            "folder", lambda: self._folder_found.emit(str(folder), folder.is_dir())
        )

    def copy_report(self) -> None:
        """Put the troubleshooting text on the clipboard."""
        self.said.emit(Notice("Collecting…"))
        self._session.run_in_background("report", self._collect_report)

    def _open_found_folder(self, folder: str, is_there: bool) -> None:
        if is_there:
            QDesktopServices.openUrl(QUrl.fromLocalFile(folder))
        else:
            self.said.emit(
                Notice(
                    f"Nothing has been recorded yet; videos will be saved in {folder}.", NoticeKind.WARNING
                )
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

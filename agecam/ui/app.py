"""Starts Qt, shows the window, and catches what nobody else caught."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtWidgets import QApplication, QMessageBox

from agecam import __version__
from agecam.allocator import keep_freed_memory, share_memory
from agecam.live.notices import Notice, NoticeKind
from agecam.paths import log_file, settings_file
from agecam.settings import Settings
from agecam.ui.language import choose_language, system_languages, use_language
from agecam.ui.options import StartOptions
from agecam.ui.theme import new_application
from agecam.ui.window import MainWindow, MakeSession

log = logging.getLogger(__name__)

_END_SIGNALS: Final = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
"""Windows knows no hang-up."""


class CrashReporter(QObject):
    """Tells the user once of an error that nothing else caught, and has the recording saved."""

    _crashed = pyqtSignal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._told = False
        self._previous = sys.excepthook, threading.excepthook
        self._crashed.connect(self._tell)
        sys.excepthook = self._on_error
        threading.excepthook = self._on_thread_error

    def uninstall(self) -> None:
        sys.excepthook, threading.excepthook = self._previous

    def _on_error(
        self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._window.close_without_asking()
            return
        log.critical("unexpected error", exc_info=(kind, error, traceback))
        self._crashed.emit()

    def _on_thread_error(self, failure: Any) -> None:
        log.critical(
            "unexpected error in thread %s",
            failure.thread.name if failure.thread else "?",
            exc_info=(failure.exc_type, failure.exc_value, failure.exc_traceback),
        )
        self._crashed.emit()

    def _tell(self) -> None:
        if self._told:
            return
        self._told = True
        self._window.errors.append(
            f"An unexpected error has stopped the program; {log_file()} has the details."
        )
        self._window.session.stop_recording()
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Critical)
        box.setWindowTitle("AgeCam")
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(
            "AgeCam has met an unexpected error. A running recording has been finished and saved. "
            f"Please restart AgeCam; the details are in {log_file()}."
        )
        box.open()  # not exec: a second event loop here would hide further errors


def speak(chosen: str | None, application: QApplication) -> None:
    """Have the window, and Qt's own buttons and dialogs, speak a language; see :attr:`Settings.language`."""
    code = choose_language(chosen, system_languages())
    use_language(code)
    if code == "en":
        return
    from PyQt6.QtCore import QLibraryInfo, QTranslator

    translator = QTranslator(application)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if translator.load(f"qtbase_{code}", folder):
        application.installTranslator(translator)


def _complain(sentence: str) -> None:
    print(f"agecam: {sentence}", file=sys.stderr)  # noqa: T201


def run_window(
    make_session: MakeSession,
    options: StartOptions,
    *,
    settings_path: Path | None = None,
    on_window: Callable[[MainWindow], None] = lambda _window: None,
    complain: Callable[[str], None] = _complain,
) -> int:
    """Show the window until it is closed; returns the exit code: 0, or 1 when something failed.

    What failed is told by ``complain``, a sentence each, for those who do not see the window.
    ``settings_path`` is for measuring and testing, and so is ``on_window``, which gets the window before it
    is shown.
    """
    share_memory()
    keep_freed_memory()
    os.environ.setdefault("QT_LOGGING_RULES", "qt.multimedia.*=false")
    application = QApplication.instance() or new_application(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("AgeCam")
    application.setApplicationVersion(__version__)
    application.setDesktopFileName("agecam")
    path = settings_path or settings_file()
    remarks: list[str] = []
    settings = Settings.load(path, remarks.append)
    speak(settings.language, application)
    window = MainWindow(make_session, options, settings, path)
    for remark in remarks:
        log.info("%s", remark)
        window.show_notice(Notice(remark, NoticeKind.WARNING))
    on_window(window)
    reporter = CrashReporter(window)
    # The window's status timer lets Python run often enough to see the signals.
    for number in _END_SIGNALS:
        signal.signal(number, lambda *_: window.close_without_asking())
    try:
        window.start()
        application.exec()
    finally:
        reporter.uninstall()
    for error in window.errors:
        complain(error)
    return int(bool(window.errors))

"""The main window: the live view, a tool bar above it, what is going on below it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PyQt6.QtCore import QByteArray, QSettings, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QIcon
from PyQt6.QtWidgets import QLabel, QMainWindow, QStackedWidget, QWidget

from agecam.drawing.label_text import LabelStyle
from agecam.live.capture import SourceRequest
from agecam.live.pipeline import AnnotatedFrame
from agecam.live.session import Session
from agecam.live.state import SourceState
from agecam.paths import assets_dir, demo_clip, recordings_dir, snapshots_dir
from agecam.settings import Settings
from agecam.ui.bridge import SessionBridge
from agecam.ui.controls import Controls
from agecam.ui.dialogs import Dialogs
from agecam.ui.errands import Errands
from agecam.ui.hotplug import HotplugWatcher
from agecam.ui.options import StartOptions
from agecam.ui.pages import CONSENT_SHORT, PAGES, MessagePage
from agecam.ui.status_text import numbers_detail, numbers_text, recording_text
from agecam.ui.video_view import VideoView

log = logging.getLogger(__name__)

_STATUS_INTERVAL_MS = 250
"""Numbers that change more often cannot be read."""
_NOTICE_MS = 8000
"""A sentence with a file's name is read in half of that."""

MakeSession = Callable[[Callable[[], None]], Session]


class MainWindow(QMainWindow):
    """Owns the session; closing it ends every thread and finishes every file.

    ``make_session`` gets the function that the session calls when anything has changed. ``frame_shown`` is
    emitted with each :class:`AnnotatedFrame` that goes to the screen. ``errors`` holds what went wrong, a
    sentence each, for whoever started the window.
    """

    frame_shown = pyqtSignal(object)
    _session_closed = pyqtSignal()

    def __init__(
        self,
        make_session: MakeSession,
        options: StartOptions,
        settings: Settings,
        settings_path: Path,
        dialogs: Dialogs | None = None,
    ) -> None:
        super().__init__()
        self._dialogs = dialogs or Dialogs()
        self.settings = settings
        self.errors: list[str] = []
        self._settings_path = settings_path
        # Here, because the system is asked for its folders: not at a click, while frames are live.
        self._recordings_folder = Path(settings.recordings_folder or recordings_dir())
        self._snapshots_folder = Path(settings.snapshots_folder or snapshots_dir())
        self._options = options
        self._bridge = SessionBridge(self)
        self._bridge.changed.connect(self._refresh)
        self.session = make_session(self._bridge.notify)
        self._closing: threading.Thread | None = None
        self._may_close = False
        self._ask_on_close = True
        self._is_asking = False
        self._session_closed.connect(self._finish_close)
        self._errands = Errands(self.session, self, options.models)
        self._errands.said.connect(self.show_status)
        self.setWindowTitle("AgeCam")
        self.setWindowIcon(QIcon(str(assets_dir() / "icon.png")))
        self._recording = options.recording.over(settings)
        self.controls = Controls(self, self, settings, self._recording)
        self.controls.camera_picked.connect(self._pick_camera)
        self.addToolBar(self.controls)
        self._make_central()
        self._make_status_bar()
        self._restore_geometry()
        self._status_timer = QTimer(self)
        self._status_timer.setInterval(_STATUS_INTERVAL_MS)
        self._status_timer.timeout.connect(self._refresh_status)

    # -- construction ------------------------------------------------------------------------------

    def _make_central(self) -> None:
        self._stack = QStackedWidget()
        self.view = VideoView(self.session.painted)
        self.view.double_clicked.connect(self.toggle_fullscreen)
        self._stack.addWidget(self.view)
        self._pages: dict[SourceState, MessagePage] = {}
        for state, text in PAGES.items():
            page = MessagePage(text, [self.controls[name] for name in text.actions])
            self._pages[state] = page
            self._stack.addWidget(page)
        self.setCentralWidget(self._stack)

    def _make_status_bar(self) -> None:
        bar = self.statusBar()
        assert bar is not None
        self._recording_label, self._numbers = QLabel(), QLabel()
        self._recording_label.setObjectName("recording")
        for label in (self._recording_label, self._numbers):
            label.setTextFormat(Qt.TextFormat.PlainText)
        bar.addPermanentWidget(self._recording_label)
        bar.addPermanentWidget(self._numbers)
        bar.showMessage(CONSENT_SHORT)

    def _restore_geometry(self) -> None:
        self.resize(1120, 760)
        geometry = _geometry_store(self._settings_path).value("geometry")
        if geometry is not None:
            self.restoreGeometry(geometry)

    # -- life --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Show the window, then start the session."""
        options = self._options
        if options.fullscreen:
            self.toggle_fullscreen()
        else:
            self.show()
        self.apply_choices()
        self.session.start()
        self.session.finish_leftovers_in(self._recordings_folder)
        if options.record is not None:
            kept = replace(self._recording.options(), may_replace=options.force)
            self.session.start_recording(options.record, kept)
        if options.csv is not None:
            self.session.start_csv(options.csv, may_replace=options.force)
        self.session.list_cameras()
        self._show(options.spec, loop=options.loop)
        self._status_timer.start()
        QTimer.singleShot(0, self._watch_for_cameras)
        if options.quit_after_s is not None:
            QTimer.singleShot(int(options.quit_after_s * 1000), self.close_without_asking)

    def _watch_for_cameras(self) -> None:
        HotplugWatcher(self).changed.connect(self.cameras_changed)

    def cameras_changed(self) -> None:
        """A camera may have come or gone."""
        self.session.list_cameras()
        self.session.retry()

    def close_without_asking(self) -> None:
        """Close as the user would, and finish a recording without asking."""
        self._ask_on_close = False
        self.close()

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802
        if event is None or self._may_close:
            return
        event.ignore()
        if self._closing is not None:
            return
        if self._ask_on_close and self.session.state().recording.is_running:
            # Not here: while a window asks in this event it cannot be closed otherwise, as by a signal.
            QTimer.singleShot(0, self._ask_and_close)
            return
        source = self.session.state().source
        if source.state is SourceState.FAILED:
            self.errors.append(source.message)
        self.setEnabled(False)
        self._status_timer.stop()
        self.show_status("Finishing…")
        # Writing settings, joining threads and draining the recorder can take a second: not on this thread.
        self._closing = threading.Thread(
            target=self._save_and_close_session, args=(self.saveGeometry(),), name="agecam-closing"
        )
        self._closing.start()

    def _save_and_close_session(self, geometry: QByteArray) -> None:
        try:
            self._save_settings(geometry)
        finally:
            # Whatever became of the settings, a recording must be finished.
            try:
                self.session.close()
            finally:
                self._session_closed.emit()

    def _finish_close(self) -> None:
        if self._closing is not None:
            self._closing.join()
        self._take_notices()
        self._bridge.detach()
        self._may_close = True
        self.close()

    def _ask_and_close(self) -> None:
        if self._is_asking or self._closing is not None:
            return
        self._is_asking = True
        may_stop = self._dialogs.may_stop_recording(self)
        self._is_asking = False
        if may_stop and self._closing is None:
            self.close_without_asking()

    def _save_settings(self, geometry: QByteArray) -> None:
        try:
            self.settings.save(self._settings_path)
            _geometry_store(self._settings_path).setValue("geometry", geometry)
        except OSError as error:
            log.info("settings not saved: %s", error)

    # -- what can be seen ----------------------------------------------------------------------------

    def page(self, state: SourceState) -> MessagePage:
        """The page that stands for a state without a frame."""
        return self._pages[state]

    def current_page(self) -> QWidget | None:
        """What stands in the middle: the live view, or the page of a state without a frame."""
        return self._stack.currentWidget()

    def status_text(self) -> str:
        """The numbers at the lower right: faces, frames a second, latency."""
        return self._numbers.text()

    def recording_text(self) -> str:
        """How long a recording has run, and what it has lost."""
        return self._recording_label.text()

    def message_text(self) -> str:
        """The sentence at the lower left."""
        bar = self.statusBar()
        return bar.currentMessage() if bar is not None else ""

    # -- what the user does ------------------------------------------------------------------------

    def _show(self, spec: str | None, *, loop: bool = False) -> None:
        self.session.show(SourceRequest(spec, preferred=self.settings.camera, loop=loop))

    def retry(self) -> None:
        self.session.retry()
        self.session.list_cameras()

    def open_file(self) -> None:
        name = self._dialogs.ask_for_file(self)
        if name is not None:
            self._show(name)

    def open_address(self) -> None:
        address = self._dialogs.ask_for_address(self)
        if address is not None:
            self._show(address)

    def show_demo(self) -> None:
        self._show(str(demo_clip()), loop=True)

    def _pick_camera(self, index: int, name: str) -> None:
        self.settings = replace(self.settings, camera=name)
        self._show(str(index))

    def toggle_recording(self) -> None:
        if self.session.state().recording.is_running:
            self.session.stop_recording()
        else:
            self.session.start_recording_in(self._recordings_folder, self._recording.options())
        self._refresh_status()

    def toggle_pause(self) -> None:
        if self.session.state().recording.is_paused:
            self.session.resume_recording()
        else:
            self.session.pause_recording()
        self._refresh_status()

    def choose_recording(self, name: str, value: object) -> None:
        """Keep the next recordings so: ``name`` is a field of :class:`agecam.ui.options.RecordingChoices`."""
        self._recording = self.controls.recording_menu.choices
        self.settings = replace(self.settings, **{f"record_{name}": value})  # type: ignore[arg-type]

    def take_snapshot(self) -> None:
        self.session.take_snapshot(self._snapshots_folder)

    def apply_choices(self) -> None:
        chosen = self.settings = self.controls.chosen(self.settings)
        self.session.set_mirror(chosen.mirror)
        self.session.set_style(
            LabelStyle(
                age="group" if chosen.show_groups else "years",
                show_interval=chosen.show_interval,
                show_gender=chosen.show_gender,
                show_confidence=chosen.show_confidence,
                blur=chosen.blur,
            )
        )

    def toggle_fullscreen(self) -> None:
        full = not self.isFullScreen()
        bar = self.statusBar()
        self.controls.setVisible(not full)
        if bar is not None:
            bar.setVisible(not full)
        self.controls["fullscreen"].setChecked(full)
        if full:
            self.showFullScreen()
        else:
            self.showNormal()

    def leave_fullscreen(self) -> None:
        if self.isFullScreen():
            self.toggle_fullscreen()

    def open_folder(self) -> None:
        self._errands.open_folder(self._recordings_folder)

    def copy_troubleshooting(self) -> None:
        self._errands.copy_report()

    def quit(self) -> None:
        self.close()

    def show_about(self) -> None:
        self._dialogs.show_about(self, self._options.models)

    # -- what the session says ---------------------------------------------------------------------

    def _refresh(self) -> None:
        # Runs for every frame: only what can have changed with it. The numbers have their own timer.
        state = self.session.state()
        page = self._pages.get(state.source.state)
        if page is None:
            self._show_frame(self.session.latest())
            self._stack.setCurrentWidget(self.view)
        else:
            page.set_message(state.source.message)
            self._stack.setCurrentWidget(page)
            self.view.show_frame(None)
        self._take_notices()
        cameras = self.session.new_cameras()
        if cameras is not None:
            self.controls.set_cameras(cameras, state.source.name)
            self._refresh_status()

    def _show_frame(self, annotated: AnnotatedFrame | None) -> None:
        if annotated is not None and annotated.image_bgr is not None:
            self.view.show_frame(annotated)
            self.frame_shown.emit(annotated)

    def _refresh_status(self) -> None:
        state = self.session.state()
        self.session.set_previewed(not self.isMinimized())
        live, ended = state.source.state is SourceState.LIVE, state.source.state is SourceState.ENDED
        name, recording = state.source.name, state.recording
        self.controls.set_recording(recording)
        self.controls.set_source_name(name)
        self.controls["record"].setEnabled(live or recording.is_running)
        self.controls["snapshot"].setEnabled(live or ended)
        self._recording_label.setText(recording_text(recording))
        shown = name.replace("[*]", "[*][*]")  # one alone is Qt's mark of what is not saved
        self.setWindowTitle(f"{shown} – AgeCam" if name else "AgeCam")
        if live:
            self._show_numbers()
        else:
            self._numbers.setText("End of the clip: F5 plays it again" if ended else "")

    def _show_numbers(self) -> None:
        numbers = self.session.statistics()
        latest = self.session.latest()
        faces = sum(person.confirmed for person in latest.people) if latest is not None else 0
        self._numbers.setText(numbers_text(faces, numbers))
        self._numbers.setToolTip(numbers_detail(numbers))

    def _take_notices(self) -> None:
        for notice in self.session.take_notices():
            self.show_status(notice.text)
            if notice.is_error:
                self.errors.append(notice.text)

    def show_status(self, text: str) -> None:
        """A sentence at the lower left, for some seconds."""
        bar = self.statusBar()
        if bar is not None:
            bar.showMessage(text, _NOTICE_MS)


def _geometry_store(settings_path: Path) -> QSettings:
    return QSettings(str(settings_path.with_name("window.ini")), QSettings.Format.IniFormat)

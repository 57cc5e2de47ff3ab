"""The main window: renders one frozen view state, and hands what the user does to the commands."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from PyQt6.QtCore import QByteArray, QTimer, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QIcon
from PyQt6.QtWidgets import QWidget

from agecam.live.notices import Notice
from agecam.live.pipeline import AnnotatedFrame
from agecam.live.session import Session
from agecam.live.state import SessionState, SourceState
from agecam.paths import assets_dir
from agecam.settings import Settings
from agecam.ui.actions import Actions
from agecam.ui.bridge import SessionBridge
from agecam.ui.central import Central
from agecam.ui.closing import Closing
from agecam.ui.commands import WindowCommands
from agecam.ui.desktop import Desktop
from agecam.ui.dialogs import Dialogs
from agecam.ui.fullscreen import FullScreen
from agecam.ui.geometry import restore_geometry, save_geometry
from agecam.ui.hotplug import HotplugWatcher
from agecam.ui.inhibitors import system_inhibitors
from agecam.ui.later import load_dialogs
from agecam.ui.options import StartOptions
from agecam.ui.pages import MessagePage
from agecam.ui.screen_awake import ScreenAwake
from agecam.ui.theme import Theme
from agecam.ui.view_state import ViewState, WindowFacts, view_state
from agecam.ui.window_input import InputWindow

log = logging.getLogger(__name__)

_STATUS_INTERVAL_MS: Final = 250
"""Numbers that change more often cannot be read."""
_FAILURES: Final = (
    SourceState.DENIED,
    SourceState.FAILED,
    SourceState.WAITING,
    SourceState.ANALYSIS_FAILED,
)
"""States that a window had better not be closed in: they are told to whoever started it."""

MakeSession = Callable[[Callable[[], None]], Session]


class MainWindow(InputWindow):
    """Owns the session; closing it ends every thread and finishes every file.

    ``make_session`` gets the function that the session calls when anything has changed. ``frame_shown`` is
    emitted with each :class:`AnnotatedFrame` that goes to the screen. ``errors`` holds what went wrong, a
    sentence each, for whoever started the window.
    """

    frame_shown = pyqtSignal(object)

    def __init__(
        self,
        make_session: MakeSession,
        options: StartOptions,
        settings: Settings,
        settings_path: Path,
        dialogs: Dialogs | None = None,
        desktop: Desktop | None = None,
        awake: ScreenAwake | None = None,
    ) -> None:
        super().__init__()
        self._awake = awake or ScreenAwake(system_inhibitors)
        self.errors: list[str] = []
        self._dialogs = dialogs or Dialogs()
        self._settings_path = settings_path
        self._options = options
        self._geometry = QByteArray()
        self._fullscreen = FullScreen(self)
        # Nobody is there to agree where the window closes by itself.
        asks = not settings.has_agreed and options.quit_after_s is None
        self._facts = WindowFacts(asks_for_agreement=asks)
        self._shown: ViewState | None = None
        self._shown_for: tuple[SessionState, Settings, WindowFacts] | None = None
        """What that was computed from."""
        self._asks_on_close = True
        self._bridge = SessionBridge(self)
        self._bridge.changed.connect(self.refresh)
        self.session = make_session(self._bridge.notify)
        self.commands = WindowCommands(
            self, self.session, settings, options, self._dialogs, desktop or Desktop()
        )
        self._theme = Theme(lambda: self.settings.theme, self)
        self._closing = Closing(
            lambda: self._dialogs.may_stop_recording(self), self._save_and_close_session, self
        )
        self._closing.confirmed.connect(self.close_without_asking)
        self._closing.finished.connect(self._finish_close)
        self._make_layout()
        restore_geometry(self, settings_path)
        self._status_timer = QTimer(self)
        self._status_timer.setInterval(_STATUS_INTERVAL_MS)
        self._status_timer.timeout.connect(self._refresh_status)
        self.refresh()

    def _make_layout(self) -> None:
        self.actions_by_name = Actions(self, self.commands)
        central = Central(self.actions_by_name, self.commands, self.session)
        self.view, self.controls, self.stage = central.view, central.controls, central.stage
        self.people, self.strip, self._footer = central.people, central.strip, central.footer
        self.controls.camera_picked.connect(self._pick_camera)
        self.setCentralWidget(central)
        self.setAcceptDrops(True)
        self.view.setFocus()

    @property
    def settings(self) -> Settings:
        """What the user has chosen."""
        return self.commands.settings

    # -- life --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Show the window, then start the session."""
        options = self._options
        if options.fullscreen:
            self.set_fullscreen(True)
        else:
            self.show()
        self.activateWindow()  # without a window manager nobody else gives it the keyboard
        self.commands.apply_settings()
        self.session.start()
        self.session.finish_leftovers_in(self.commands.recordings_folder)
        self.session.list_cameras()
        if not self._facts.asks_for_agreement:
            self._show_first()
        self.commands.people.use_folder()
        self._status_timer.start()
        QTimer.singleShot(0, self._finish_start)
        if options.quit_after_s is not None:
            QTimer.singleShot(int(options.quit_after_s * 1000), self.close_without_asking)

    def begin(self) -> None:
        """The user has agreed to what the program does."""
        if self._facts.asks_for_agreement:
            self._facts = replace(self._facts, asks_for_agreement=False)
            self._show_first()
            self._focus_picture()
            self.refresh()

    def _show_first(self) -> None:
        """Show and keep what the window was started for."""
        options = self._options
        if options.record is not None:
            kept = replace(self.commands.recording.options(), may_replace=options.force)
            self.session.start_recording(options.record, kept)
        if options.csv is not None:
            self.session.start_csv(options.csv, may_replace=options.force)
        self.commands.show(options.spec, loop=options.loop)

    def set_fullscreen(self, full: bool) -> None:
        self._facts = replace(self._facts, is_fullscreen=full)
        self.refresh()
        self._fullscreen.set(full)

    def _finish_start(self) -> None:
        """What the first paint does without."""
        self.setWindowIcon(QIcon(str(assets_dir() / "icon.png")))
        self.session.run_in_background("dialogs", load_dialogs)
        HotplugWatcher(self).changed.connect(self.cameras_changed)

    def cameras_changed(self) -> None:
        """A camera may have come or gone."""
        self.session.list_cameras()
        self.session.wake()

    def close_without_asking(self) -> None:
        """Close as the user would, and finish a recording without asking."""
        self._asks_on_close = False
        self.close()

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802
        if event is None or self._closing.is_finished:
            return
        event.ignore()
        state = self.session.state()
        if self._asks_on_close and state.recording.is_running:
            self._closing.ask()
            return
        if not self.isEnabled():
            return
        if state.source.state in _FAILURES:
            self.errors.append(state.source.message)
        self.setEnabled(False)
        self.commands.countdown.cancel()
        self._status_timer.stop()
        self.show_notice(Notice("Finishing…"))
        self._geometry = self._fullscreen.windowed_geometry()
        self._closing.begin()

    def _save_and_close_session(self) -> None:
        """In a thread: writing settings, joining threads and draining the recorder can take a second."""
        try:
            self.settings.save(self._settings_path)
            save_geometry(self._geometry, self._settings_path)
        except OSError as error:
            log.info("settings not saved: %s", error)
        finally:  # whatever became of the settings, a recording must be finished
            self.session.close()
            self._awake.close()

    def _finish_close(self) -> None:
        self._take_notices()
        self._bridge.detach()
        self.close()

    # -- what can be seen ----------------------------------------------------------------------------

    def page(self, state: SourceState) -> MessagePage:
        """The page that stands for a state without a frame."""
        return self.stage.page(state)

    def current_page(self) -> QWidget | None:
        """What stands in the middle: the live view, or the page of a state without a frame."""
        return self.stage.current_page()

    def status_text(self) -> str:
        """The numbers at the lower right: faces, frames a second, delay."""
        return self._footer.numbers

    def recording_text(self) -> str:
        """How long a recording has run, and what it has lost."""
        return self.stage.recording.text()

    def message_text(self) -> str:
        """The newest message that stands over the picture; empty where there is none."""
        messages = self.stage.messages.messages
        return messages[-1].notice.text if messages else ""

    # -- what the session says ---------------------------------------------------------------------

    def refresh(self) -> None:
        """Show how everything stands now; runs for every frame, and draws only what has changed."""
        self._take_cameras()
        recording, countdown_s = self.commands.recording, self.commands.countdown.seconds_left
        if (recording, countdown_s) != (self._facts.recording, self._facts.countdown_s):
            self._facts = replace(self._facts, recording=recording, countdown_s=countdown_s)
        view = self._view()
        if view.page is None:
            self._show_frame(self.session.latest())
        if view != self._shown:
            shown, self._shown = self._shown, view
            focused = self.focusWidget()
            self.stage.show_view(view)
            if shown is None or replace(shown, playback=view.playback) != view:  # which moves all the time
                self._show_all_but_stage(view, shown)
            is_lost = focused is not None and not (focused.isEnabled() and focused.isVisible())
            if is_lost or focused is self.stage:
                self._focus_picture()
        self._take_notices()

    def _view(self) -> ViewState:
        """What is to be seen now: that of before where nothing has changed but the frame."""
        stands = self.session.state(), self.settings, self._facts
        if self._shown is None or stands != self._shown_for:
            self._shown_for = stands
            return view_state(*stands)
        return self._shown

    def _focus_picture(self) -> None:
        """Qt gives a lost focus to whatever comes next on the bar, a button that Space would press."""
        self.stage.give_focus()

    def _show_all_but_stage(self, view: ViewState, before: ViewState | None) -> None:
        if before is not None and view.theme != before.theme:
            self._theme.apply()
        self.setWindowTitle(view.title)
        self._awake.keep(view.keeps_screen_on)
        self.controls.show_view(view)
        self.people.setVisible(view.shows_people)
        self._footer.show_view(view)
        self.strip.set_wanted(view.shows_strip)

    def flash(self) -> None:
        self.stage.flash.start()

    def show_camera(self) -> None:
        self.controls.show_camera()

    def show_notice(self, notice: Notice) -> None:
        """Show a message over the picture."""
        self.stage.messages.add(notice)

    def _show_frame(self, annotated: AnnotatedFrame | None) -> None:
        if annotated is None or annotated.preview is None:
            return
        # A frame analysed before the user turned blurring on must not come after that.
        if annotated.style.blur or not self.settings.blur:
            self.view.show_frame(annotated)
            self.frame_shown.emit(annotated)

    def _refresh_status(self) -> None:
        self.session.set_previewed(not self.isMinimized())
        latest = self.session.latest()
        self._facts = replace(
            self._facts,
            faces=sum(person.confirmed for person in latest.people) if latest is not None else 0,
            is_still=latest is not None and latest.analysis.frame.is_still,
            statistics=self.session.statistics(),
            is_narrow=self.commands.people.is_narrow,
            has_people=self.session.people.state().number > 0,
        )
        self.stage.look_at_pointer()
        self.refresh()
        if self._shown is not None:
            self.commands.people.show_view(self._shown)

    def _take_cameras(self) -> None:
        cameras = self.session.new_cameras()
        if cameras is not None:
            self._facts = replace(self._facts, cameras=tuple(cameras))

    def _take_notices(self) -> None:
        for notice in self.session.take_notices():
            self.show_notice(notice)
            if notice.path is not None:
                self.strip.look()  # most likely a new file
            if notice.is_error:
                self.errors.append(notice.text)

    def _pick_camera(self, row: int) -> None:
        self.commands.pick_camera(self._facts.cameras[row])

"""What the window does when its controls are used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agecam.live.capture import PreferredCamera, SourceRequest
from agecam.live.notices import Notice, NoticeKind, Remedy
from agecam.live.session import Session
from agecam.live.state import SourceState
from agecam.paths import demo_clip, recordings_dir, snapshots_dir
from agecam.settings import Settings
from agecam.sources.cameras import Camera
from agecam.ui.camera_commands import CameraCommands
from agecam.ui.choices import BY_NAME, label_style
from agecam.ui.countdown import Countdown
from agecam.ui.desktop import Desktop
from agecam.ui.dialogs import Dialogs
from agecam.ui.errands import Errands
from agecam.ui.help_dialog import HelpPage
from agecam.ui.options import StartOptions
from agecam.ui.people_commands import PeopleCommands, PeopleWindow
from agecam.ui.recent_menu import with_recent

if TYPE_CHECKING:
    from PyQt6.QtWidgets import QWidget

    from agecam.ui.preferences import Preferences

_SKIP_S: Final = 5.0


class CommandedWindow(PeopleWindow):
    """What commands need of the window that they are for."""

    def show_notice(self, notice: Notice) -> None:
        """Show a message."""
        raise NotImplementedError

    def set_fullscreen(self, full: bool) -> None:
        """Show the picture alone, or the whole window."""
        raise NotImplementedError

    def begin(self) -> None:
        """Go on from the first page."""
        raise NotImplementedError

    def flash(self) -> None:
        """Show that a snapshot is taken."""
        raise NotImplementedError

    def show_camera(self) -> None:
        """Show what can be set of the camera."""
        raise NotImplementedError


class WindowCommands:
    """Each method is one thing that the user can do; all but dialogs return at once.

    It owns the settings, which are what was chosen last.
    """

    def __init__(
        self,
        window: CommandedWindow,
        session: Session,
        settings: Settings,
        options: StartOptions,
        dialogs: Dialogs,
        desktop: Desktop,
    ) -> None:
        self.settings = settings
        self.recording = options.recording.over(settings)
        self.camera = CameraCommands(self, session)
        self.countdown = Countdown(window)
        self.countdown.changed.connect(window.refresh)
        self.countdown.ended.connect(self._start_recording)
        self._window = window
        self._session = session
        self._options = options
        self._dialogs = dialogs
        self._desktop = desktop
        self._preferences: Preferences | None = None
        self._errands = Errands(session, desktop, dialogs, window, options.models)
        self._errands.said.connect(window.show_notice)
        # Here, because the system is asked for its folders: not at a click, while frames are live.
        self._standard_folders = recordings_dir(), snapshots_dir()
        self.people = PeopleCommands(self, window, session, self._errands.open_folder)

    @property
    def recordings_folder(self) -> Path:
        """Where recordings by button go."""
        return Path(self.settings.recordings_folder or self._standard_folders[0])

    @property
    def snapshots_folder(self) -> Path:
        """Where snapshots go."""
        return Path(self.settings.snapshots_folder or self._standard_folders[1])

    # -- source ------------------------------------------------------------------------------------

    def show(self, spec: str | None, *, loop: bool = False) -> None:
        """Show a source, as :class:`agecam.live.capture.SourceRequest` names it."""
        name, device = self.settings.camera, self.settings.camera_device
        preferred = None if name is None else PreferredCamera(name, device)
        self._session.show(SourceRequest(spec, preferred=preferred, loop=loop))

    def open(self, spec: str) -> None:
        """Show a file or an address that the user has named, and remember it."""
        self.settings = replace(self.settings, recent=with_recent(self.settings.recent, spec))
        self.show(spec)

    def forget_recent(self) -> None:
        self.settings = replace(self.settings, recent=())
        self._window.refresh()

    def pick_camera(self, camera: Camera) -> None:
        """Show that camera, and the next time too."""
        self.settings = replace(self.settings, camera=camera.name, camera_device=camera.device)
        self._session.show(SourceRequest(None, camera=camera))

    def retry(self) -> None:
        self._session.retry()
        self._session.list_cameras()

    def open_file(self) -> None:
        name = self._dialogs.ask_for_file(self._window)
        if name is not None:
            self.open(name)

    def open_address(self) -> None:
        address = self._dialogs.ask_for_address(self._window)
        if address is not None:
            self.open(address)

    def show_demo(self) -> None:
        self.show(str(demo_clip()), loop=True)

    def show_dropped(self, name: str) -> None:
        """Show what was dropped on the window, unless the source is locked by a recording."""
        if self._session.state().recording.is_running:
            self._window.show_notice(Notice("Stop the recording first.", NoticeKind.WARNING))
        elif self.settings.has_agreed:
            self.open(name)

    def show_camera(self) -> None:
        self._window.show_camera()

    # -- playback ----------------------------------------------------------------------------------

    def toggle_playing(self) -> None:
        state = self._session.state()
        if state.source.state is SourceState.ENDED:
            self.retry()
        elif state.playback is not None:
            self._session.playback.pause(not state.playback.is_paused)

    def step_back(self) -> None:
        self._session.playback.step(-1)

    def step_on(self) -> None:
        self._session.playback.step(1)

    def skip_back(self) -> None:
        self._session.playback.skip(-_SKIP_S)

    def skip_on(self) -> None:
        self._session.playback.skip(_SKIP_S)

    def toggle_loop(self) -> None:
        state = self._session.state().playback
        if state is not None:
            self._session.playback.loop(not state.is_looping)

    # -- what is kept ------------------------------------------------------------------------------

    def toggle_recording(self) -> None:
        if self.countdown.seconds_left:
            self.countdown.cancel()
        elif self._session.state().recording.is_running:
            self._session.stop_recording()
            self._window.refresh()
        elif self.settings.countdown:
            self.countdown.start()
        else:
            self._start_recording()

    def _start_recording(self) -> None:
        self._session.start_recording_in(self.recordings_folder, self.recording.options())
        self._window.refresh()

    def toggle_pause(self) -> None:
        if self._session.state().recording.is_paused:
            self._session.resume_recording()
        else:
            self._session.pause_recording()
        self._window.refresh()

    def choose_recording(self, name: str, value: object) -> None:
        """Keep the next recordings so: ``name`` is a field of :class:`agecam.ui.options.RecordingChoices`."""
        self.recording = replace(self.recording, **{name: value})  # type: ignore[arg-type]
        self.settings = replace(self.settings, **{f"record_{name}": value})  # type: ignore[arg-type]
        self._window.refresh()

    def take_snapshot(self) -> None:
        self._session.take_snapshot(self.snapshots_folder)
        if self._session.latest() is not None:
            self._window.flash()
            if self.settings.snapshot_sound:
                self._desktop.play_sound()

    def follow_remedy(self, notice: Notice) -> None:
        """Do what a message offers."""
        match notice.remedy:
            case Remedy.SHOW_IN_FOLDER if notice.path is not None:
                self._errands.open_folder(notice.path.parent)
            case Remedy.CHOOSE_RECORDINGS_FOLDER:
                self.choose_recordings_folder()
            case Remedy.CHOOSE_SNAPSHOTS_FOLDER:
                self.choose_folder("snapshots_folder", self.snapshots_folder)
            case Remedy.CHOOSE_COLLECTION_FOLDER:
                self.people.choose_folder()

    def choose_recordings_folder(self) -> None:
        self.choose_folder("recordings_folder", self.recordings_folder)

    def choose_folder(self, field: str, current: Path) -> None:
        """Ask for a folder, and keep it in that field of the settings."""
        folder = self._dialogs.ask_for_folder(self._window, current)
        if folder is not None:
            self.settings = replace(self.settings, **{field: folder})  # type: ignore[arg-type]

    def may_delete_all(self, parent: QWidget, images: int) -> bool:
        """Whether the user wants so many collected images deleted."""
        return self._dialogs.may_delete_all(parent, images)

    # -- how it looks ------------------------------------------------------------------------------

    def choose(self, name: str, value: bool) -> None:
        """Turn a switch of :mod:`agecam.ui.choices` on or off."""
        self.settings = replace(self.settings, **{BY_NAME[name].field: value})  # type: ignore[arg-type]
        self.apply_settings()
        self._window.refresh()

    def apply_settings(self) -> None:
        """Tell the session what the settings say of the view."""
        self._session.set_mirror(self.settings.mirror)
        self._session.set_style(label_style(self.settings))
        self.camera.apply_settings()

    def toggle_fullscreen(self) -> None:
        self._window.set_fullscreen(not self._window.isFullScreen())

    def leave_fullscreen(self) -> None:
        """Stop what would begin a recording, else leave full screen."""
        if self.countdown.seconds_left:
            self.countdown.cancel()
        else:
            self._window.set_fullscreen(False)

    def change(self, settings: Settings) -> None:
        """Let these settings hold from now on; those of recordings from the next recording on."""
        for name in ("quality", "content", "split"):
            value = getattr(settings, f"record_{name}")
            if value != getattr(self.settings, f"record_{name}"):
                self.recording = replace(self.recording, **{name: value})
        self.settings = settings
        self.apply_settings()
        self.people.use_folder()
        self._window.refresh()

    def show_preferences(self) -> None:
        if self._preferences is None:
            from agecam.ui.preferences import Preferences  # the window begins without it

            self._preferences = Preferences(self, self._dialogs, self._window)
        self._preferences.update_rows()
        self._preferences.show()
        self._preferences.activateWindow()

    # -- help --------------------------------------------------------------------------------------

    def open_folder(self) -> None:
        self._errands.open_folder(self.recordings_folder)

    def open_outside(self, path: Path) -> None:
        """Show a recording or snapshot in the program that the desktop has for it."""
        self._errands.open_file(path)

    def agree(self) -> None:
        self.settings = replace(self.settings, has_agreed=True)
        self._window.begin()

    def show_shortcuts(self) -> None:
        self._dialogs.show_shortcuts(self._window)

    def copy_troubleshooting(self) -> None:
        self._errands.copy_report()

    def show_about(self) -> None:
        self._errands.show_help(HelpPage.ABOUT)

    def show_model_card(self) -> None:
        self._errands.show_help(HelpPage.CARD)

    def show_log(self) -> None:
        self._errands.show_help(HelpPage.LOG)

    def quit(self) -> None:
        self._window.close()

"""What the user does about the people of the session: the panel, tables and summaries, collecting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PyQt6.QtWidgets import QMainWindow, QWidget

from agecam.live.session import Session
from agecam.paths import collection_dir
from agecam.settings import Settings
from agecam.ui.choices import label_style
from agecam.ui.people_panel import PeoplePanel
from agecam.ui.view_state import ViewState

if TYPE_CHECKING:
    from agecam.ui.collect import CollectDialog


class PeopleWindow(QMainWindow):
    """What these commands need of the window that they are for."""

    people: PeoplePanel

    def refresh(self) -> None:
        """Show how everything stands now."""
        raise NotImplementedError


class PeopleOwner(Protocol):
    """Who has the settings, and asks the user."""

    settings: Settings

    @property
    def recordings_folder(self) -> Path: ...
    def choose_folder(self, field: str, current: Path) -> None: ...
    def may_delete_all(self, parent: QWidget, images: int) -> bool: ...


class PeopleCommands:
    """Each method is one thing that the user can do; all return at once."""

    def __init__(
        self,
        owner: PeopleOwner,
        window: PeopleWindow,
        session: Session,
        on_open_folder: Callable[[Path], None],
    ) -> None:
        self._owner = owner
        self._window = window
        self._session = session
        self._on_open_folder = on_open_folder
        self._standard_folder = collection_dir()
        self.dialog: CollectDialog | None = None

    @property
    def folder(self) -> Path:
        """Where face images for training go."""
        return Path(self._owner.settings.collection_folder or self._standard_folder)

    @property
    def is_narrow(self) -> bool:
        """Whether the window has little room for the panel."""
        return self._window.people.is_narrow(self._window.width())

    def toggle(self) -> None:
        """Show the panel, or hide it; wide and narrow windows are remembered apart."""
        settings = self._owner.settings
        if self.is_narrow:
            self._owner.settings = replace(settings, show_people_narrow=not settings.show_people_narrow)
        else:
            self._owner.settings = replace(settings, show_people=not settings.show_people)
        self._window.refresh()

    def toggle_table(self) -> None:
        """Write a table from now on, or finish the one that is written."""
        if self._session.state().table.is_running:
            self._session.table.stop()
        else:
            self._session.table.start_in(self._owner.recordings_folder)
        self._window.refresh()

    def save_summary(self) -> None:
        """Save what is known of everybody seen so far."""
        self._session.save_summary(self._owner.recordings_folder)

    def collect(self) -> None:
        """Ask what the chosen person says of himself, to collect images of him."""
        if self.dialog is None:
            from agecam.ui.collect import CollectDialog  # the window begins without it

            self.dialog = CollectDialog(
                self._session.collector,
                self.choose_folder,
                self._on_open_folder,
                self._owner.may_delete_all,
                self._window,
            )
        self.use_folder()
        self.dialog.choose(self._window.people.list.chosen())
        self.dialog.show()
        self.dialog.activateWindow()

    def choose_folder(self) -> None:
        """Collect into a folder that the user names."""
        self._owner.choose_folder("collection_folder", self.folder)
        self.use_folder()

    def use_folder(self) -> None:
        """Collect into the folder that the settings say."""
        self._session.collector.use(self.folder)

    def show_view(self, view: ViewState) -> None:
        """Show who is in view; called four times a second at most, and shows only what is to be seen."""
        people, collected = self._session.people.state(), self._session.collector.state()
        style, is_live = label_style(self._owner.settings), view.page is None
        if view.shows_people:
            self._window.people.show_people(people, collected, style, is_live=is_live)
        if self.dialog is not None and self.dialog.isVisible():
            self.dialog.show_state(people, collected, style, is_live=is_live)

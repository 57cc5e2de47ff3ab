"""The stage: the picture or a page, and what lies over it, in full screen too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QCursor, QResizeEvent
from PyQt6.QtWidgets import QStackedWidget, QWidget

from agecam.live.notices import Notice
from agecam.live.state import SourceState
from agecam.ui.actions import Actions
from agecam.ui.messages import MessageList
from agecam.ui.pages import PAGES, WELCOME, MessagePage, PageText
from agecam.ui.playback_bar import PlaybackBar
from agecam.ui.recording_mark import CountdownView, Flash, RecordingMarkView, TableMarkView
from agecam.ui.statistics_overlay import StatisticsOverlay
from agecam.ui.video_view import VideoView
from agecam.ui.view_state import PlaybackView, ViewState

_MARGIN_PX: Final = 12
_MESSAGES_WIDTH_PX: Final = 760
"""No wider: longer lines are hard to read."""
_ROOMY_WIDTH_PX: Final = 860
_ROOMY_HEIGHT_PX: Final = 440
"""In a smaller stage plots would hide too much of the picture."""
_IDLE_LOOKS: Final = 10
"""The pointer hides in full screen after so many looks at it without a movement: 2.5 s."""


class Stage(QWidget):
    """Shows what a :class:`ViewState` says; the live view is :attr:`view`."""

    def __init__(
        self, view: VideoView, actions: Actions, on_remedy: Callable[[Notice], None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("stage")
        self.view = view
        self._stack = QStackedWidget(self)
        self._stack.addWidget(view)
        self._actions = actions
        self._pages: dict[PageText, MessagePage] = {}
        """Those that were shown; each takes some milliseconds to be made."""
        self.flash = Flash(self)
        self.recording = RecordingMarkView(self)
        self.table = TableMarkView(self)
        self.statistics = StatisticsOverlay(self)
        self.messages = MessageList(on_remedy, self)
        self.messages.resized.connect(self._place)
        self.playback = PlaybackBar(actions, self)
        self.countdown = CountdownView(actions, self)
        self._is_fullscreen = False
        self._pointer = QPoint()
        self._idle_looks = 0
        self._playback: PlaybackView | None = None

    def page(self, state: SourceState) -> MessagePage:
        """The page that stands for a state without a frame."""
        return self._page(PAGES[state])

    @property
    def welcome(self) -> MessagePage:
        """The page of what is agreed to."""
        return self._page(WELCOME)

    def _page(self, text: PageText) -> MessagePage:
        page = self._pages.get(text)
        if page is None:
            page = self._pages[text] = MessagePage(text, [self._actions[name] for name in text.actions])
            self._stack.addWidget(page)
        return page

    def current_page(self) -> QWidget | None:
        """The live view, or the page that stands in its place."""
        return self._stack.currentWidget()

    def show_view(self, view: ViewState) -> None:
        """Show it."""
        if view.asks_for_agreement:
            self._stack.setCurrentWidget(self.welcome)
        elif view.page is None:
            self._stack.setCurrentWidget(self.view)
        else:
            page = self.page(view.page)
            page.set_message(view.page_message)
            self._stack.setCurrentWidget(page)
            self.view.show_frame(None)
        self.recording.show_mark(view.recording)
        self.table.show_text(view.table)
        self.countdown.show_seconds(view.countdown_s)
        self.statistics.show_view(view.statistics)
        self._playback = view.playback
        self._show_playback()
        if view.is_fullscreen != self._is_fullscreen:
            self._is_fullscreen, self._idle_looks = view.is_fullscreen, 0
            self._show_pointer(visible=True)
        self._place()

    def give_focus(self) -> None:
        """Give the focus to the live view, else to the first button of the page that can be used.

        Where there is neither, the stage itself keeps it: what is not visible cannot have it.
        """
        page = self._stack.currentWidget()
        buttons = [one for one in page.buttons if one.isEnabled()] if isinstance(page, MessagePage) else []
        target = self.view if page is self.view else buttons[0] if buttons else self
        target.setFocus()

    def look_at_pointer(self) -> None:
        """Hide the pointer where it rests in full screen over the picture; called four times a second."""
        at = QCursor.pos()
        is_resting = at == self._pointer and self._is_fullscreen and self._stack.currentWidget() is self.view
        self._pointer, self._idle_looks = at, self._idle_looks + 1 if is_resting else 0
        self._show_pointer(visible=self._idle_looks < _IDLE_LOOKS)
        self._show_playback()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._place()

    def _show_playback(self) -> None:
        """In full screen it goes with the pointer, unless it is being used."""
        is_away = self._is_fullscreen and self._idle_looks >= _IDLE_LOOKS
        is_used = self.playback.isAncestorOf(self.focusWidget())
        self.playback.show_view(None if is_away and not is_used else self._playback)

    def _show_pointer(self, *, visible: bool) -> None:
        if visible:
            self.unsetCursor()
        else:
            self.setCursor(Qt.CursorShape.BlankCursor)

    def _place(self) -> None:
        bar = self.playback
        bar.fit(self.width())
        bar_height = 0 if bar.isHidden() else bar.sizeHint().height()
        if self._is_fullscreen:  # over the picture, which does not move as it comes and goes
            self._stack.setGeometry(self.rect())
        else:
            self._stack.setGeometry(self.rect().adjusted(0, 0, 0, -bar_height))
        self.flash.setGeometry(self._stack.geometry())
        countdown = self.countdown
        countdown.move((self.width() - countdown.width()) // 2, (self.height() - countdown.height()) // 2)
        bar.setGeometry(0, self.height() - bar_height, self.width(), bar_height)
        recording = self.recording
        recording.move(_MARGIN_PX, _MARGIN_PX)
        above_px = 0 if recording.isHidden() else recording.height() + _MARGIN_PX // 2
        self.table.move(_MARGIN_PX, _MARGIN_PX + above_px)
        statistics = self.statistics
        statistics.set_compact(self.height() < _ROOMY_HEIGHT_PX or self.width() < _ROOMY_WIDTH_PX)
        mark = self.recording
        left = self.width() - statistics.width() - _MARGIN_PX
        covers_mark = not mark.isHidden() and left < mark.geometry().right() + _MARGIN_PX
        statistics.move(max(0, left), mark.geometry().bottom() + _MARGIN_PX if covers_mark else _MARGIN_PX)
        messages = self.messages
        width = min(_MESSAGES_WIDTH_PX, self.width() - 2 * _MARGIN_PX)
        height = messages.fit(width)
        left = (self.width() - width) // 2
        messages.setGeometry(left, max(0, self.height() - bar_height - height - _MARGIN_PX), width, height)
        page = self._stack.currentWidget()
        if isinstance(page, MessagePage):  # a message must not hide its buttons, nor a mark its title
            covered_px = 0 if messages.isHidden() else self._stack.geometry().bottom() + 1 - messages.y()
            marks = [one.geometry().bottom() + 1 for one in (recording, self.table) if not one.isHidden()]
            page.keep_free(max(marks, default=0), min(covered_px, self.height() // 2))

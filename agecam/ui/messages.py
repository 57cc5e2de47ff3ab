"""Messages over the picture: what was done, what is amiss, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from agecam.live.notices import Notice, NoticeKind, Remedy
from agecam.ui.language import tr, tr_sentence

SHOWN_MS: Final[Mapping[NoticeKind, int]] = {NoticeKind.DONE: 8000, NoticeKind.WARNING: 20000}
"""How long a message stays: a sentence with a file's name is read in half of the first. An error stays until
it is dismissed."""
_MOST: Final = 4
"""So many messages stand at once; of more, the oldest that is no error goes first."""
_NARROW_LETTERS: Final = 60
"""In less room, a sentence beside its buttons would break at every other word."""
REMEDY_TEXTS: Final = {
    Remedy.SHOW_IN_FOLDER: "Show in folder",
    Remedy.CHOOSE_RECORDINGS_FOLDER: "Choose folder",
    Remedy.CHOOSE_SNAPSHOTS_FOLDER: "Choose folder",
    Remedy.CHOOSE_COLLECTION_FOLDER: "Choose folder",
}
_KIND_WORDS: Final = {
    NoticeKind.DONE: "{text}",
    NoticeKind.WARNING: "Warning: {text}",
    NoticeKind.ERROR: "Error: {text}",
}


class Message(QFrame):
    """One notice: its sentence, a button for its remedy, and one that dismisses it."""

    dismissed = pyqtSignal()

    def __init__(
        self,
        notice: Notice,
        on_remedy: Callable[[Notice], None],
        shown_ms: Mapping[NoticeKind, int],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.notice = notice
        self.setObjectName("message")
        self.setProperty("kind", notice.kind.value)
        # What a screen reader says; its role has no way to tell how serious it is.
        sentence = tr_sentence(notice.text)
        self.setAccessibleName(tr(_KIND_WORDS[notice.kind], text=sentence))
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(12, 6, 6, 6)
        text = QLabel(sentence)
        text.setTextFormat(Qt.TextFormat.PlainText)  # a file's name is no markup
        text.setWordWrap(True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._row.addWidget(text, 1)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        self._row.addLayout(buttons)
        self.remedy: QPushButton | None = None
        if notice.remedy is not None:
            self.remedy = QPushButton(tr(REMEDY_TEXTS[notice.remedy]))
            self.remedy.clicked.connect(lambda: on_remedy(notice))
            buttons.addWidget(self.remedy)
        self.close_button = QPushButton("✕")
        self.close_button.setToolTip(tr("Dismiss"))
        self.close_button.setAccessibleName(tr("Dismiss"))
        self.close_button.clicked.connect(self.dismissed)
        buttons.addWidget(self.close_button)
        if notice.kind in shown_ms:
            timer = QTimer(self)  # its child: one that outlived it would call into nothing
            timer.setSingleShot(True)
            timer.timeout.connect(self.dismissed)
            timer.start(shown_ms[notice.kind])

    def set_narrow(self, narrow: bool) -> None:
        """Put the buttons below the sentence, where there is little room beside them."""
        direction = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        if direction is not self._row.direction():
            self._row.setDirection(direction)


class MessageList(QWidget):
    """The messages that stand, the newest at the bottom; ``resized`` tells that it needs another place."""

    resized = pyqtSignal()

    def __init__(
        self,
        on_remedy: Callable[[Notice], None],
        parent: QWidget | None = None,
        shown_ms: Mapping[NoticeKind, int] = SHOWN_MS,
    ) -> None:
        super().__init__(parent)
        self._on_remedy = on_remedy
        self._shown_ms = shown_ms
        self._messages: list[Message] = []
        self._is_narrow = False
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self.setAccessibleName(tr("Messages"))
        self.hide()

    @property
    def messages(self) -> tuple[Message, ...]:
        """Those that stand now, oldest first."""
        return tuple(self._messages)

    def fit(self, width: int) -> int:
        """Lay the messages out for that width; gives the height that they take."""
        self._is_narrow = width < _NARROW_LETTERS * self.fontMetrics().averageCharWidth()
        for message in self._messages:
            message.set_narrow(self._is_narrow)
        return self.heightForWidth(width)

    def add(self, notice: Notice) -> None:
        """Show it below the others; one that stands already is shown anew."""
        for message in [one for one in self._messages if one.notice.text == notice.text]:
            self._remove(message)
        message = Message(notice, self._on_remedy, self._shown_ms, self)
        message.set_narrow(self._is_narrow)
        message.dismissed.connect(lambda: self._remove(message))
        self._messages.append(message)
        self._column.addWidget(message)
        message.show()  # a layout shows it later, and counts nothing for what is hidden
        while len(self._messages) > _MOST:
            done = [one for one in self._messages if not one.notice.is_error]
            self._remove((done or self._messages)[0])
        self._update()

    def _remove(self, message: Message) -> None:
        if message in self._messages:
            self._messages.remove(message)
            self._column.removeWidget(message)
            message.hide()
            message.deleteLater()
            self._update()

    def _update(self) -> None:
        self.setVisible(bool(self._messages))
        self.resized.emit()

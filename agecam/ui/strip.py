"""The strip of the last recordings and snapshots below the picture; each opens on a click."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from PyQt6.QtCore import QRect, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QAction, QColor, QFont, QIcon, QImage, QPainter, QPixmap, QResizeEvent
from PyQt6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from agecam.ui.kept_files import KeptFile, Thumbnail, latest_files, make_thumbnail
from agecam.ui.language import tr
from agecam.ui.recent_menu import RunInBackground

_MOST: Final = 12
_HEIGHT_PX: Final = 54
_WIDTH_PX: Final = 96
_FIRST_LOOK_MS: Final = 1000
"""After the start, which has better things to do."""
_SHARPNESS: Final = 2
"""Thumbnails have so many pixels for one of the layout, as for screens of twice the resolution."""


class StripOwner(Protocol):
    """Who knows where files are kept, and opens them."""

    @property
    def recordings_folder(self) -> Path: ...
    @property
    def snapshots_folder(self) -> Path: ...
    def open_outside(self, path: Path) -> None: ...


class Strip(QWidget):
    """Shows as many files as it has room for, the latest on the left; hidden while there are none.

    The owner's folders are looked into in the background.
    """

    _found = pyqtSignal(object)

    def __init__(self, owner: StripOwner, run_in_background: RunInBackground, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(tr("Last recordings and snapshots"))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._run_in_background = run_in_background
        self._owner = owner
        self._folders: tuple[Path, ...] = ()
        self._made: dict[KeptFile, Thumbnail] = {}
        """For the background alone: what need not be made again."""
        self._is_wanted = False
        self._is_new = True
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(8, 6, 8, 6)
        self._row.setSpacing(6)
        self._row.addStretch(1)
        self.buttons: list[QToolButton] = []
        self._by_file: dict[KeptFile, QToolButton] = {}
        self._found.connect(self._show)
        self.hide()

    def set_wanted(self, wanted: bool) -> None:
        """Whether it is to be seen, where there is something to see."""
        begins, self._is_wanted = wanted and not self._is_wanted, wanted
        folders = self._owner.recordings_folder, self._owner.snapshots_folder
        if begins or folders != self._folders:
            QTimer.singleShot(_FIRST_LOOK_MS if self._is_new else 0, self.look)
            self._folders, self._is_new = folders, False
        self._place()

    def look(self) -> None:
        """Look for new files, where it is to be seen."""
        if not self._is_wanted:
            return
        folders = self._folders
        self._run_in_background("thumbnails", lambda: self._make(folders))

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._place()

    def _make(self, folders: tuple[Path, ...]) -> None:
        """In the background."""
        files = latest_files(folders, _MOST)
        for file in files:
            if file not in self._made:
                self._made[file] = make_thumbnail(file, _SHARPNESS * _HEIGHT_PX)
        self._made = {file: self._made[file] for file in files}
        self._found.emit(tuple(self._made.values()))

    def _show(self, thumbnails: tuple[Thumbnail, ...]) -> None:
        before = self._by_file
        # Those that stay are kept: one may have the focus.
        self._by_file = {one.file: before.get(one.file) or self._button(one) for one in thumbnails}
        for file, button in before.items():
            if file not in self._by_file:
                self._row.removeWidget(button)
                button.deleteLater()
        self.buttons = list(self._by_file.values())
        for position, button in enumerate(self.buttons):
            self._row.insertWidget(position, button)
        self._place()

    def _button(self, thumbnail: Thumbnail) -> QToolButton:
        file = thumbnail.file
        button = QToolButton(self)
        button.setIconSize(QSize(_WIDTH_PX, _HEIGHT_PX))
        button.setIcon(QIcon(_pixmap(thumbnail, self.font())))
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        kind = tr("Recording" if file.is_recording else "Snapshot")
        when = datetime.fromtimestamp(file.modified_s).strftime("%Y-%m-%d %H:%M")
        button.setAccessibleName(" ".join(part for part in (kind, when, thumbnail.length) if part))
        button.setToolTip(f"{kind}, {when}\n{file.path.name}\n{tr('Click to open it')}")
        button.clicked.connect(lambda: self._owner.open_outside(file.path))
        show = QAction(tr("Show in folder"), button)
        show.triggered.connect(lambda: self._owner.open_outside(file.path.parent))
        button.addAction(show)
        button.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        return button

    def _place(self) -> None:
        """Hide what has no room, and all of it where it is not wanted."""
        margins = self._row.contentsMargins()
        room = self.width() - margins.left() - margins.right()
        for button in self.buttons:
            room -= button.sizeHint().width() + self._row.spacing()
            button.setVisible(room + self._row.spacing() >= 0)
        self.setVisible(self._is_wanted and bool(self.buttons))


def _pixmap(thumbnail: Thumbnail, font: QFont) -> QPixmap:
    """The small image in the middle of its place, with a sign and the length of a recording."""
    pixmap = QPixmap(_WIDTH_PX * _SHARPNESS, _HEIGHT_PX * _SHARPNESS)
    pixmap.fill(QColor(16, 18, 22))
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    image_bgr = thumbnail.image_bgr
    if image_bgr is not None:
        height, width = image_bgr.shape[:2]
        image = QImage(
            image_bgr.data,  # type: ignore[call-overload]  # any buffer will do
            width,
            height,
            image_bgr.strides[0],
            QImage.Format.Format_BGR888,
        )
        scale = min(1.0, pixmap.width() / width)
        place = QRect(0, 0, round(width * scale), round(height * scale))
        place.moveCenter(pixmap.rect().center())
        painter.drawImage(place, image)
    if thumbnail.file.is_recording:
        font = QFont(font)
        font.setPixelSize(11 * _SHARPNESS)
        font.setBold(True)
        painter.setFont(font)
        text = f"▶ {thumbnail.length}".strip()
        badge = painter.fontMetrics().boundingRect(text).adjusted(-8, -3, 8, 3)
        badge.moveBottomLeft(pixmap.rect().bottomLeft())
        painter.fillRect(badge, QColor(16, 18, 22, 200))
        painter.setPen(QColor(242, 243, 245))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, text)
    painter.end()
    pixmap.setDevicePixelRatio(_SHARPNESS)
    return pixmap

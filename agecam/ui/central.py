"""How the parts of the window lie: controls, stage and people, strip, footer."""

from __future__ import annotations

from PyQt6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from agecam.live.session import Session
from agecam.ui.actions import Actions
from agecam.ui.commands import WindowCommands
from agecam.ui.controls import Controls
from agecam.ui.footer import Footer
from agecam.ui.people_panel import PeoplePanel
from agecam.ui.stage import Stage
from agecam.ui.strip import Strip
from agecam.ui.video_view import VideoView


class Central(QWidget):
    """Makes the parts, and connects them to the commands and the session."""

    def __init__(self, actions: Actions, commands: WindowCommands, session: Session) -> None:
        super().__init__()
        self.setObjectName("window")
        self.view = VideoView(session.painted)
        self.view.double_clicked.connect(commands.toggle_fullscreen)
        self.view.screen_size_changed.connect(lambda *size_wh: session.set_screen_size(size_wh))
        self.controls = Controls(actions, commands, session.run_in_background, self)
        self.stage = Stage(self.view, actions, commands.follow_remedy, self)
        self.stage.playback.sought.connect(session.playback.seek)
        self.stage.playback.speed_chosen.connect(session.playback.set_speed)
        self.people = PeoplePanel(actions, self)
        self.people.list.opened.connect(actions["collect"].trigger)
        self.strip = Strip(commands, session.run_in_background, self)
        self.footer = Footer(self)
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self.stage, 1)
        row.addWidget(self.people)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.controls)
        column.addLayout(row, 1)
        column.addWidget(self.strip)
        column.addWidget(self.footer)

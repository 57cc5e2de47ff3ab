"""The table of a session: one at a time, however quickly it is asked for."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from agecam.live.notices import NoticeKind, Notices
from agecam.live.table import TableRecorder, TableState
from agecam.messages import Frame
from tests.live.helpers import wait_for

IMAGE = np.zeros((8, 8, 3), np.uint8)


class Desk:
    """A recorder whose slow work is done when the test says so."""

    def __init__(self) -> None:
        self.work: list[Callable[[], None]] = []
        self.notices = Notices(lambda: None)
        self.recorder = TableRecorder(self.notices, self.work.append, lambda: None, lambda _paths: None)

    def do_work(self) -> None:
        while self.work:
            self.work.pop(0)()

    def write(self, time_s: float) -> None:
        for sink in self.recorder.sinks():
            sink.write(Frame(IMAGE, time_s, 0), ())


def test_a_table_is_running_from_the_moment_it_is_asked_for(tmp_path: Path) -> None:
    desk = Desk()
    desk.recorder.start_in(tmp_path)
    assert desk.recorder.state() == TableState(is_running=True)
    desk.do_work()
    for time_s in (5.0, 6.0, 7.5):
        desk.write(time_s)
    wait_for(lambda: desk.recorder.state() == TableState(is_running=True, seconds=2.5), "all rows")
    desk.recorder.stop()
    assert not desk.recorder.state().is_running
    wait_for(lambda: desk.recorder.state() == TableState(), "the whole file")
    assert [notice.kind for notice in desk.notices.take()] == [NoticeKind.DONE]
    assert len(list(tmp_path.iterdir())) == 1


def test_one_that_is_stopped_before_it_has_a_file_is_never_begun(tmp_path: Path) -> None:
    desk = Desk()
    desk.recorder.start_in(tmp_path)
    desk.recorder.stop()
    desk.do_work()
    assert desk.recorder.state() == TableState()
    assert desk.recorder.sinks() == ()
    assert [notice.kind for notice in desk.notices.take()] == [NoticeKind.WARNING]


def test_of_two_wishes_within_moments_one_table_comes(tmp_path: Path) -> None:
    desk = Desk()
    desk.recorder.start_in(tmp_path)
    desk.recorder.start_in(tmp_path)
    desk.do_work()
    desk.write(0.0)
    desk.write(0.5)
    desk.recorder.close()
    assert len(list(tmp_path.iterdir())) == 1
    desk.recorder.start_in(tmp_path)
    assert desk.work == [], "nothing begins once closed"


def test_a_folder_that_cannot_be_made_is_told_and_nothing_runs(tmp_path: Path) -> None:
    desk = Desk()
    (tmp_path / "file").touch()
    desk.recorder.start_in(tmp_path / "file" / "folder")
    desk.do_work()
    assert desk.recorder.state() == TableState()
    assert [notice.kind for notice in desk.notices.take()] == [NoticeKind.ERROR]

"""The queue, thread and policies that all sinks share."""

import threading
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from agecam.errors import OutputError
from agecam.messages import Detection, Frame, Person
from agecam.output import QueuedSink, Sink, SinkStatus, WhenFull

MakeFrame = Callable[..., Frame]

PATIENCE_S = 600.0
"""Far more than any of this takes, on any machine."""

FRAME_BYTES = 240 * 320 * 3


class Recorded(QueuedSink):
    """Keeps the indices of its frames, once its gate is open; fails at one of them where it is told to."""

    def __init__(
        self,
        when_full: WhenFull = WhenFull.DROP,
        capacity_frames: int = 100,
        *,
        on_finished: Callable[[QueuedSink], None] | None = None,
        fails_at: int | None = None,
        error: Exception | None = None,
        finish_error: Exception | None = None,
    ) -> None:
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.indices: list[int] = []
        self.threads: set[str] = set()
        self.finishes = 0
        self._fails_at = fails_at
        self._failure = error or OutputError("The disk is full.")
        self._finish_failure = finish_error
        super().__init__(
            "test",
            when_full=when_full,
            capacity_bytes=capacity_frames * FRAME_BYTES,
            on_finished=on_finished,
        )

    def consume(self, frame: Frame, _people: Sequence[Person]) -> None:
        self.threads.add(threading.current_thread().name)
        self.entered.set()
        assert self.gate.wait(PATIENCE_S)
        if frame.index == self._fails_at:
            raise self._failure
        self.indices.append(frame.index)

    def finish(self) -> None:
        self.threads.add(threading.current_thread().name)
        self.finishes += 1
        if self._finish_failure is not None:
            raise self._finish_failure


def opened(sink: Recorded) -> Recorded:
    sink.gate.set()
    return sink


def stalled(sink: Recorded, first: Frame) -> Recorded:
    """The sink with its queue empty and its thread in the midst of writing the first frame."""
    sink.write(first, ())
    assert sink.entered.wait(PATIENCE_S)
    return sink


@pytest.mark.parametrize("when_full", list(WhenFull))
def test_frames_are_kept_in_their_order_by_a_thread_of_the_sinks_own(
    frame: MakeFrame, when_full: WhenFull
) -> None:
    with opened(Recorded(when_full)) as sink:
        for index in range(50):
            sink.write(frame(index), ())
    assert sink.indices == list(range(50))
    assert sink.threads == {"agecam-test"}
    assert sink.status() == SinkStatus(None, 50, 0, 0.0, None, finished=True)


def test_what_finds_the_queue_full_is_dropped_and_counted(frame: MakeFrame) -> None:
    sink = stalled(Recorded(WhenFull.DROP, capacity_frames=5), frame(0))
    for index in range(1, 21):
        sink.write(frame(index), ())  # returns, though nothing is written
    assert sink.status() == SinkStatus(None, 0, 15, 0.0, None, finished=False)
    opened(sink).close()
    assert sink.indices == [0, 1, 2, 3, 4, 5]
    assert sink.status() == SinkStatus(None, 6, 15, 0.0, None, finished=True)


def test_people_take_room_in_the_queue_too(frame: MakeFrame) -> None:
    no_image = np.empty((0, 0, 3), np.uint8)
    sink = stalled(Recorded(WhenFull.DROP, capacity_frames=1), frame(0))
    crowd = [_person(track_id) for track_id in range(100)]
    for index in range(1, 11):
        sink.write(frame(index, image_bgr=no_image), crowd)
    opened(sink).close()
    assert sink.indices == [0, 1, 2]
    assert sink.status().dropped == 8


def test_one_frame_is_queued_however_large_it_is(frame: MakeFrame, image: np.ndarray) -> None:
    large = np.concatenate([image] * 3)
    sink = stalled(Recorded(WhenFull.DROP, capacity_frames=1), frame(0))
    sink.write(frame(1, image_bgr=large), ())
    sink.write(frame(2), ())
    opened(sink).close()
    assert sink.indices == [0, 1]
    assert sink.status().dropped == 1


def test_waiting_writers_lose_no_frame(frame: MakeFrame) -> None:
    sink = stalled(Recorded(WhenFull.WAIT, capacity_frames=2), frame(0))

    def write_all() -> None:
        for index in range(1, 30):
            sink.write(frame(index), ())

    writer = threading.Thread(target=write_all)
    writer.start()
    writer.join(0.2)
    assert writer.is_alive()  # there is room for two
    sink.gate.set()
    writer.join(PATIENCE_S)
    sink.close()
    assert sink.indices == list(range(30))
    assert sink.status().dropped == 0


def test_a_waiting_writer_is_let_go_when_the_sink_ends(frame: MakeFrame) -> None:
    sink = stalled(Recorded(WhenFull.WAIT, capacity_frames=1), frame(0))
    sink.write(frame(1), ())
    writer = threading.Thread(target=sink.write, args=(frame(2), ()))
    writer.start()
    writer.join(0.1)
    sink.end()
    writer.join(PATIENCE_S)
    assert not writer.is_alive()
    opened(sink).close()
    assert sink.indices == [0, 1]


def test_after_a_failure_frames_are_dropped_and_counted(frame: MakeFrame) -> None:
    sink = stalled(Recorded(WhenFull.DROP, fails_at=3), frame(0))
    for index in range(1, 10):
        sink.write(frame(index), ())
    sink.gate.set()
    sink.close()
    sink.write(frame(10), ())
    status = sink.status()
    assert (sink.indices, status.written, status.dropped) == ([0, 1, 2], 3, 8)
    assert str(status.error) == "The disk is full."
    assert status.finished
    assert sink.finishes == 1  # what was written is made whole
    with pytest.raises(OutputError, match=r"The disk is full\."):
        sink.raise_error()


def test_after_a_failure_a_waiting_sink_raises_it_in_the_caller(frame: MakeFrame) -> None:
    failed = threading.Event()
    sink = opened(Recorded(WhenFull.WAIT, fails_at=1, on_finished=lambda _: failed.set()))
    sink.write(frame(0), ())
    sink.write(frame(1), ())
    assert failed.wait(PATIENCE_S)
    for _ in range(2):
        with pytest.raises(OutputError, match=r"The disk is full\."):
            sink.write(frame(2), ())
    sink.close()  # raises nothing
    with pytest.raises(OutputError, match=r"The disk is full\."):
        sink.raise_error()


def test_a_failure_is_raised_in_a_writer_that_waits(frame: MakeFrame) -> None:
    sink = stalled(Recorded(WhenFull.WAIT, capacity_frames=1, fails_at=0), frame(0))
    sink.write(frame(1), ())
    errors: list[str] = []

    def write() -> None:
        try:
            sink.write(frame(2), ())
        except OutputError as error:
            errors.append(str(error))

    writer = threading.Thread(target=write)
    writer.start()
    writer.join(0.1)
    sink.gate.set()
    writer.join(PATIENCE_S)
    sink.close()
    assert errors == ["The disk is full."]
    assert sink.status().dropped == 3


def test_a_sink_without_a_failure_has_none_to_raise(frame: MakeFrame) -> None:
    with opened(Recorded()) as sink:
        sink.write(frame(), ())
    sink.raise_error()


@pytest.mark.expects_log("unexpected error in agecam-test")
def test_an_unexpected_error_is_logged_and_told_in_a_plain_sentence(
    frame: MakeFrame, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(Recorded(fails_at=0, error=ZeroDivisionError("division by zero"))) as sink:
        sink.write(frame(), ())
    assert (
        str(sink.status().error) == "The file could not be written to its end; the log says why. Try again."
    )
    assert "ZeroDivisionError: division by zero" in caplog.text
    assert sink.finishes == 1


def test_a_failure_in_finishing_is_one_of_the_sink(frame: MakeFrame) -> None:
    with opened(Recorded(finish_error=OutputError("No room for the end."))) as sink:
        sink.write(frame(), ())
    status = sink.status()
    assert (status.written, str(status.error)) == (1, "No room for the end.")


def test_of_two_failures_the_first_is_told(frame: MakeFrame) -> None:
    with opened(Recorded(fails_at=0, finish_error=OutputError("No room for the end."))) as sink:
        sink.write(frame(), ())
    assert str(sink.status().error) == "The disk is full."


def test_end_returns_at_once_and_what_is_queued_is_still_written(frame: MakeFrame) -> None:
    sink = stalled(Recorded(), frame(0))
    sink.write(frame(1), ())
    sink.end()
    sink.end()
    sink.write(frame(2), ())
    assert sink.status() == SinkStatus(None, 0, 0, 0.0, None, finished=False)
    opened(sink).close()
    sink.close()
    assert sink.indices == [0, 1]
    assert (sink.status().dropped, sink.finishes) == (0, 1)


@pytest.mark.parametrize("frames", [0, 1, 3])
def test_that_it_has_finished_is_told_once_by_its_own_thread(frame: MakeFrame, frames: int) -> None:
    told: list[tuple[QueuedSink, SinkStatus, str]] = []
    sink = opened(
        Recorded(on_finished=lambda one: told.append((one, one.status(), threading.current_thread().name)))
    )
    for index in range(frames):
        sink.write(frame(index), ())
    sink.end()
    sink.close()
    sink.close()
    assert told == [(sink, SinkStatus(None, frames, 0, 0.0, None, finished=True), "agecam-test")]


def test_that_it_has_failed_is_told_once_and_before_it_is_closed(frame: MakeFrame) -> None:
    told: list[SinkStatus] = []
    failed = threading.Event()

    def on_finished(sink: QueuedSink) -> None:
        told.append(sink.status())
        failed.set()

    sink = opened(Recorded(fails_at=1, on_finished=on_finished))
    for index in range(5):
        sink.write(frame(index), ())
    assert failed.wait(PATIENCE_S)
    sink.close()
    assert [(str(one.error), one.written, one.finished) for one in told] == [("The disk is full.", 1, True)]


def test_it_may_be_closed_by_the_one_who_is_told(frame: MakeFrame) -> None:
    closed = threading.Event()

    def on_finished(sink: QueuedSink) -> None:
        sink.close()
        closed.set()

    sink = opened(Recorded(fails_at=0, on_finished=on_finished))
    sink.write(frame(), ())
    assert closed.wait(PATIENCE_S)
    sink.close()


@pytest.mark.expects_log("unexpected error in a callback of agecam-test")
def test_a_failure_of_the_one_who_is_told_is_logged(frame: MakeFrame) -> None:
    def on_finished(_: QueuedSink) -> None:
        raise ZeroDivisionError

    with opened(Recorded(on_finished=on_finished)) as sink:
        sink.write(frame(), ())
    assert sink.status().error is None


def test_many_threads_may_write_to_one_sink(frame: MakeFrame) -> None:
    sink = opened(Recorded(WhenFull.WAIT, capacity_frames=3))

    def write(first: int) -> None:
        for index in range(first, 200, 4):
            sink.write(frame(index), ())

    threads = [threading.Thread(target=write, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    sink.close()
    assert sorted(sink.indices) == list(range(200))


def test_an_idle_sink_is_told_so() -> None:
    idle = threading.Event()

    class Idle(QueuedSink):
        def idle(self) -> None:
            idle.set()

    with Idle("test", when_full=WhenFull.DROP, capacity_bytes=1, idle_s=0.01):
        assert idle.wait(PATIENCE_S)


def test_it_is_a_sink() -> None:
    sink: Sink = Recorded()
    assert sink.needs_drawing
    sink.close()


def _person(track_id: int) -> Person:
    return Person(track_id, Detection((0, 0, 9, 9), 0.9, np.zeros((4, 2), np.float32)), None, None)

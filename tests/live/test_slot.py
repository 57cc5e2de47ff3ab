"""The hand-over between threads: newest wins, and what is lost is counted."""

import threading

from agecam.live.slot import LatestSlot


def test_the_newest_value_wins_and_the_others_are_counted() -> None:
    slot: LatestSlot[int] = LatestSlot()
    for value in (1, 2, 3):
        slot.put(value)
    assert slot.take(0) == 3
    assert slot.dropped == 2


def test_an_empty_slot_gives_none_after_the_timeout() -> None:
    assert LatestSlot[int]().take(0.01) is None


def test_closing_wakes_a_waiting_thread() -> None:
    slot: LatestSlot[int] = LatestSlot()
    taken: list[int | None] = []
    waiting = threading.Thread(target=lambda: taken.append(slot.take()))
    waiting.start()
    slot.close()
    waiting.join(5)
    assert taken == [None]


def test_a_closed_slot_takes_nothing_more() -> None:
    slot: LatestSlot[int] = LatestSlot()
    slot.close()
    slot.put(1)
    assert slot.take(0) is None


def test_clearing_is_not_dropping() -> None:
    slot: LatestSlot[int] = LatestSlot()
    slot.put(1)
    slot.clear()
    assert slot.take(0) is None
    assert slot.dropped == 0

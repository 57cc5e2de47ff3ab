"""Rates and latencies come from what happened, not from what should have."""

import pytest

from agecam.live.statistics import HISTORY_S, RateMeter, StatisticsCollector


class _Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_the_rate_is_events_a_second() -> None:
    clock = _Clock()
    meter = RateMeter(clock)
    for _ in range(30):
        clock.now_s += 0.04
        meter.tick()
    assert meter.rate() == pytest.approx(25)


def test_the_rate_falls_to_zero_when_nothing_comes() -> None:
    clock = _Clock()
    meter = RateMeter(clock)
    for _ in range(5):
        clock.now_s += 0.1
        meter.tick()
    clock.now_s += 10
    assert meter.rate() == 0


def test_latency_percentiles_are_in_milliseconds() -> None:
    collector = StatisticsCollector()
    for latency_ms in range(1, 101):
        collector.shown(latency_ms / 1000)
    read = collector.read(dropped=7)
    assert read.latency_ms_p50 == pytest.approx(50.5, abs=1)
    assert read.latency_ms_p95 == pytest.approx(95, abs=1)
    assert read.dropped == 7


def test_a_reset_forgets_the_last_source() -> None:
    collector = StatisticsCollector()
    collector.shown(1.0)
    collector.analysed({"detect": 5.0})
    collector.reset()
    read = collector.read(dropped=0)
    assert read.latency_ms_p95 == 0
    assert read.stages_ms == {}


def test_the_last_minute_has_a_sample_for_each_second_those_without_a_frame_too() -> None:
    clock = _Clock()
    collector = StatisticsCollector(clock)
    for _ in range(20):  # two seconds of ten frames
        clock.now_s += 0.1
        collector.shown(0.05 if clock.now_s < 101.05 else 0.08)
    clock.now_s += 2.5
    history = collector.read(dropped=0).history
    assert [sample.fps_shown for sample in history] == pytest.approx([9, 10, 1, 0], abs=1)
    assert sum(sample.fps_shown for sample in history) == 20
    assert history[0].latency_ms == pytest.approx(50)
    assert history[1].latency_ms == pytest.approx(80)
    assert history[-1].latency_ms == 0
    clock.now_s += 300
    assert len(collector.read(dropped=0).history) == HISTORY_S
    collector.reset()
    assert collector.read(dropped=0).history == ()


def test_frames_are_counted_and_memory_is_told() -> None:
    collector = StatisticsCollector()
    for _ in range(3):
        collector.captured()
    collector.drawn({"draw": 1.0}, 1, is_analysed=True)
    read = collector.read(dropped=2)
    assert (read.captured, read.analysed, read.shown, read.dropped) == (3, 1, 0, 2)
    assert read.memory_mb is not None
    assert 10 < read.memory_mb < 20_000


@pytest.mark.parametrize("mb", [340, 345])
def test_freed_memory_is_given_back_where_more_is_held_than_frames_of_their_size_need(
    mb: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_back: list[float] = []
    monkeypatch.setattr("agecam.live.statistics.resident_mb", lambda: mb)
    monkeypatch.setattr("agecam.live.statistics.give_back_freed", lambda: given_back.append(mb))
    StatisticsCollector().drawn({}, 1280 * 720 * 3, is_analysed=True)
    assert given_back == ([mb] if mb == 345 else [])
    StatisticsCollector().drawn({}, 3840 * 2160 * 3, is_analysed=True)
    assert len(given_back) == (mb == 345), "there larger frames are on their way"


def test_a_frame_that_repeats_another_is_not_counted_as_analysed() -> None:
    collector = StatisticsCollector()
    collector.drawn({"detect": 5.0, "draw": 1.0}, 1, is_analysed=True)
    for _ in range(15):
        collector.drawn({"draw": 1.0}, 1, is_analysed=False)
    collector.analysed({"detect": 5.0})
    read = collector.read(dropped=0)
    assert read.analysed == 2
    assert read.stages_ms == pytest.approx({"detect": 5.0, "draw": 1.0})

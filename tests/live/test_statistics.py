"""Rates and latencies come from what happened, not from what should have."""

import pytest

from agecam.live.statistics import RateMeter, StatisticsCollector


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

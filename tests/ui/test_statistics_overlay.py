"""The statistics over the picture: what they say, and the plots of the last minute."""

from dataclasses import replace
from pathlib import Path

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtTest import QTest
from pytestqt.qtbot import QtBot

from agecam.live.recording import RecordingPhase, RecordingState
from agecam.live.state import SourceState
from agecam.live.statistics import HISTORY_S, Sample, Statistics
from agecam.settings import Settings
from agecam.ui.statistics_overlay import StatisticsOverlay
from agecam.ui.statistics_view import statistics_view
from tests.ui.helpers import MAX_WAIT_MS, OpenWindow, wait_for_labels, wait_for_state

NUMBERS = Statistics(
    fps_captured=30.02,
    fps_analysed=24.97,
    fps_shown=24.8,
    latency_ms_p50=41.3,
    latency_ms_p95=63.9,
    dropped=12,
    captured=1512,
    analysed=1500,
    shown=1490,
    memory_mb=287.4,
    history=tuple(Sample(fps, 40.0) for fps in (10.0, 20.0, 40.0)),
    stages_ms={"detect": 12.34, "track": 0.21, "align": 0.4, "classify": 3.0, "draw": 1.25},
)


def test_everything_that_was_measured_is_said() -> None:
    recording = RecordingState(RecordingPhase.ON, 1, None, 50.0, written=1480, dropped=3)
    view = statistics_view(NUMBERS, recording)
    assert view.text.replace("\u2009", "").split("\n") == [
        "Captured: 30.0 fps, 1512 frames",
        "Analysed: 25.0 fps, 1500 frames",
        "On screen: 24.8 fps, 1490 frames",
        "Skipped: 12 frames",
        "Recorded: 1480 frames, 3 dropped",
        "Delay: 41 ms, 95 % within 64 ms",
        "Memory: 287 MB",
        "Stages, ms: detect 12.3, track 0.2, align 0.4,",
        "classify 3.0, draw 1.2",
    ]
    assert "Recorded: –" in statistics_view(NUMBERS, RecordingState()).text
    fps, delay = view.plots
    assert (fps.values, fps.top, fps.text) == ((10.0, 20.0, 40.0), 40.0, "25")
    assert (delay.values, delay.top, delay.text) == ((40.0, 40.0, 40.0), 100.0, "40 ms")


def test_a_plot_ends_at_its_newest_second_on_the_right(qtbot: QtBot) -> None:
    overlay = StatisticsOverlay(None)  # type: ignore[arg-type]
    qtbot.addWidget(overlay)
    overlay.show_view(statistics_view(NUMBERS, RecordingState()))
    points = overlay.plots[0].line(QRectF(0, 0, HISTORY_S - 1, 100))
    assert [(points.at(row).x(), points.at(row).y()) for row in range(3)] == [(57, 75), (58, 50), (59, 0)]
    assert overlay.isVisibleTo(None)
    shown = overlay.grab().toImage()
    overlay.show_view(None)
    assert not overlay.isVisible()
    assert (shown.width(), shown.height()) == (overlay.width(), overlay.height())


def test_the_statistics_come_and_go_with_the_key_i(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path
) -> None:
    window = open_window(str(demo_clip), loop=True, fullscreen=True)
    wait_for_labels(qtbot, window, people=1)
    overlay = window.stage.statistics
    assert not overlay.isVisible()
    QTest.keyClick(window.view, Qt.Key.Key_I)  # type: ignore[call-overload]
    assert window.settings.show_statistics
    qtbot.waitUntil(lambda: "On screen: " in overlay.text and "detect" in overlay.text, timeout=MAX_WAIT_MS)
    assert overlay.isVisible(), "in full screen too"
    assert overlay.accessibleName() == overlay.text
    assert window.stage.rect().contains(overlay.geometry())
    QTest.keyClick(window.view, Qt.Key.Key_I)  # type: ignore[call-overload]
    assert not overlay.isVisible()


def test_the_plots_are_left_out_where_the_picture_is_small(
    qtbot: QtBot, open_window: OpenWindow, demo_clip: Path, settings: Settings
) -> None:
    chosen = replace(settings, show_statistics=True, show_people=False)  # which would take of its width
    window = open_window(str(demo_clip), loop=True, chosen=chosen)
    overlay = window.stage.statistics
    qtbot.waitUntil(overlay.isVisible, timeout=MAX_WAIT_MS)
    for width, height, roomy in ((1120, 760, True), (640, 480, False), (1120, 760, True)):
        window.resize(width, height)
        qtbot.waitUntil(
            lambda roomy=roomy: [one.isVisible() for one in overlay.plots] == [roomy] * 2,  # type: ignore[misc]
            timeout=MAX_WAIT_MS,
        )
        assert window.stage.rect().contains(overlay.geometry())
        assert overlay.height() < 0.6 * window.stage.height()
    window.resize(400, 480)
    wait_for_state(qtbot, window, SourceState.LIVE)
    window.controls["record"].trigger()
    mark = window.stage.recording
    qtbot.waitUntil(mark.isVisible, timeout=MAX_WAIT_MS)
    assert not mark.geometry().intersects(overlay.geometry()), "the mark can be read"

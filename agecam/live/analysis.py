"""The analysis thread: the newest captured frame through the pipeline, one after another."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from agecam.drawing.label_text import LabelStyle
from agecam.errors import AgeCamError
from agecam.live.capture import Captured
from agecam.live.feed import RecordingFeed
from agecam.live.pipeline import AnnotatedFrame, Pipeline, Preview, preview_again
from agecam.live.slot import LatestSlot
from agecam.live.statistics import StatisticsCollector
from agecam.live.still_scene import StillScene
from agecam.messages import Analysis, Frame

if TYPE_CHECKING:
    from agecam.output.sink import Sink
    from agecam.vision.analyzer import Analyzer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AnalysisConfig:
    """Limits of the analysis thread."""

    idle_s: float = 0.1
    """How often ``on_idle`` is called when no frame comes: what a recording outlasts its file at most."""
    warm_up_wh: tuple[int, int] = (640, 360)
    """Pixels of the blank frame that models run on once before the first real one, which else takes 0.2 s."""


@dataclass(frozen=True, slots=True)
class ViewSettings:
    """How frames are shown: cameras as in a mirror, the label style, and whether anybody sees them.

    ``screen_wh`` are the pixels of the screen that there are for a frame; ``None`` as many as it has.
    """

    mirror: bool = False
    style: LabelStyle = field(default_factory=LabelStyle)
    previewed: bool = True
    screen_wh: tuple[int, int] | None = None

    def preview_of(self, captured: Captured) -> Preview:
        """How one frame is to be drawn."""
        if not self.previewed:
            return Preview.NONE
        return Preview.MIRRORED if self.mirror and captured.from_camera else Preview.PLAIN


@dataclass(frozen=True, slots=True)
class AnalysisCallbacks:
    """Whom the analysis thread calls; all must return at once."""

    on_change: Callable[[], None]
    """After each frame, when there is a new one to be shown."""
    on_idle: Callable[[], None]
    """When no frame has come for a while."""
    on_end: Callable[[], None]
    """Once, when no frame is analysed any more."""
    on_annotated: Callable[[AnnotatedFrame], None] = lambda _annotated: None
    """With each annotated frame."""


class AnalysisThread:
    """Loads the models, then analyses, draws and hands on what capture puts into ``slot``.

    ``make_analyzer`` is called in the thread. ``ready`` is set once models are loaded and warm; ``sinks``
    gives whoever keeps analysed frames, and ``feed`` is told of each. What stops the thread early is told by
    :meth:`failure`. ``view`` may be replaced at any time, as a whole, and holds from the next frame on.
    """

    def __init__(
        self,
        make_analyzer: Callable[[], Analyzer],
        slot: LatestSlot[Captured],
        statistics: StatisticsCollector,
        feed: RecordingFeed,
        callbacks: AnalysisCallbacks,
        *,
        sinks: Callable[[], Sequence[Sink]],
        config: AnalysisConfig | None = None,
    ) -> None:
        self.ready = threading.Event()
        self.view = ViewSettings()
        self._make_analyzer = make_analyzer
        self._slot = slot
        self._statistics = statistics
        self._feed = feed
        self._sinks = sinks
        self._callbacks = callbacks
        self._config = config or AnalysisConfig()
        self._lock = threading.Lock()
        self._latest: AnnotatedFrame | None = None
        self._last: tuple[Captured, ViewSettings] | None = None
        """What the newest frame was made of, for the thread alone."""
        self._failure: str | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="agecam-analysis")

    def start(self) -> None:
        self._thread.start()

    def latest(self) -> AnnotatedFrame | None:
        """The newest annotated frame, of whichever source."""
        with self._lock:
            return self._latest

    def failure(self) -> str | None:
        """Why there will be no more frames: one sentence, or ``None``."""
        with self._lock:
            return self._failure

    def stop(self) -> None:
        """End the thread after the frame it works on, and wait for that."""
        self._stopping.set()
        self._slot.close()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        failure: str | None = "An unexpected error has stopped the analysis. Restart AgeCam."
        try:
            with self._make_analyzer() as analyzer:
                width, height = self._config.warm_up_wh
                analyzer.analyze(Frame(np.zeros((height, width, 3), dtype=np.uint8), 0.0, 0))
                analyzer.reset()
                self.ready.set()
                self._loop(Pipeline(analyzer, sinks=self._sinks))
            failure = None
        except AgeCamError as error:
            log.error("%s", error)
            failure = str(error)
        finally:  # of an error that nobody expected the exception hook tells the rest
            with self._lock:
                self._failure = failure
            self._callbacks.on_end()

    def _redraw(self) -> None:
        """While a file stands still, its frame follows the label style and the window's size all the same."""
        latest, view = self.latest(), self.view
        if latest is None or self._last is None:
            return
        captured, drawn_in = self._last
        if not view.previewed or (latest.preview is not None and view == drawn_in):
            return
        self._last = captured, view
        again = preview_again(latest, view.preview_of(captured), view.style, view.screen_wh)
        with self._lock:
            self._latest = again
        self._callbacks.on_change()

    def _loop(self, pipeline: Pipeline) -> None:
        epoch, still_scene = 0, StillScene()
        while not self._stopping.is_set():
            captured = self._slot.take(self._config.idle_s)
            if captured is None:
                self._redraw()
                self._callbacks.on_idle()
                continue
            if captured.epoch != epoch:
                epoch = captured.epoch
                pipeline.reset()
                still_scene.reset()
            view = self.view
            pipeline.style, pipeline.preview_wh = view.style, view.screen_wh
            is_kept = self._feed.begin_analysis(captured)
            preview = view.preview_of(captured)
            # What is written has its own analysis, frame by frame; and no face is to wait to be covered.
            is_followed = is_kept or view.style.blur or bool(self._sinks())
            if is_followed:
                still_scene.reset()
                annotated = pipeline.process(captured.frame, preview, draw_plain=is_kept)
            elif due := still_scene.due(captured.frame):
                for frame in due[:-1]:
                    self._follow(pipeline, frame)
                annotated = pipeline.process(captured.frame, preview)
                still_scene.analysed(annotated.analysis)
            else:
                annotated = pipeline.repeat(captured.frame, preview)
            annotated = dataclasses.replace(
                annotated, captured_s=captured.captured_s, epoch=epoch, is_repeat=captured.is_repeat
            )
            self._feed.end_analysis(captured, annotated)
            with self._lock:
                self._latest = annotated
            self._callbacks.on_annotated(annotated)
            self._last = captured, view
            self._statistics.drawn(
                annotated.analysis.stages_ms,
                captured.frame.image_bgr.nbytes,
                is_analysed=is_followed or bool(due),
            )
            self._callbacks.on_change()
            if not is_followed and still_scene.is_overdue(captured.frame):
                self._follow(pipeline, captured.frame, still_scene.analysed)

    def _follow(
        self, pipeline: Pipeline, frame: Frame, is_valid: Callable[[Analysis], bool] | None = None
    ) -> None:
        """Analyse a frame that is shown already."""
        analysis, _ = pipeline.follow(frame, is_valid)
        self._statistics.analysed(analysis.stages_ms)

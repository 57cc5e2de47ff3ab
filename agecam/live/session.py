"""The session: capture thread, analysis thread, recorder and log, behind a few calls that never wait."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agecam.drawing.annotate import annotate, mirrored
from agecam.drawing.label_layout import LabelMemory
from agecam.drawing.label_text import LabelStyle
from agecam.errors import AgeCamError, OutputError
from agecam.live.capture import Captured, CaptureState, CaptureThread, SourceRequest
from agecam.live.slot import LatestSlot
from agecam.live.state import Notice, RecordingStatus, Shown, SourceState, SourceStatus, Status
from agecam.live.statistics import StatisticsCollector
from agecam.messages import Analysis, Frame, Person
from agecam.output.csv import CsvLog
from agecam.output.files import unique_path
from agecam.output.image import save_snapshot
from agecam.output.recording import Recorder
from agecam.sources.cameras import Camera, list_cameras
from agecam.vision.analyzer import Analyzer

log = logging.getLogger(__name__)

_IDLE_S: Final = 0.1
_CAPTURE_JOIN_S: Final = 6.0
_WARM_UP_SHAPE: Final = (360, 640, 3)


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a recording goes: one object for each time that a recording is asked for."""

    path: Path
    is_folder: bool


class Session:
    """Pulls frames from a source, analyses them, and keeps the newest result ready to be shown.

    ``make_analyzer`` is called in the analysis thread, so that loading models blocks nobody.
    ``on_change`` is called from any thread whenever there is a new picture, state or notice; it must
    return at once. All methods return at once, but for :meth:`close`.
    """

    def __init__(self, make_analyzer: Callable[[], Analyzer], on_change: Callable[[], None]) -> None:
        self._make_analyzer = make_analyzer
        self._on_change = on_change
        self._slot: LatestSlot[Captured] = LatestSlot()
        self._statistics = StatisticsCollector()
        self._ready = threading.Event()
        self._capture = CaptureThread(self._slot, self._statistics, self._ready, on_change)
        self._analysis = threading.Thread(target=self._run, name="agecam-analysis")
        self._files = ThreadPoolExecutor(max_workers=1, thread_name_prefix="agecam-files")
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._failure: str | None = None
        self._latest: Shown | None = None
        self._latest_epoch = 0
        self._notices: deque[Notice] = deque(maxlen=20)
        self._cameras: list[Camera] | None = None
        self._mirror = False
        self._style = LabelStyle()
        self._wanted_recording: _Target | None = None
        self._recording_target: _Target | None = None
        self._wanted_csv: Path | None = None
        self._recorder: Recorder | None = None
        self._csv: CsvLog | None = None
        self._plain_labels, self._mirrored_labels = LabelMemory(), LabelMemory()
        self._still: tuple[NDArray[np.uint8], tuple[Person, ...]] | None = None
        self._closed = False

    # -- for the owner's thread ------------------------------------------------------------------

    def start(self) -> None:
        """Start the threads; models begin to load."""
        self._capture.start()
        self._analysis.start()

    def show(self, request: SourceRequest) -> None:
        """Switch to another source."""
        self._capture.request(request)

    def retry(self) -> None:
        """Try a missing source again now."""
        self._capture.retry()

    def set_mirror(self, mirror: bool) -> None:
        """Show cameras as in a mirror. Recordings, snapshots and logs are never mirrored."""
        self._mirror = mirror

    def set_style(self, style: LabelStyle) -> None:
        """Change how labels look, from the next frame on."""
        self._style = style

    def start_recording(self, path: Path) -> None:
        """Record the annotated picture into the file ``path`` from the next frame on, replacing it."""
        with self._lock:
            self._wanted_recording = _Target(path, is_folder=False)

    def start_recording_in(self, folder: Path) -> None:
        """Record the annotated picture into a new file in ``folder`` from the next frame on."""
        with self._lock:
            self._wanted_recording = _Target(folder, is_folder=True)

    def stop_recording(self) -> None:
        """Finish the recording; a notice tells when the file is whole."""
        with self._lock:
            self._wanted_recording = None

    def start_csv(self, path: Path) -> None:
        """Write one row a face a frame into ``path`` from the next frame on."""
        with self._lock:
            self._wanted_csv = path

    def take_snapshot(self, folder: Path) -> None:
        """Save the newest annotated picture, unmirrored, into ``folder``; a notice tells where."""
        shown = self.latest()
        if shown is None:
            self._notify("There is no picture to save yet.")
            return
        self.run_in_background(lambda: self._save_snapshot(shown.plain_bgr, folder))

    def run_in_background(self, work: Callable[[], None]) -> None:
        """Do something slow off the caller's thread, after whatever of this kind was asked for before."""
        try:
            done = self._files.submit(work)
        except RuntimeError:  # closing: a camera plugged in now, say, is no longer of interest
            log.info("background work refused while closing")
            return
        done.add_done_callback(_report_failure)

    def list_cameras(self) -> None:
        """Look which cameras are plugged in; :meth:`new_cameras` has them soon."""
        self.run_in_background(self._list_cameras)

    def new_cameras(self) -> list[Camera] | None:
        """The cameras found since the last call, or ``None`` when nobody has looked."""
        with self._lock:
            cameras, self._cameras = self._cameras, None
        return cameras

    def latest(self) -> Shown | None:
        """The newest picture of the present source, or ``None``."""
        with self._lock:
            current = self._latest_epoch == self._capture.state().epoch
            return self._latest if current else None

    def painted(self, shown: Shown) -> None:
        """Tell the session that this picture has reached the screen."""
        self._statistics.shown(time.monotonic() - shown.captured_s)

    def source(self) -> SourceStatus:
        """Where the source stands; cheap enough to ask at every picture."""
        capture = self._capture.state()
        with self._lock:
            failure = self._failure
            analysed = self._latest is not None and self._latest_epoch == capture.epoch
        if failure is not None:
            return SourceStatus(SourceState.FAILED, capture.source_name, failure)
        state = capture.state
        if state in (SourceState.LIVE, SourceState.ENDED) and not analysed:
            state = SourceState.LOADING
        return SourceStatus(state, capture.source_name, capture.message)

    def status(self) -> Status:
        """Where everything stands, with all the numbers."""
        source = self.source()
        with self._lock:
            recorder = self._recorder
        recording = None
        if recorder is not None:
            recording = RecordingStatus(recorder.path, recorder.seconds, recorder.written, recorder.dropped)
        statistics = self._statistics.read(self._slot.dropped)
        return Status(source.state, source.name, source.message, recording, statistics)

    def take_notices(self) -> list[Notice]:
        """What there is to tell the user since the last call: recordings saved, failures met."""
        with self._lock:
            notices = list(self._notices)
            self._notices.clear()
        return notices

    def close(self) -> None:
        """Stop intake, finish the files, release the device, end all threads. May take some seconds."""
        if self._closed:
            return
        self._closed = True
        self._capture.stop()
        self._stopping.set()
        self._slot.close()
        if self._analysis.ident is not None:
            self._analysis.join()
        if not self._capture.join(_CAPTURE_JOIN_S):
            log.warning("the source did not let go within %.0f s", _CAPTURE_JOIN_S)
        self._files.shutdown(wait=True)

    # -- analysis thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        finished = False
        try:
            analyzer = self._make_analyzer()
            try:
                analyzer.analyze(Frame(np.zeros(_WARM_UP_SHAPE, dtype=np.uint8), 0.0, 0))
                analyzer.reset()
                self._ready.set()
                self._loop(analyzer)
            finally:
                analyzer.close()
            finished = True
        except AgeCamError as error:
            log.error("%s", error)
            finished = True
            with self._lock:
                self._failure = str(error)
        finally:
            if not finished:  # the exception hook tells the rest
                with self._lock:
                    self._failure = "An unexpected error has stopped the analysis. Restart AgeCam."
            self._finish_recording()
            self._finish_csv()
            self._on_change()

    def _loop(self, analyzer: Analyzer) -> None:
        epoch = 0
        while not self._stopping.is_set():
            captured = self._slot.take(_IDLE_S)
            if captured is None:
                self._when_idle()
                continue
            if captured.epoch != epoch:
                epoch = captured.epoch
                self._still = None
                self._plain_labels, self._mirrored_labels = LabelMemory(), LabelMemory()
                analyzer.reset()
            analysis = self._analyze(analyzer, captured)
            self._publish(captured, analysis)

    def _analyze(self, analyzer: Analyzer, captured: Captured) -> Analysis:
        if not captured.is_still:
            return analyzer.analyze(captured.frame)
        image = captured.frame.image_bgr
        if self._still is None or self._still[0] is not image:
            self._still = (image, analyzer.analyze_still(captured.frame).people)
        return Analysis(captured.frame, self._still[1])

    def _publish(self, captured: Captured, analysis: Analysis) -> None:
        started_s = time.perf_counter()
        style = self._style
        plain = annotate(analysis.frame.image_bgr, analysis.people, style, self._plain_labels)
        picture = plain
        if self._mirror and captured.from_camera:
            reflected = mirrored(analysis)
            picture = annotate(reflected.frame.image_bgr, reflected.people, style, self._mirrored_labels)
        draw_ms = (time.perf_counter() - started_s) * 1000
        with self._lock:
            self._latest = Shown(analysis, picture, plain, captured.captured_s)
            self._latest_epoch = captured.epoch
        self._statistics.analysed({**analysis.stages_ms, "draw": draw_ms})
        self._on_change()
        self._record(plain, analysis.frame.time_s)
        self._log(analysis)

    # -- files -------------------------------------------------------------------------------------

    def _when_idle(self) -> None:
        with self._lock:
            unwanted = self._recorder is not None and self._wanted_recording is None
        ended = self._capture.state()
        if ended.state is SourceState.ENDED and self._recorder is not None and self._is_analysed(ended):
            with self._lock:
                self._wanted_recording = None
            unwanted = True
        if unwanted:
            self._finish_recording()
            self._on_change()

    def _is_analysed(self, capture: CaptureState) -> bool:
        with self._lock:
            return self._latest_epoch == capture.epoch

    def _record(self, picture_bgr: NDArray[np.uint8], time_s: float) -> None:
        with self._lock:
            wanted = self._wanted_recording
        if self._recorder is not None and self._recording_target is not wanted:
            self._finish_recording()
        if wanted is None:
            return
        if self._recorder is None:
            try:
                recorder = Recorder(unique_path(wanted.path, ".mp4") if wanted.is_folder else wanted.path)
            except OutputError as error:
                self._give_up_recording(str(error))
                return
            with self._lock:
                self._recorder, self._recording_target = recorder, wanted
        self._recorder.put(picture_bgr, time_s)
        if self._recorder.error is not None:
            self._give_up_recording(str(self._recorder.error))

    def _give_up_recording(self, why: str) -> None:
        with self._lock:
            self._wanted_recording = None
            recorder, self._recorder = self._recorder, None
        self._notify(why, is_error=True, ends_recording=True)
        if recorder is not None:
            self.run_in_background(recorder.close)

    def _finish_recording(self) -> None:
        with self._lock:
            recorder, self._recorder = self._recorder, None
        if recorder is not None:
            self.run_in_background(lambda: self._close_recorder(recorder))

    def _close_recorder(self, recorder: Recorder) -> None:
        recorder.close()
        if recorder.error is not None:
            self._notify(str(recorder.error), is_error=True, ends_recording=True)
            return
        lost = f", {recorder.dropped} frames dropped" if recorder.dropped else ""
        self._notify(
            f"Recording saved: {recorder.path} ({recorder.seconds:.0f} s{lost})", ends_recording=True
        )

    def _list_cameras(self) -> None:
        cameras = list_cameras()
        with self._lock:
            self._cameras = cameras
        self._on_change()

    def _save_snapshot(self, picture_bgr: NDArray[np.uint8], folder: Path) -> None:
        try:
            self._notify(f"Snapshot saved: {save_snapshot(picture_bgr, folder)}")
        except OutputError as error:
            self._notify(str(error), is_error=True)

    def _log(self, analysis: Analysis) -> None:
        with self._lock:
            wanted = self._wanted_csv
        if wanted is None:
            return
        try:
            if self._csv is None:
                self._csv = CsvLog(wanted, from_first_frame=True)
            self._csv.write(analysis)
        except OutputError as error:
            self._notify(str(error), is_error=True)
            self._finish_csv()

    def _finish_csv(self) -> None:
        with self._lock:
            self._wanted_csv = None
        csv, self._csv = self._csv, None
        if csv is not None:
            try:
                csv.close()
            except OutputError as error:
                self._notify(str(error), is_error=True)

    def _notify(self, text: str, *, is_error: bool = False, ends_recording: bool = False) -> None:
        log.info("%s", text)
        with self._lock:
            self._notices.append(Notice(text, is_error, ends_recording))
        self._on_change()


def _report_failure(done: Future[None]) -> None:
    error = done.exception()
    if error is not None:
        log.error("unexpected error in background work", exc_info=error)

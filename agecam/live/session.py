"""The session: wires capture, analysis and sinks, and is all that the window knows of them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agecam.drawing.annotate import LabelLayout, annotate_in_layout
from agecam.drawing.label_text import LabelStyle
from agecam.lazy import load_modules
from agecam.live.analysis import AnalysisCallbacks, AnalysisThread
from agecam.live.background import BackgroundTasks
from agecam.live.camera_control import camera_key
from agecam.live.capture import CaptureCallbacks, Captured, CaptureThread, SourceOpener, SourceRequest
from agecam.live.collect import Collector
from agecam.live.feed import FeedConfig, RecordingFeed
from agecam.live.notices import Notice, Notices, Remedy
from agecam.live.people import PeopleObserver
from agecam.live.pipeline import AnnotatedFrame
from agecam.live.playback import PlaybackControl
from agecam.live.recording import Recorder, RecordingOptions, RecordingPhase
from agecam.live.slot import LatestSlot
from agecam.live.state import SessionState, SourceState
from agecam.live.statistics import Statistics, StatisticsCollector
from agecam.live.summary import save_summary
from agecam.live.table import TableRecorder

if TYPE_CHECKING:
    from agecam.output.image import SnapshotSink
    from agecam.sources import Camera, Source
    from agecam.sources.camera_controls import ControlName
    from agecam.sources.camera_modes import CameraMode
    from agecam.vision.analyzer import Analyzer

log = logging.getLogger(__name__)

_CAPTURE_JOIN_S: Final = 3.0
"""A pulled camera answers after 2 s; what takes longer, as an address that never answers, is left behind."""


def load_sinks() -> None:
    """Load what writes files, FFmpeg with it: before frames are live, when nobody may wait for that any more.

    The window is there before.
    """
    load_modules(f"agecam.output.{name}" for name in ("recording", "csv", "image", "summary"))


class Session:
    """Pulls frames from a source, analyses them, keeps the newest result ready to be shown, and files.

    ``make_analyzer`` is called in the analysis thread, so that loading models blocks nobody. ``on_change`` is
    called from any thread whenever there is a new frame, state or notice; it must return at once. All methods
    return at once, but for :meth:`close`.
    """

    def __init__(
        self,
        make_analyzer: Callable[[], Analyzer],
        on_change: Callable[[], None],
        *,
        opener: SourceOpener | None = None,
        recorder: Callable[[Notices, Callable[[], None]], Recorder] = Recorder,
        feed_config: FeedConfig | None = None,
    ) -> None:
        self._on_change = on_change
        self._opener = opener or SourceOpener()
        self._slot: LatestSlot[Captured] = LatestSlot()
        self._statistics = StatisticsCollector()
        self._notices = Notices(on_change)
        self._recorder = recorder(self._notices, on_change)
        self._feed = RecordingFeed(self._recorder, feed_config or FeedConfig())
        self._background = BackgroundTasks()
        self.table = TableRecorder(
            self._notices,
            lambda work: self._background.run("table", work),
            on_change,
            self._recorder.tell_recovered,
        )
        self.collector = Collector(
            self._notices, lambda work: self._background.run("collect", work), on_change
        )
        self.people = PeopleObserver(on_change, listeners=(self.collector,))
        callbacks = AnalysisCallbacks(
            on_change=on_change,
            on_idle=self._end_recording_with_its_source,
            on_end=self._end_outputs,
            on_annotated=self.people.show,
        )

        def make_loaded_analyzer() -> Analyzer:
            analyzer = make_analyzer()
            load_sinks()
            return analyzer

        self._analysis = AnalysisThread(
            make_loaded_analyzer, self._slot, self._statistics, self._feed, callbacks, sinks=self.table.sinks
        )
        self._capture = CaptureThread(
            self._slot,
            self._statistics,
            self._analysis.ready,
            CaptureCallbacks(
                on_change=on_change,
                on_captured=lambda captured: self._feed.offer(captured, self._analysis.view.style),
                on_damage=self._tell_damage,
                on_return=self._tell_return,
            ),
            self._opener,
        )
        self._lock = threading.Lock()
        self._snapshots: dict[Path, SnapshotSink] = {}
        self._cameras: list[Camera] | None = None
        self._damage_told: set[str] = set()
        self._closed = False

    def start(self) -> None:
        """Start the threads; models begin to load."""
        self._feed.start()
        self.people.start()
        self._capture.start()
        self._analysis.start()

    # -- what is shown -------------------------------------------------------------------------------

    def show(self, request: SourceRequest) -> None:
        """Switch to another source."""
        self._capture.request(request)

    def retry(self) -> None:
        """Try a missing source again now; one that has ended or failed, from its beginning."""
        if self.state().source.state in (SourceState.ENDED, SourceState.FAILED):
            self._capture.restart()
        else:
            self._capture.retry()

    def wake(self) -> None:
        """Try a missing source again now, as when a camera may have been plugged in."""
        self._capture.retry()

    @property
    def playback(self) -> PlaybackControl:
        """How a file is played: pause, seek, step, speed, loop."""
        return self._capture.playback

    def set_camera_modes(self, modes: Mapping[str, CameraMode]) -> None:
        """Ask these sizes and rates of cameras, by :func:`agecam.live.camera_control.camera_key`."""
        self._capture.camera.set_modes(modes)

    def reopen_camera(self) -> None:
        """Open the camera that is shown anew, as after another mode was chosen."""
        self._capture.reopen_camera()

    def set_camera_control(self, name: ControlName, value: float) -> None:
        """Set brightness or exposure of the camera that is shown; see
        :class:`agecam.sources.camera_controls.CameraControls`."""
        self._capture.camera.set(name, value)

    def set_camera_controls(self, values: Mapping[str, Mapping[ControlName, float]]) -> None:
        """Set cameras so when they are opened, by :func:`agecam.live.camera_control.camera_key`."""
        self._capture.camera.set_values(values)

    def restore_camera_controls(self) -> None:
        """Set the camera that is shown as its driver does where nobody sets it."""
        self._capture.camera.restore_defaults()

    def set_mirror(self, mirror: bool) -> None:
        """Show cameras as in a mirror. Recordings, snapshots and CSV files are never mirrored."""
        self._analysis.view = replace(self._analysis.view, mirror=mirror)

    def set_style(self, style: LabelStyle) -> None:
        """Change how labels look, from the next frame on."""
        self._analysis.view = replace(self._analysis.view, style=style)
        self.people.hide_faces(style.blur)
        self.collector.hide_faces(style.blur)

    def set_previewed(self, previewed: bool) -> None:
        """Whether anybody sees the frames: where nobody does, only what is kept is drawn."""
        self._analysis.view = replace(self._analysis.view, previewed=previewed)

    def set_screen_size(self, size_wh: tuple[int, int]) -> None:
        """How many pixels of the screen there are for a frame, from the next one on."""
        self._analysis.view = replace(self._analysis.view, screen_wh=size_wh)

    def latest(self) -> AnnotatedFrame | None:
        """The newest annotated frame of the present source, or ``None``."""
        latest, (_, epoch) = self._analysis.latest(), self._capture.state()
        return latest if latest is not None and 0 < epoch <= latest.epoch else None

    def painted(self, annotated: AnnotatedFrame) -> None:
        """Tell the session that this frame has reached the screen."""
        self._statistics.shown(time.monotonic() - annotated.captured_s)

    def state(self) -> SessionState:
        """Where everything stands; cheap enough to ask at every frame."""
        source, epoch = self._capture.state()
        failure, latest = self._analysis.failure(), self._analysis.latest()
        if failure is not None:
            source = replace(source, state=SourceState.ANALYSIS_FAILED, message=failure)
        elif source.state in (SourceState.LIVE, SourceState.ENDED) and (
            latest is None or not 0 < epoch <= latest.epoch
        ):
            source = replace(source, state=SourceState.LOADING)
        camera = self._capture.camera.state()
        is_shown = (
            camera is not None
            and source.camera is not None
            and camera_key(camera.camera) == camera_key(source.camera)
        )
        return SessionState(
            source,
            self._recorder.state(),
            self._capture.playback.state(),
            camera if is_shown else None,
            table=self.table.state(),
        )

    def statistics(self) -> Statistics:
        """Rates and latencies of the last seconds."""
        return self._statistics.read(self._slot.dropped)

    def take_notices(self) -> list[Notice]:
        """What there is to tell the user since the last call."""
        return self._notices.take()

    # -- what is kept --------------------------------------------------------------------------------

    def start_recording(self, path: Path, options: RecordingOptions | None = None) -> None:
        """Record all frames, annotated, into the file ``path`` from the next one on."""
        self._start_recording(path, options, is_folder=False)

    def start_recording_in(self, folder: Path, options: RecordingOptions | None = None) -> None:
        """Record all frames, annotated, into a new file in ``folder`` from the next one on."""
        self._start_recording(folder, options, is_folder=True)

    def _start_recording(self, path: Path, options: RecordingOptions | None, *, is_folder: bool) -> None:
        self.playback.pause(False)  # a recorded file plays as it does
        if options is not None and options.content != "annotated" and self._analysis.view.style.blur:
            self._notices.warn("Faces are blurred in the picture without labels too.")
        self._recorder.start(path, is_folder=is_folder, options=options)

    def pause_recording(self) -> None:
        """Record nothing until :meth:`resume_recording`."""
        self._recorder.pause()

    def resume_recording(self) -> None:
        """Go on with a paused recording; what was between is left out."""
        self._recorder.resume()

    def stop_recording(self) -> None:
        """Finish the recording; a notice tells when the file is whole."""
        self._recorder.stop()

    def start_csv(self, path: Path, *, may_replace: bool = True) -> None:
        """Write one row a face a frame into ``path``, as :class:`agecam.live.table.TableRecorder` says."""
        self.table.start(path, may_replace=may_replace)

    def save_summary(self, folder: Path) -> None:
        """Write what is known of everybody seen so far into ``folder``; a notice tells where."""
        self._background.run("summary", lambda: save_summary(self.people, self._notices, folder))

    def take_snapshot(self, folder: Path) -> None:
        """Save the newest annotated frame, unmirrored, into ``folder``; a notice tells where."""
        annotated = self.latest()
        if annotated is None:
            self._notices.warn("There is no picture to save yet.")
            return
        frame, style = annotated.analysis.frame, self._analysis.view.style
        drawn = annotated.plain_bgr
        if drawn is None or (style.blur and not annotated.style.blur):
            drawn = annotate_in_layout(
                frame.image_bgr,
                annotated.people,
                annotated.covered,
                style,
                annotated.layout or LabelLayout(),
            )
        from agecam.output.image import SnapshotSink

        with self._lock:
            if self._closed:
                return
            if folder not in self._snapshots:
                self._snapshots[folder] = SnapshotSink(
                    folder,
                    on_saved=lambda path: self._notices.tell(
                        f"Snapshot saved: {path}", Remedy.SHOW_IN_FOLDER, path
                    ),
                    on_failed=lambda error: self._notices.error(
                        str(error), Remedy.CHOOSE_SNAPSHOTS_FOLDER, folder
                    ),
                )
            sink = self._snapshots[folder]
        sink.write(replace(frame, image_bgr=drawn), annotated.analysis.people)

    def _tell_damage(self, sentence: str) -> None:
        """In the capture thread; once for each sentence, however often a file is played."""
        if sentence not in self._damage_told:
            self._damage_told.add(sentence)
            self._notices.warn(sentence)

    def _tell_return(self, source: Source, away_s: float) -> None:
        """In the capture thread; a recording that has begun holds the gap."""
        if self._recorder.state().phase is RecordingPhase.ON:
            what = "camera" if source.is_camera else "stream"
            self._notices.warn(f"The {what} was away for {away_s:.1f} s; the recording goes on.")

    def _end_recording_with_its_source(self) -> None:
        """In the analysis thread, when no frame has come for a while."""
        if self._recorder.is_running() and self.state().source.state in (
            SourceState.ENDED,
            SourceState.FAILED,
            SourceState.ANALYSIS_FAILED,
        ):
            self._recorder.stop()

    def finish_leftovers_in(self, folder: Path) -> None:
        """Keep what a crash has left of recordings in ``folder``; notices tell which."""
        self._background.run("leftovers", lambda: self._recorder.finish_leftovers_in(folder))

    def _end_outputs(self) -> None:
        """In the analysis thread, at its end."""
        self.table.stop()
        self._recorder.stop()
        self._feed.end()
        self._on_change()

    # -- slow work -----------------------------------------------------------------------------------

    def run_in_background(self, kind: str, work: Callable[[], None]) -> None:
        """Do something slow off the caller's thread, after whatever of its kind was asked for before."""
        self._background.run(kind, work)

    def list_cameras(self) -> None:
        """Find out which cameras are plugged in; :meth:`new_cameras` has them soon."""
        self._background.run("cameras", self._list_cameras)

    def new_cameras(self) -> list[Camera] | None:
        """The cameras found since the last call, or ``None`` where there is no news."""
        with self._lock:
            cameras, self._cameras = self._cameras, None
        return cameras

    def _list_cameras(self) -> None:
        cameras = self._opener.list_cameras()
        self._capture.note_plugged_in(cameras)
        with self._lock:
            self._cameras = cameras
        self._on_change()

    def close(self) -> None:
        """Stop intake, finish the files, release the device, end all threads. May take some seconds."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._capture.stop()
        self._analysis.stop()
        if not self._capture.join(_CAPTURE_JOIN_S):
            log.warning("the source did not let go within %.0f s", _CAPTURE_JOIN_S)
        with self._lock:
            snapshots = list(self._snapshots.values())
        self._feed.close()
        self.people.stop()
        self.collector.close()
        self._recorder.close()
        self.table.close()
        for sink in snapshots:
            sink.close()
        self._background.close()

"""What a report tells of an input, gathered while its frames pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from agecam.messages import Frame, Person
from agecam.output.files import write_error
from agecam.output.gathering import DEFAULT_CONFIG, GatheringConfig, MeasureCrop, PeopleGatherer
from agecam.output.report_data import InputReport
from agecam.output.sink import QueuedSink, WhenFull


class ReportSink(QueuedSink):
    """Gathers an :class:`InputReport` of one input, and writes it as JSON to ``path`` at the end.

    People not yet confirmed are left out. Without ``with_crops`` no face is kept. A report without a frame is
    not written.
    """

    needs_drawing = False

    def __init__(
        self,
        path: Path | None,
        name: str,
        measure: MeasureCrop,
        *,
        with_crops: bool = True,
        from_first_frame: bool = False,
        when_full: WhenFull = WhenFull.DROP,
        config: GatheringConfig = DEFAULT_CONFIG,
    ) -> None:
        """``name`` is that of the input as the report shows it; without ``path`` nothing is written.

        With ``from_first_frame`` times count from the first frame, as live sources need it.
        """
        self._target = path
        self._from_first_frame = from_first_frame
        self._start_s: float | None = None
        self._gathered = PeopleGatherer(name, measure if with_crops else None, config)
        super().__init__("report", when_full=when_full, capacity_bytes=config.queue_bytes)

    def consume(self, frame: Frame, people: Sequence[Person]) -> None:
        if self._start_s is None:
            self._start_s = frame.time_s if self._from_first_frame else 0.0
        timed = replace(frame, time_s=frame.time_s - self._start_s)
        self._gathered.add(timed, [person for person in people if person.confirmed])
        self._seconds = self._gathered.seconds

    def finish(self) -> None:
        if self._target is None or not self._gathered.frames:
            return
        self._path = self._target
        try:
            self._target.write_text(self.report().to_json(), encoding="utf-8")
        except OSError as error:
            raise write_error(self._target, error) from error

    def report(self) -> InputReport:
        """What was gathered; call it when the sink is closed."""
        return self._gathered.report()

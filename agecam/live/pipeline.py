"""From a frame to its annotated frame and the sinks: one runner for window, `annotate` and `bench`."""

from __future__ import annotations

import dataclasses
import enum
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agecam.drawing.annotate import (
    Annotator,
    FaceCovers,
    LabelLayout,
    mirror_box,
    mirror_image,
    mirror_people,
)
from agecam.drawing.colours import TrackColours
from agecam.drawing.hysteresis import EstimateHysteresis
from agecam.drawing.label_image import Colour
from agecam.drawing.label_layout import Box
from agecam.drawing.label_text import LabelStyle
from agecam.messages import Analysis, Frame, Person
from agecam.output.sink import Sink
from agecam.vision.analyzer import Analyzer


class Preview(enum.Enum):
    """How a frame is drawn for somebody who looks at it."""

    NONE = "none"
    """Nobody looks: only what a sink needs is drawn."""
    PLAIN = "plain"
    MIRRORED = "mirrored"


@dataclass(frozen=True, slots=True)
class AnnotatedFrame:
    """An analysed frame with its labels.

    ``people`` are those of ``analysis`` with the estimates as printed (:mod:`agecam.drawing.hysteresis`);
    ``image_bgr`` is ``(h, w, 3)`` uint8, drawn as the preview asked for, or ``None`` where nobody looks.
    ``plain_bgr`` is the same unmirrored, where it was drawn, with ``layout`` of its labels (otherwise of
    colours alone), and ``covered`` are the boxes that blurring covers, unmirrored. ``style`` is how it is
    drawn. Of live frames ``captured_s`` is ``time.monotonic()`` at capture, and ``epoch`` the number of the
    source that was open then.
    """

    analysis: Analysis
    people: tuple[Person, ...]
    image_bgr: NDArray[np.uint8] | None
    plain_bgr: NDArray[np.uint8] | None
    covered: tuple[Box, ...] = ()
    style: LabelStyle = field(default_factory=LabelStyle)
    layout: LabelLayout | None = None
    captured_s: float = 0.0
    epoch: int = 0


class Pipeline:
    """Analyses frames, draws what somebody sees or keeps, and hands each frame to the sinks.

    ``sinks`` is asked at every frame. One thread uses a pipeline at a time; ``style`` may be set by any.
    Closing the analyzer and the sinks is left to their owners.
    """

    def __init__(
        self,
        analyzer: Analyzer,
        *,
        style: LabelStyle | None = None,
        sinks: Callable[[], Sequence[Sink]] = tuple,
    ) -> None:
        self.style = style or LabelStyle()
        self._analyzer = analyzer
        self._sinks = sinks
        self._hysteresis = EstimateHysteresis()
        self._covers, self._colours = FaceCovers(), TrackColours()
        self._plain, self._mirrored = Annotator(), Annotator()

    def process(
        self, frame: Frame, preview: Preview = Preview.PLAIN, *, draw_plain: bool = False
    ) -> AnnotatedFrame:
        """Analyse one frame, draw it and write it to the sinks; ``frame.time_s`` must not decrease.

        With ``draw_plain`` there is a ``plain_bgr`` whatever the preview is.
        """
        return self._finish(self._analyzer.analyze(frame), preview, draw_plain=draw_plain)

    def process_all(
        self, frames: Iterable[Frame], preview: Preview = Preview.NONE
    ) -> Generator[AnnotatedFrame, None, None]:
        """The same for each of the frames, sooner where there are two cores; see ``Analyzer.analyze_all``."""
        analyses = self._analyzer.analyze_all(frames)
        try:
            for analysis in analyses:
                yield self._finish(analysis, preview)
        finally:
            analyses.close()

    def reset(self) -> None:
        """Forget everybody: the source changed."""
        self._analyzer.reset()
        self._hysteresis.reset()
        self._covers.reset()
        self._colours.reset()
        self._plain.reset()
        self._mirrored.reset()

    def _finish(self, analysis: Analysis, preview: Preview, *, draw_plain: bool = False) -> AnnotatedFrame:
        started_s = time.perf_counter()
        frame = analysis.frame
        people = self._hysteresis.update(analysis.people, frame.time_s)
        covered = self._covers.update(people, frame.time_s)
        colours = self._colours.update([person.track_id for person in people if person.confirmed])
        sinks, style = self._sinks(), self.style
        mirrored = None
        self._plain.style = self._mirrored.style = style
        if preview is Preview.MIRRORED:
            mirrored = self._draw_mirrored(frame, people, covered, colours)
        plain = None
        if preview is Preview.PLAIN or draw_plain or any(sink.needs_drawing for sink in sinks):
            plain = self._plain.draw(frame.image_bgr, people, frame.time_s, covered, colours)
        draw_ms = (time.perf_counter() - started_s) * 1000
        for sink in sinks:
            drawn = plain if sink.needs_drawing else None
            kept = frame if drawn is None else dataclasses.replace(frame, image_bgr=drawn)
            sink.write(kept, analysis.people)
        timed = dataclasses.replace(analysis, stages_ms={**analysis.stages_ms, "draw": draw_ms})
        seen = {Preview.NONE: None, Preview.PLAIN: plain, Preview.MIRRORED: mirrored}[preview]
        layout = LabelLayout(colours=colours) if plain is None else self._plain.layout
        return AnnotatedFrame(timed, people, seen, plain, covered, style, layout)

    def _draw_mirrored(
        self,
        frame: Frame,
        people: Sequence[Person],
        covered: Sequence[Box],
        colours: Mapping[int, Colour],
    ) -> NDArray[np.uint8]:
        reflected = mirror_people(people, frame.width)
        boxes = [mirror_box(box, frame.width) for box in covered]
        return self._mirrored.draw(mirror_image(frame.image_bgr), reflected, frame.time_s, boxes, colours)

"""From a frame to its annotated frame and the sinks: one runner for window, `annotate` and `bench`."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agecam.drawing.annotate import (
    Annotator,
    FaceCovers,
    LabelLayout,
    draw_overlay,
    lay_out_in,
    mirror_box,
    mirror_people,
)
from agecam.drawing.colours import TrackColours
from agecam.drawing.hysteresis import EstimateHysteresis
from agecam.drawing.label_image import Colour
from agecam.drawing.label_layout import Box
from agecam.drawing.label_text import LabelStyle
from agecam.drawing.overlay import Overlay
from agecam.drawing.preview import HalfOf, fit_size, preview_image
from agecam.messages import Analysis, Frame, Person

if TYPE_CHECKING:
    from agecam.output.sink import Sink
    from agecam.vision.analyzer import Analyzer


class Preview(enum.Enum):
    """How a frame is prepared for somebody who looks at it."""

    NONE = "none"
    """Nobody looks: only what a sink needs is drawn."""
    PLAIN = "plain"
    MIRRORED = "mirrored"


@dataclass(frozen=True, slots=True, eq=False)
class PreviewFrame:
    """A frame for a screen, whose boxes and labels whoever shows it draws over it.

    ``image_bgra`` is ``(h, w, 4)`` uint8, in the pixels of the screen, with faces covered where the style
    says so; ``overlay`` has its places in pixels of the whole frame. Both are mirrored where the preview is,
    texts are not.
    """

    image_bgra: NDArray[np.uint8]
    overlay: Overlay


@dataclass(frozen=True, slots=True)
class AnnotatedFrame:
    """An analysed frame with its labels.

    ``people`` are those of ``analysis`` with the estimates as printed (:mod:`agecam.drawing.hysteresis`);
    ``preview`` is what a screen shows, or ``None`` where nobody looks. ``plain_bgr`` is the frame,
    ``(h, w, 3)`` uint8, with all of it drawn, unmirrored, where it is kept; ``layout`` is that of its labels,
    of colours alone where only a mirrored preview was laid out. ``covered`` are the boxes that blurring
    covers, unmirrored. ``style`` is how it is drawn. Of live frames ``captured_s`` is ``time.monotonic()``
    at capture, ``epoch`` the number of the source that was open then, and ``is_repeat`` whether that place of
    a file has been shown before.
    """

    analysis: Analysis
    people: tuple[Person, ...]
    preview: PreviewFrame | None
    plain_bgr: NDArray[np.uint8] | None
    covered: tuple[Box, ...] = ()
    style: LabelStyle = field(default_factory=LabelStyle)
    layout: LabelLayout | None = None
    captured_s: float = 0.0
    epoch: int = 0
    is_repeat: bool = False


class Pipeline:
    """Analyses frames, draws what somebody sees or keeps, and hands each frame to the sinks.

    ``sinks`` is asked at every frame. One thread uses a pipeline at a time; ``style`` may be set by any, and
    so may ``preview_wh``, the pixels of the screen that previews are to fit into (``None``: those of the
    frame). Closing the analyzer and the sinks is left to their owners.
    """

    def __init__(
        self,
        analyzer: Analyzer,
        *,
        style: LabelStyle | None = None,
        sinks: Callable[[], Sequence[Sink]] = tuple,
    ) -> None:
        self.style = style or LabelStyle()
        self.preview_wh: tuple[int, int] | None = None
        self._analyzer = analyzer
        self._sinks = sinks
        self._hysteresis = EstimateHysteresis()
        self._covers, self._colours = FaceCovers(), TrackColours()
        self._plain, self._mirrored = Annotator(), Annotator()
        self._last: tuple[Analysis, tuple[Person, ...]] | None = None
        """The last analysis, for the next frame to repeat, and its people as printed."""
        self._laid_out: dict[bool, _LaidOut] = {}
        """The last overlay, by whether it is of the mirror image."""

    def process(
        self, frame: Frame, preview: Preview = Preview.PLAIN, *, draw_plain: bool = False
    ) -> AnnotatedFrame:
        """Analyse one frame, draw it and write it to the sinks; ``frame.time_s`` must not decrease.

        With ``draw_plain`` there is a ``plain_bgr`` whatever the preview is.
        """
        analysis, people = self.follow(frame)
        return self._finish(analysis, people, preview, draw_plain=draw_plain)

    def follow(
        self, frame: Frame, is_valid: Callable[[Analysis], bool] | None = None
    ) -> tuple[Analysis, tuple[Person, ...]]:
        """Analyse one frame that nobody sees; its people as printed, too.

        It is what :meth:`repeat` repeats, unless ``is_valid`` says that it is not.
        """
        analysis = self._analyzer.analyze(frame)
        people = self._hysteresis.update(analysis.people, frame.time_s)
        if is_valid is None or is_valid(analysis):
            self._last = analysis, people
        return analysis, people

    def repeat(self, frame: Frame, preview: Preview = Preview.PLAIN) -> AnnotatedFrame:
        """An annotated frame for one that shows what the last one did: its people, who are where they were.

        Raises :class:`RuntimeError` where none has been processed since the last :meth:`reset`.
        """
        if self._last is None:
            raise RuntimeError("no frame has been processed")
        analysis, people = self._last
        if analysis.stages_ms:
            # No model has been run on this frame; once is enough for all that follow.
            unseen = tuple(replace(person, raw=None) for person in analysis.people)
            people = tuple(replace(person, raw=None) for person in people)
            analysis = replace(analysis, people=unseen, stages_ms={})
        analysis = replace(analysis, frame=frame)
        self._last = analysis, people
        return self._finish(analysis, people, preview)

    def process_all(
        self, frames: Iterable[Frame], preview: Preview = Preview.NONE, *, draw_plain: bool = False
    ) -> Generator[AnnotatedFrame, None, None]:
        """The same for each of the frames, sooner where there are two cores; see ``Analyzer.analyze_all``."""
        analyses = self._analyzer.analyze_all(frames)
        try:
            for analysis in analyses:
                people = self._hysteresis.update(analysis.people, analysis.frame.time_s)
                yield self._finish(analysis, people, preview, draw_plain=draw_plain)
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
        self._last = None
        self._laid_out.clear()

    def _finish(
        self, analysis: Analysis, people: tuple[Person, ...], preview: Preview, *, draw_plain: bool = False
    ) -> AnnotatedFrame:
        started_s = time.perf_counter()
        frame = analysis.frame
        covered = self._covers.update(people, frame.time_s)
        colours = self._colours.update([person.track_id for person in people if person.confirmed])
        sinks, style = self._sinks(), self.style
        is_kept = draw_plain or any(sink.needs_drawing for sink in sinks)
        overlay = seen = None
        if is_kept or preview is Preview.PLAIN:
            overlay = self._lay_out(frame, people, covered, colours)
        if preview is Preview.MIRRORED:
            mirrored = self._lay_out(frame, people, covered, colours, mirrored=True)
            seen = make_preview(
                frame.image_bgr, mirrored, self.preview_wh, mirrored=True, half_of=self._half_of
            )
        elif preview is Preview.PLAIN and overlay is not None:
            seen = make_preview(frame.image_bgr, overlay, self.preview_wh, half_of=self._half_of)
        plain = draw_overlay(frame.image_bgr, overlay) if overlay is not None and is_kept else None
        draw_ms = (time.perf_counter() - started_s) * 1000
        drawn = frame
        if sinks and plain is not None and overlay is not None:
            coded = frame.coded and replace(frame.coded, drawn_on=overlay.rects())
            drawn = replace(frame, image_bgr=plain, coded=coded)
        for sink in sinks:
            sink.write(drawn if sink.needs_drawing else frame, analysis.people)
        timed = replace(analysis, stages_ms={**analysis.stages_ms, "draw": draw_ms})
        layout = LabelLayout(colours=colours) if overlay is None else self._plain.layout
        return AnnotatedFrame(timed, people, seen, plain, covered, style, layout)

    def _half_of(self, image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        return self._analyzer.half_of(image_bgr)

    def _lay_out(
        self,
        frame: Frame,
        people: tuple[Person, ...],
        covered: tuple[Box, ...],
        colours: Mapping[int, Colour],
        *,
        mirrored: bool = False,
    ) -> Overlay:
        """What lies over a frame: that of the last one where nothing of it has changed."""
        size_wh, style = (frame.width, frame.height), self.style
        before = self._laid_out.get(mirrored)
        if before is not None and before.is_of(people, (size_wh, covered, colours, style)):
            return before.overlay
        at: Sequence[Person] = people
        boxes: Sequence[Box] = covered
        if mirrored:
            at, boxes = mirror_people(people, frame.width), [mirror_box(box, frame.width) for box in covered]
        annotator = self._mirrored if mirrored else self._plain
        annotator.style = style
        overlay = annotator.lay_out(size_wh, at, frame.time_s, boxes, colours)
        self._laid_out[mirrored] = _LaidOut(overlay, people, (size_wh, covered, colours, style))
        return overlay


@dataclass(frozen=True, slots=True, eq=False)
class _LaidOut:
    """An overlay, the people that it is of, and what else it depends on."""

    overlay: Overlay
    people: tuple[Person, ...]
    rest: tuple[object, ...]

    def is_of(self, people: tuple[Person, ...], rest: tuple[object, ...]) -> bool:
        """Whether it is of the very same people, and of nothing else that is different."""
        return self.people is people and self.rest == rest


def make_preview(
    image_bgr: NDArray[np.uint8],
    overlay: Overlay,
    screen_wh: tuple[int, int] | None = None,
    *,
    mirrored: bool = False,
    half_of: HalfOf | None = None,
) -> PreviewFrame:
    """The frame ``(h, w, 3)`` uint8 for a screen, as large as fits into ``screen_wh`` of its pixels.

    Where it is ``mirrored``, ``overlay`` is that of the mirror image already.
    """
    size_wh = overlay.size_wh if screen_wh is None else fit_size(overlay.size_wh, screen_wh)
    shown = preview_image(image_bgr, size_wh, overlay.covered, mirrored=mirrored, half_of=half_of)
    return PreviewFrame(shown, overlay)


def preview_again(
    annotated: AnnotatedFrame, preview: Preview, style: LabelStyle, screen_wh: tuple[int, int] | None
) -> AnnotatedFrame:
    """A frame as it is shown in another style or size, with its labels where they were as far as is known."""
    frame, people, covered = annotated.analysis.frame, annotated.people, annotated.covered
    layout = annotated.layout or LabelLayout()
    mirrored = preview is Preview.MIRRORED
    if mirrored:
        people = mirror_people(people, frame.width)
        covered = tuple(mirror_box(box, frame.width) for box in covered)
        layout = LabelLayout(colours=layout.colours)
    overlay = lay_out_in((frame.width, frame.height), people, covered, style, layout)
    again = make_preview(frame.image_bgr, overlay, screen_wh, mirrored=mirrored)
    plain = annotated.plain_bgr if style == annotated.style else None
    return replace(annotated, preview=again, plain_bgr=plain, style=style)

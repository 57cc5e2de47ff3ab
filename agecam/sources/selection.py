"""A part of a source's frames: from a start to an end, each or every so many."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Protocol, TypeVar, runtime_checkable

from agecam.errors import NoFrameError, SourceError, UsageError
from agecam.messages import Frame
from agecam.sources.base import Source
from agecam.sources.prefetch import each_frame


@dataclass(frozen=True, slots=True)
class FrameSelection:
    """The frames with ``start_s <= time_s < end_s``, and of them the first and each ``every``-th after it.

    Times are ``Frame.time_s``; without ``end_s`` it goes to the end. Raises
    :class:`agecam.errors.UsageError` where no frame could be in it.
    """

    start_s: float = 0.0
    end_s: float | None = None
    every: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.start_s < math.inf:
            raise UsageError("The start must be a time of 0 s or later.")
        if self.end_s is not None and not self.end_s > self.start_s:
            raise UsageError("The end must be a later time than the start.")
        if self.every < 1:
            raise UsageError("Every how many frames to take one must be 1 or more.")

    @property
    def has_times(self) -> bool:
        """Whether it is less than all seconds."""
        return self.start_s > 0 or self.end_s is not None

    @property
    def is_whole(self) -> bool:
        """Whether it is all frames."""
        return not self.has_times and self.every == 1

    def count(self, frame_count: int | None, fps: float | None) -> int | None:
        """How many of ``frame_count`` frames are in it, as a hint; ``None`` where that is unknown."""
        if frame_count is None:
            return None
        if self.has_times:
            if not fps:
                return None
            last = frame_count if self.end_s is None else min(frame_count, math.ceil(self.end_s * fps - 1e-6))
            frame_count = max(1, last - math.ceil(self.start_s * fps - 1e-6))
        return -(-frame_count // self.every)


class TimedFrame(Protocol):
    """What can be selected by its time; both in seconds."""

    @property
    def time_s(self) -> float: ...
    @property
    def duration_s(self) -> float | None: ...


T = TypeVar("T", bound=TimedFrame)


def select(frames: Iterable[T], selection: FrameSelection, name: str) -> Iterator[tuple[T, float | None]]:
    """The selected of ``frames`` (in the order of their times), and for how many seconds each stands now.

    That is until the next one, or until the end of the selection. Gives each one late, with the next.
    Raises :class:`agecam.errors.SourceError` of the source ``name`` where there are frames but none selected.
    """
    end_s = math.inf if selection.end_s is None else selection.end_s
    held: T | None = None
    last: T | None = None
    position = 0
    for frame in frames:
        if frame.time_s >= end_s:
            if held is None:
                raise nothing_selected(name, selection)
            yield held, end_s - held.time_s
            return
        last = frame
        if frame.time_s < selection.start_s:
            continue
        if position % selection.every == 0:
            if held is not None:
                yield held, frame.time_s - held.time_s
            held = frame
        position += 1
    if last is None:
        return
    if held is None:
        raise nothing_selected(name, selection, last.time_s + (last.duration_s or 0.0))
    # Only now, because of the last frame it is known last.
    stands_s = last.duration_s
    yield held, None if stands_s is None else min(end_s, last.time_s + stands_s) - held.time_s


def nothing_selected(name: str, selection: FrameSelection, ended_s: float | None = None) -> NoFrameError:
    """The error of a source without a frame in ``selection``; ``ended_s``: when it ended before its start."""
    start_s, end_s = selection.start_s, selection.end_s
    if ended_s is not None:
        return NoFrameError(f"{name} ends after {ended_s:.1f} s; choose a start before {start_s:g} s.")
    return NoFrameError(f"{name} has no frame from {start_s:g} s to {end_s or 0:g} s; choose other times.")


@runtime_checkable
class Selectable(Protocol):
    """A source that gives a selection of its frames faster than by reading all of them."""

    def selected(self, selection: FrameSelection) -> Source:
        """The same source, not open, with these frames alone."""
        ...


def select_frames(source: Source, selection: FrameSelection) -> Source:
    """``source`` with the frames of ``selection`` alone, each with its index and time in the source.

    A whole selection gives ``source`` itself. A photograph has no times and is given whatever they are.
    Opening raises :class:`agecam.errors.SourceError` where the source ends before the start, and where a
    live source, which has neither start nor end, is to begin or end at a time.
    """
    if selection.is_whole:
        return source
    if isinstance(source, Selectable):
        return source.selected(selection)
    return _SelectedSource(source, selection)


class _SelectedSource:
    """Reads all frames of another source and gives those that are selected."""

    def __init__(self, source: Source, selection: FrameSelection) -> None:
        self._source = source
        self._selection = selection
        self._frames: Iterator[Frame] = iter(())

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def is_live(self) -> bool:
        return self._source.is_live

    @property
    def is_camera(self) -> bool:
        return self._source.is_camera

    @property
    def fps(self) -> float | None:
        fps = self._source.fps
        return fps and fps / self._selection.every

    @property
    def frame_count(self) -> int | None:
        return self._selection.count(self._source.frame_count, self._source.fps)

    def open(self) -> None:
        self.close()
        self._source.open()
        try:
            self._frames = self._each_nth() if self._source.is_live else self._of_a_file()
        except BaseException:
            self.close()
            raise

    def read(self) -> Frame | None:
        return next(self._frames, None)

    def close(self) -> None:
        self._frames = iter(())
        self._source.close()

    def _each_nth(self) -> Iterator[Frame]:
        if self._selection.has_times:
            raise SourceError(f"{self.name} is live and has neither start nor end; leave out these times.")
        # Not by select: a frame that waits for the next grows old.
        return islice(each_frame(self._source), 0, None, self._selection.every)

    def _of_a_file(self) -> Iterator[Frame]:
        frames = each_frame(self._source)
        first = next(frames, None)
        if first is None or first.is_still:
            return iter(() if first is None else (first,))
        selected = (
            replace(frame, duration_s=duration_s)
            for frame, duration_s in select(chain([first], frames), self._selection, self.name)
        )
        # Now, so that what has no such frame does not open.
        return chain(list(islice(selected, 1)), selected)

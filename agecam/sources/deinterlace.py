"""Whole frames of interlaced video, whose frames hold two moments in alternate rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction

import av
from av.filter import Graph
from av.video.frame import VideoFrame


class Deinterlacer:
    """Deinterlaces from the first interlaced frame on; video without one passes as it is.

    One frame becomes one, with its time, by the field order that it says it has; a frame among them that is
    not interlaced stays as it is (FFmpeg's filter bwdif, the "Bob Weaver Deinterlacing Filter").
    """

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._layout: tuple[int, int, str] | None = None
        # Whether frames have pixels that the filter does not know.
        self._is_unknown = False
        self._waiting: deque[VideoFrame] = deque()

    def add(self, frame: VideoFrame) -> Iterator[VideoFrame]:
        """Gives the frames that are ready: an interlaced one only with the next."""
        if self._is_unknown or (self._graph is None and not frame.interlaced_frame):
            yield frame
            return
        layout = (frame.width, frame.height, frame.format.name)
        if layout != self._layout:
            yield from self.end()
            try:
                self._graph, self._layout = _graph(frame), layout
            except av.FFmpegError:
                self._is_unknown = True
                yield frame
                return
        assert self._graph is not None
        self._waiting.append(frame)
        self._graph.vpush(frame)
        yield from self._ready()

    def end(self) -> Iterator[VideoFrame]:
        """Gives the frames that are left, after the last."""
        if self._graph is not None:
            self._graph.vpush(None)
            yield from self._ready()
        self._graph = self._layout = None
        self._waiting.clear()

    def _ready(self) -> Iterator[VideoFrame]:
        assert self._graph is not None
        while self._waiting:
            try:
                frame = self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return
            original = self._waiting.popleft()
            # The filter counts in half frames.
            frame.time_base, frame.pts, frame.duration = original.time_base, original.pts, original.duration
            yield frame


def _graph(like: VideoFrame) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=like.width, height=like.height, format=like.format, time_base=Fraction(1, 90_000)
    )
    bwdif = graph.add("bwdif", mode="send_frame", parity="auto", deint="interlaced")
    sink = graph.add("buffersink")
    source.link_to(bwdif)
    bwdif.link_to(sink)
    graph.configure()
    return graph

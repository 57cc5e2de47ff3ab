"""The files of one part of a recording."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from agecam.errors import OutputError
from agecam.messages import Frame
from agecam.output.disk import DiskGuard
from agecam.output.fragments import finishing
from agecam.output.growing import GrowingFile, claim_growing, gone
from agecam.output.kept import last_time_kept
from agecam.output.recorded import RecordedFrame
from agecam.output.split import SplitRule
from agecam.output.video import VideoWriter

_INDEX_SHARE: Final = 1.01
"""What finishing a file adds to it at most: its index takes less than 1 %."""


class Part:
    """One file, or two with the same frames at the same times: drawn, and original.

    All methods raise :class:`agecam.errors.OutputError`.
    """

    def __init__(self, first: Frame) -> None:
        """``first`` sets size and start."""
        self.size_wh = first.width, first.height
        self._start_s = first.time_s
        self._files: list[GrowingFile] = []
        self._writers: list[VideoWriter] = []
        self._size_bytes = 0
        """Of the larger file; both at once are :attr:`size_bytes`."""
        self._grown_bytes = 0
        self.kept: list[Path] = []
        """The files that were finished with a frame at least."""
        self.seconds = 0.0
        """The length of the finished drawn file."""
        self.size_bytes = 0
        """What the files took when they were last looked at."""

    def claim(self, target: Path, *, may_replace: bool) -> None:
        """Begin a file called ``target``, or another name where that is taken."""
        self._files.append(claim_growing(target, may_replace=may_replace))

    def open(self, guard: DiskGuard, make_writer: Callable[[Path, int, int], VideoWriter]) -> None:
        """Make the writers of all files, where the disk has room for them."""
        guard.check_before(self._paths(), *self.size_wh)
        for path in self._paths():
            self._writers.append(make_writer(path, *self.size_wh))

    @property
    def target(self) -> Path:
        """The name that the drawn file is to get."""
        return self._files[0].target

    @property
    def frames(self) -> int:
        """How many frames are written."""
        return self._writers[0].frames if self._writers else 0

    def write(self, frame: Frame) -> None:
        """Write a frame of the part's size."""
        original = frame.original_bgr if isinstance(frame, RecordedFrame) else None
        images = (frame.image_bgr, frame.image_bgr if original is None else original)
        for writer, image_bgr in zip(self._writers, images, strict=False):
            writer.write(image_bgr, frame.time_s)

    def check(self, guard: DiskGuard) -> None:
        """Look whether the files are still there, and whether there is room for more of them."""
        sizes = []
        for file in self._files:
            try:
                sizes.append(file.path.stat().st_size)
            except FileNotFoundError as error:
                raise gone(file.target) from error
            except OSError:
                continue
        size_bytes = max(sizes, default=0)
        self._grown_bytes = max(self._grown_bytes, size_bytes - self._size_bytes)
        self._size_bytes, self.size_bytes = size_bytes, sum(sizes)
        guard.check(self._paths(), self.frames)

    def is_over(self, split: SplitRule | None, time_s: float) -> bool:
        """Whether a frame at ``time_s`` belongs to the next part."""
        if split is None:
            return False
        if split.seconds is not None and time_s - self._start_s >= split.seconds:
            return True
        # What is still to come until the next check, or waits in a fragment, belongs to the file too.
        awaited = _INDEX_SHARE * (self._size_bytes + 2 * self._grown_bytes)
        return split.size_bytes is not None and awaited > split.size_bytes

    def finish(self, *, whole: bool) -> None:
        """Finish all files; those without a frame are removed. The first failure is raised at the end.

        Only a ``whole`` file replaces one that stands there.
        """
        failures: list[OutputError] = []
        self.size_bytes = 0
        for number, file in enumerate(self._files):
            writer = self._writers[number] if number < len(self._writers) else None
            try:
                if writer is None:
                    file.discard()
                else:
                    self._finish_one(file, writer, whole=whole)
            except OutputError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def _finish_one(self, file: GrowingFile, writer: VideoWriter, *, whole: bool) -> None:
        failure: OutputError | None = None
        written_s = writer.seconds
        try:
            with finishing(file.path):
                writer.close()
        except OutputError as error:
            failure = error
        is_whole = whole and failure is None
        # A file that somebody has taken away is missed by finish().
        is_judged = not is_whole and file.path.exists()
        seconds = (
            last_time_kept(file.path, written_s) if is_judged else writer.seconds if writer.frames else None
        )
        if seconds is None:
            file.discard()
        else:
            if writer is self._writers[0]:
                self.seconds = seconds
            self.kept.append(file.finish(whole=is_whole))
            with contextlib.suppress(OSError):
                self.size_bytes += self.kept[-1].stat().st_size
        if failure is not None:
            raise failure

    def _paths(self) -> Sequence[Path]:
        return [file.path for file in self._files]

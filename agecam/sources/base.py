"""The protocol of a source of frames."""

from __future__ import annotations

from typing import Protocol

from agecam.messages import Frame


class Source(Protocol):
    """Gives frames one after another. One thread opens, reads and closes it."""

    @property
    def name(self) -> str:
        """Its name for the user: of a camera, of a file, or an address."""
        ...

    @property
    def is_live(self) -> bool:
        """True where frames come at their own pace and old ones are worthless (camera, stream).

        ``Frame.time_s`` of a live source is ``time.monotonic()`` at capture; of a file, media time
        from its start, which its first frame may come after.
        """
        ...

    @property
    def is_camera(self) -> bool:
        """Whether it is a camera plugged into this computer, which people look into as into a mirror."""
        ...

    @property
    def fps(self) -> float | None:
        """The nominal frame rate, as a hint only; ``None`` where unknown or where there is one image."""
        ...

    @property
    def frame_count(self) -> int | None:
        """How many frames there will be, as a hint for a progress bar; ``None`` where unknown."""
        ...

    def open(self) -> None:
        """Start it. Raises :class:`agecam.errors.SourceError` (or a kind of it) with a clear sentence."""
        ...

    def read(self) -> Frame | None:
        """The next frame, or ``None`` at the end. Waits for it.

        Raises :class:`agecam.errors.SourceLostError` when a live source stops giving frames, and
        :class:`agecam.errors.SourceError` when a file is damaged at its very start.
        """
        ...

    def close(self) -> None:
        """Release the device or file; calling it twice, or before ``open``, does no harm."""
        ...

"""What the window is started with. Nothing of Qt."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self, get_args

from agecam.errors import UsageError
from agecam.live.recording import Quality, RecordingContent, RecordingOptions, parse_split
from agecam.settings import Settings

QUALITIES: Final[tuple[Quality, ...]] = get_args(Quality)
CONTENTS: Final[tuple[RecordingContent, ...]] = get_args(RecordingContent)


@dataclass(frozen=True, slots=True)
class RecordingChoices:
    """How recordings are kept; ``split`` is a text that :func:`agecam.live.recording.parse_split` reads.

    ``None`` leaves it to the settings.
    """

    quality: Quality | None = None
    content: RecordingContent | None = None
    split: str | None = None

    def over(self, settings: Settings) -> Self:
        """The same, with what the settings say where nothing else does."""
        quality: Quality = next((one for one in QUALITIES if one == settings.record_quality), "standard")
        content: RecordingContent = next(
            (one for one in CONTENTS if one == settings.record_content), "annotated"
        )
        return type(self)(
            self.quality or quality, self.content or content, self.split or settings.record_split
        )

    def options(self) -> RecordingOptions:
        """What the session is told; a split that cannot be read, as from a settings file, splits nothing."""
        try:
            split = parse_split(self.split) if self.split else None
        except UsageError:
            split = None
        return RecordingOptions(self.quality or "standard", self.content or "annotated", split)


@dataclass(frozen=True, slots=True)
class StartOptions:
    """``spec`` ``None`` is the last camera used, else the first; ``record`` and ``csv`` begin at once.

    With ``force`` these replace files that stand there. ``models`` is the folder of models that run, ``None``
    for those that ship.
    """

    spec: str | None = None
    loop: bool = False
    record: Path | None = None
    csv: Path | None = None
    fullscreen: bool = False
    quit_after_s: float | None = None
    recording: RecordingChoices = field(default_factory=RecordingChoices)
    force: bool = False
    models: Path | None = None

"""What each command can be told: one dataclass a command, from which the command line is made.

Light on purpose: `agecam --help` loads this, and must load neither OpenCV, MediaPipe nor Qt.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agecam.commands.times import TIME
from agecam.options import option
from agecam.runtime import Runtime

if TYPE_CHECKING:
    from agecam.drawing.label_text import LabelStyle
    from agecam.sources.selection import FrameSelection

_RUNTIME = option("What runs the models: LiteRT, or Keras itself (slower).", aliases=("--engine",))
_MODELS = option("Folder of age and gender models; default: the settings', else those that ship.", "--models")
_FORCE = option("Replace files that are there.")
_JSON = option("Print JSON for programs instead of text.", "--json")
_QUIT_AFTER = option("Close the window after so many seconds.", "--quit-after", at_least=0)


@dataclass(frozen=True, slots=True)
class WindowArguments:
    """``agecam [SOURCE]``; ``loop`` plays a file again and again."""

    source: str | None = field(
        default=None,
        metadata=option(
            "Camera index or name, video or picture file, or address (http, rtsp …).", argument=True
        ),
    )
    fullscreen: bool = field(default=False, metadata=option("Start in full screen.", "--fullscreen"))
    record: Path | None = field(
        default=None, metadata=option("Record the annotated video, from the first frame.")
    )
    csv: Path | None = field(
        default=None, metadata=option("Write one row a face a frame, from the first frame.")
    )
    quality: Literal["small", "standard", "high"] | None = field(
        default=None, metadata=option("How good recordings are, and how large.")
    )
    original: bool = field(
        default=False, metadata=option("Keep the picture without labels beside a recording.", "--original")
    )
    split: str | None = field(
        default=None, metadata=option("Go on in a new file every so often, such as 10min, 1h, 500MB or 2GB.")
    )
    quit_after_s: float | None = field(default=None, metadata=_QUIT_AFTER)
    runtime: Runtime = field(default="litert", metadata=_RUNTIME)
    models: Path | None = field(default=None, metadata=_MODELS)
    force: bool = field(default=False, metadata=_FORCE)
    loop: bool = False


@dataclass(frozen=True, slots=True)
class DemoArguments:
    """``agecam demo``."""

    quit_after_s: float | None = field(default=None, metadata=_QUIT_AFTER)
    output: Path | None = field(
        default=None,
        metadata=option("Where there is no display: the annotated clip's file.", "--output", "-o"),
    )
    force: bool = field(default=False, metadata=_FORCE)


@dataclass(frozen=True, slots=True)
class AnnotateArguments:
    """``agecam annotate``."""

    inputs: tuple[str, ...] = field(metadata=option("Files, folders or addresses.", argument=True))
    output: Path = field(metadata=option("A file for one input, else a folder.", "--output", "-o"))
    csv: Path | None = field(
        default=None,
        metadata=option("One row a face a frame. Of many inputs: one file (NAME.csv), or a folder of them."),
    )
    json: Path | None = field(
        default=None,
        metadata=option("The same as JSON, one object a frame and line: NAME.jsonl, or a folder."),
    )
    report: Path | None = field(
        default=None,
        metadata=option("A page of who was seen, for how long and how old: NAME.html, or a folder."),
    )
    start_s: float | None = field(
        default=None,
        metadata=option("Begin at this time: 62.5 (seconds), 1:02.5 or 0:01:02.5.", "--start", codec=TIME),
    )
    end_s: float | None = field(default=None, metadata=option("End before this time.", "--end", codec=TIME))
    every: int = field(default=1, metadata=option("Take only every N-th frame.", at_least=1))
    age: Literal["years", "group", "none"] = field(
        default="years", metadata=option("On labels: the age in years, its group, or none.")
    )
    interval: bool = field(
        default=True, metadata=option("On labels: the range of the age.", "--interval/--no-interval")
    )
    gender: bool = field(default=True, metadata=option("On labels: the gender.", "--gender/--no-gender"))
    confidence: bool = field(
        default=False, metadata=option("On labels: how probable group and gender are.", "--confidence")
    )
    blur: bool = field(default=False, metadata=option("Make faces unrecognisable.", "--blur"))
    jobs: int = field(default=1, metadata=option("Inputs to work on at a time.", at_least=1))
    scheduler: str | None = field(
        default=None, metadata=option("Address of a Dask scheduler that spreads inputs over machines.")
    )
    force: bool = field(
        default=False,
        metadata=option("Replace files that are there, and do again what an earlier run has done."),
    )
    quiet: bool = field(default=False, metadata=option("Print failures alone, and no progress.", "--quiet"))
    runtime: Runtime = field(default="litert", metadata=_RUNTIME)
    models: Path | None = field(default=None, metadata=_MODELS)

    def selection(self) -> FrameSelection:
        """Which frames are annotated."""
        from agecam.sources.selection import FrameSelection

        return FrameSelection(self.start_s or 0.0, self.end_s, self.every)

    def style(self) -> LabelStyle:
        """What labels say."""
        from agecam.drawing.label_text import LabelStyle

        return LabelStyle(self.age, self.interval, self.gender, self.confidence, self.blur)


@dataclass(frozen=True, slots=True)
class PredictArguments:
    """``agecam predict``."""

    paths: tuple[Path, ...] = field(metadata=option("Pictures or folders of pictures.", argument=True))
    as_json: bool = field(default=False, metadata=_JSON)
    jobs: int = field(default=1, metadata=option("Processes that work at a time.", at_least=1))
    quiet: bool = field(
        default=False, metadata=option("Print results and failures alone, no progress.", "--quiet")
    )
    runtime: Runtime = field(default="litert", metadata=_RUNTIME)
    models: Path | None = field(default=None, metadata=_MODELS)


@dataclass(frozen=True, slots=True)
class BenchArguments:
    """``agecam bench``."""

    clip: Path | None = field(
        default=None, metadata=option("A video; the built-in clip without one.", argument=True)
    )
    faces: int | None = field(
        default=None,
        metadata=option("Instead: a made-up scene of so many faces.", at_least=1, at_most=60),
    )
    runs: int = field(default=1, metadata=option("Measure so often and tell the medians.", at_least=1))
    as_json: bool = field(default=False, metadata=_JSON)
    runtime: Runtime = field(default="litert", metadata=_RUNTIME)
    models: Path | None = field(default=None, metadata=_MODELS)


@dataclass(frozen=True, slots=True)
class CamerasArguments:
    """``agecam cameras``."""

    as_json: bool = field(default=False, metadata=_JSON)


@dataclass(frozen=True, slots=True)
class DoctorArguments:
    """``agecam doctor``."""

    as_json: bool = field(default=False, metadata=_JSON)
    models: Path | None = field(default=None, metadata=_MODELS)

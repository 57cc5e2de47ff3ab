"""``agecam [SOURCE]`` and ``agecam demo``."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from agecam.commands.arguments import DemoArguments, WindowArguments
from agecam.commands.console import complain, tell
from agecam.commands.outputs import OutputPlan
from agecam.display import check_window_libraries, has_display
from agecam.errors import AgeCamError, CameraNotFoundError, OutputError, UsageError
from agecam.paths import cache_dir, demo_clip, make_private_folder
from agecam.settings import models_folder

if TYPE_CHECKING:
    from agecam.vision.analyzer import Analyzer


def open_window(arguments: WindowArguments) -> int:
    """Open the window and stay until it is closed; returns the exit code.

    Raises :class:`AgeCamError` where there is no display or the source cannot be a source.
    """
    _check_recording(arguments)
    outputs = OutputPlan([] if arguments.source is None else [arguments.source])
    for path in (arguments.record, arguments.csv):
        if path is not None:
            outputs.claim(path)
    outputs.prepare(force=arguments.force)
    if not has_display():
        raise AgeCamError(
            "There is no display to open a window on. Run AgeCam on a desktop, or use "
            "`agecam annotate INPUT -o OUT` to work on files without a window."
        )
    check_window_libraries()
    source = arguments.source
    if source is not None and not source.isdigit():
        from agecam.sources import open_source

        with contextlib.suppress(CameraNotFoundError):  # the window waits for it
            open_source(source)  # a missing file is told here, before a window opens
    from agecam.live.session import Session
    from agecam.ui.app import run_window
    from agecam.ui.options import RecordingChoices, StartOptions

    models = models_folder(arguments.models)

    def make_analyzer() -> Analyzer:
        from agecam.vision.analyzer import create_analyzer

        return create_analyzer(runtime=arguments.runtime, models=models)

    return run_window(
        lambda on_change: Session(make_analyzer, on_change),
        StartOptions(
            source,
            arguments.loop,
            arguments.record,
            arguments.csv,
            arguments.fullscreen,
            arguments.quit_after_s,
            RecordingChoices(arguments.quality, "both" if arguments.original else None, arguments.split),
            arguments.force,
            models,
        ),
        complain=complain,
    )


def _check_recording(arguments: WindowArguments) -> None:
    """Raise :class:`UsageError` for what a recording could not be, before a window opens."""
    from agecam.output.containers import container_kind
    from agecam.output.split import parse_split

    if arguments.split is not None:
        parse_split(arguments.split)
    if arguments.record is not None:
        try:
            container_kind(arguments.record)
        except OutputError as error:
            raise UsageError(str(error)) from error


def run_demo(arguments: DemoArguments, clip: Path | None = None) -> int:
    """Show the demo clip in the window, or annotate it to a file where there is no display."""
    clip = clip or demo_clip()
    if not clip.is_file():
        raise AgeCamError(f"The demo clip {clip} is missing. Reinstall AgeCam, or restore that file.")
    if has_display():
        if arguments.output is not None:
            raise UsageError("--output is for where there is no display; use `agecam annotate` here.")
        return open_window(WindowArguments(str(clip), quit_after_s=arguments.quit_after_s, loop=True))
    from agecam.commands.batch import annotate_file

    output = arguments.output
    if output is not None:
        summary = annotate_file(str(clip), output, force=arguments.force)
    else:
        summary = annotate_file(str(clip), _own_folder() / "demo.mp4", force=True)
    tell("There is no display, so the demo clip was annotated to a file.")
    tell(summary.sentence())
    return 0


def _own_folder() -> Path:
    """A folder that nobody else writes to, and whose files are the program's to replace."""
    folder = cache_dir()
    try:
        make_private_folder(folder)
    except OSError:  # a home that is read-only, or none
        return Path(tempfile.mkdtemp(prefix="agecam-"))
    return folder

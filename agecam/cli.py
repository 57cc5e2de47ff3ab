"""The command line: thin commands over the packages that do the work."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Final, Literal

import typer
from typer.core import TyperGroup

from agecam import __version__
from agecam.errors import AgeCamError, UsageError
from agecam.logs import set_up_logging
from agecam.paths import log_file

# Only light modules are imported here: `agecam --help` must not load OpenCV, MediaPipe or Qt.

_WINDOW: Final = "window"
_GROUP_OPTIONS: Final = ("--verbose",)

RuntimeName = Literal["litert", "keras"]
AgeName = Literal["years", "group", "none"]


class _WindowByDefault(TyperGroup):
    """``agecam 0`` is ``agecam window 0``: what is not a command is the window's source or option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        first = next((i for i, arg in enumerate(args) if arg not in _GROUP_OPTIONS), len(args))
        word = args[first] if first < len(args) else None
        if word is None or (word not in self.commands and word not in ("--help", "-h", "--version")):
            args = [*args[:first], _WINDOW, *args[first:]]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_WindowByDefault,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="`agecam [SOURCE]` is short for `agecam window [SOURCE]`. Estimates can be wrong; use them with "
    "the consent of the people in view.",
)

RuntimeOption = Annotated[
    RuntimeName, typer.Option("--engine", help="What runs the models: LiteRT, or Keras itself (slower).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"agecam {__version__}")
        raise typer.Exit


@app.callback()
def root(
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Write what happens, with tracebacks, to stderr too.")
    ] = False,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Find faces in a live picture, estimate age and gender, and record what is shown."""
    set_up_logging(verbose=verbose)


@app.command(_WINDOW)
def window(
    source: Annotated[
        str | None,
        typer.Argument(help="Camera index or name, video or picture file, or address (http, rtsp …)."),
    ] = None,
    fullscreen: Annotated[bool, typer.Option("--fullscreen", help="Start in full screen.")] = False,
    record: Annotated[
        Path | None, typer.Option("--record", help="Record the annotated video, from the first frame.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write one row a face a frame, from the first frame.")
    ] = None,
    quit_after: Annotated[
        float | None, typer.Option("--quit-after", min=0.0, help="Close the window after so many seconds.")
    ] = None,
    runtime: RuntimeOption = "litert",
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Open the window on SOURCE; without one, on the last camera used, else the first."""
    from agecam.commands.window import open_window

    raise typer.Exit(
        open_window(
            source,
            fullscreen=fullscreen,
            record=record,
            csv=csv,
            quit_after_s=quit_after,
            runtime=runtime,
            force=force,
        )
    )


@app.command()
def demo(
    quit_after: Annotated[
        float | None, typer.Option("--quit-after", min=0.0, help="Close the window after so many seconds.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where there is no display: the annotated clip's file."),
    ] = None,
) -> None:
    """Show the built-in clip; where there is no display, annotate it to a file."""
    from agecam.commands.window import run_demo

    raise typer.Exit(run_demo(quit_after, output))


@app.command()
def annotate(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT...", help="Files, folders or addresses.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="A file for one input, else a folder.", show_default=False)
    ],
    csv: Annotated[
        Path | None,
        typer.Option("--csv", help="One row a face a frame: a file for one input, else a folder."),
    ] = None,
    age: Annotated[
        AgeName, typer.Option("--age", help="On labels: the age in years, its group, or none.")
    ] = "years",
    interval: Annotated[
        bool, typer.Option("--interval/--no-interval", help="On labels: the range of the age.")
    ] = True,
    gender: Annotated[bool, typer.Option("--gender/--no-gender", help="On labels: the gender.")] = True,
    confidence: Annotated[
        bool, typer.Option("--confidence", help="On labels: how probable group and gender are.")
    ] = False,
    blur: Annotated[bool, typer.Option("--blur", help="Make faces unrecognisable.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Inputs to work on at a time.")] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", help="Address of a Dask scheduler that spreads inputs over machines."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    runtime: RuntimeOption = "litert",
) -> None:
    """Draw boxes and labels on videos and pictures, every frame, without a window."""
    from agecam.commands.batch import annotate_inputs
    from agecam.drawing.label_text import LabelStyle

    style = LabelStyle(age, interval, gender, confidence, blur)
    raise typer.Exit(
        annotate_inputs(
            inputs,
            output,
            csv=csv,
            style=style,
            jobs=jobs,
            scheduler=scheduler,
            force=force,
            runtime=runtime,
        )
    )


@app.command()
def predict(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Pictures or folders of pictures.")],
    as_json: JsonOption = False,
    runtime: RuntimeOption = "litert",
) -> None:
    """Find the faces in pictures and estimate their age and gender."""
    from agecam.commands.predict import predict_paths

    raise typer.Exit(predict_paths(paths, as_json=as_json, runtime=runtime))


@app.command()
def cameras(as_json: JsonOption = False) -> None:
    """List the cameras that are plugged in."""
    from agecam.commands.cameras import print_cameras

    print_cameras(as_json=as_json)


@app.command()
def bench(
    clip: Annotated[Path | None, typer.Argument(help="A video; the built-in clip without one.")] = None,
    faces: Annotated[
        int | None, typer.Option("--faces", min=1, max=60, help="Instead: a made-up scene of so many faces.")
    ] = None,
    runs: Annotated[int, typer.Option("--runs", min=1, help="Measure so often and tell the medians.")] = 1,
    as_json: JsonOption = False,
    runtime: RuntimeOption = "litert",
) -> None:
    """Measure speed, stage by stage, latency, start-up and memory, beside what no design can avoid."""
    from agecam.commands.bench import run_bench

    raise typer.Exit(run_bench(clip, faces=faces, runs=runs, as_json=as_json, runtime=runtime))


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Tell what AgeCam finds on this computer, for a bug report."""
    from agecam import doctor as report

    found = report.collect()
    typer.echo(report.to_json(found) if as_json else report.render(found))


def _report_unexpected(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    logging.getLogger(__name__).critical("unexpected error", exc_info=(kind, error, traceback))
    typer.echo(
        f"agecam: an unexpected error ({kind.__name__}) has stopped the program. Please report it with "
        f"the end of {log_file()} and the output of `agecam doctor`.",
        err=True,
    )


def main() -> None:
    """Entry point. Exit codes: 0 all done, 1 something failed, 2 wrong usage."""
    sys.excepthook = _report_unexpected
    try:
        # Not app(): that puts Typer's own exception hook, which prints tracebacks, in place of ours.
        typer.main.get_command(app)()
    except AgeCamError as error:
        logging.getLogger(__name__).debug("%s", error, exc_info=True)
        typer.echo(f"agecam: {error}", err=True)
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except KeyboardInterrupt:
        sys.exit(130)

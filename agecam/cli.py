"""The command line: thin commands over the packages that do the work."""

from __future__ import annotations

import errno
import logging
import sys
from types import TracebackType
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from agecam import __version__
from agecam.commands.arguments import (
    AnnotateArguments,
    BenchArguments,
    CamerasArguments,
    DemoArguments,
    DoctorArguments,
    PredictArguments,
    WindowArguments,
)
from agecam.commands.console import complain, end_output, set_up_streams
from agecam.commands.signals import ending_signals_raise, exit_code
from agecam.commands.stuck import ended_when_stuck
from agecam.errors import AgeCamError, UsageError
from agecam.logs import set_up_logging
from agecam.options import options_from
from agecam.paths import log_file
from agecam.settings import models_folder

# Only light modules are imported here: `agecam --help` must not load OpenCV, MediaPipe or Qt.

_WINDOW: Final = "window"
_GROUP_OPTIONS: Final = ("--verbose",)
_OUTPUT_ERRORS: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
"""What standard output fails with, where it leads to a file; files of AgeCam's own raise OutputError."""


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
@options_from(WindowArguments)
def window(arguments: WindowArguments) -> None:
    """Open the window on SOURCE; without one, on the last camera used, else the first."""
    from agecam.commands.window import open_window

    raise typer.Exit(open_window(arguments))


@app.command()
@options_from(DemoArguments)
def demo(arguments: DemoArguments) -> None:
    """Show the built-in clip; where there is no display, annotate it to a file."""
    from agecam.commands.window import run_demo

    raise typer.Exit(run_demo(arguments))


@app.command()
@options_from(AnnotateArguments)
def annotate(arguments: AnnotateArguments) -> None:
    """Draw boxes and labels on videos and pictures, every frame, without a window."""
    from agecam.commands.batch import annotate_inputs

    raise typer.Exit(annotate_inputs(arguments))


@app.command()
@options_from(PredictArguments)
def predict(arguments: PredictArguments) -> None:
    """Find the faces in pictures and estimate their age and gender."""
    from agecam.commands.predict import predict_paths

    raise typer.Exit(predict_paths(arguments))


@app.command()
@options_from(CamerasArguments)
def cameras(arguments: CamerasArguments) -> None:
    """List the cameras that are plugged in."""
    from agecam.commands.cameras import print_cameras

    print_cameras(as_json=arguments.as_json)


@app.command()
@options_from(BenchArguments)
def bench(arguments: BenchArguments) -> None:
    """Measure speed, stage by stage, latency, start-up and memory, beside what no design can avoid."""
    from agecam.commands.bench import run_bench

    raise typer.Exit(run_bench(arguments))


@app.command()
@options_from(DoctorArguments)
def doctor(arguments: DoctorArguments) -> None:
    """Tell what AgeCam finds on this computer, for a bug report."""
    from agecam import doctor as report

    found = report.collect(models=models_folder(arguments.models))
    typer.echo(report.to_json(found) if arguments.as_json else report.render(found))


def report_unexpected(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """The exception hook: the traceback goes to the log, one sentence to the user."""
    logging.getLogger(__name__).critical("unexpected error", exc_info=(kind, error, traceback))
    complain(
        f"an unexpected error ({kind.__name__}) has stopped the program. Please report it with "
        f"the end of {log_file()} and the output of `agecam doctor`."
    )


def main() -> None:
    """Entry point.

    Exit codes: 0 all done, 1 something failed, 2 wrong usage, 130 and 143 ended by Ctrl-C and by SIGTERM.
    """
    sys.excepthook = report_unexpected
    set_up_streams()
    with ended_when_stuck(), ending_signals_raise():
        run(app)


def run(application: typer.Typer) -> None:
    """Run the command that the command line names, and exit with its code."""
    try:
        # Not application(): that puts Typer's own exception hook, which prints tracebacks, in place of ours.
        typer.main.get_command(application)()
    except AgeCamError as error:
        logging.getLogger(__name__).debug("%s", error, exc_info=True)
        complain(str(error))
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except KeyboardInterrupt as interrupt:
        sys.exit(exit_code(interrupt))
    except OSError as error:
        if error.errno not in _OUTPUT_ERRORS:
            raise
        logging.getLogger(__name__).debug("%s", error, exc_info=True)
        complain(_not_written(error))
        end_output()
        sys.exit(1)
    except SystemExit as ended:
        failure = end_output()
        behind = _interrupt_behind(ended)
        if behind is not None:
            sys.exit(exit_code(behind))
        if failure is None:
            raise
        if not isinstance(failure, BrokenPipeError):  # its reader has seen enough
            complain(_not_written(failure))
        sys.exit(ended.code or 1)


def _interrupt_behind(ended: SystemExit) -> KeyboardInterrupt | None:
    """What Typer has turned into an exit with the code of Ctrl-C, whichever signal it was."""
    error: BaseException | None = ended if ended.code == exit_code(KeyboardInterrupt()) else None
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error


def _not_written(error: OSError) -> str:
    return f"The output could not be written ({error.strerror}); free some space, or send it elsewhere."

"""``agecam predict``: faces, ages and genders in images."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Generator, Sequence
from functools import partial
from pathlib import Path

from agecam.commands.arguments import PredictArguments
from agecam.commands.console import complain
from agecam.commands.folders import files_in
from agecam.commands.outputs import is_folder
from agecam.commands.prediction import Prediction, predict_file
from agecam.commands.prediction_table import PredictionTable
from agecam.commands.prediction_workers import predict_in_processes
from agecam.commands.progress import ProgressDisplay
from agecam.commands.signals import exit_code
from agecam.errors import UsageError
from agecam.settings import models_folder
from agecam.sources import IMAGE_SUFFIXES
from agecam.sources.files import input_file
from agecam.vision.analyzer import Analyzer, create_analyzer

log = logging.getLogger(__name__)

_Predictions = Generator[Prediction, None, None]
_MakeAnalyzer = Callable[..., Analyzer]


def predict_paths(arguments: PredictArguments, make_analyzer: _MakeAnalyzer = create_analyzer) -> int:
    """Print what is found, in input order and as it comes; gives the command's exit code.

    That is 1 when an image failed, 130 or 143 where a signal has ended the work, else 0. ``make_analyzer``
    takes what :func:`create_analyzer` takes; for other processes it must be pickled.
    """
    files = images_in(arguments.paths, quiet=arguments.quiet)
    models = models_folder(arguments.models)
    if models is not None:
        make_analyzer = partial(make_analyzer, models=models)
    done, failed = 0, False
    lines = _json_line if arguments.as_json else PredictionTable(files).lines
    try:
        with (
            ProgressDisplay(quiet=arguments.quiet or len(files) == 1) as progress,
            contextlib.closing(_predictions(files, arguments, make_analyzer)) as predictions,
        ):
            task = progress.task("pictures", total=len(files))
            for prediction in predictions:
                if prediction.error is not None:
                    failed = True
                    _report(prediction, prediction.error)
                if prediction.note is not None and not arguments.quiet:
                    complain(prediction.note)
                progress.print(lines(prediction))
                done += 1
                task.advance()
    except KeyboardInterrupt as interrupt:
        complain(f"Stopped: {done} of {len(files)} pictures are done.")
        return exit_code(interrupt)
    return int(failed)


def images_in(paths: Sequence[Path], *, quiet: bool = False) -> list[Path]:
    """The images themselves, and those inside folders, each folder in alphabetical order.

    Tells of each folder what was left out. Raises :class:`UsageError` for a folder without images
    and for an address.
    """
    files = list[Path]()
    for path in paths:
        if not is_folder(path):
            input_file(str(path))  # an address, whose secrets no result may show, is refused here
            files.append(path)
            continue
        listing = files_in(path, IMAGE_SUFFIXES)
        left_out = listing.sentence()
        if not listing.files:
            kinds = ", ".join(sorted(IMAGE_SUFFIXES))
            sentence = f"The folder {path} holds no pictures ({kinds})."
            raise UsageError(f"{sentence} {left_out}" if left_out else sentence)
        if left_out and not quiet:
            complain(f"{path}: {left_out}")
        files += listing.files
    return files


def _predictions(
    files: Sequence[Path], arguments: PredictArguments, make_analyzer: _MakeAnalyzer
) -> _Predictions:
    jobs = min(arguments.jobs, len(files))
    if jobs > 1:
        yield from predict_in_processes(files, jobs, runtime=arguments.runtime, make_analyzer=make_analyzer)
        return
    with make_analyzer(runtime=arguments.runtime) as analyzer:
        for path in files:
            yield predict_file(analyzer, path)


def _report(prediction: Prediction, error: str) -> None:
    if prediction.trace is not None:
        log.error("unexpected error in analysing %s\n%s", prediction.file, prediction.trace)
    complain(error)


def _json_line(prediction: Prediction) -> str:
    line = prediction.to_json()
    try:
        line.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # also for bytes of a file's name that are no text
        return prediction.to_json(ascii_only=True)
    return line

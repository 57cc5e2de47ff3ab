"""Where log messages go: a small rotating file, and stderr where that is asked for."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import sys
from pathlib import Path
from typing import Final, TextIO

from agecam.paths import log_file, make_private_folder

_OURS: Final = "agecam"
_MAX_BYTES: Final = 500_000
"""Size of the log file, and of the older one beside it: some weeks of use, small enough to be attached."""
_FORMAT: Final = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"


class _QuietFile(logging.handlers.RotatingFileHandler):
    """Loses messages where the file cannot be written, as on a full disk, instead of printing tracebacks."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        pass

    def close(self) -> None:
        with contextlib.suppress(OSError):  # what is held back is written now
            super().close()


class _QuietStream(logging.StreamHandler[TextIO]):
    """The same of a stream that is closed or full."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        pass


def set_up_logging(*, verbose: bool, path: Path | None = None) -> None:
    """Log AgeCam's messages to ``path``, by default a file in the user's log folder.

    With ``verbose`` everything goes to stderr too. Calling it again replaces what it has set up.
    """
    logger = logging.getLogger("agecam")
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    logger.propagate = False
    for handler in [handler for handler in logger.handlers if handler.name == _OURS]:
        logger.removeHandler(handler)
        handler.close()
    # What libraries log, Pillow of an odd TIFF for one, would else go to stderr.
    if not logging.root.handlers:
        logging.root.addHandler(logging.NullHandler())
    path = path or log_file()
    try:
        make_private_folder(path.parent)
        file = _QuietFile(
            path, maxBytes=_MAX_BYTES, backupCount=1, encoding="utf-8", errors="backslashreplace", delay=True
        )
    except OSError:
        _add(logger, logging.NullHandler())  # a read-only home is no reason not to run
    else:
        _add(logger, file)
    if verbose:
        _add(logger, _QuietStream(sys.stderr))


def _add(logger: logging.Logger, handler: logging.Handler) -> None:
    handler.name = _OURS
    handler.setFormatter(logging.Formatter(_FORMAT))
    logger.addHandler(handler)

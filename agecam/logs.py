"""Where log messages go: a small rotating file, and stderr where that is asked for."""

from __future__ import annotations

import logging
import logging.handlers
import sys

from agecam.paths import log_file

_OURS = "agecam"
_FORMAT = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"


def set_up_logging(*, verbose: bool) -> None:
    """Log AgeCam's messages to a file in the user's log folder; with ``verbose`` everything to stderr too."""
    logger = logging.getLogger("agecam")
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    logger.propagate = False
    for handler in [handler for handler in logger.handlers if handler.name == _OURS]:
        logger.removeHandler(handler)
        handler.close()
    path = log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = logging.handlers.RotatingFileHandler(
            path, maxBytes=500_000, backupCount=1, encoding="utf-8", delay=True
        )
    except OSError:
        _add(logger, logging.NullHandler())  # a read-only home is no reason not to run
    else:
        _add(logger, file)
    if verbose:
        _add(logger, logging.StreamHandler(sys.stderr))


def _add(logger: logging.Logger, handler: logging.Handler) -> None:
    handler.name = _OURS
    handler.setFormatter(logging.Formatter(_FORMAT))
    logger.addHandler(handler)

"""Where log messages go: a small rotating file, and stderr where that is asked for."""

from __future__ import annotations

import logging
import logging.handlers
import sys

from agecam.paths import log_file

_FORMAT = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"


def set_up_logging(*, verbose: bool) -> None:
    """Log AgeCam's messages to a file in the user's log folder; with ``verbose`` everything to stderr too."""
    logger = logging.getLogger("agecam")
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    logger.propagate = False
    logger.handlers.clear()
    path = log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = logging.handlers.RotatingFileHandler(
            path, maxBytes=500_000, backupCount=1, encoding="utf-8", delay=True
        )
    except OSError:
        logger.addHandler(logging.NullHandler())  # a read-only home is no reason not to run
    else:
        file.setFormatter(logging.Formatter(_FORMAT))
        logger.addHandler(file)
    if verbose:
        stream = logging.StreamHandler(sys.stderr)
        stream.setFormatter(logging.Formatter(_FORMAT))
        logger.addHandler(stream)

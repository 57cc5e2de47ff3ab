"""Where log messages go: a small rotating file, and stderr where that is asked for."""

from __future__ import annotations

import logging
import logging.handlers
import sys
from pathlib import Path
from typing import Final

from agecam.paths import log_file

_OURS: Final = "agecam"
_MAX_BYTES: Final = 500_000
"""Size of the log file, and of the older one beside it: some weeks of use, small enough to be attached."""
_FORMAT: Final = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"


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
    path = path or log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = logging.handlers.RotatingFileHandler(
            path, maxBytes=_MAX_BYTES, backupCount=1, encoding="utf-8", delay=True
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

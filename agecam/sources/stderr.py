"""What C libraries print."""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

_STDERR: Final = 2
# The warnings of libjpeg (jerror.h) and all that libpng prints.
_REMARK: Final = re.compile(
    rb"^(?:Corrupt JPEG data|Premature end of JPEG file|Inconsistent progression sequence"
    rb"|Invalid SOS parameters|Unknown Adobe color transform|Warning: unknown JFIF revision"
    rb"|Application transferred too many scanlines|libpng (?:warning|error): )"
)
_lock = threading.Lock()


def decoder_remarks() -> AbstractContextManager[list[str]]:
    """Keeps off stderr what libjpeg and libpng print while the block runs, and gives it when the block ends.

    WORKAROUND: OpenCV leaves their handlers of warnings as they are, which print on file descriptor 2, and
    tells nobody that a JPEG is damaged.
    """
    return stderr_without(_REMARK)


@contextmanager
def stderr_without(remark: re.Pattern[bytes]) -> Iterator[list[str]]:
    """Keeps lines that match ``remark`` off file descriptor 2, and gives them when the block ends.

    What else is printed meanwhile is printed when the block ends.
    """
    remarks: list[str] = []
    with _lock, tempfile.TemporaryFile() as printed:
        try:
            stderr = os.dup(_STDERR)
        except OSError:  # closed, as in a program without a console: nothing can appear there
            yield remarks
            return
        try:
            os.dup2(printed.fileno(), _STDERR)
            try:
                yield remarks
            finally:
                os.dup2(stderr, _STDERR)
        finally:
            os.close(stderr)
            printed.seek(0)
            for line in printed:
                if remark.match(line):
                    remarks.append(line.decode(errors="replace").strip())
                else:
                    os.write(_STDERR, line)

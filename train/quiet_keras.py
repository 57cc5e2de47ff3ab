"""Keras without what TensorFlow has to say of itself."""

from __future__ import annotations

import os
import re
from typing import Final

from agecam.sources.stderr import stderr_without

_REMARK: Final = re.compile(
    rb"^(?:WARNING: All log messages before absl::InitializeLog|[IW]\d{4} \S+\s+\d+ \S+\.cc:\d+\]"
    rb"|To enable the following instructions:)"
)


def load_keras() -> None:
    """Import Keras and its back end. Raises :class:`ImportError` without them.

    TensorFlow tells in every process which instructions it has and that it looked for a GPU, on file
    descriptor 2. What goes wrong comes as an exception, too.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # What is said while it is imported does not follow the variable.
    with stderr_without(_REMARK):
        import keras  # noqa: F401

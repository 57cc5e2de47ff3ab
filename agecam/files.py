"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Write ``path`` by way of a temporary file beside it, whose path is handed to the block.

    The temporary file keeps the suffix, by which libraries tell formats apart. It takes the place of
    ``path`` when the block ends well, and is removed otherwise, so that no reader meets half of a file and
    what stood there before stays until then. Raises :class:`OSError` as writing and renaming do; the folder
    must exist.

    >>> with atomic_write(Path("crops.npy")) as partial:
    ...     np.save(partial, crops)
    """
    partial = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial{path.suffix}")
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write bytes, or text as UTF-8 with its line ends as they are, as :func:`atomic_write` does."""
    with atomic_write(path) as partial:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)

"""New models take the place of old ones so that at every moment a manifest describes whole files.

A manifest is one file and replaced at once; the models are several. So new ones first come to the folder
under names that no manifest lists, then a manifest lists those, then they get their proper names, then a
manifest lists these. A process that is killed between any two steps leaves models that run: the old ones
before the first manifest, the new ones after it. What it leaves over is removed by the next export.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from agecam.files import atomic_write, remove_leftovers, write_atomically
from agecam.vision.manifest import MANIFEST
from train.errors import DataError

if sys.platform != "win32":
    import fcntl

_STAGING: Final = re.compile(r"\.export-[0-9a-f]{8}")
_INTERIM: Final = re.compile(r"[a-z]+\.[0-9a-f]{8}\.(keras|tflite)")


@contextlib.contextmanager
def staging_folder(out: Path) -> Iterator[Path]:
    """An empty folder in ``out`` to build in, removed at the end; ``out`` is made, and kept if it gets files.

    Raises :class:`DataError` when another process exports to ``out``, :class:`OSError` when it cannot be
    written.
    """
    new = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        with _alone(out):
            for path in out.iterdir():
                if _STAGING.fullmatch(path.name):
                    shutil.rmtree(path, ignore_errors=True)
            staged = out / f".export-{secrets.token_hex(4)}"
            staged.mkdir()
            try:
                yield staged
            finally:
                shutil.rmtree(staged, ignore_errors=True)
    finally:
        if new:
            with contextlib.suppress(OSError):  # what was made is in it
                out.rmdir()


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    if sys.platform == "win32":
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataError(
                f"Another export to {folder} is running: wait for it, or choose another folder."
            ) from error
        yield
    finally:
        os.close(descriptor)


def install(staged: Path, out: Path, manifest: Mapping[str, Any]) -> None:
    """Move the files that ``manifest`` lists from ``staged`` to ``out``, on one disk, and write it there.

    Raises :class:`OSError`; ``out`` then holds models that run, as after a kill.
    """
    token = secrets.token_hex(4)
    interim: dict[str, Any] = json.loads(json.dumps(manifest))
    names: dict[str, str] = {}
    for file in _files(interim):
        name = Path(file["file"])
        file["file"] = names[str(name)] = f"{name.stem}.{token}{name.suffix}"
    for old, new in names.items():
        (staged / old).replace(out / new)
    _write_manifest(out, interim)
    for old, new in names.items():
        with atomic_write(out / old) as partial:
            shutil.copyfile(out / new, partial)
    _write_manifest(out, manifest)
    remove_leftovers([out / old for old in (*names, MANIFEST)])
    for path in out.iterdir():
        if _INTERIM.fullmatch(path.name):
            path.unlink()


def _files(manifest: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for entry in manifest["models"].values():
        yield from (entry["keras"], entry["litert"])


def _write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    write_atomically(folder / MANIFEST, json.dumps(manifest, indent=2) + "\n")

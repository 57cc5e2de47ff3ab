"""The manifest of the models that ship."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from agecam.runtime import Runtime
from agecam.vision.align import CROP_PX, PREPROCESSING_VERSION
from agecam.vision.calibration import AGES, Calibration
from agecam.vision.manifest import Task

MANIFEST_VERSION: Final = 1
SUFFIXES: Final[Mapping[Runtime, str]] = {"keras": ".keras", "litert": ".tflite"}
"""Of the files that each runtime runs."""

_KINDS: Final[Mapping[tuple[Task, int], str]] = {
    ("age", AGES): "age_distribution",
    ("age", 1): "age_years",
    ("gender", 1): "female_probability",
}
"""What outputs of so many values a face mean."""


def describe_files(folder: Path, head: Task) -> dict[Runtime, dict[str, str]]:
    """Names and checksums of a head's two files, by runtime."""
    names: dict[Runtime, str] = {runtime: f"{head}{suffix}" for runtime, suffix in SUFFIXES.items()}
    return {runtime: {"file": name, "sha256": _sha256(folder / name)} for runtime, name in names.items()}


def manifest_entry(
    folder: Path,
    head: Task,
    *,
    weights: str,
    output_size: int,
    calibration: Calibration,
    metrics: Mapping[str, Any],
    training_commit: str,
) -> dict[str, Any]:
    """What ``manifest.json`` says of a head's two files in ``folder``."""
    files = describe_files(folder, head)
    return {
        "keras": files["keras"],
        "litert": {**files["litert"], "weights": weights},
        "input": {"shape": [CROP_PX, CROP_PX, 1], "dtype": "float32", "range": [0, 1]},
        "output": {"kind": _KINDS[head, output_size], "size": output_size},
        "preprocessing": PREPROCESSING_VERSION,
        "calibration": calibration.to_manifest(head),
        "training_commit": training_commit,
        "metrics": metrics,
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def current_commit() -> str:
    """The commit this code is at, or "unknown" where it is not a repository's."""
    here = Path(__file__).resolve()
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        for command in (["ls-files", "--error-unmatch", here.name], ["rev-parse", "HEAD"]):
            done = subprocess.run(
                ["git", *command], cwd=here.parent, capture_output=True, text=True, check=True
            )
        return done.stdout.strip()
    return "unknown"

"""The manifest of the models that ship."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from agecam.files import write_atomically
from agecam.vision.align import CROP_PX, PREPROCESSING_VERSION
from agecam.vision.calibration import AGES, Calibration
from agecam.vision.manifest import MANIFEST, Task

MANIFEST_VERSION: Final = 1

_OUTPUTS: Final[Mapping[Task, Mapping[str, Any]]] = {
    "age": {"kind": "age_distribution", "size": AGES},
    "gender": {"kind": "female_probability", "size": 1},
}


def write_manifest_entry(
    folder: Path,
    head: Task,
    *,
    weights: str,
    calibration: Calibration,
    metrics: Mapping[str, Any],
    training_commit: str,
) -> None:
    """Describe a head's two files in ``manifest.json``; other entries stay as they are."""
    path = folder / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    manifest["version"] = MANIFEST_VERSION
    manifest.setdefault("models", {})[head] = {
        "keras": {"file": f"{head}.keras", "sha256": _sha256(folder / f"{head}.keras")},
        "litert": {
            "file": f"{head}.tflite",
            "sha256": _sha256(folder / f"{head}.tflite"),
            "weights": weights,
        },
        "input": {"shape": [CROP_PX, CROP_PX, 1], "dtype": "float32", "range": [0, 1]},
        "output": _OUTPUTS[head],
        "preprocessing": PREPROCESSING_VERSION,
        "calibration": calibration.to_manifest(head),
        "training_commit": training_commit,
        "metrics": metrics,
    }
    write_atomically(path, json.dumps(manifest, indent=2) + "\n")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def current_commit() -> str:
    """The commit this code is at, or "unknown" outside a repository."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        command = ["git", "rev-parse", "HEAD"]
        here = Path(__file__).resolve().parent
        return subprocess.run(command, cwd=here, capture_output=True, text=True, check=True).stdout.strip()
    return "unknown"

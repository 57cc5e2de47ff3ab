"""What AgeCam finds on this computer, as a text to paste into a bug report.

Nothing in it tells who the user is: the home folder reads ``~``, and no other folder is named.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import agecam
from agecam.display import has_display
from agecam.errors import AgeCamError
from agecam.paths import models_dir
from agecam.system_libraries import SystemLibrary, how_to_install_libraries, missing_libraries

if TYPE_CHECKING:
    from agecam.sources.cameras import Camera

DEPENDENCIES: Final = (
    "ai-edge-litert",
    "av",
    "cv2-enumerate-cameras",
    "mediapipe",
    "numpy",
    "opencv-contrib-python",
    "pillow",
    "pillow-heif",
    "platformdirs",
    "PyQt6",
    "rich",
    "typer",
)
OPTIONAL_DEPENDENCIES: Final = ("distributed", "keras", "tensorflow")
# Installed beside opencv-contrib-python they overwrite its files.
_CONFLICTING: Final = ("opencv-python", "opencv-python-headless", "opencv-contrib-python-headless")
_MEDIAPIPE_WITH_METRICS: Final = (0, 10, 34)
"""The lowest version above the last one that sends no usage metrics; 0.10.34 itself was never published."""

_ENCODERS: Final = ("libx264", "mpeg4")
_DECODERS: Final = ("h264", "hevc", "vp9", "av1", "mjpeg")

_DISPLAY_VARIABLES: Final = (
    "XDG_SESSION_TYPE",
    "XDG_CURRENT_DESKTOP",
    "QT_QPA_PLATFORM",
    "QT_QPA_PLATFORM_PLUGIN_PATH",
    "QT_SCALE_FACTOR",
)

ModelState = Literal["as in the manifest", "differs from the manifest", "not in the manifest", "missing"]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model file; ``sha256`` and ``size_bytes`` are what lies on disk, ``None`` where nothing does."""

    name: str
    state: ModelState
    size_bytes: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class CameraState:
    """One camera; ``accessible`` is false where this user may not open the device."""

    index: int
    name: str
    path: str | None
    backend: str
    accessible: bool


@dataclass(frozen=True, slots=True)
class Report:
    """All findings.

    ``models_from`` says whose the age and gender models are; ``problems`` are sentences that say what is
    wrong and what to do.
    """

    versions: Mapping[str, str]
    system: Mapping[str, str]
    models_from: str
    models: tuple[ModelFile, ...]
    cameras: tuple[CameraState, ...]
    codecs: Mapping[str, bool]
    display: Mapping[str, str]
    missing_libraries: tuple[SystemLibrary, ...]
    problems: tuple[str, ...]


def installed_version(package: str) -> str | None:
    """The version of a Python package that is installed here, ``None`` for one that is not."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _list_cameras() -> Sequence[Camera]:
    # Here, because OpenCV itself may be what is broken.
    from agecam.sources.cameras import list_cameras

    return list_cameras()


def collect(
    version_of: Callable[[str], str | None] = installed_version,
    *,
    models: Path | None = None,
    list_cameras: Callable[[], Sequence[Camera]] = _list_cameras,
    missing_libraries: Callable[[], Sequence[SystemLibrary]] = missing_libraries,
    has_display: Callable[[], bool] = has_display,
) -> Report:
    """Look at everything; takes a second or two. Never raises for what it finds to be broken.

    ``models`` is the folder of models, by default the one that the program uses.
    """
    problems: list[str] = []
    missing = tuple(missing_libraries())
    if missing:
        problems.append(how_to_install_libraries(missing))
    return Report(
        versions=_versions(version_of, problems),
        system=_system(),
        models_from=_models_from(models),
        models=_models(models or models_dir(), problems),
        cameras=_cameras(list_cameras, problems),
        codecs=_codecs(problems),
        display=_display(has_display(), problems),
        missing_libraries=missing,
        problems=tuple(_anonymous(problem) for problem in problems),
    )


def to_json(report: Report) -> str:
    """The report as one JSON object, indented."""
    content = asdict(report)
    content["missing_libraries"] = [library._asdict() for library in report.missing_libraries]
    return json.dumps(content, indent=2, ensure_ascii=False)


def render(report: Report) -> str:
    """The report as plain text."""
    sections = [
        ("AgeCam", report.versions.items()),
        ("System", report.system.items()),
        (
            "Models",
            [("from", report.models_from), *((file.name, _model_line(file)) for file in report.models)],
        ),
        ("Cameras", ((str(camera.index), _camera_line(camera)) for camera in report.cameras)),
        ("Video", ((name, "yes" if there else "no") for name, there in report.codecs.items())),
        ("Display", report.display.items()),
        ("Missing libraries", ((library.soname, library.needed_for) for library in report.missing_libraries)),
    ]
    lines = []
    for title, items in sections:
        rows = list(items) or [("none", "")]
        width = max(len(name) for name, _ in rows)
        lines += [title, *(f"  {name:{width}}  {value}".rstrip() for name, value in rows), ""]
    lines.append("Problems")
    lines += [f"  {problem}" for problem in report.problems] or ["  none found"]
    return "\n".join(lines)


def _versions(version_of: Callable[[str], str | None], problems: list[str]) -> dict[str, str]:
    versions = {"agecam": agecam.__version__, "python": platform.python_version()}
    for name in DEPENDENCIES:
        version = version_of(name)
        versions[name] = version or "missing"
        if version is None:
            problems.append(f"The Python package {name} is not installed. Reinstall AgeCam.")
    versions |= {name: version for name in OPTIONAL_DEPENDENCIES if (version := version_of(name))}
    for name in _CONFLICTING:
        if version := version_of(name):
            versions[name] = version
            problems.append(
                f"The Python package {name} overwrites files of opencv-contrib-python. "
                "Remove it, then reinstall opencv-contrib-python."
            )
    mediapipe = versions["mediapipe"]
    if tuple(map(int, re.findall(r"\d+", mediapipe)[:3])) >= _MEDIAPIPE_WITH_METRICS:
        problems.append(
            f"MediaPipe {mediapipe} sends usage metrics to its maker. "
            "Reinstall AgeCam, which asks for a version that sends none."
        )
    return versions


def _system() -> dict[str, str]:
    system = {"system": platform.platform()}
    with contextlib.suppress(OSError, KeyError):  # not Linux, or one that does not say
        system["distribution"] = platform.freedesktop_os_release()["PRETTY_NAME"]
    system["processor"] = f"{platform.machine()}, {os.cpu_count()} logical cores"
    system["packaged"] = "yes" if getattr(sys, "frozen", False) else "no"
    return system


def _models_from(folder: Path | None) -> str:
    return "AgeCam" if folder is None else f"the folder {folder.resolve().name}, not AgeCam"


def _models(folder: Path, problems: list[str]) -> tuple[ModelFile, ...]:
    is_own = folder != models_dir()
    try:
        listed = dict(_listed_files(json.loads((folder / "manifest.json").read_bytes())))
    except (OSError, ValueError, RecursionError):
        listed = {}
        problems.append(
            "The models' manifest.json is missing or damaged. "
            + ("Export them again, or use other models." if is_own else "Reinstall AgeCam.")
        )
    present = {path.name for pattern in ("*.tflite", "*.keras") for path in folder.glob(pattern)}
    files = tuple(_model_file(folder / name, listed.get(name)) for name in sorted(present | set(listed)))
    advice = "Export the models again" if is_own else "Reinstall AgeCam"
    problems += [
        f"The model file {file.name} is missing or damaged. {advice}, or restore that file."
        for file in files
        if file.state in ("missing", "differs from the manifest")
    ]
    return files


def _listed_files(entry: Any) -> Iterator[tuple[str, str]]:
    """Every file name with its sha256, at any depth of the manifest."""
    if isinstance(entry, dict):
        if isinstance(entry.get("file"), str) and isinstance(entry.get("sha256"), str):
            yield entry["file"], entry["sha256"]
        for value in entry.values():
            yield from _listed_files(value)
    elif isinstance(entry, list):
        for value in entry:
            yield from _listed_files(value)


def _model_file(path: Path, listed_sha256: str | None) -> ModelFile:
    try:
        content = path.read_bytes()
    except (OSError, ValueError):  # a name that is none
        return ModelFile(path.name, "missing", None, None)
    sha256 = hashlib.sha256(content).hexdigest()
    state: ModelState = "not in the manifest"
    if listed_sha256 is not None:
        state = "as in the manifest" if sha256 == listed_sha256 else "differs from the manifest"
    return ModelFile(path.name, state, len(content), sha256)


def _cameras(list_cameras: Callable[[], Sequence[Camera]], problems: list[str]) -> tuple[CameraState, ...]:
    try:
        found = list_cameras()
    except (ImportError, OSError, AgeCamError) as error:
        problems.append(f"Cameras cannot be listed: {error}")
        return ()
    cameras = tuple(
        CameraState(c.index, c.name, c.path, c.backend, accessible=_is_accessible(c.path)) for c in found
    )
    if not all(camera.accessible for camera in cameras):
        problems.append(
            "You may not open a camera that is there. Add yourself to the group video "
            "(sudo usermod -aG video $USER), then log out and in again."
        )
    return cameras


def _is_accessible(path: str | None) -> bool:
    return path is None or not path.startswith("/dev/") or os.access(path, os.R_OK | os.W_OK)


def _codecs(problems: list[str]) -> dict[str, bool]:
    try:
        import av
    except ImportError as error:
        problems.append(f"Video files cannot be read or written: {error}")
        return {}
    codecs = {f"write {name}": _has_codec(av, name, "w") for name in _ENCODERS}
    codecs |= {f"read {name}": _has_codec(av, name, "r") for name in _DECODERS}
    if not any(codecs[f"write {name}"] for name in _ENCODERS):
        problems.append("No video can be recorded: PyAV has no encoder. Reinstall the Python package av.")
    return codecs


def _has_codec(av: Any, name: str, mode: Literal["r", "w"]) -> bool:
    try:
        av.Codec(name, mode)
    except av.codec.codec.UnknownCodecError:
        return False
    return True


def _display(can_open: bool, problems: list[str]) -> dict[str, str]:
    display = {name: _anonymous(value) for name in _DISPLAY_VARIABLES if (value := os.environ.get(name))}
    # Values of these can name a host; that they are set is what matters.
    display |= {name: "set" for name in ("DISPLAY", "WAYLAND_DISPLAY") if os.environ.get(name)}
    display["window"] = "can open" if can_open else "cannot open"
    if not can_open:
        problems.append(
            "There is no display here: the window cannot open; annotate, predict and demo can run."
        )
    return display


def _anonymous(text: str) -> str:
    return text.replace(str(Path.home()), "~")


def _model_line(file: ModelFile) -> str:
    if file.sha256 is None or file.size_bytes is None:
        return file.state
    return f"{file.state}, {file.size_bytes} bytes, sha256 {file.sha256[:16]}"


def _camera_line(camera: CameraState) -> str:
    parts = [camera.name, camera.backend, camera.path or "", "" if camera.accessible else "may not be opened"]
    return ", ".join(part for part in parts if part)

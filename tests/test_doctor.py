"""The report for bug reports says what is there, what is broken, and nothing of who the user is."""

import hashlib
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from agecam import doctor
from agecam.sources.cameras import Camera
from agecam.system_libraries import (
    LIBRARIES,
    SystemLibrary,
    how_to_install,
    how_to_install_libraries,
    install_command,
    missing_libraries,
    packages_of,
)

_ROOT = Path(__file__).resolve().parent.parent
_ABSENT = SystemLibrary("libthat-is-not.so.7", "libthat7", "window")


def _states(report: doctor.Report) -> dict[str, str]:
    return {file.name: file.state for file in report.models}


def test_report_names_every_dependency_of_the_program() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[<>=\[; ]", requirement)[0] for requirement in project["dependencies"]}
    assert set(doctor.DEPENDENCIES) == names


def _with(**versions: str | None) -> Callable[[str], str | None]:
    """What is installed here, but for these packages (underscores for dashes)."""

    def version_of(package: str) -> str | None:
        name = package.replace("-", "_")
        return versions[name] if name in versions else doctor.installed_version(package)

    return version_of


def _problems_with(report: doctor.Report, words: str) -> list[str]:
    return [problem for problem in report.problems if words in problem]


def test_what_this_environment_holds_is_no_problem() -> None:
    report = doctor.collect()
    assert not _problems_with(report, "overwrites")
    assert not _problems_with(report, "usage metrics")
    assert not _problems_with(report, "not installed")


@pytest.mark.parametrize(
    "other", ["opencv-python", "opencv-python-headless", "opencv-contrib-python-headless"]
)
def test_second_opencv_is_listed_and_named_as_a_conflict(other: str) -> None:
    report = doctor.collect(_with(**{other.replace("-", "_"): "5.0.0.93"}))
    assert report.versions[other] == "5.0.0.93"
    assert _problems_with(report, "overwrites") == [
        f"The Python package {other} overwrites files of opencv-contrib-python. "
        "Remove it, then reinstall opencv-contrib-python."
    ]


def test_missing_package_is_named() -> None:
    report = doctor.collect(_with(mediapipe=None))
    assert report.versions["mediapipe"] == "missing"
    assert len(_problems_with(report, "package mediapipe is not installed")) == 1
    assert not _problems_with(report, "usage metrics")


@pytest.mark.parametrize(
    ("version", "sends"),
    [
        ("0.10.33", False),
        ("0.10.9", False),
        ("0.10.35", True),
        ("0.11", True),
        ("1.0.0rc1", True),
        ("1.2.2", True),
    ],
)
def test_mediapipe_that_sends_usage_metrics_is_named(version: str, sends: bool) -> None:
    told = _problems_with(doctor.collect(_with(mediapipe=version)), "sends usage metrics to its maker")
    assert [version in problem for problem in told] == ([True] if sends else [])


def test_report_holds_versions_codecs_and_system() -> None:
    report = doctor.collect()
    assert report.versions["numpy"][0].isdigit()
    assert report.codecs["write libx264"]
    assert report.codecs["read h264"]
    assert "logical cores" in report.system["processor"]


def test_shipped_models_are_as_their_manifest_says() -> None:
    states = _states(doctor.collect())
    assert {"face_detection_full_range_sparse.tflite", "face_detection_short_range.tflite"} <= set(states)
    assert set(states.values()) == {"as in the manifest"}


def test_damaged_missing_and_unlisted_models_are_told_apart(tmp_path: Path) -> None:
    for name, content in (("good.tflite", b"good"), ("bad.keras", b"changed"), ("other.tflite", b"?")):
        (tmp_path / name).write_bytes(content)
    good, bad = hashlib.sha256(b"good").hexdigest(), hashlib.sha256(b"bad").hexdigest()
    manifest = {
        "models": {
            "age": {"litert": {"file": "good.tflite", "sha256": good}, "keras": {"file": "bad.keras"}},
            "gender": [{"file": "bad.keras", "sha256": bad}, {"file": "gone.tflite", "sha256": bad}],
        }
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    report = doctor.collect(models=tmp_path)
    assert _states(report) == {
        "good.tflite": "as in the manifest",
        "bad.keras": "differs from the manifest",
        "other.tflite": "not in the manifest",
        "gone.tflite": "missing",
    }
    assert _problems_with(report, "The model file") == [
        f"The model file {name} is missing or damaged. Export the models again, or restore that file."
        for name in ("bad.keras", "gone.tflite")
    ]


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff\xfe", b"[1, 2]", b'{"models": null}'])
def test_no_manifest_can_stop_the_report(tmp_path: Path, content: bytes | None) -> None:
    (tmp_path / "age.tflite").write_bytes(b"model")
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)
    assert _states(doctor.collect(models=tmp_path)) == {"age.tflite": "not in the manifest"}


def test_camera_that_may_not_be_opened_is_named_with_the_remedy() -> None:
    cameras = [Camera(0, "Front", "/dev/video-that-is-not", "V4L2"), Camera(1, "Back", None, "V4L2")]
    report = doctor.collect(list_cameras=lambda: cameras)
    assert [camera.accessible for camera in report.cameras] == [False, True]
    assert any("group video" in problem for problem in report.problems)
    assert "Front, V4L2, /dev/video-that-is-not, may not be opened" in doctor.render(report)


def test_cameras_that_cannot_be_listed_do_not_stop_the_report() -> None:
    def list_cameras() -> list[Camera]:
        raise ImportError("libGL.so.1: cannot open shared object file")

    report = doctor.collect(list_cameras=list_cameras)
    assert report.cameras == ()
    assert _problems_with(report, "libGL.so.1") == [
        "Cameras cannot be listed: libGL.so.1: cannot open shared object file"
    ]


def test_missing_libraries_come_with_what_installs_them() -> None:
    report = doctor.collect(missing_libraries=lambda: [_ABSENT])
    assert re.search(r"libthat-is-not.so.7 +window", doctor.render(report))
    assert report.problems[0] == how_to_install_libraries([_ABSENT])


def test_linker_is_asked_for_each_library() -> None:
    libc = SystemLibrary("libc.so.6", "libc6", "everything")
    assert missing_libraries([libc, _ABSENT]) == [_ABSENT]


@pytest.mark.parametrize(("is_root", "start"), [(True, "apt-get install"), (False, "sudo apt-get install")])
def test_the_command_that_installs_them_is_for_this_user(is_root: bool, start: str) -> None:
    command = install_command(["libthat7"], lambda name: f"/usr/bin/{name}", lambda: is_root)
    assert command is not None
    assert " ".join(command) == f"{start} --yes --no-install-recommends libthat7"


def test_without_apt_the_libraries_are_named() -> None:
    sentence = how_to_install(["libthat7"], ["libthat-is-not.so.7"], lambda _: None)
    assert sentence == "Install the packages of your system that hold libthat-is-not.so.7."


def test_each_library_is_listed_once_and_packages_are_named_once() -> None:
    sonames = [library.soname for library in LIBRARIES]
    assert len(set(sonames)) == len(sonames)
    packages = packages_of(LIBRARIES)
    assert packages == sorted(set(packages))


@pytest.mark.parametrize("there", [True, False])
def test_report_says_whether_a_window_can_open(there: bool) -> None:
    report = doctor.collect(has_display=lambda: there)
    assert report.display["window"] == ("can open" if there else "cannot open")
    assert any("no display" in problem for problem in report.problems) is not there


def test_home_folder_stays_private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = tmp_path / "someone"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("QT_QPA_PLATFORM_PLUGIN_PATH", str(home / "plugins"))
    monkeypatch.setenv("DISPLAY", "someones-computer:0")
    report = doctor.collect(has_display=lambda: True)
    for text in (doctor.render(report), doctor.to_json(report)):
        assert "someone" not in text
        assert "~" in text


@pytest.mark.parametrize("form", [doctor.render, doctor.to_json])
def test_both_forms_name_models_and_versions(form: Callable[[doctor.Report], str]) -> None:
    text = form(doctor.collect())
    assert "mediapipe" in text
    assert "face_detection_short_range.tflite" in text


def test_json_holds_the_whole_report() -> None:
    report = doctor.collect()
    content = json.loads(doctor.to_json(report))
    assert content["versions"] == dict(report.versions)
    assert [file["name"] for file in content["models"]] == [file.name for file in report.models]
    assert set(content) == {
        "versions", "system", "models_from", "models", "cameras", "codecs", "display", "missing_libraries",
        "problems",
    }  # fmt: skip

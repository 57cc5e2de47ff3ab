"""The command line as a whole: help, wrong usage, no display, no camera."""

import json
import sys
from pathlib import Path

import pytest

from agecam import __version__, cli
from agecam.commands import cameras as cameras_command
from agecam.sources import Camera


def test_version(run) -> None:
    result = run("--version")
    assert (result.code, result.out.strip()) == (0, f"agecam {__version__}")


@pytest.mark.parametrize("command", [(), ("window",), ("demo",), ("annotate",), ("predict",), ("doctor",)])
def test_every_command_explains_itself(run, command: tuple[str, ...]) -> None:
    result = run(*command, "--help")
    assert result.code == 0
    assert "Usage" in result.out


@pytest.mark.parametrize(
    "arguments",
    [("--nonsense",), ("predict",), ("annotate", "x.mp4"), ("demo", "--quit-after", "soon"), ("0", "1")],
)
def test_wrong_usage_exits_with_2(run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.code == 2
    assert "Traceback" not in result.err


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("no_display")
def test_without_a_display_the_window_says_what_to_do_instead(run) -> None:
    result = run()
    assert result.code == 1
    assert "agecam annotate" in result.err
    assert len(result.err.strip().splitlines()) == 1


@pytest.mark.usefixtures("no_display")
def test_a_display_that_does_not_answer_is_no_display(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":4321")
    assert run().code == 1


def test_a_source_that_is_nothing_is_told_before_a_window_opens(run, tmp_path: Path) -> None:
    result = run(tmp_path / "gone.mp4")
    assert result.code == 1
    assert "gone.mp4" in result.err
    assert "Traceback" not in result.err


def test_a_recording_never_replaces_a_file_unasked(run, demo_clip: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.mp4"
    kept.write_bytes(b"precious")
    result = run(demo_clip, "--record", kept)
    assert result.code == 2
    assert "--force" in result.err
    assert kept.read_bytes() == b"precious"


def test_cameras_lists_what_is_plugged_in(run, monkeypatch: pytest.MonkeyPatch) -> None:
    plugged = [Camera(0, "Front camera", "/dev/video0", "V4L2")]
    monkeypatch.setattr(cameras_command, "list_cameras", lambda: plugged)
    assert "Front camera" in run("cameras").out
    (camera,) = json.loads(run("cameras", "--json").out)
    assert (camera["index"], camera["name"]) == (0, "Front camera")


def test_without_a_camera_cameras_says_so(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras_command, "list_cameras", list)
    assert run("cameras").out == "No camera is plugged in.\n"
    assert json.loads(run("cameras", "--json").out) == []


def test_doctor_tells_of_the_models(run) -> None:
    report = json.loads(run("doctor", "--json").out)
    assert "age.tflite" in json.dumps(report)


@pytest.mark.expects_log("unexpected error")
def test_an_unexpected_error_is_one_sentence_and_goes_to_the_log(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cameras_command, "list_cameras", broken)
    monkeypatch.setattr(sys, "argv", ["agecam", "cameras"])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    with pytest.raises(ZeroDivisionError) as raised:
        cli.main()
    sys.excepthook(ZeroDivisionError, raised.value, raised.tb)
    printed = capfd.readouterr().err
    assert "agecam doctor" in printed
    assert "Traceback" not in printed

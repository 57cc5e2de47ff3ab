"""The command line as a whole: help, wrong usage, no display, no camera."""

import json
import signal
import sys
from pathlib import Path

import pytest
import typer

from agecam import __version__, cli
from agecam.commands.cameras import print_cameras
from agecam.commands.signals import Stopped
from agecam.sources import Camera
from tests.commands.helpers import Run


def test_version(run: Run) -> None:
    result = run("--version")
    assert (result.code, result.out.strip()) == (0, f"agecam {__version__}")


@pytest.mark.parametrize("command", [(), ("window",), ("demo",), ("annotate",), ("predict",), ("doctor",)])
def test_every_command_explains_itself(run: Run, command: tuple[str, ...]) -> None:
    result = run(*command, "--help")
    assert result.code == 0
    assert "Usage" in result.out


@pytest.mark.parametrize(
    "arguments",
    [("--nonsense",), ("predict",), ("annotate", "x.mp4"), ("demo", "--quit-after", "soon"), ("0", "1")],
)
def test_wrong_usage_exits_with_2(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.code == 2
    assert "Traceback" not in result.err


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("no_display")
def test_without_a_display_the_window_says_what_to_do_instead(run: Run) -> None:
    result = run()
    assert result.code == 1
    assert "agecam annotate" in result.err
    assert len(result.err.strip().splitlines()) == 1


@pytest.mark.usefixtures("no_display")
def test_a_display_that_does_not_answer_is_no_display(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":4321")
    assert run().code == 1


def test_a_source_that_is_nothing_is_told_before_a_window_opens(run: Run, tmp_path: Path) -> None:
    result = run(tmp_path / "gone.mp4")
    assert result.code == 1
    assert "gone.mp4" in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("interrupt", "code"),
    [(KeyboardInterrupt(), 130), (Stopped(signal.SIGTERM), 143), (Stopped(signal.SIGHUP), 143)],
)
def test_a_signal_at_any_time_gives_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, interrupt: KeyboardInterrupt, code: int
) -> None:
    application = typer.Typer()

    @application.command()
    def busy() -> None:
        raise interrupt

    monkeypatch.setattr(sys, "argv", ["agecam"])
    with pytest.raises(SystemExit) as ended:
        cli.run(application)
    assert ended.value.code == code


def test_a_recording_never_replaces_a_file_unasked(run: Run, demo_clip: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.mp4"
    kept.write_bytes(b"precious")
    result = run(demo_clip, "--record", kept)
    assert result.code == 2
    assert "--force" in result.err
    assert kept.read_bytes() == b"precious"


def test_cameras_lists_what_is_plugged_in(capsys: pytest.CaptureFixture[str]) -> None:
    plugged = [Camera(0, "Front camera", "/dev/video0", "V4L2")]
    print_cameras(as_json=False, list_cameras=lambda: plugged)
    assert capsys.readouterr().out == "0  Front camera  /dev/video0\n"
    print_cameras(as_json=True, list_cameras=lambda: plugged)
    (camera,) = json.loads(capsys.readouterr().out)
    assert (camera["index"], camera["name"]) == (0, "Front camera")


def test_without_a_camera_cameras_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_cameras(as_json=False, list_cameras=list)
    assert capsys.readouterr().out == "No camera is plugged in.\n"
    print_cameras(as_json=True, list_cameras=list)
    assert json.loads(capsys.readouterr().out) == []


def test_options_of_earlier_releases_work_and_name_the_new_ones(run: Run, tmp_path: Path) -> None:
    result = run("predict", tmp_path / "gone.png", "--engine", "litert")
    assert result.code == 1
    assert "--engine is now called --runtime" in result.err
    assert "--engine" not in run("predict", "--help").out


def test_doctor_tells_of_the_models(run: Run) -> None:
    report = json.loads(run("doctor", "--json").out)
    assert "age.tflite" in json.dumps(report)


@pytest.mark.expects_log("unexpected error")
def test_an_unexpected_error_is_one_sentence_and_goes_to_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    error = ZeroDivisionError("division by zero")
    cli.report_unexpected(ZeroDivisionError, error, None)
    printed = capfd.readouterr().err
    assert "agecam doctor" in printed
    assert "Traceback" not in printed
    assert len(printed.splitlines()) == 1

"""The edge of the program: failures of any kind, names of any kind, standard output of any kind."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.commands.arguments import AnnotateArguments, DemoArguments, PredictArguments
from agecam.commands.batch import annotate_inputs
from agecam.commands.console import printable
from agecam.commands.predict import predict_paths
from agecam.commands.window import run_demo
from agecam.output import write_image
from agecam.paths import cache_dir
from tests.commands.helpers import Run, make_analyzer

MARKUP = "scans [/2024] {0} %s [red].png"
STEERING = "a\x1b[31m\r\nb\u202egnp.png"


def put_image(path: Path, level: int = 128) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(np.full((32, 32, 3), level, np.uint8), path)
    return path


def fails_on_dark(image_bgr: NDArray[np.uint8]) -> None:
    if image_bgr.mean() < 50:
        raise ZeroDivisionError("of a kind that nobody expects")


def agecam(*arguments: object, stdout: IO[Any] | int = subprocess.PIPE, **environment: str) -> Any:
    command = [sys.executable, "-m", "agecam", *map(str, arguments)]
    return subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, env={**os.environ, **environment}, check=False
    )


def complaints(err: str) -> list[str]:
    return [line for line in err.splitlines() if line.startswith("agecam:")]


@pytest.mark.expects_log("unexpected error in annotating .*dark.png\n(.*\n)*ZeroDivisionError")
def test_a_failure_of_whatever_kind_costs_no_other_input_its_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [put_image(tmp_path / name, level) for name, level in (("dark.png", 9), ("light.png", 200))]
    arguments = AnnotateArguments(tuple(map(str, paths)), tmp_path / "out")
    assert annotate_inputs(arguments, make_analyzer(fails_on_dark)) == 1
    assert [path.name for path in (tmp_path / "out").glob("[!.]*")] == ["light.png"]
    printed = capsys.readouterr()
    assert complaints(printed.err) == [
        f"agecam: {paths[0]} could not be annotated (ZeroDivisionError); the log says why."
    ]
    assert "Traceback" not in printed.err


@pytest.mark.expects_log("unexpected error in analysing .*dark.png")
def test_a_photograph_that_fails_in_whatever_way_is_one_line_of_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [put_image(tmp_path / name, level) for name, level in (("dark.png", 9), ("light.png", 200))]
    arguments = PredictArguments(tuple(paths), as_json=True)
    assert predict_paths(arguments, make_analyzer(fails_on_dark)) == 1
    printed = capsys.readouterr()
    dark, light = (json.loads(line) for line in printed.out.splitlines())
    assert "could not be analysed (ZeroDivisionError)" in dark["error"]
    assert (light["error"], light["width"]) == (None, 32)
    assert len(complaints(printed.err)) == 1


@pytest.mark.parametrize("name", [MARKUP, STEERING])
def test_a_name_is_data_in_the_table_and_in_sentences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    path = put_image(tmp_path / "in" / name)
    (tmp_path / "out").mkdir()
    assert predict_paths(PredictArguments((path,)), make_analyzer()) == 0
    assert annotate_inputs(AnnotateArguments((str(path),), tmp_path / "out"), make_analyzer()) == 0
    printed = capsys.readouterr()
    assert printable(str(path)) in printed.out
    assert "\x1b[31m" not in printed.out + printed.err
    assert (tmp_path / "out" / path.name).is_file()


def test_control_characters_are_escaped_and_letters_are_not() -> None:
    assert printable("größe 日本 👩\u200d🔬 C:\\new") == "größe 日本 👩\u200d🔬 C:\\new"
    assert printable("\x1b[1m\n\udcff\u2028\u202e") == "\\x1b[1m\\n\\udcff\\u2028\\u202e"


def test_any_encoding_of_standard_output_will_do(tmp_path: Path) -> None:
    put_image(tmp_path / "größe 日本 😀.png")
    for options in ((), ("--json",)):
        result = agecam("predict", tmp_path, *options, PYTHONIOENCODING="ascii")
        assert (result.returncode, b"Traceback" in result.stderr) == (0, False), result.stderr
    assert json.loads(result.stdout)["file"] == str(tmp_path / "größe 日本 😀.png")


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are bytes")
def test_names_that_are_no_text_will_do(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    put_image(tmp_path / "plain.png").rename(tmp_path / name)
    result = agecam("predict", tmp_path, "--json")
    assert (result.returncode, b"Traceback" in result.stderr) == (0, False), result.stderr
    assert json.loads(result.stdout)["file"] == str(tmp_path / name)


@pytest.mark.parametrize("arguments", [("--version",), ("cameras",), ("predict", "gone.png"), ("doctor",)])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_standard_output_that_is_full_is_told_in_one_sentence(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        result = agecam(*arguments, stdout=full)
    assert result.returncode == 1
    lines = result.stderr.decode().splitlines()
    assert [line for line in lines if "could not be written" in line] == lines[-1:]
    assert b"Traceback" not in result.stderr
    assert b"Exception ignored" not in result.stderr


@pytest.mark.parametrize("arguments", [("--version",), ("predict", "gone.png", "--json")])
def test_a_reader_that_has_seen_enough_is_no_error_to_tell(arguments: tuple[str, ...]) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb") as closed:
        result = agecam(*arguments, stdout=closed)
    assert result.returncode == 1
    assert set(complaints(result.stderr.decode())) <= {"agecam: There is no file gone.png; check the name."}
    assert b"Traceback" not in result.stderr
    assert b"Exception ignored" not in result.stderr


def test_ctrl_c_while_the_program_is_loaded_leaves_no_traceback() -> None:
    code = """if True:
        import sys
        from agecam.__main__ import main
        class Interrupted:
            def find_spec(self, name, *_rest):
                if name == "agecam.cli":
                    raise KeyboardInterrupt
        sys.meta_path.insert(0, Interrupted())
        main()
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


@pytest.mark.parametrize(("asked_for", "used"), [(None, "1"), ("2", "2")])
def test_openblas_has_one_thread_unless_the_user_asks_for_more(asked_for: str | None, used: str) -> None:
    code = """if True:
        import os, sys
        from agecam.__main__ import main
        sys.argv = ["agecam", "--version"]
        try:
            main()
        except SystemExit:
            print(os.environ["OPENBLAS_NUM_THREADS"])
    """
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    environment |= {} if asked_for is None else {"OPENBLAS_NUM_THREADS": asked_for}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    assert done.stdout.split()[-1].decode() == used


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
@pytest.mark.parametrize("closed", ["<&-", "<&- >&-", "<&- 2>&-", "<&- >&- 2>&-"])
def test_no_file_takes_the_place_of_a_stream_that_is_closed(closed: str) -> None:
    code = """if True:
        import os, sys
        from agecam.commands.console import set_up_streams
        set_up_streams()
        streams = [sys.stdin.fileno(), sys.stdout.fileno(), sys.stderr.fileno()]
        sys.exit(streams != [0, 1, 2] or os.open(os.devnull, os.O_RDONLY) < 3)
    """
    command = ["sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, code]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_standard_output_that_is_full_costs_no_input_its_result(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        put_image(tmp_path / name)
    with Path("/dev/full").open("wb") as full:
        result = agecam(
            "annotate", tmp_path / "a.png", tmp_path / "b.png", "-o", tmp_path / "out", stdout=full
        )
    assert result.returncode == 1
    assert {path.name for path in (tmp_path / "out").glob("[!.]*")} == {"a.png", "b.png"}
    assert len(complaints(result.stderr.decode())) == 1


def test_an_address_that_fails_shows_no_secret(run: Run, tmp_path: Path) -> None:
    address = "http://anna:secret1@127.0.0.1:9/live?token=secret2"
    result = run("--verbose", "annotate", address, "-o", tmp_path / "out.mp4")
    assert result.code == 1
    assert len(complaints(result.err)) == 1
    assert "secret" not in result.out + result.err


def test_the_demo_goes_where_only_its_user_writes(
    tiny_clip: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for _ in range(2):  # again, without being told to replace it
        assert run_demo(DemoArguments(), clip=tiny_clip) == 0
    assert str(cache_dir() / "demo.mp4") in capsys.readouterr().out
    assert (cache_dir() / "demo.mp4").is_file()


@pytest.mark.parametrize(
    "address",
    [
        "http://anna:hush1@127.0.0.1:9/live?token=hush2",
        "http://anna%3Ahush1%40127.0.0.1:9/user=anna&password=hush2",
        "rtsp//anna:hush1@127.0.0.1/live?token=hush2",
        "anna:hush1@127.0.0.1:9/hush2.mp4",
    ],
)
def test_no_secret_of_an_address_is_left_anywhere(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Not in names and contents of files, the log and settings among them, nor in what is printed."""
    for name in ("CACHE", "CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    printed = b""
    for command in (
        ("annotate", address, tmp_path / "gone.mp4", "-o", tmp_path / "out", "--csv", tmp_path),
        ("predict", address),
    ):
        told = run("--verbose", *command)
        assert told.code in (1, 2)
        assert "Traceback (most recent call last):\n" not in told.err.split("agecam: ")[-1]
        printed += os.fsencode(told.out + told.err)
    window = agecam(address, "--quit-after", "1", QT_QPA_PLATFORM="offscreen")
    assert window.returncode in (1, 2)
    assert b"Traceback (most recent call last):\n" not in window.stderr.split(b"agecam: ")[-1]
    printed += window.stdout + window.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in files if path.name == "agecam.log"]
    left = [printed, *(os.fsencode(path) for path in tmp_path.rglob("*")), *(p.read_bytes() for p in files)]
    assert [text for text in left if b"hush" in text or b"anna" in text] == []

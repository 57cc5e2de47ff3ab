"""``agecam predict`` on many images, in one process and in several."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.commands.prediction_workers import predict_in_processes
from agecam.errors import AgeCamError, ModelError
from agecam.opencv import cv2
from agecam.vision.analyzer import Analyzer
from tests.commands.helpers import EmptyScene, NoClassifier, Run

PATIENCE_S = 600.0
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="needs signals")


def gray_images(folder: Path, *levels: int) -> list[Path]:
    """An image of ``(8, 8)`` pixels for each gray level."""
    paths = [folder / f"{index:03d}.png" for index in range(len(levels))]
    for path, level in zip(paths, levels, strict=True):
        cv2.imwrite(str(path), np.full((8, 8, 3), level, np.uint8))
    return paths


def die_on_black_and_fail_on_white(image_bgr: NDArray[np.uint8]) -> None:
    if image_bgr.max() == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    if image_bgr.min() == 255:
        raise RuntimeError("white")


def fragile(**_options: object) -> Analyzer:
    return Analyzer(EmptyScene(die_on_black_and_fail_on_white), NoClassifier())


def without_models(**_options: object) -> Analyzer:
    raise ModelError("The age model is missing.")


def with_broken_library(**_options: object) -> Analyzer:
    raise ImportError("no such library")


def dead_at_start(**_options: object) -> Analyzer:
    os._exit(3)


@needs_signals
def test_an_image_that_kills_its_process_costs_no_other_its_result(tmp_path: Path) -> None:
    files = gray_images(tmp_path, 100, 0, 100, 255, 0, 100, 100, 100)
    predictions = list(predict_in_processes(files, 2, make_analyzer=fragile))
    assert [Path(one.file) for one in predictions] == files
    assert [one.error is not None for one in predictions] == [
        False,
        True,
        False,
        True,
        True,
        False,
        False,
        False,
    ]
    assert predictions[1].error == f"{files[1]} could not be analysed: its process ended (signal 9)."
    assert predictions[3].error == f"{files[3]} could not be analysed (RuntimeError); the log says why."
    assert predictions[3].trace is not None
    assert predictions[3].trace.endswith("RuntimeError: white\n")
    assert (predictions[2].width, predictions[2].height) == (8, 8)


@pytest.mark.parametrize(
    ("make_analyzer", "sentence"),
    [
        (without_models, "The age model is missing."),
        (with_broken_library, "could not be loaded .ImportError."),
        (dead_at_start, "ended while it loaded the models"),
    ],
)
def test_models_that_do_not_load_are_told_once(
    tmp_path: Path, make_analyzer: Callable[..., Analyzer], sentence: str
) -> None:
    files = gray_images(tmp_path, 100, 100, 100)
    with pytest.raises(AgeCamError, match=sentence):
        list(predict_in_processes(files, 2, make_analyzer=make_analyzer))


def test_any_number_of_jobs_prints_the_same_bytes(
    run: Run, tmp_path: Path, astronaut_bgr: NDArray[np.uint8], hopper_bgr: NDArray[np.uint8]
) -> None:
    folder = tmp_path / "scans [/2024]"
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "a.jpg"), astronaut_bgr)
    cv2.imwrite(str(folder / "b.jpg"), hopper_bgr)
    (folder / "c.jpg").write_bytes(b"\xff\xd8\xff no image")
    cv2.imwrite(str(folder / "d.png"), astronaut_bgr[:, ::-1])
    command = ("predict", folder, "--json", "--quiet")  # of progress, which depends on the time it takes
    one, two = run(*command), run(*command, "--jobs", "2")
    assert (one.code, two.code) == (1, 1)
    assert one.out == two.out
    assert one.err == two.err
    lines = [json.loads(line) for line in one.out.splitlines()]
    assert [len(line["faces"]) for line in lines] == [1, 1, 0, 1]
    assert [line["error"] is None for line in lines] == [True, True, False, True]


def test_what_a_folder_run_leaves_out_is_told_but_not_with_quiet(run: Run, tmp_path: Path) -> None:
    gray_images(tmp_path, 100)
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / ".hidden.png").write_bytes(b"")
    result, quiet = run("predict", tmp_path), run("predict", tmp_path, "--quiet")
    assert (result.code, quiet.code) == (0, 0)
    assert result.err == f"agecam: {tmp_path}: 2 files left out: 1 of other kinds (.txt), 1 hidden.\n"
    assert quiet.err == ""
    assert result.out == quiet.out


def test_the_table_has_the_same_columns_in_all_rows(
    run: Run, tmp_path: Path, astronaut_bgr: NDArray[np.uint8], hopper_bgr: NDArray[np.uint8]
) -> None:
    both = np.hstack([astronaut_bgr, cv2.resize(hopper_bgr, (437, 512))])
    cv2.imwrite(str(tmp_path / "both of them.png"), both)
    gray_images(tmp_path, 100)
    header, none, first, second = run("predict", tmp_path).out.splitlines()
    columns = [header.index(title) for title in ("face", "age", "80 % interval", "gender", "box")]
    assert none[: columns[0]].strip() == str(tmp_path / "000.png")
    assert none[columns[0] :] == "no face"
    assert first[: columns[0]].strip() == str(tmp_path / "both of them.png")
    assert second[: columns[0]].strip() == ""
    assert [row[columns[0]] for row in (first, second)] == ["1", "2"]
    assert all(row[columns[3] :].split()[0] in ("female", "male") for row in (first, second))
    for row in (first, second):
        assert all(row[column - 1] == " " and row[column] != " " for column in columns)


@needs_signals
@pytest.mark.parametrize(
    ("jobs", "number", "code"), [(1, signal.SIGINT, 130), (2, signal.SIGINT, 130), (2, signal.SIGTERM, 143)]
)
def test_a_signal_ends_it_with_what_is_done(
    tmp_path: Path, jobs: int, number: int, code: int, hopper_bgr: NDArray[np.uint8]
) -> None:
    (tmp_path / "images").mkdir()
    _, content = cv2.imencode(".jpg", hopper_bgr)
    for index in range(200):
        (tmp_path / "images" / f"{index:03d}.jpg").write_bytes(content.tobytes())
    command = [
        sys.executable,
        "-m",
        "agecam",
        "predict",
        str(tmp_path / "images"),
        "--json",
        "--jobs",
        str(jobs),
    ]
    with (tmp_path / "stderr").open("w") as stderr, contextlib.ExitStack() as stack:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=stderr, text=True, start_new_session=True
        )
        stack.callback(process.kill)
        assert process.stdout is not None
        lines = [process.stdout.readline(), process.stdout.readline()]
        os.killpg(process.pid, number)  # as a terminal or a service manager does: to all processes
        lines += process.stdout.read().splitlines()
        process.stdout.close()
        process.wait(PATIENCE_S)
    err = (tmp_path / "stderr").read_text()
    files = [Path(json.loads(line)["file"]).name for line in lines]
    assert files == sorted(files)
    assert process.returncode == code
    told = re.search(r"agecam: Stopped: (\d+) of 200 pictures are done\.\n", err)
    assert told is not None
    assert int(told[1]) in (len(files), len(files) - 1)  # the signal may come between a line and its count
    assert len(files) < 200
    assert "Traceback" not in err

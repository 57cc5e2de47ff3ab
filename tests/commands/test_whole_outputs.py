"""Outputs appear whole, and what stood there before stays until then."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.commands.annotate import run_job_with
from agecam.commands.arguments import AnnotateArguments
from agecam.commands.batch import annotate_inputs
from agecam.commands.job import Job
from agecam.errors import OutputError, UsageError
from agecam.files import PartialFile
from agecam.output import write_image
from agecam.output.files import open_output, write_error
from tests.commands.helpers import Run, Unchanged, contents, make_analyzer

OnImage = Callable[[NDArray[np.uint8]], None]
PATIENCE_S = 600.0


def frames_in(path: Path) -> int:
    with av.open(path) as container:
        return sum(1 for _ in container.decode(video=0))


@pytest.fixture
def clip(tiny_clip: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(tiny_clip, tmp_path / "in.mp4"))


@pytest.fixture
def earlier(tmp_path: Path) -> tuple[Path, Path]:
    """A video and a table that stand where a run is to write its own."""
    video, rows = tmp_path / "out.mp4", tmp_path / "out.csv"
    video.write_bytes(b"the result of a day")
    rows.write_bytes(b"the table of a day")
    return video, rows


def raising(error: BaseException, *, after: int) -> OnImage:
    """Raises at the image that follows so many others."""
    seen: list[None] = []

    def on_image(_image: NDArray[np.uint8]) -> None:
        seen.append(None)
        if len(seen) == after + 1:
            raise error

    return on_image


@pytest.mark.parametrize("content", [b"", b"no video\n" * 50, b"\x00\x00\x00\x20ftypisom" * 9])
def test_an_input_that_is_junk_leaves_what_was_there(
    run: Run, tmp_path: Path, earlier: tuple[Path, Path], unchanged: Unchanged, content: bytes
) -> None:
    (tmp_path / "in.mp4").write_bytes(content)
    with unchanged():
        result = run("annotate", tmp_path / "in.mp4", "-o", earlier[0], "--csv", earlier[1], "--force")
    assert result.code == 1


def test_what_was_there_stays_until_the_result_is_whole(clip: Path, earlier: tuple[Path, Path]) -> None:
    video, rows = earlier
    seen: list[bytes] = []
    with make_analyzer()() as analyzer:
        job = Job(str(clip), video, rows, force=True)
        run_job_with(analyzer, job, lambda _done, _total: seen.append(video.read_bytes() + rows.read_bytes()))
    assert set(seen) == {b"the result of a daythe table of a day"}
    assert frames_in(video) == 5
    assert rows.read_text().startswith("frame,")
    assert set(video.parent.iterdir()) == {clip, video, rows}


@pytest.mark.expects_log("unexpected error in annotating .*in.mp4\n(.*\n)*MemoryError")
def test_a_failure_in_the_middle_leaves_what_was_there_and_no_part(
    clip: Path, earlier: tuple[Path, Path], unchanged: Unchanged, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = AnnotateArguments((str(clip),), earlier[0], csv=earlier[1], force=True)
    with unchanged():
        assert annotate_inputs(arguments, make_analyzer(raising(MemoryError(), after=3))) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("agecam:")]
    assert errors == [f"agecam: {clip} could not be annotated (MemoryError); the log says why."]


def test_a_disk_that_fills_up_leaves_what_was_there(
    run: Run, clip: Path, earlier: tuple[Path, Path], tmp_path: Path, unchanged: Unchanged
) -> None:
    # A limit to the size of files does to one process what a full disk does to all.
    code = (
        "import resource, signal, sys; from agecam import cli; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (40, 40)); cli.main()"
    )
    arguments = ("annotate", clip, "-o", earlier[0], "--csv", earlier[1], "--force")
    with unchanged():
        result = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
        )
    assert result.returncode == 1
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("agecam:")]
    assert "out." in line
    assert ".partial" not in result.stderr
    assert "Traceback" not in result.stderr


def test_a_run_that_is_stopped_before_the_first_frame_leaves_what_was_there(
    clip: Path, earlier: tuple[Path, Path], unchanged: Unchanged
) -> None:
    arguments = AnnotateArguments((str(clip),), earlier[0], csv=earlier[1], force=True)
    with unchanged():
        assert annotate_inputs(arguments, make_analyzer(raising(KeyboardInterrupt(), after=0))) == 130


def test_a_run_that_is_stopped_keeps_what_was_done_under_another_name(
    clip: Path, tmp_path: Path, unchanged: Unchanged, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped = tmp_path / "out-stopped.mp4"
    arguments = AnnotateArguments((str(clip),), tmp_path / "out.mp4", csv=tmp_path / "out.csv")
    with unchanged("out-stopped.mp4", "out-stopped.csv"):
        assert annotate_inputs(arguments, make_analyzer(raising(KeyboardInterrupt(), after=3))) == 130
    frames = frames_in(stopped)
    assert 3 <= frames <= 6, "not every frame is searched"
    assert f"Stopped after {frames} frames; {stopped} holds them." in capsys.readouterr().err


def test_a_run_that_is_stopped_keeps_what_was_there_too(
    clip: Path, earlier: tuple[Path, Path], unchanged: Unchanged, capsys: pytest.CaptureFixture[str]
) -> None:
    video, rows = earlier
    arguments = AnnotateArguments((str(clip),), video, csv=rows, force=True)
    with unchanged("out-stopped.mp4", "out-stopped.csv"):
        assert annotate_inputs(arguments, make_analyzer(raising(KeyboardInterrupt(), after=3))) == 130
    stopped = video.with_name("out-stopped.mp4")
    assert 3 <= frames_in(stopped) <= 6, "not every frame is searched"
    assert f"{stopped} holds them." in capsys.readouterr().err
    with unchanged("out-stopped-2.mp4", "out-stopped-2.csv"):
        annotate_inputs(arguments, make_analyzer(raising(KeyboardInterrupt(), after=3)))


def test_a_file_that_comes_while_a_run_is_at_work_is_kept(
    clip: Path, tmp_path: Path, unchanged: Unchanged, capsys: pytest.CaptureFixture[str]
) -> None:
    video = tmp_path / "out.mp4"

    def on_image(_image: NDArray[np.uint8]) -> None:
        video.write_bytes(b"of somebody else")

    with unchanged("out-new.mp4", "out.mp4"):
        annotate_inputs(AnnotateArguments((str(clip),), video), make_analyzer(on_image))
    assert video.read_bytes() == b"of somebody else"
    assert frames_in(tmp_path / "out-new.mp4") == 5
    assert "out-new.mp4" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["out.png", "out.jpg"])
def test_an_image_is_replaced_when_it_is_whole(tmp_path: Path, unchanged: Unchanged, name: str) -> None:
    photograph, target = tmp_path / "in.png", tmp_path / name
    write_image(np.full((32, 32, 3), 90, np.uint8), photograph)
    target.write_bytes(b"before")
    seen: list[bytes] = []
    arguments = AnnotateArguments((str(photograph),), target, force=True)
    with unchanged(name):
        annotate_inputs(arguments, make_analyzer(lambda _image: seen.append(target.read_bytes())))
    assert seen == [b"before"]
    assert target.read_bytes() != b"before"


def test_permissions_and_links_stay(clip: Path, tmp_path: Path) -> None:
    private = tmp_path / "elsewhere" / "private.csv"
    private.parent.mkdir()
    private.write_bytes(b"before")
    private.chmod(0o600)
    (tmp_path / "out.csv").symlink_to(private)
    arguments = AnnotateArguments((str(clip),), tmp_path / "out.mp4", csv=tmp_path / "out.csv", force=True)
    assert annotate_inputs(arguments, make_analyzer()) == 0
    assert (tmp_path / "out.csv").is_symlink()
    assert private.read_text().startswith("frame,")
    assert private.stat().st_mode & 0o777 == 0o600
    assert set(contents(tmp_path)) == {"in.mp4", "out.mp4", "out.csv", "elsewhere/private.csv"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_a_table_can_go_to_a_pipe(clip: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as reader:
        rows = reader.submit(pipe.read_text)
        with make_analyzer()() as analyzer:
            run_job_with(analyzer, Job(str(clip), tmp_path / "out.mp4", pipe, force=True))
        assert rows.result(PATIENCE_S).startswith("frame,")
    assert pipe.is_fifo()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_a_pipe_that_nothing_reads_is_not_waited_for_for_ever(clip: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="No such device") as caught:
        open_output(pipe, reader_within_s=0)
    assert str(write_error(pipe, caught.value)) == (
        f"No program reads the pipe {pipe}; start that first, or name a file."
    )
    arguments = AnnotateArguments((str(clip),), tmp_path / "out.mp4", csv=pipe, force=True)
    assert annotate_inputs(arguments, make_analyzer()) == 1
    assert set(contents(tmp_path)) == {"in.mp4"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.parametrize("option", ["output", "report"])
def test_what_is_no_stream_goes_to_no_pipe(clip: Path, tmp_path: Path, option: str) -> None:
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    options = {"output": tmp_path / "out.mp4", option: pipe}
    with pytest.raises(UsageError, match=r"pipe\.mp4 is a pipe or a device; name a file\."):
        annotate_inputs(AnnotateArguments((str(clip),), force=True, **options), make_analyzer())  # type: ignore[arg-type]


def test_a_killed_run_leaves_what_was_there_and_the_next_clears_away_its_part(
    clip: Path, earlier: tuple[Path, Path], tmp_path: Path
) -> None:
    code = (
        "import sys, time; from pathlib import Path; from tests.commands.helpers import make_analyzer;"
        "from agecam.commands.annotate import run_job_with; from agecam.commands.job import Job\n"
        "with make_analyzer()() as analyzer:\n"
        "    clip, video, rows = sys.argv[1:]\n"
        "    job = Job(clip, Path(video), Path(rows), force=True)\n"
        "    run_job_with(analyzer, job, lambda *_: (print('frame', flush=True), time.sleep(600)))"
    )
    before = contents(tmp_path)
    killed = subprocess.Popen(
        [sys.executable, "-c", code, clip, *earlier], stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert killed.stdout is not None
    assert killed.stdout.readline() == "frame\n"
    arguments = AnnotateArguments((str(clip),), earlier[0], csv=earlier[1], force=True)
    held = set(contents(tmp_path)) - set(before)
    names = {re.sub("[0-9a-f]{8}", "N", name) for name in held}
    assert names == {".out.N.partial.csv", ".out.N.partial.mp4"}
    annotate_inputs(arguments, make_analyzer(raising(OutputError("no"), after=0)))
    assert set(contents(tmp_path)) == {*before, *held}, "another run may be at work"
    killed.send_signal(signal.SIGKILL)
    killed.wait(PATIENCE_S)
    killed.stdout.close()
    assert {name: contents(tmp_path)[name] for name in before} == before
    assert annotate_inputs(arguments, make_analyzer()) == 0
    assert set(contents(tmp_path)) == set(before)
    assert frames_in(earlier[0]) == 5


def test_a_name_as_long_as_can_be_is_written(clip: Path, tmp_path: Path) -> None:
    name = "ä" * 125 + ".mp4"
    assert len(os.fsencode(name)) == 254
    assert annotate_inputs(AnnotateArguments((str(clip),), tmp_path / name), make_analyzer()) == 0
    assert set(contents(tmp_path)) == {"in.mp4", name}
    assert len(os.fsencode(PartialFile(tmp_path / name).path.name)) <= 255

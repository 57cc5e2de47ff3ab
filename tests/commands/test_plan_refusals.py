"""What a run refuses before any work, and names that are at the limit of what a disk takes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from agecam.commands.outputs import OutputPlan
from agecam.errors import OutputError
from agecam.files import MAX_NAME_BYTES, free_names, with_ending
from tests.commands.helpers import Run, Unchanged


@pytest.fixture
def clip(tiny_clip: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(tiny_clip, tmp_path / "in.mp4"))


@pytest.mark.skipif(sys.platform == "win32", reason="needs named pipes")
@pytest.mark.parametrize("name", ["pipe.mp4", "pipe.png", "pipe"])
def test_a_pipe_as_input_is_refused_and_not_waited_for(
    run: Run, clip: Path, tmp_path: Path, name: str
) -> None:
    os.mkfifo(tmp_path / name)
    result = run("annotate", tmp_path / name, clip, "-o", tmp_path / "out")
    assert result.code == 1
    assert result.err.count("is no ordinary file; save it as one first.") == 1
    assert (tmp_path / "out" / "in.mp4").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("annotate", "", "-o", "out.mp4"),
        ("annotate", " ", "-o", "out.mp4"),
        ("annotate", "in.mp4", "-o", ""),
        ("annotate", "in.mp4", "-o", "out.mp4", "--csv", ""),
        ("predict", ""),
    ],
)
def test_an_empty_name_is_not_the_working_folder(
    run: Run,
    clip: Path,
    monkeypatch: pytest.MonkeyPatch,
    unchanged: Unchanged,
    arguments: tuple[str, ...],
) -> None:
    monkeypatch.chdir(clip.parent)
    with unchanged():
        result = run(*arguments)
    assert result.code == 2
    assert "has no name" in result.err or "the name is empty" in result.err


@pytest.mark.parametrize("option", ["-o", "--csv", "--json", "--report"])
@pytest.mark.parametrize("inputs", [1, 2])
@pytest.mark.parametrize("address", ["file:///tmp/new.mp4", "rtmp://user:secret@host/live.mp4"])
def test_an_address_is_no_output_and_its_secret_is_not_shown(
    run: Run,
    clip: Path,
    monkeypatch: pytest.MonkeyPatch,
    unchanged: Unchanged,
    option: str,
    inputs: int,
    address: str,
) -> None:
    monkeypatch.chdir(clip.parent)
    outputs = ["-o", address] if option == "-o" else ["-o", "out" if inputs > 1 else "o.mp4", option, address]
    with unchanged():
        result = run("annotate", *[clip] * inputs, *outputs)
    assert result.code == 2
    assert "An output is a file on this computer" in result.err
    assert "secret" not in result.err


def test_a_folder_that_may_not_be_written_is_told_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir()
    plan = OutputPlan([], may_write=lambda folder: folder.name != "locked")
    plan.claim(tmp_path / "out" / "clip.mp4")
    plan.claim(tmp_path / "locked" / "all.csv")
    with pytest.raises(OutputError, match=r"all\.csv may not be written; choose another folder"):
        plan.prepare(force=False)


@pytest.mark.parametrize("letter", ["x", "\u00e9", "\U0001f600"])
def test_inputs_with_the_longest_names_get_outputs_of_their_own(
    run: Run, clip: Path, tmp_path: Path, letter: str
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    stem = letter * (251 // len(letter.encode()))
    for suffix in (".mp4", ".mkv", ".mov"):
        shutil.copy(clip, folder / (stem + suffix))
    out, lines = tmp_path / "out", tmp_path / "lines"
    result = run("annotate", folder, "-o", out, "--json", lines, "--csv", tmp_path / "csv")
    assert result.code == 0, result.err
    assert len(list(out.glob("*.mp4"))) == len(list(lines.glob("*.jsonl"))) == 3
    assert len(list((tmp_path / "csv").glob("*.csv"))) == 3


def test_a_name_that_no_disk_takes_is_refused_before_any_work(
    run: Run, clip: Path, tmp_path: Path, unchanged: Unchanged
) -> None:
    with unchanged():
        result = run("annotate", clip, "-o", tmp_path / ("y" * 252 + ".mp4"))
    assert result.code == 2
    assert "too long a name" in result.err


def test_an_ending_finds_room_in_the_longest_name(tmp_path: Path) -> None:
    longest = tmp_path / ("\u00e9" * 125 + ".mp4")
    for path in (with_ending(longest, "-2"), *free_names([longest], "stopped")):
        assert len(os.fsencode(path.name)) <= MAX_NAME_BYTES
        assert path.suffix == ".mp4"
    assert with_ending(longest, "-2").stem.endswith("-2")
    assert with_ending(tmp_path / "a.mp4", "-2") == tmp_path / "a-2.mp4"


def test_pages_that_are_not_read_are_told_by_both_commands(run: Run, tmp_path: Path) -> None:
    page = Image.new("RGB", (32, 32))
    path = tmp_path / "scans.tif"
    page.save(path, save_all=True, append_images=[page, page])
    sentence = "holds 3 pages, of which the first is read"
    annotated = run("annotate", path, "-o", tmp_path / "out.png")
    predicted = run("predict", path)
    assert (annotated.code, predicted.code) == (0, 0)
    assert sentence in annotated.out
    assert sentence in predicted.err
    assert run("predict", path, "--quiet").err == ""


def test_a_tiff_cut_off_behind_its_first_page_is_told_by_both_commands_and_that_page_kept(
    run: Run, tmp_path: Path
) -> None:
    page = Image.new("RGB", (32, 32))
    path, out = tmp_path / "scans.tif", tmp_path / "out.png"
    page.save(path, save_all=True, append_images=[page, page])
    path.write_bytes(path.read_bytes()[:-1000])
    sentence = (
        f"agecam: {path} is damaged: it ends after page 2, where more should follow; the first is read.\n"
    )
    annotated, predicted = run("annotate", path, "-o", out), run("predict", path, "--json")
    assert (annotated.code, predicted.code) == (1, 1)
    assert (annotated.err, predicted.err) == (sentence, sentence)
    assert out.is_file()
    line = json.loads(predicted.out)
    assert (line["width"], line["height"], line["faces"]) == (32, 32, [])
    assert sentence == f"agecam: {line['error']}\n"
    assert run("predict", path).out.splitlines()[1].endswith("no face")


@pytest.mark.parametrize("output", ["out", "out.xyz"])
def test_an_input_that_is_missing_is_not_blamed_on_the_output(
    run: Run, tmp_path: Path, unchanged: Unchanged, output: str
) -> None:
    with unchanged():
        result = run("annotate", tmp_path / "missing", "-o", tmp_path / output)
    assert result.code == 1
    assert f"There is no file {tmp_path / 'missing'}; check the name." in result.err


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="needs /dev")
def test_standard_output_that_is_a_pipe_takes_a_table(clip: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "agecam", "annotate", clip, "-o", tmp_path / "out.mp4", "--quiet"]
    command += ["--csv", "/dev/stdout", "--force"]
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True)
    assert done.stdout.startswith(b"frame,time_s,track,")


def test_several_inputs_with_the_name_of_one_file_are_refused(
    run: Run, clip: Path, tmp_path: Path, unchanged: Unchanged
) -> None:
    other = tmp_path / "other.mp4"
    shutil.copy(clip, other)
    with unchanged():
        result = run("annotate", clip, other, "-o", tmp_path / "both.mp4")
    assert result.code == 2
    assert "both.mp4 names a file, but several inputs need a folder" in result.err

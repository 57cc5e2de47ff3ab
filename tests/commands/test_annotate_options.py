"""Which part of an input ``agecam annotate`` takes, what it carries along, and what else it writes."""

import csv
import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.commands.arguments import AnnotateArguments
from agecam.commands.batch import annotate_inputs
from agecam.commands.signals import ending_signals_raise
from agecam.commands.times import parse_time
from agecam.errors import UsageError
from agecam.output import VideoWriter
from tests.commands.helpers import Run, contents, make_analyzer
from tests.output.helpers import times_s
from tests.output.media import Clip, beeps, flashes, make_clip
from tests.output.test_filling_disk import noise


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("83.5", 83.5), ("90", 90), ("1:23", 83), ("0:01:02.5", 62.5), ("100:00:00", 360_000)],
)
def test_times_are_read_as_people_write_them(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1", "1:60", "1:2:3:4", "1:60:00", "1:", "nan", "1e3", "٣"])
def test_what_is_no_time_is_told(text: str) -> None:
    with pytest.raises(UsageError, match=r"is no time; write seconds \(83.5\)"):
        parse_time(text)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--start", "1:xx"), "“1:xx” is no time"),
        (("--start", "5", "--end", "0:04"), "The end must be a later time than the start"),
        (("--start", "0:30"), "ends after 6.0 s; choose a start before 30 s"),
    ],
)
def test_times_that_make_no_sense_are_one_sentence(
    run: Run, tmp_path: Path, options: tuple[str, ...], sentence: str
) -> None:
    clip = make_clip(tmp_path / "in.mp4")
    result = run("annotate", clip, "-o", tmp_path / "out.mp4", *options)
    assert result.code in (1, 2)
    (line,) = [line for line in result.err.splitlines() if line.startswith("agecam:")]
    assert sentence in line
    assert set(contents(tmp_path)) == {"in.mp4"}


def test_a_part_keeps_its_sound_in_step_and_tells_times_of_the_input(tmp_path: Path) -> None:
    clip, out = make_clip(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    arguments = AnnotateArguments(
        (str(clip),), out, json=tmp_path / "out.json", start_s=1.5, end_s=4.5, every=2
    )
    assert annotate_inputs(arguments, make_analyzer()) == 0
    assert flashes(out) == pytest.approx([0.5, 1.5, 2.5], abs=0.045), "every other frame"
    assert beeps(out) == pytest.approx([0.5, 1.5, 2.5], abs=0.02)
    lines = [json.loads(line) for line in (tmp_path / "out.json").read_text().splitlines()]
    assert [line["time_s"] for line in lines] == pytest.approx([1.52 + 0.08 * n for n in range(38)], abs=0.02)
    assert times_s(out)[-1] == pytest.approx(lines[-1]["time_s"] - 1.5, abs=0.002)


def test_a_whole_input_keeps_its_sound_in_step(tmp_path: Path) -> None:
    clip, out = make_clip(tmp_path / "in.mp4", Clip(seconds=3, video_from_s=0.4)), tmp_path / "out.mp4"
    assert annotate_inputs(AnnotateArguments((str(clip),), out), make_analyzer()) == 0
    assert flashes(out) == pytest.approx(flashes(clip), abs=0.005)
    assert beeps(out) == pytest.approx(beeps(clip), abs=0.02)


def test_what_cannot_be_carried_over_is_a_note_and_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = make_clip(tmp_path / "in.mp4", Clip(seconds=1))
    assert annotate_inputs(AnnotateArguments((str(clip),), tmp_path / "out.gif"), make_analyzer()) == 0
    assert "sound" in capsys.readouterr().out


def test_a_report_and_lines_of_one_input(run: Run, demo_clip: Path, tmp_path: Path) -> None:
    out, page, lines = tmp_path / "out.mp4", tmp_path / "out.html", tmp_path / "out.jsonl"
    table = tmp_path / "out.csv"
    result = run(
        *("annotate", demo_clip, "-o", out, "--csv", table, "--json", lines, "--report", page),
        *("--end", "0.6", "--quiet"),
    )
    assert (result.code, result.out, result.err) == (0, "", "")
    found = [json.loads(line) for line in lines.read_text().splitlines()]
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(found) == len(times_s(out))
    assert [(line["frame"], one["track"], one["age"]) for line in found for one in line["people"]] == [
        (int(row["frame"]), int(row["track"]), float(row["age"]) if row["age"] else None) for row in rows
    ]
    html = page.read_text()
    assert html.count("data:image/jpeg;base64,") == len({row["track"] for row in rows}) > 0
    assert "demo.mp4" in html
    assert "://" not in html.replace("http://www.w3.org/2000/svg", ""), "it needs no network"


def test_a_report_of_blurred_faces_shows_none(run: Run, demo_clip: Path, tmp_path: Path) -> None:
    page = tmp_path / "out.html"
    run("annotate", demo_clip, "-o", tmp_path / "out.mp4", "--report", page, "--end", "0.2", "--blur")
    assert "data:image" not in page.read_text()


def test_on_a_full_disk_what_there_is_gets_its_name_and_the_next_run_replaces_it(
    small_disk: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "in").mkdir()
    with VideoWriter(tmp_path / "in" / "in.mp4", *noise(0).shape[1::-1]) as writer:
        for index in range(200):
            writer.write(noise(index), index / 25)
    arguments = AnnotateArguments((str(tmp_path / "in"),), small_disk / "out")
    assert annotate_inputs(arguments, make_analyzer()) == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("agecam:")]
    out = small_disk / "out" / "in.mp4"
    kept_s = times_s(out)[-1]
    assert 0.2 < kept_s < 7
    assert f"The disk is full: {kept_s:.1f} s were saved in {out}; free some space on {small_disk}" in line
    assert list((small_disk / "out").glob("[!.]*")) == [out]
    with VideoWriter(tmp_path / "in" / "in.mp4", *noise(0).shape[1::-1]) as writer:
        writer.write(noise(0), 0.0)
        writer.write(noise(1), 0.04)
    assert annotate_inputs(arguments, make_analyzer()) == 0
    assert len(times_s(out)) == 2


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]
)
def test_signals_end_the_work_at_once_and_give_no_half_file_its_name(
    tiny_clip: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    def on_image(image: NDArray[np.uint8]) -> None:
        if image.mean() > 120:
            os.kill(os.getpid(), number)

    arguments = AnnotateArguments((str(tiny_clip),), tmp_path / "out.mp4", csv=tmp_path / "out.csv")
    with ending_signals_raise():
        assert annotate_inputs(arguments, make_analyzer(on_image)) == code
    assert "out.mp4" not in contents(tmp_path)
    assert not any("partial" in name for name in contents(tmp_path))


def test_a_signal_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_signals_raise():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)

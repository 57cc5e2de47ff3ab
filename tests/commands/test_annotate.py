"""``agecam annotate``: clips and images in, annotated ones and tables out."""

import csv
import json
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.commands.arguments import AnnotateArguments, DemoArguments
from agecam.commands.batch import annotate_inputs
from agecam.commands.window import run_demo
from agecam.opencv import cv2
from agecam.output import VideoWriter
from agecam.sources import open_source, read_image
from agecam.vision.boxes import iou
from tests.commands.helpers import Run

COLUMNS = [
    *("frame", "time_s", "track", "x", "y", "width", "height", "score"),
    *("age", "age_low", "age_high", "female", "age_raw", "female_raw"),
]
CROSSED_S = 7.0
"""When one of the two people of the demo clip has gone past the other and both are well in view again."""


def frames_of(path: Path) -> list[NDArray[np.uint8]]:
    with av.open(str(path)) as container:
        decoded = container.decode(video=0)
        return [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in decoded]


def times_of(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.time) for frame in container.decode(video=0)]


@pytest.fixture(scope="module")
def short_clip(tmp_path_factory: pytest.TempPathFactory, demo_clip: Path) -> Path:
    """One second of the demo clip."""
    path = tmp_path_factory.mktemp("clip") / "short.mp4"
    source = open_source(str(demo_clip))
    source.open()
    with VideoWriter(path, 1280, 720) as writer:
        while (frame := source.read()) is not None and frame.time_s < 1.0:
            writer.write(frame.image_bgr, frame.time_s)
    source.close()
    return path


@pytest.fixture(scope="module")
def annotated_demo(
    demo_clip: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[dict[str, str]]]:
    """The demo clip annotated until people have crossed, and the rows of its table."""
    folder = tmp_path_factory.mktemp("demo")
    out, rows = folder / "out.mp4", folder / "out.csv"
    arguments = AnnotateArguments((str(demo_clip),), out, csv=rows, end_s=CROSSED_S)
    code = annotate_inputs(arguments)
    assert code == 0
    with rows.open(newline="") as file:
        return out, list(csv.DictReader(file))


def test_the_demo_clip_is_labelled_where_its_faces_are(
    annotated_demo: tuple[Path, list[dict[str, str]]], demo_clip: Path
) -> None:
    video, rows = annotated_demo
    times_s = [time_s for time_s in times_of(demo_clip) if time_s < CROSSED_S]
    assert times_of(video) == pytest.approx(times_s, abs=0.002)
    assert list(rows[0]) == COLUMNS
    truth = json.loads(demo_clip.with_suffix(".json").read_text())["frames"][: len(times_s)]
    visible = found = 0
    for number, faces in enumerate(truth):
        here = [
            [float(row[key]) for key in ("x", "y", "width", "height")]
            for row in rows
            if int(row["frame"]) == number
        ]
        for face in faces:
            if face["visible"] > 0.9 and number > 5:
                visible += 1
                found += any(iou(face["box"], box) > 0.3 for box in here)
    assert visible > 300
    assert found / visible > 0.9


def test_people_keep_their_identity_until_they_cross(
    annotated_demo: tuple[Path, list[dict[str, str]]],
) -> None:
    _, rows = annotated_demo
    assert len({row["track"] for row in rows if float(row["time_s"]) < 2.5}) == 2


def test_labels_are_drawn_and_the_rest_of_the_picture_is_left_alone(
    run: Run, short_clip: Path, tmp_path: Path
) -> None:
    run("annotate", short_clip, "-o", tmp_path / "out.mp4")
    before, after = frames_of(short_clip)[-1], frames_of(tmp_path / "out.mp4")[-1]
    changed = np.abs(before.astype(int) - after).max(axis=2) > 60
    assert changed.sum() > 500
    assert changed[:, 480:620].sum() == 0, "nobody stands in the middle"
    rest = after[:, 480:620].astype(int) - before[:, 480:620]
    assert np.abs(rest.mean(axis=(0, 1))).max() < 0.2, "it is as bright as it was, and has its colours"


def test_blurred_faces_lose_their_detail(run: Run, short_clip: Path, demo_clip: Path, tmp_path: Path) -> None:
    run("annotate", short_clip, "-o", tmp_path / "out.mp4", "--blur")
    plain, blurred = frames_of(short_clip), frames_of(tmp_path / "out.mp4")
    truth = json.loads(demo_clip.with_suffix(".json").read_text())["frames"]
    for number in (0, 12, 20):  # also in the first frame, before anybody is labelled
        for face in truth[number]:
            x, y, w, h = (round(value) for value in face["box"])
            eyes_to_mouth = np.s_[y + h // 5 : y + 4 * h // 5, x + w // 6 : x + 5 * w // 6]
            # Large squares of one colour: most pixels equal their neighbours.
            steps = [
                np.abs(np.diff(image[eyes_to_mouth].astype(int), axis=1))
                for image in (plain[number], blurred[number])
            ]
            assert (steps[1] < 4).mean() > 0.75
            assert (steps[1] < 4).mean() > (steps[0] < 4).mean() + 0.1


def test_labels_say_what_is_asked_for(run: Run, astronaut_bgr: NDArray[np.uint8], tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "in.png"), astronaut_bgr[:256, 96:352])
    images = []
    for options in ([], ["--age", "group"], ["--no-interval", "--no-gender"], ["--confidence"]):
        assert run("annotate", tmp_path / "in.png", "-o", tmp_path / "out.png", "--force", *options).code == 0
        images.append(read_image(tmp_path / "out.png").tobytes())
    assert len(set(images)) == 4


def test_a_picture_becomes_a_picture(run: Run, astronaut_bgr: NDArray[np.uint8], tmp_path: Path) -> None:
    source, target = tmp_path / "astronaut.png", tmp_path / "out" / "labelled.jpg"
    cv2.imwrite(str(source), astronaut_bgr)
    result = run("annotate", source, "-o", target)
    assert result.code == 0, result.err
    drawn = read_image(target)
    assert drawn.shape == astronaut_bgr.shape
    assert (np.abs(drawn.astype(int) - astronaut_bgr).max(axis=2) > 80).sum() > 500


@pytest.mark.parametrize("extra", [(), ("--jobs", "2")])
def test_a_folder_becomes_a_folder(
    run: Run, short_clip: Path, astronaut_bgr: NDArray[np.uint8], tmp_path: Path, extra: tuple[str, ...]
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / "deep").mkdir(parents=True)
    (folder / "clip.mp4").write_bytes(short_clip.read_bytes())
    cv2.imwrite(str(folder / "deep" / "face.png"), astronaut_bgr)
    (folder / "bad.mp4").write_text("no video")
    result = run("annotate", folder, "-o", out, "--csv", tmp_path / "tables", *extra)
    assert result.code == 1
    assert "bad.mp4" in result.err
    assert len(frames_of(out / "clip.mp4")) == len(frames_of(short_clip))
    assert (out / "deep" / "face.png").is_file()
    assert (tmp_path / "tables" / "clip.csv").read_text().count("\n") > 20


def test_a_dask_scheduler_does_the_same(run: Run, short_clip: Path, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp"
    ) as cluster:
        target = tmp_path / "out.mp4"
        result = run("annotate", short_clip, "-o", target, "--scheduler", cluster.scheduler_address)
    assert result.code == 0, result.err
    assert len(frames_of(target)) == len(frames_of(short_clip))


@pytest.mark.expects_log("cut.mkv is damaged")
def test_a_truncated_clip_gives_what_it_holds_and_says_so(run: Run, demo_clip: Path, tmp_path: Path) -> None:
    # Matroska keeps no index at its end, so a cut file can be read up to the cut.
    whole, cut, out = tmp_path / "whole.mkv", tmp_path / "cut.mkv", tmp_path / "out.mp4"
    source = open_source(str(demo_clip))
    source.open()
    with VideoWriter(whole, 1280, 720) as writer:
        while (frame := source.read()) is not None and frame.time_s < 2.0:
            writer.write(frame.image_bgr, frame.time_s)
    source.close()
    content = whole.read_bytes()
    cut.write_bytes(content[: len(content) // 2])
    result = run("annotate", cut, "-o", out)
    assert result.code == 1
    assert "it ends after" in result.err.replace("\n", " ")
    assert 5 < len(frames_of(out)) < 50


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"plain text\n" * 100, "text.mp4"), (b"", "empty.mp4"), (b"\x00\x00\x00\x20ftypisom" * 9, "stub.mp4")],
)
def test_what_is_no_video_is_told_in_one_sentence(
    run: Run, tmp_path: Path, content: bytes, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    result = run("annotate", path, "-o", tmp_path / "out.mp4")
    assert result.code == 1
    (line,) = [line for line in result.err.splitlines() if line.startswith("agecam:")]
    assert name in line
    assert "Traceback" not in result.err
    assert not (tmp_path / "out.mp4").exists()


def test_a_missing_input_is_told(run: Run, tmp_path: Path) -> None:
    result = run("annotate", tmp_path / "gone.mp4", "-o", tmp_path / "out.mp4")
    assert result.code == 1
    assert "gone.mp4" in result.err


def test_nothing_is_replaced_unasked(run: Run, short_clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    target.write_bytes(b"precious")
    assert run("annotate", short_clip, "-o", target).code == 2
    assert target.read_bytes() == b"precious"
    assert run("annotate", short_clip, "-o", target, "--force").code == 0
    assert len(frames_of(target)) > 20


def test_the_input_is_never_the_output(run: Run, short_clip: Path) -> None:
    before = short_clip.read_bytes()
    assert run("annotate", short_clip, "-o", short_clip, "--force").code == 2
    assert short_clip.read_bytes() == before


@pytest.mark.parametrize("name", ["out.flv", "out.txt", "out"])
def test_an_unknown_kind_of_output_is_told(run: Run, short_clip: Path, tmp_path: Path, name: str) -> None:
    result = run("annotate", short_clip, "-o", tmp_path / name)
    assert result.code == 2
    assert ".mp4" in result.err
    assert not (tmp_path / name).exists()


def test_demo_without_a_display_annotates_to_a_file(
    short_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    target = tmp_path / "demo.mp4"
    assert run_demo(DemoArguments(output=target), clip=short_clip) == 0
    assert str(target) in capsys.readouterr().out.replace("\n", "")
    assert len(frames_of(target)) == len(frames_of(short_clip))


def test_ages_in_the_table_are_the_fused_ones_not_those_held_for_print(
    annotated_demo: tuple[Path, list[dict[str, str]]],
) -> None:
    _, rows = annotated_demo
    ages = [row["age"] for row in rows if row["age"]]
    assert len(ages) > 300
    at_the_edge = sum(age.endswith((".49", ".51")) for age in ages)
    assert at_the_edge < 0.06 * len(ages), "two of a hundred endings are no more frequent than others"

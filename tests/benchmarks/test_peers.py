"""The comparison with other programs: what is read of them, how right they are, the table and the plot."""

import io
import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers import programs, run, table
from benchmarks.peers_openvino import missing
from benchmarks.peers_protocol import WARM_UP_FRAMES, Face, measure, read_frames, write_frame
from benchmarks.peers_truth import Labels, age_changes, clip_measures, link, score, score_all, smooth
from benchmarks.plot_cost import Cost, Peer, draw, read_costs, read_peers, split_peers, write_costs

FPS = 10.0


def face(x: float, age: float = 30.0, track: int = 0) -> Face:
    return Face(x, 0, 100, 100, age, 0.9, track)


def test_frames_of_any_size_arrive_as_they_were_sent() -> None:
    images = [np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8) for size in ((4, 6), (5, 3))]
    stream = io.BytesIO()
    for image in images:
        write_frame(stream, image)
    stream.seek(0)
    read = list(read_frames(stream))
    assert len(read) == 2
    for sent, arrived in zip(images, read, strict=True):
        np.testing.assert_array_equal(sent, arrived)


def test_what_a_program_prints_has_the_faces_of_every_frame() -> None:
    told = json.loads(measure([[face(1)]] * (WARM_UP_FRAMES + 5), "AgeCam 1"))
    assert told["version"] == "AgeCam 1"
    assert [Face(*one[0]) for one in told["faces"]] == [face(1)] * (WARM_UP_FRAMES + 5)
    assert told["wall_ms"] >= 0
    assert told["cpu_ms"] >= 0


def test_too_few_frames_have_no_rate() -> None:
    told = json.loads(measure([[]] * WARM_UP_FRAMES, ""))
    assert told["wall_ms"] is told["cpu_ms"] is None


def test_a_program_that_fails_ends_the_comparison() -> None:
    with pytest.raises(SystemExit, match="exit code 3"):
        run([sys.executable, "-c", "raise SystemExit(3)"], [np.zeros((2, 2, 3), np.uint8)])


def tracks(frames: Sequence[Sequence[Face]]) -> list[list[int]]:
    return [[one.track for one in faces] for faces in link(frames, FPS)]


def test_faces_keep_their_number_whatever_their_order() -> None:
    frames = [[face(0), face(500)], [face(510), face(5)], [face(10), face(520), face(900)]]
    assert tracks(frames) == [[1, 2], [2, 1], [1, 2, 3]]


def test_a_face_is_waited_for_half_a_second() -> None:
    assert tracks([[face(0)], *[[]] * 4, [face(0)]])[-1] == [1]
    assert tracks([[face(0)], *[[]] * 5, [face(0)]])[-1] == [2]


def test_tracks_that_a_program_has_stay() -> None:
    assert tracks([[face(0, track=7)], [face(500, track=7)]]) == [[7], [7]]


def test_changes_of_printed_ages_are_counted_a_second_of_each_face() -> None:
    flickers = [[face(0, 30 + index % 2), face(500, 40)] for index in range(60)]
    assert age_changes(link(flickers, FPS), FPS) == pytest.approx(FPS / 2)


def test_an_average_over_a_second_calms_what_flickers() -> None:
    flickers = [[face(0, 30 + 0.7 * (index % 2))] for index in range(60)]
    assert age_changes(smooth(link(flickers, FPS), FPS), FPS) < 1
    assert clip_measures(flickers, FPS)["changes"] == pytest.approx(FPS)
    assert clip_measures(flickers, FPS)["faces"] == 1


def test_the_face_in_the_middle_is_the_labelled_one() -> None:
    labels = [Labels("set", 33.0, True, (300, 100)), Labels("set", 10.0, False, (100, 100))]
    scored = score([[face(0, 80), face(100, 30)], [face(0, 20)]], labels, [True, True])["set"]
    assert scored["age_error"] == pytest.approx((3 + 10) / 2)
    assert scored["age_error_adults"] == pytest.approx(3)
    assert scored["gender"] == 0.5
    assert (scored["found"], scored["photographs"]) == (2, 2)


def test_a_photograph_without_a_face_counts_as_not_found() -> None:
    labels = [Labels("set", 30.0, True, (100, 100))] * 2
    assert score([[face(0)], []], labels, [True, False])["set"]["found"] == 1


def test_what_all_programs_found_has_an_error_of_its_own() -> None:
    labels = [Labels("set", 30.0, True, (100, 100))] * 2
    scored = score_all({"A": [[face(0, 31)], [face(0, 50)]], "B": [[face(0, 34)], []]}, labels)
    assert [scored[name]["set"]["age_error_common"] for name in "AB"] == [1, 4]
    assert scored["A"]["set"]["age_error"] == pytest.approx(10.5)


RESULT = {
    "fps": 50.0,
    "cpu_ms": 20.0,
    "start_cpu_s": 1.5,
    "faces": 5.1,
    "changes": 3.0,
    "changes_smoothed": 1.0,
}
SCORES = {
    "found": 9,
    "photographs": 10,
    "age_error": 5.04,
    "age_error_adults": 4.0,
    "age_error_common": 4.5,
    "gender": 0.5,
}


def test_only_what_options_name_is_compared_and_each_folder_of_models_by_itself() -> None:
    nothing = Namespace(clip=Path("clip.mp4"), openvino=None, node_modules=None)
    assert [one.name for one in programs(nothing)] == ["AgeCam", "AgeCam, drawing too"]
    both = Namespace(
        **{**vars(nothing), "openvino": ["python", "m/FP32", "m/INT8"], "node_modules": Path("n")}
    )
    names = [one.name for one in programs(both)][2:]
    assert names == ["OpenVINO, FP32", "OpenVINO, INT8", "human", "face-api"]


def test_the_table_has_a_column_a_program_and_a_row_a_measure() -> None:
    lines = table({"A": {**RESULT, "photographs": {"utkface": SCORES}}, "B": RESULT}).splitlines()
    assert lines[0] == "| | A | B |"
    assert lines[1] == "| --- | ---: | ---: |"
    assert "| frames a second | 50.0 | 50.0 |" in lines
    assert "| faces found (utkface) | 9 of 10 |  |" in lines
    assert "| age error, years (utkface) | 5.0 |  |" in lines


def test_absent_model_files_and_pointers_to_them_are_named(tmp_path: Path) -> None:
    for name in ("face-detection-retail-0005", "age-gender-recognition-retail-0013"):
        (tmp_path / f"{name}.xml").write_text("<net/>")
        (tmp_path / f"{name}.bin").write_bytes(b"\0")
    assert missing(tmp_path) is None
    (tmp_path / "face-detection-retail-0005.xml").unlink()
    (tmp_path / "age-gender-recognition-retail-0013.bin").write_text(
        "version https://git-lfs.github.com/spec/v1"
    )
    sentence = missing(tmp_path)
    assert sentence is not None
    assert "lacks face-detection-retail-0005.xml, age-gender-recognition-retail-0013.bin, which" in sentence


COST = Cost(10.0, 15.0, 20.0)


def test_programs_that_would_flatten_the_lines_are_told_beside_them() -> None:
    near, far = Peer("near", 5.5, 12.0, 20.0), Peer("far", 5.0, 300.0, 290.0)
    assert split_peers([near, far], [COST]) == ([near], [far])


def test_the_plot_is_drawn_from_saved_figures(tmp_path: Path) -> None:
    costs, peers = tmp_path / "costs.json", tmp_path / "peers.json"
    by_faces, by_size = {1: COST, 5: COST}, {"720p": COST, "4K": COST}
    write_costs(costs, by_faces, by_size)
    assert read_costs(costs) == (by_faces, by_size)
    peers.write_text(json.dumps({"A": RESULT, "A, drawing too": RESULT}))
    assert read_peers(peers) == [Peer("A", 5.1, 20.0, 20.0)]
    draw(tmp_path / "plot.svg", *read_costs(costs), [*read_peers(peers), Peer("far", 5.0, 300.0, 290.0)])
    assert "<svg" in (tmp_path / "plot.svg").read_text()

"""Outputs are planned before any work: no input is ever replaced, no file unasked, no output by another."""

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from agecam.commands.arguments import AnnotateArguments
from agecam.commands.outputs import OutputPlan, folds_case
from agecam.commands.plan import plan_batch
from agecam.errors import OutputError, UsageError
from agecam.output import write_image
from tests.commands.helpers import Run, Unchanged

SIDE = 32
Spelling = Callable[[Path, Path], Path]
"""From a file and a free path, another path of the file."""


def put_image(path: Path, level: int = 128) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(np.full((SIDE, SIDE, 3), level, np.uint8), path)
    return path


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def clip(tiny_clip: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(tiny_clip, tmp_path / "in.mp4"))


def link(target: Path, path: Path) -> Path:
    path.symlink_to(target)
    return path


def hard_link(target: Path, path: Path) -> Path:
    os.link(target, path)
    return path


def itself(target: Path, _path: Path) -> Path:
    return target


def around(target: Path, _path: Path) -> Path:
    return target.parent / ".." / target.parent.name / target.name


@pytest.mark.parametrize("spelled", [itself, around, link, hard_link])
@pytest.mark.parametrize("option", ["-o", "--csv"])
@pytest.mark.parametrize("as_address", [False, True])
def test_an_input_is_never_an_output_however_it_is_spelled(
    run: Run,
    clip: Path,
    tmp_path: Path,
    unchanged: Unchanged,
    spelled: Spelling,
    option: str,
    as_address: bool,
) -> None:
    path = spelled(clip, tmp_path / "other.mp4")
    outputs = [option, path] if option == "-o" else ["-o", tmp_path / "out.mp4", option, path]
    with unchanged():
        result = run("annotate", clip.as_uri() if as_address else clip, *outputs, "--force")
    assert result.code == 2
    assert "is an input" in result.err
    assert len(result.err.splitlines()) == 1


def test_a_link_as_input_protects_what_it_leads_to(
    run: Run, clip: Path, tmp_path: Path, unchanged: Unchanged
) -> None:
    other = link(clip, tmp_path / "other.mp4")
    with unchanged():
        assert run("annotate", other, "-o", clip, "--force").code == 2


def test_the_folder_of_the_inputs_is_no_output_folder_where_one_would_be_replaced(
    run: Run, clip: Path, tmp_path: Path, unchanged: Unchanged
) -> None:
    put(tmp_path / "films" / "clip.mov", clip.read_bytes())
    put(tmp_path / "films" / "clip.mp4", clip.read_bytes())
    with unchanged():
        whole = run("annotate", tmp_path / "films", "-o", tmp_path / "films", "--force")
        unasked = run("annotate", tmp_path / "films" / "clip.mov", "-o", tmp_path / "films")
    assert (whole.code, unasked.code) == (2, 2)
    assert "is an input" in whole.err
    assert "is there already" in unasked.err


def test_video_and_table_are_never_one_file(
    run: Run, clip: Path, tmp_path: Path, unchanged: Unchanged
) -> None:
    with unchanged():
        result = run("annotate", clip, "-o", tmp_path / "out.mp4", "--csv", tmp_path / "." / "out.mp4")
    assert result.code == 2
    assert "two outputs" in result.err


def test_nothing_is_replaced_unasked_and_no_folder_made(
    run: Run, clip: Path, tmp_path: Path, unchanged: Unchanged
) -> None:
    put(tmp_path / "rows.csv", b"precious")
    with unchanged():
        result = run("annotate", clip, "-o", tmp_path / "new" / "out.mp4", "--csv", tmp_path / "rows.csv")
    assert result.code == 2
    assert "--force" in result.err
    assert not (tmp_path / "new").exists()


def planned(tmp_path: Path, *inputs: Path, csv: bool = False) -> list[tuple[str, str]]:
    """The names that the outputs get below their folders; of the table an empty one where there is none."""
    tables = tmp_path / "tables" if csv else None
    jobs = plan_batch(AnnotateArguments(tuple(map(str, inputs)), tmp_path / "out", csv=tables)).jobs
    return [
        (
            job.target.relative_to(tmp_path / "out").as_posix(),
            "" if job.csv is None else job.csv.relative_to(tmp_path / "tables").as_posix(),
        )
        for job in jobs
    ]


def test_three_cards_with_the_same_names_get_the_names_of_their_folders(tmp_path: Path) -> None:
    cards = [put_image(tmp_path / card / "IMG_0001.png") for card in ("a", "b", "c")]
    names = ["IMG_0001.png", "IMG_0001-b.png", "IMG_0001-c.png"]
    assert [name for name, _ in planned(tmp_path, *cards)] == names
    assert [name for name, _ in planned(tmp_path, *(card.parent for card in cards))] == names


def test_folders_with_the_same_names_get_numbers(tmp_path: Path) -> None:
    cards = [put_image(tmp_path / card / "DCIM" / "1.png") for card in "abcd"]
    assert [name for name, _ in planned(tmp_path, *cards)] == ["1.png", "1-DCIM.png", "1-2.png", "1-3.png"]


def test_a_photograph_beside_its_video_has_a_table_of_its_own(tmp_path: Path, clip: Path) -> None:
    folder = put_image(tmp_path / "phone" / "IMG_1.JPG").parent
    put(folder / "IMG_1.MOV", clip.read_bytes())
    assert planned(tmp_path, folder, csv=True) == [
        ("IMG_1.JPG", "IMG_1.csv"),
        ("IMG_1.mp4", "IMG_1-mov.csv"),
    ]


def test_videos_that_differ_by_suffix_keep_it_in_their_names(tmp_path: Path, clip: Path) -> None:
    for name in ("clip.mkv", "clip.mov", "clip.mp4"):
        put(tmp_path / "films" / name, clip.read_bytes())
    names = [("clip.mp4", "clip.csv"), ("clip-mov.mp4", "clip-mov.csv"), ("clip-mp4.mp4", "clip-mp4.csv")]
    assert planned(tmp_path, tmp_path / "films", csv=True) == names


def test_a_folder_with_the_name_of_a_video_keeps_it(tmp_path: Path, clip: Path) -> None:
    put(tmp_path / "in" / "x.mov", clip.read_bytes())
    put(tmp_path / "in" / "x.mp4" / "clip.mp4", clip.read_bytes())
    out = tmp_path / "out"
    plan = plan_batch(AnnotateArguments((str(tmp_path / "in"),), out, csv=tmp_path / "rows"))
    assert [job.target for job in plan.jobs] == [out / "x-in.mp4", out / "x.mp4" / "clip.mp4"]
    assert [job.csv for job in plan.jobs] == [
        tmp_path / "rows" / "x-in.csv",
        tmp_path / "rows" / "x.mp4" / "clip.csv",
    ]


@pytest.mark.parametrize("option", ["--csv", "--json", "--report"])
@pytest.mark.parametrize("below", ["", "all.csv", "all.jsonl", "all.html"])
def test_an_output_is_never_the_folder_of_another(
    run: Run, clip: Path, tmp_path: Path, unchanged: Unchanged, option: str, below: str
) -> None:
    put(tmp_path / "in" / "clip.mp4", clip.read_bytes())
    out = tmp_path / "out"
    with unchanged():
        result = run("annotate", tmp_path / "in", "-o", out, option, out / "clip.mp4" / below)
    assert result.code == 2
    assert "is named for an output and for a folder" in result.err
    assert not out.exists()


def test_every_output_of_a_run_is_written(run: Run, tmp_path: Path, unchanged: Unchanged) -> None:
    cards = [put_image(tmp_path / card / "1.png", level) for card, level in (("a", 50), ("b", 200))]
    with unchanged("out/1.png", "out/1-b.png"):
        result = run("annotate", *cards, "-o", tmp_path / "out")
    assert result.code == 0, result.err
    assert (tmp_path / "out" / "1.png").read_bytes() != (tmp_path / "out" / "1-b.png").read_bytes()


@pytest.mark.parametrize(
    ("first", "second"), [("a.png", "A.png"), ("straße.png", "STRASSE.png"), ("e\u0301", "\u00e9")]
)
@pytest.mark.parametrize("folds", [True, False])
def test_names_that_differ_by_case_are_one_on_a_disk_that_knows_no_case(
    tmp_path: Path, first: str, second: str, folds: bool
) -> None:
    plan, new = OutputPlan([], folds_case=lambda _folder: folds), tmp_path / "new"
    plan.claim(new / first)
    assert plan.claim_first([new / second, new / "other.png"]) == new / ("other.png" if folds else second)
    assert not new.exists()


def test_an_input_in_another_case_is_that_input_on_a_disk_that_knows_no_case(
    tmp_path: Path, clip: Path
) -> None:
    plan = OutputPlan([str(clip)])
    with pytest.raises(UsageError) if folds_case(tmp_path) else contextlib.nullcontext():
        plan.claim(clip.with_name("IN.mp4"))


def test_whether_a_disk_knows_case_is_tried_out_and_leaves_nothing(tmp_path: Path) -> None:
    put(tmp_path / "Name.txt", b"")
    assert folds_case(tmp_path) == (tmp_path / "nAME.TXT").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["Name.txt"]


def test_a_link_to_nothing_yet_is_the_file_that_will_be_there(tmp_path: Path) -> None:
    plan = OutputPlan([])
    plan.claim(tmp_path / "out.csv")
    with pytest.raises(UsageError, match="two outputs"):
        plan.claim(link(tmp_path / "out.csv", tmp_path / "link.csv"))


def test_a_file_in_place_of_a_folder_is_told_before_any_work(
    run: Run, clip: Path, tmp_path: Path, unchanged: Unchanged
) -> None:
    put(tmp_path / "rows", b"precious")
    with unchanged():
        result = run("annotate", clip, clip, "-o", tmp_path / "out", "--csv", tmp_path / "rows", "--force")
    assert result.code == 2
    assert "name a folder" in result.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_may_not_be_written_is_not_replaced_either(tmp_path: Path) -> None:
    put(tmp_path / "kept.csv", b"precious").chmod(0o444)
    plan = OutputPlan([])
    plan.claim(tmp_path / "kept.csv")
    with pytest.raises(OutputError, match="may not be written"):
        plan.prepare(force=True)


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_the_window_never_records_over_its_own_source(
    run: Run, clip: Path, tmp_path: Path, unchanged: Unchanged, force: tuple[str, ...]
) -> None:
    other = hard_link(clip, tmp_path / "other.mp4")
    with unchanged():
        for source, option, path in (
            (clip, "--record", clip),
            (clip.as_uri(), "--record", other),
            (clip, "--csv", other),
        ):
            result = run(source, option, path, *force)
            assert result.code == 2
            assert "is an input" in result.err


def test_the_window_never_records_and_tabulates_into_one_file(
    run: Run, clip: Path, tmp_path: Path, unchanged: Unchanged
) -> None:
    with unchanged():
        result = run(clip, "--record", tmp_path / "a.mp4", "--csv", tmp_path / "a.mp4")
    assert result.code == 2
    assert "two outputs" in result.err


def test_the_demo_replaces_no_file_unasked(
    run: Run, tmp_path: Path, unchanged: Unchanged, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    put(tmp_path / "mine.mp4", b"precious")
    with unchanged():
        assert run("demo", "-o", tmp_path / "mine.mp4").code == 2


def test_an_address_leaves_no_secret_in_a_name(tmp_path: Path) -> None:
    addresses = [
        "rtsp://anna:pass@word@cam.example/live?token=secret#there",
        "rtsp://anna:other@cam.example/live?token=hidden",
    ]
    jobs = plan_batch(AnnotateArguments(tuple(addresses), tmp_path / "out")).jobs
    assert [job.target.name for job in jobs] == ["cam.example_live.mp4", "cam.example_live-2.mp4"]

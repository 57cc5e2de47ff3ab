"""A batch given again: what an earlier run has done is skipped, and nothing is replaced unasked."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agecam.commands.annotate import run_job_with
from agecam.commands.arguments import AnnotateArguments
from agecam.commands.batch import annotate_inputs
from agecam.commands.plan import plan_batch
from agecam.errors import UsageError
from agecam.output import write_image
from tests.commands.helpers import Result, Unchanged, contents, make_analyzer


def put_image(path: Path, level: int = 128) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(np.full((32, 32, 3), level, np.uint8), path)
    return path


class Batch:
    """``agecam annotate in -o out`` with a detector that sees nobody, again and again."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.inputs, self.out = folder / "in", folder / "out"
        self._capsys = capsys
        self.seen: list[int] = []
        """The level of each image that was analysed in the last run."""

    def run(self, **options: object) -> Result:
        self.seen.clear()
        arguments = AnnotateArguments((str(self.inputs),), self.out, **options)  # type: ignore[arg-type]
        analyzer = make_analyzer(lambda image: self.seen.append(round(float(image.mean()))))
        code = annotate_inputs(arguments, analyzer)
        return Result(code, *self._capsys.readouterr())


@pytest.fixture
def batch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Batch:
    for level in (50, 100, 150):
        put_image(tmp_path / "in" / f"{level:03}.png", level)
    batch = Batch(tmp_path, capsys)
    assert batch.run().code == 0
    assert batch.seen == [50, 100, 150]
    return batch


def stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("[!.]*")}


def test_what_is_done_is_skipped_and_counted(batch: Batch, unchanged: Unchanged) -> None:
    before = stamps(batch.out)
    with unchanged():
        result = batch.run()
    assert (result.code, batch.seen) == (0, [])
    assert "3 of 3 inputs were done before" in result.out
    assert stamps(batch.out) == before


def test_a_new_input_is_done_alone(batch: Batch) -> None:
    put_image(batch.inputs / "200.png", 200)
    assert batch.run().code == 0
    assert batch.seen == [200]
    assert (batch.out / "200.png").is_file()


def test_a_changed_input_is_done_again(batch: Batch, unchanged: Unchanged) -> None:
    put_image(batch.inputs / "100.png", 220)
    with unchanged("out/100.png"):
        assert batch.run().code == 0
    assert batch.seen == [220]


def test_other_settings_do_all_again(batch: Batch) -> None:
    assert batch.run(blur=True).code == 0
    assert batch.seen == [50, 100, 150]
    assert batch.run(blur=True).code == 0
    assert batch.seen == []


def test_force_does_all_again(batch: Batch) -> None:
    assert batch.run(force=True).code == 0
    assert batch.seen == [50, 100, 150]


def test_an_output_that_is_gone_is_made_again(batch: Batch) -> None:
    (batch.out / "100.png").unlink()
    assert batch.run().code == 0
    assert batch.seen == [100]
    assert (batch.out / "100.png").is_file()


def test_an_output_that_was_edited_stays(batch: Batch, unchanged: Unchanged) -> None:
    (batch.out / "100.png").write_bytes(b"retouched by hand")
    with unchanged():
        result = batch.run()
    assert (result.code, batch.seen) == (0, [])
    assert f"{batch.out / '100.png'} was changed after it was made, and stays as it is." in result.out


def test_an_edited_output_of_a_changed_input_is_not_replaced_unasked(
    batch: Batch, unchanged: Unchanged
) -> None:
    (batch.out / "100.png").write_bytes(b"retouched by hand")
    put_image(batch.inputs / "100.png", 220)
    with unchanged(), pytest.raises(UsageError, match=r"100\.png is there already"):
        batch.run()


def test_another_input_of_the_same_name_replaces_nothing(
    batch: Batch, tmp_path: Path, unchanged: Unchanged
) -> None:
    put_image(tmp_path / "other" / "100.png", 220)
    batch.inputs = tmp_path / "other"
    with unchanged(), pytest.raises(UsageError, match=r"100\.png is there already"):
        batch.run()


def test_outputs_of_which_nothing_is_recorded_are_not_replaced(batch: Batch, unchanged: Unchanged) -> None:
    for record in (batch.out / ".agecam").iterdir():
        record.unlink()
    with unchanged(), pytest.raises(UsageError, match="is there already"):
        batch.run()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 1}', b"\xff", b"[" * 100_000])
def test_a_damaged_record_is_none(batch: Batch, unchanged: Unchanged, content: bytes) -> None:
    for record in (batch.out / ".agecam").iterdir():
        record.write_bytes(content)
    with unchanged(), pytest.raises(UsageError, match="is there already"):
        batch.run()


def test_inputs_and_outputs_that_moved_together_are_known(batch: Batch, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    for folder in (batch.inputs, batch.out):
        folder.rename(tmp_path / "elsewhere" / folder.name)
    batch.inputs, batch.out = tmp_path / "elsewhere" / "in", tmp_path / "elsewhere" / "out"
    assert batch.run().code == 0
    assert batch.seen == []


def test_outputs_below_the_inputs_are_no_inputs_of_the_next_run(batch: Batch) -> None:
    batch.out = batch.inputs / "labelled"
    assert batch.run().code == 0
    result = batch.run()
    assert (result.code, batch.seen) == (0, [])
    assert "3 made by an earlier run are left out too." in result.out


def test_outputs_below_the_inputs_are_no_inputs_however_their_folder_is_spelled(
    batch: Batch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch.out = batch.inputs / "labelled"
    assert batch.run().code == 0
    monkeypatch.chdir(tmp_path)
    batch.inputs = Path("in")
    result = batch.run()
    assert (result.code, batch.seen) == (0, [])
    assert "3 made by an earlier run are left out too." in result.out


def test_outputs_of_another_run_below_the_inputs_are_no_inputs(batch: Batch) -> None:
    batch.out = batch.inputs / "labelled"
    assert batch.run().code == 0
    batch.out = batch.inputs / "blurred"
    assert batch.run(blur=True).code == 0
    assert batch.seen == [50, 100, 150]
    batch.inputs, batch.out = batch.inputs / "labelled", batch.inputs.parent / "again"
    assert batch.run().code == 0
    assert batch.seen == [50, 100, 150], "a folder that is named counts as it is"


def test_what_a_stopped_run_has_left_below_the_inputs_is_no_input_of_the_next(
    tiny_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "clip.mp4").write_bytes(tiny_clip.read_bytes())
    arguments = AnnotateArguments((str(tmp_path),), tmp_path / "out")
    seen: list[float] = []

    def stop_at_the_third(image: NDArray[np.uint8]) -> None:
        seen.append(float(image.mean()))
        if len(seen) == 3:
            raise KeyboardInterrupt

    assert annotate_inputs(arguments, make_analyzer(stop_at_the_third)) == 130
    assert set(contents(tmp_path)) == {"clip.mp4", "out/clip-stopped.mp4"}
    assert annotate_inputs(arguments, make_analyzer()) == 0
    assert set(contents(tmp_path)) == {"clip.mp4", "out/clip-stopped.mp4", "out/clip.mp4"}
    assert "1 made by an earlier run are left out too." in capsys.readouterr().out


def test_tables_that_are_asked_for_later_are_made(batch: Batch, tmp_path: Path) -> None:
    assert batch.run(csv=tmp_path / "tables").code == 0
    assert batch.seen == [50, 100, 150]
    assert set(stamps(tmp_path / "tables")) == {"050.csv", "100.csv", "150.csv"}
    assert batch.run(csv=tmp_path / "tables").code == 0
    assert batch.seen == []


def test_a_failed_input_is_tried_again_and_told_again(batch: Batch) -> None:
    (batch.inputs / "bad.png").write_bytes(b"junk")
    for _ in range(2):
        result = batch.run()
        assert result.code == 1
        assert "bad.png" in result.err
    put_image(batch.inputs / "bad.png", 77)
    assert batch.run().code == 0
    assert batch.seen == [77]


def test_one_table_of_all_inputs_has_their_names_in_input_order(batch: Batch, tmp_path: Path) -> None:
    table = tmp_path / "all.csv"
    (batch.inputs / "bad.png").write_bytes(b"junk")
    assert batch.run(csv=table).code == 1
    assert table.read_text().startswith("file,frame,time_s,track,")
    whole = table.read_bytes()
    put_image(batch.inputs / "200.png", 200)
    assert batch.run(csv=table).code == 1, "it is replaced, for all that it held is in the new one"
    assert batch.seen == [200]
    assert whole in table.read_bytes()


def test_one_table_of_other_inputs_is_not_replaced_unasked(
    batch: Batch, tmp_path: Path, unchanged: Unchanged
) -> None:
    table = tmp_path / "all.csv"
    assert batch.run(csv=table).code == 0
    (batch.inputs / "050.png").unlink()
    with unchanged(), pytest.raises(UsageError, match=r"all\.csv is there already"):
        batch.run(csv=table)
    table.unlink()
    table.write_bytes(b"somebody else's")
    with unchanged(), pytest.raises(UsageError, match=r"all\.csv is there already"):
        batch.run(csv=table)
    assert batch.run(csv=table, force=True).code == 0
    assert table.read_text().startswith("file,")


def test_quiet_prints_failures_alone(batch: Batch) -> None:
    (batch.inputs / "bad.png").write_bytes(b"junk")
    (batch.inputs / "note.txt").write_bytes(b"text")
    put_image(batch.inputs / "200.png", 200)
    result = batch.run(quiet=True)
    assert (result.code, result.out) == (1, "")
    assert len(result.err.splitlines()) == 1
    assert "bad.png" in result.err


def test_what_a_folder_run_leaves_out_is_told(batch: Batch) -> None:
    (batch.inputs / "note.txt").write_bytes(b"text")
    assert f"{batch.inputs}: 1 file left out: 1 of other kinds (.txt)." in batch.run().out


def test_the_record_is_small_and_its_users_alone(batch: Batch) -> None:
    folder = batch.out / ".agecam"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(list(folder.iterdir())) == 3
    assert all(record.stat().st_size < 1000 for record in folder.iterdir())
    assert not [name for name in contents(batch.out) if "/" in name]


def test_lines_and_reports_of_all_inputs_are_files_of_their_own(batch: Batch, tmp_path: Path) -> None:
    lines, page = tmp_path / "all.jsonl", tmp_path / "all.html"
    (batch.inputs / "bad.png").write_bytes(b"junk")
    for _ in range(2):
        assert batch.run(json=lines, report=page).code == 1
        found = [json.loads(line) for line in lines.read_text().splitlines()]
        names = [str(batch.inputs / name) for name in ("050.png", "100.png", "150.png")]
        assert [one["file"] for one in found] == names
        assert {one["frame"] for one in found} == {0}
        assert all(name in page.read_text() for name in [*names, "bad.png"])
    assert batch.seen == []


def test_lines_and_reports_can_be_a_folder(batch: Batch, tmp_path: Path) -> None:
    assert batch.run(json=tmp_path / "lines", report=tmp_path / "pages").code == 0
    assert set(stamps(tmp_path / "lines")) == {"050.jsonl", "100.jsonl", "150.jsonl"}
    assert set(stamps(tmp_path / "pages")) == {"050.html", "100.html", "150.html"}
    assert "050.png" in (tmp_path / "pages" / "050.html").read_text()


def test_what_a_worker_did_before_it_died_is_not_done_again(batch: Batch, tmp_path: Path) -> None:
    put_image(batch.inputs / "200.png", 200)
    arguments = AnnotateArguments((str(batch.inputs),), batch.out, csv=tmp_path / "all.csv")
    (*_, job) = plan_batch(arguments).to_do
    seen: list[int] = []
    with make_analyzer(lambda _image: seen.append(1))() as analyzer:
        first = run_job_with(analyzer, job)
        before = contents(tmp_path)
        assert run_job_with(analyzer, job).target == first.target
    assert seen == [1]
    assert contents(tmp_path) == before


def test_outputs_that_a_killed_run_has_half_moved_are_made_again(batch: Batch, tmp_path: Path) -> None:
    put_image(batch.inputs / "200.png", 200)
    assert batch.run(csv=tmp_path / "tables").code == 0
    (tmp_path / "tables" / "200.csv").unlink()
    assert batch.run(csv=tmp_path / "tables").code == 0
    assert batch.seen == [200]


def test_jobs_for_other_machines_name_their_files_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    put_image(tmp_path / "in" / "1.png")
    put_image(tmp_path / "in" / "2.png")
    arguments = AnnotateArguments(("in", "http://cam.example/live"), Path("out"), csv=Path("tables"))
    one, _, stream = (job.absolute() for job in plan_batch(arguments).jobs)
    assert one.spec == str(tmp_path / "in" / "1.png")
    assert one.outputs == (tmp_path / "out" / "1.png", tmp_path / "tables" / "1.csv")
    assert stream.spec == "http://cam.example/live"
    assert one.place is not None
    assert one.place.path.is_absolute()


def test_an_input_keeps_its_names_when_others_come_before_it(
    batch: Batch, tmp_path: Path, unchanged: Unchanged
) -> None:
    (batch.inputs / "100.jpg").write_bytes((batch.inputs / "100.png").read_bytes())
    (batch.inputs / "100.bmp").write_bytes((batch.inputs / "150.png").read_bytes())
    with unchanged("out/100-bmp.png", "out/100.jpg"):
        assert batch.run().code == 0
    assert len(batch.seen) == 2
    assert batch.run(csv=tmp_path / "tables").code == 0
    with unchanged():
        assert batch.run(csv=tmp_path / "tables").code == 0
    assert batch.seen == []


def test_an_input_that_is_named_twice_has_two_outputs(batch: Batch) -> None:
    one = str(batch.inputs / "100.png")
    for _ in range(2):
        arguments = AnnotateArguments((one, one), batch.out)
        assert annotate_inputs(arguments, make_analyzer()) == 0
        assert set(stamps(batch.out)) == {"050.png", "100.png", "150.png", "100-in.png"}

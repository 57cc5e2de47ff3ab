"""Some damaged models and prepared folders, read in this process: TensorFlow takes long to start."""

from pathlib import Path
from random import Random

import pytest

from agecam.errors import AgeCamError
from benchmarks.fuzz_entries import ENTRY_POINTS, read_corpus

pytest.importorskip("keras", reason="needs the extra train")


@pytest.mark.parametrize("entry", ["keras", "prepared"])
def test_damaged_input_of_the_training_is_read_or_refused(entry: str, tmp_path: Path) -> None:
    point = ENTRY_POINTS[entry]
    assert point.warm_up is not None
    (tmp_path / "whole").mkdir()
    point.make(tmp_path / "whole")
    point.warm_up(tmp_path / "whole")
    corpus = read_corpus(tmp_path / "whole")
    read, refusals = 0, []
    for case in range(12):
        folder = tmp_path / str(case)
        folder.mkdir()
        point.damage(corpus, Random(f"{entry}-0-{case}"), folder)
        try:
            point.read(folder)
            read += 1
        except AgeCamError as error:
            refusals.append(str(error))
    assert read > 0
    assert refusals
    assert all(text.endswith((".", ")")) and "\n" not in text for text in refusals)

"""Some dozens of damaged files for each entry point: read or refused, in time, in bounds, in silence."""

import sys
from pathlib import Path
from random import Random

import pytest

if sys.platform == "win32":
    pytest.skip("benchmarks.fuzz needs POSIX", allow_module_level=True)

from benchmarks.fuzz import fuzz
from benchmarks.fuzz_corpus import make_images
from benchmarks.fuzz_entries import ENTRY_POINTS, read_corpus
from benchmarks.fuzz_mutation import damage_bytes, damage_json, damage_table

# What loads Keras takes too long to start for this; tests/train holds what was found there.
QUICK = {
    "images": 60,
    "videos": 40,
    "settings": 100,
    "manifest": 60,
    "tflite": 20,
    "labels": 60,
    "streams": 30,
}
_LONG_S = 60.0


@pytest.mark.parametrize("entry", QUICK)
def test_damaged_input_is_read_or_refused(entry: str) -> None:
    summary = fuzz(entry, range(QUICK[entry]), limit_s=_LONG_S)
    assert [fault.text for fault in summary.faults] == []
    assert summary.outcomes.total() == QUICK[entry]
    assert summary.outcomes["refused"] > 0 or entry == "settings"
    assert summary.outcomes["read"] > 0 or entry == "tflite"  # of which the checksum refuses every one


def test_the_same_seed_makes_the_same_cases(tmp_path: Path) -> None:
    for name in ("corpus", "a", "b"):
        (tmp_path / name).mkdir()
    make_images(tmp_path / "corpus")
    corpus = read_corpus(tmp_path / "corpus")
    for name in ("a", "b"):
        ENTRY_POINTS["images"].damage(corpus, Random("images-0-7"), tmp_path / name)
    (one,), (other,) = ((tmp_path / name).iterdir() for name in ("a", "b"))
    assert (one.name, one.read_bytes()) == (other.name, other.read_bytes())


@pytest.mark.parametrize("seed", range(20))
def test_every_case_differs_from_the_whole_file(seed: int) -> None:
    whole = bytes(range(256)) * 8
    changed = [damage_bytes(whole, [whole[::-1]], Random(f"{seed}-{case}")) for case in range(20)]
    assert sum(one != whole for one in changed) >= 18
    text = '{"version": 1, "names": ["a", "b"], "on": true}'
    assert any(damage_json(text, Random(f"{seed}-{case}")) != text.encode() for case in range(20))
    table = "file,age\na.jpg,3\nb.jpg,4\n"
    assert any(damage_table(table, Random(f"{seed}-{case}")) != table.encode() for case in range(20))

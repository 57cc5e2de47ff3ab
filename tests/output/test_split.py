"""Texts that say when a recording goes on in a new file."""

import pytest

from agecam.errors import UsageError
from agecam.output.split import SplitRule, parse_split


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("10min", SplitRule(seconds=600)),
        ("1h", SplitRule(seconds=3600)),
        ("1.5 H", SplitRule(seconds=5400)),
        (" 45s ", SplitRule(seconds=45)),
        ("500MB", SplitRule(size_bytes=500_000_000)),
        ("2gb", SplitRule(size_bytes=2_000_000_000)),
        ("0.5 GB", SplitRule(size_bytes=500_000_000)),
    ],
)
def test_times_and_sizes_are_understood(text: str, rule: SplitRule) -> None:
    assert parse_split(text) == rule


@pytest.mark.parametrize(
    "text", ["", "10", "min", "10 apples", "-5min", "0min", "0.5s", "100KB", "0.1MB", "1e3s", "١٠min", "nans"]
)
def test_what_makes_no_sense_is_refused_in_a_sentence_that_shows_how(text: str) -> None:
    with pytest.raises(UsageError, match=r"cannot be split every .* such as 10min or 1h, or .* 2GB\."):
        parse_split(text)

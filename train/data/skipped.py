"""What is not used, and why: on the screen by reason, in ``skipped.csv`` one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from train.data.csv_file import write_csv
from train.data.readers import Skipped

SKIPPED_FILE: Final = "skipped.csv"


def write_skipped(folder: Path, skipped: Iterable[Skipped]) -> None:
    """Write ``skipped.csv``: ``dataset,file,reason``."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = ((skip.dataset, skip.file, skip.reason) for skip in skipped)
    write_csv(folder / SKIPPED_FILE, ("dataset", "file", "reason"), rows)


def counted(skipped: Sequence[Skipped]) -> list[str]:
    """How many there are of each reason, with an instance of it, the most frequent first.

    Such as "12 no face found" and "3 gender is neither male nor female, such as 'x'".
    """
    counts = Counter(skip.kind for skip in skipped)
    instances = {skip.kind: f", such as {skip.instance}" for skip in reversed(skipped) if skip.instance}
    return [f"{count:,} {kind}{instances.get(kind, '')}" for kind, count in counts.most_common()]

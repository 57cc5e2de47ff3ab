"""What tests read of the folder of a run, and the options of the run of the fixture ``trained``."""

import csv
from pathlib import Path

SMALL = "--architecture plain --width 0.25 --precision float32 --size 32 --batch 8 --epochs 3"


def epochs(run: Path) -> list[int]:
    with (run / "log.csv").open(newline="", encoding="utf-8") as stream:
        return [int(row["epoch"]) for row in csv.DictReader(stream)]

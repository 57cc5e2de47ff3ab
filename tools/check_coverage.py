"""Hold the line coverage of each package to its floor: ``python tools/check_coverage.py``, after a run with
``pytest --cov``; ``make coverage`` does both.

The floors are the table ``[tool.agecam.coverage-floors]`` of ``pyproject.toml``: per cent of the statements
of all modules below a folder, a longer path going before a shorter one.
"""

from __future__ import annotations

import json
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

import coverage
import coverage.exceptions

ROOT = Path(__file__).resolve().parent.parent


def floors() -> dict[str, float]:
    """Folder to per cent."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    table: dict[str, float] = project["tool"]["agecam"]["coverage-floors"]
    return table


def measured_files() -> dict[str, tuple[int, int]]:
    """Statements and covered ones by file, of the last run."""
    data = coverage.Coverage(config_file=str(ROOT / "pyproject.toml"))
    data.load()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        data.json_report(outfile=str(report))
        files = json.loads(report.read_bytes())["files"]
    return {
        Path(name).as_posix(): (one["summary"]["num_statements"], one["summary"]["covered_lines"])
        for name, one in files.items()
    }


def by_folder(files: Mapping[str, tuple[int, int]], folders: Iterable[str]) -> dict[str, tuple[int, int]]:
    """The same summed over folders; each file counts for the longest of ``folders`` that it lies in."""
    sums = dict.fromkeys(folders, (0, 0))
    for name, (statements, covered) in files.items():
        around = [folder for folder in sums if name.startswith(folder + "/")]
        if around:
            folder = max(around, key=len)
            sums[folder] = (sums[folder][0] + statements, sums[folder][1] + covered)
    return sums


def shortfalls(sums: Mapping[str, tuple[int, int]], table: Mapping[str, float]) -> list[str]:
    """One line a folder that is below its floor, or that no test has touched."""
    lines = []
    for folder, floor in table.items():
        statements, covered = sums[folder]
        percent = 100 * covered / statements if statements else 0.0
        print(f"{folder:20} {percent:5.1f} %  (floor {floor:g} %, {statements} statements)")
        if percent < floor:
            lines.append(f"{folder}: {percent:.1f} % of its lines are covered, less than {floor:g} %.")
    return lines


def main() -> int:
    table = floors()
    try:
        files = measured_files()
    except coverage.exceptions.NoDataError:
        print("No coverage has been measured; run make coverage.", file=sys.stderr)
        return 1
    lines = shortfalls(by_folder(files, table), table)
    for line in lines:
        print(line, file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())

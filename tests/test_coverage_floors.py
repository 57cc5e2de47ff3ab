"""The floors of line coverage name every package, and what lies below one is told."""

from pathlib import Path

from tools.check_coverage import by_folder, floors, shortfalls

_ROOT = Path(__file__).resolve().parent.parent


def test_every_package_has_a_floor_and_every_floor_a_package() -> None:
    packages = {
        path.parent.relative_to(_ROOT).as_posix()
        for root in ("agecam", "train")
        for path in (_ROOT / root).rglob("__init__.py")
    }
    table = floors()
    assert {"agecam/vision", "train/fit"} < packages <= set(table)
    assert all((_ROOT / folder).is_dir() for folder in table)


def test_a_file_counts_for_the_innermost_folder_that_has_a_floor() -> None:
    files = {
        "agecam/cli.py": (10, 9),
        "agecam/ui/window.py": (100, 50),
        "agecam/ui/theme.py": (100, 70),
        "tools/other.py": (5, 0),
    }
    assert by_folder(files, ["agecam", "agecam/ui"]) == {"agecam": (10, 9), "agecam/ui": (200, 120)}


def test_what_is_below_its_floor_or_untouched_is_named() -> None:
    sums = {"agecam": (10, 9), "agecam/ui": (200, 120), "train": (0, 0)}
    assert shortfalls(sums, {"agecam": 90, "agecam/ui": 61, "train": 1}) == [
        "agecam/ui: 60.0 % of its lines are covered, less than 61 %.",
        "train: 0.0 % of its lines are covered, less than 1 %.",
    ]

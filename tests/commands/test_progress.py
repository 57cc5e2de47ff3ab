"""How far a command has come, on a terminal and in a log."""

import io

import pytest
from rich.console import Console

from agecam.commands.progress import ProgressDisplay


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def log_display(clock: Clock, lines: list[str], *, quiet: bool = False) -> ProgressDisplay:
    return ProgressDisplay(
        quiet=quiet, console=Console(file=io.StringIO()), clock=clock, write_line=lines.append
    )


def test_a_log_gets_a_line_every_ten_seconds() -> None:
    clock, lines = Clock(), list[str]()
    with log_display(clock, lines) as progress:
        task = progress.task("inputs", total=500)
        for _ in range(120):
            clock.now_s += 0.25
            task.advance()
    assert lines == [
        "40/500 inputs, 8 %, about 2 min left",
        "80/500 inputs, 16 %, about 2 min left",
        "120/500 inputs, 24 %, about 2 min left",
    ]


@pytest.mark.parametrize(
    ("done", "elapsed_s", "left"), [(250, 30, "30 s"), (4, 40, "83 min"), (4, 240, "8.3 h"), (499, 99, "1 s")]
)
def test_what_is_left_is_told_in_round_numbers(done: int, elapsed_s: float, left: str) -> None:
    clock, lines = Clock(), list[str]()
    with log_display(clock, lines) as progress:
        task = progress.task("inputs", total=501)
        clock.now_s += 9  # for the models, which are loaded once
        task.advance()
        clock.now_s += elapsed_s
        task.update(done + 1, 501)
    assert lines == [f"{done + 1}/501 inputs, {(done + 1) / 501:.0%}, about {left} left".replace("%", " %")]


@pytest.mark.parametrize(("done", "elapsed_s"), [(1, 600), (3, 600), (200, 4)])
def test_what_is_left_is_not_told_before_there_is_enough_to_go_by(done: int, elapsed_s: float) -> None:
    clock, lines = Clock(), list[str]()
    with log_display(clock, lines) as progress:
        task = progress.task("inputs", total=500)
        clock.now_s += 60
        task.advance()
        clock.now_s += elapsed_s
        task.update(done, 500)
        clock.now_s += 10
        task.update(500, 500)
    assert lines[-1] == "500/500 inputs, 100 %"
    assert not any("left" in line for line in lines)


def test_a_line_names_the_file_and_does_without_a_total() -> None:
    clock, lines = Clock(), list[str]()
    with log_display(clock, lines) as progress:
        task = progress.task("frames", name="a\t[b].mp4")
        clock.now_s += 10
        task.update(77, None)
    assert lines == ["a\\t[b].mp4: 77 frames"]


def test_lines_go_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with ProgressDisplay(clock=clock) as progress:
        task = progress.task("inputs", total=2)
        clock.now_s += 60
        task.advance()
        progress.print("done")
    captured = capfd.readouterr()
    assert captured.err == "agecam: 1/2 inputs, 50 %\n"
    assert captured.out == "done\n"


def test_quiet_shows_neither_lines_nor_bar() -> None:
    clock, lines, terminal = Clock(), list[str](), io.StringIO()
    for console in (Console(file=terminal, force_terminal=True), Console(file=terminal)):
        with ProgressDisplay(quiet=True, console=console, clock=clock, write_line=lines.append) as progress:
            task = progress.task("inputs", total=2)
            clock.now_s += 60
            task.advance()
    assert (lines, terminal.getvalue()) == ([], "")


def test_a_terminal_gets_a_bar_and_no_lines_whatever_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    clock, lines, terminal = Clock(), list[str](), io.StringIO()
    console = Console(file=terminal, force_terminal=True, width=100)
    with ProgressDisplay(console=console, clock=clock, write_line=lines.append) as progress:
        task = progress.task("frames", name="scans [/2024].mp4")
        clock.now_s += 60
        task.update(20, 500)
        assert "left" not in terminal.getvalue()
        clock.now_s += 60
        task.update(120, 500)
    assert lines == []
    assert "scans [/2024].mp4" in terminal.getvalue()
    assert "120/500" in terminal.getvalue()
    assert "about 4 min left" in terminal.getvalue()

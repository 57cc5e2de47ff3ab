"""Dataclasses are the options of commands, and the only place of their defaults."""

from dataclasses import dataclass, field, fields
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from agecam.options import COMMA_SEPARATED, Codec, default_of, option, options_from
from train import cli
from train.data.augment import Augmentation
from train.evaluate.config import EvaluateConfig
from train.fit.config import FitConfig
from train.workflows.config import CompareConfig, TuneConfig


@dataclass(frozen=True, slots=True)
class Example:
    inputs: tuple[Path, ...] = field(metadata=option("What to read.", argument=True))
    out: Path = field(metadata=option("Where to.", "--out", "-o"))
    size_px: int = field(default=48, metadata=option("Pixels.", "--size", aliases=("--pixels",), at_least=8))
    limit: int | None = field(default=None, metadata=option("At most."))
    names: tuple[str, ...] = field(default=("a", "b"), metadata=option("Some.", codec=COMMA_SEPARATED))
    half: float = field(
        default=0.5, metadata=option("Half.", codec=Codec(float, lambda x: 2 * x, lambda x: x / 2))
    )
    extra: tuple[Path, ...] = field(default=(), metadata=option("More."))
    fast: bool = field(default=True, metadata=option("Fast.", "--fast/--slow", aliases=("--careful",)))
    hidden: int = 7


def run(*words: str) -> tuple[Result, list[Example]]:
    app, seen = typer.Typer(), []

    @app.command()
    @options_from(Example)
    def command(config: Example) -> None:
        """Does something."""
        seen.append(config)

    return CliRunner().invoke(app, words), seen


def parsed(*words: str) -> Example:
    result, seen = run(*words)
    assert result.exit_code == 0, result.output
    return seen[0]


def test_defaults_are_those_of_the_dataclass() -> None:
    assert parsed("x", "-o", "y") == Example((Path("x"),), Path("y"))


def test_all_kinds_of_options_are_read() -> None:
    words = [
        "x",
        "z",
        "--out",
        "y",
        "--size",
        "64",
        "--limit",
        "3",
        "--names",
        "c,d,e",
        "--half",
        "3",
        "--extra",
        "1",
        "--extra",
        "2",
        "--slow",
    ]
    assert parsed(*words) == Example(
        (Path("x"), Path("z")), Path("y"), 64, 3, ("c", "d", "e"), 1.5, (Path("1"), Path("2")), False
    )


def test_names_of_earlier_releases_work_and_say_what_they_are_called_now() -> None:
    result, seen = run("x", "-o", "y", "--pixels", "32", "--careful")
    assert (seen[0].size_px, seen[0].fast) == (32, False)
    assert "--pixels is now called --size." in result.output
    assert "--careful is now called --slow." in result.output


def test_help_shows_options_and_defaults_and_no_earlier_names() -> None:
    text = run("--help")[0].output
    for part in ("--size", "--fast", "--slow", "48", "a,b", "What to read.", "Does something."):
        assert part in text
    for part in ("--pixels", "--careful", "--hidden"):
        assert part not in text


def test_names_of_earlier_releases_take_every_value_and_keep_its_limits() -> None:
    app, seen = typer.Typer(), []

    @dataclass(frozen=True, slots=True)
    class Shared:
        weight: float = field(default=0.5, metadata=option("W.", aliases=("--share",), at_least=0, at_most=1))

    @app.command()
    @options_from(Shared)
    def command(shared: Shared) -> None:
        seen.append(shared)

    assert CliRunner().invoke(app, ["--share", "0"]).exit_code == 0
    assert seen == [Shared(0.0)]
    assert [CliRunner().invoke(app, ["--share", value]).exit_code for value in ("7", "-3")] == [2, 2]


@pytest.mark.parametrize(
    "words", [(), ("x",), ("x", "-o", "y", "--size", "4"), ("x", "-o", "y", "--hidden", "1")]
)
def test_wrong_usage_ends_with_code_2(words: tuple[str, ...]) -> None:
    assert run(*words)[0].exit_code == 2


def test_strength_of_augmentation_is_a_number() -> None:
    seen = []
    app = typer.Typer()

    @app.command()
    @options_from(FitConfig)
    def command(config: FitConfig) -> None:
        seen.append(config)

    words = "--data d -o o --augment 0.5 --teacher a --teacher b --heads age --taught-share 0.7 --blended 0.3"
    assert CliRunner().invoke(app, words.split()).exit_code == 0
    assert CliRunner().invoke(app, ["--data", "d", "-o", "o"]).exit_code == 0
    changed, plain = seen
    assert changed.augmentation == Augmentation().scaled(0.5)
    assert changed.teachers == (Path("a"), Path("b"))
    assert changed.heads == ("age",)
    assert (changed.distill_weight, changed.mixup) == (0.7, 0.3)
    assert plain == FitConfig(Path("d"), Path("o"))


def test_defaults_can_be_shared() -> None:
    assert default_of(TuneConfig, "seed") == default_of(FitConfig, "seed") == 0
    assert default_of(EvaluateConfig, "live") == ()


@pytest.mark.parametrize(
    "command", cli.app.registered_commands, ids=lambda command: command.callback.__name__
)
def test_every_command_has_its_help(command: object) -> None:
    name = getattr(command, "name", None) or command.callback.__name__.replace("_", "-")  # type: ignore[attr-defined]
    result = CliRunner().invoke(cli.app, [name, "--help"])
    assert result.exit_code == 0
    assert ("--out" in result.output) is (name != "describe"), "which writes into the folder it describes"


def test_budgets_share_their_fields_with_the_runs() -> None:
    data, out = Path("d"), Path("o")
    tuned = TuneConfig(data, out, images=7, size_px=32, epochs=2, seed=3).base
    assert tuned == FitConfig(data, out, images=7, size_px=32, epochs=2, seed=3)
    compared = CompareConfig(data, out, batch_size=64).base
    assert compared == FitConfig(data, out, images=20_000, size_px=96, epochs=8, batch_size=64)


def test_every_option_of_a_configuration_says_what_it_does() -> None:
    for config in (FitConfig, EvaluateConfig, TuneConfig):
        for one in fields(config):
            if "option" in one.metadata:
                assert one.metadata["option"].help.endswith((".", "json", "age.keras."))


@dataclass(frozen=True, slots=True)
class Nested:
    low: float = 1.0
    high: int = 2


@dataclass(frozen=True, slots=True)
class WithFile:
    inputs: tuple[Path, ...] = field(metadata=option("What to read.", argument=True))
    out: Path = field(metadata=option("Where to.", "--out", "-o"))
    size_px: int = field(default=48, metadata=option("Pixels.", "--size", aliases=("--pixels",), at_least=8))
    names: tuple[str, ...] = field(default=("a", "b"), metadata=option("Some.", codec=COMMA_SEPARATED))
    extra: tuple[Path, ...] = field(default=(), metadata=option("More."))
    fast: bool = field(default=True, metadata=option("Fast.", "--fast/--slow"))
    limit: int | None = field(default=None, metadata=option("At most."))
    rate: float = 0.5
    nested: Nested = field(
        default_factory=Nested,
        metadata=option("Strength.", codec=Codec(float, lambda _: 1.0, lambda x: Nested(x, 0))),
    )


def run_with_file(settings: dict[str, object], *words: str) -> tuple[Result, list[WithFile]]:
    app, seen = typer.Typer(), []

    @app.command()
    @options_from(WithFile, lambda _: settings)
    def command(config: WithFile) -> None:
        seen.append(config)

    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [*words, "--config", "any.yaml"]), seen


WHOLE: dict[str, object] = {
    "inputs": ["x", "z"],
    "out": "y",
    "size_px": 64,
    "names": ["c", "d"],
    "extra": ["1"],
    "fast": False,
    "limit": None,
    "rate": "2e-3",
    "nested": {"low": 3, "high": 4},
}


def test_a_file_gives_every_field_also_those_without_an_option() -> None:
    result, seen = run_with_file(WHOLE)
    assert result.exit_code == 0, result.output
    inputs = (Path("x"), Path("z"))
    expected = WithFile(inputs, Path("y"), 64, ("c", "d"), (Path("1"),), False, None, 0.002, Nested(3.0, 4))
    assert seen == [expected]


def test_the_command_line_comes_before_the_file() -> None:
    words = ["q", "-o", "other", "--pixels", "32", "--nested", "7", "--fast", "--names", "e"]
    result, seen = run_with_file(WHOLE, *words)
    assert result.exit_code == 0, result.output
    assert seen == [
        WithFile((Path("q"),), Path("other"), 32, ("e",), (Path("1"),), True, None, 0.002, Nested(7.0, 0))
    ]


def test_a_file_may_use_the_names_of_options_and_leave_out_what_has_a_default() -> None:
    result, seen = run_with_file({"inputs": "x", "out": "y", "size": 16, "nested": 2})
    assert result.exit_code == 0, result.output
    assert seen == [WithFile((Path("x"),), Path("y"), 16, nested=Nested(2.0, 0))]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({**WHOLE, "sise": 3}, "says 'sise', which is none of the settings"),
        ({**WHOLE, "size_px": 4}, "greater than or equal to 8"),
        ({**WHOLE, "size_px": "many"}, "'--size': Input should be a valid integer"),
        ({**WHOLE, "rate": "fast"}, "rate: 'fast' is not what is expected there"),
        ({**WHOLE, "nested": {"middle": 1}}, "is not what is expected there"),
        ({"inputs": ["x"]}, "Missing option"),
    ],
)
def test_a_file_that_says_something_else_is_wrong_usage(settings: dict[str, object], says: str) -> None:
    result, seen = run_with_file(settings)
    assert result.exit_code == 2
    assert says in result.output
    assert not seen

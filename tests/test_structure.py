"""Limits that keep the code readable, and the words it does not use.

Import directions and cycles are import-linter's to check (``make imports``). Parameters are counted here and
not by ruff alone (PLR0913), which leaves out some functions, parameters and lines marked ``noqa``.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent
_FOLDERS = ("agecam", "train", "tests", "benchmarks", "tools", "assets", "models")
_MAX_MODULE_LINES = 400
_MAX_FUNCTION_LINES = 60
_MAX_PARAMETERS = 7

_BANNED = re.compile(
    # In any form, in identifiers too.
    r"(?i:glance|pursu|refut|testif|foretell|sureness|one_look|wording|cheapest)"
    # Identifiers of what has a name in the field.
    r"|\b(?:Survey|Follower|Allowance|EngineName|Shown)\b"
)


def _modules() -> list[Path]:
    return sorted(path for folder in _FOLDERS for path in (_ROOT / folder).rglob("*.py"))


def _pages() -> list[Path]:
    return sorted([*_ROOT.glob("*.md"), *(_ROOT / "docs").glob("*.md"), *(_ROOT / "models").glob("*.md")])


@dataclass(frozen=True, slots=True)
class _Module:
    """What is counted of a module. Trees are not kept: the garbage collector would walk them all again."""

    functions: list[tuple[int, str, int]]
    """Line, name and length."""
    parameters: list[tuple[int, str, int]]
    """Line, name and number of parameters."""


@cache
def _parsed(path: Path) -> _Module:
    tree = ast.parse(path.read_bytes())
    functions = [
        (node.lineno, node.name, _length(node))
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return _Module(functions, list(_parameter_counts(tree)))


def _parameter_counts(tree: ast.Module) -> Iterator[tuple[int, str, int]]:
    """Line, name and number of parameters of every function, method and lambda: underscored, keyword-only and
    starred ones included, of a method all but the first (``self`` or ``cls``)."""
    in_classes = {
        node
        for owner in ast.walk(tree)
        if isinstance(owner, ast.ClassDef)
        for node in ast.iter_child_nodes(owner)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            args = node.args
            starred = [one for one in (args.vararg, args.kwarg) if one is not None]
            every = [*args.posonlyargs, *args.args, *args.kwonlyargs, *starred]
            is_bound = node in in_classes and every[:1] != [] and every[0].arg in ("self", "cls")
            yield node.lineno, getattr(node, "name", "lambda"), len(every) - is_bound


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from ``def`` to the last statement; decorators are not counted."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _name(path: Path) -> str:
    return path.relative_to(_ROOT).as_posix()


def _assert_none(offenders: Iterable[str]) -> None:
    found = list(offenders)
    assert not found, "\n" + "\n".join(found)


def test_there_is_something_to_check() -> None:
    names = {_name(path) for path in _modules()}
    assert {"agecam/messages.py", "train/cli.py", "tests/test_structure.py"} <= names
    assert len(_parsed(_ROOT / "agecam" / "messages.py").functions) >= 2


def test_no_module_is_too_long() -> None:
    lengths = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in _modules()}
    _assert_none(f"{name}: {lines} lines" for name, lines in lengths.items() if lines > _MAX_MODULE_LINES)


def test_no_function_is_too_long() -> None:
    _assert_none(
        f"{_name(path)}:{line} {name}: {length} lines"
        for path in _modules()
        for line, name, length in _parsed(path).functions
        if length > _MAX_FUNCTION_LINES
    )


def test_no_function_has_too_many_parameters() -> None:
    _assert_none(
        f"{_name(path)}:{line} {name}: {count} parameters"
        for path in _modules()
        for line, name, count in _parsed(path).parameters
        if count > _MAX_PARAMETERS
    )


@pytest.mark.parametrize(
    "code",
    [
        "def f(a, b, c, d, e, f, g, h): ...  # noqa: PLR0913",
        "def f(_a, _b, _c, _d, _e, _f, _g, _h): ...",
        "def f(a, b, /, c, d, *rest, e, f, **others): ...",
        "async def f(a, b, c, d, *, e, f, g, h): ...",
        "f = lambda a, b, c, d, e, f, g, h: 0",
        "class A:\n    @override\n    def f(self, a, b, c, d, e, f, g, h): ...",
        "class A:\n    @staticmethod\n    def f(a, b, c, d, e, f, g, h): ...",
        "def g():\n    def f(a, b, c, d, e, f, g, h): ...",
    ],
)
def test_parameters_of_all_kinds_are_counted(code: str) -> None:
    assert max(count for _, _, count in _parameter_counts(ast.parse(code))) == 8


def test_self_is_not_counted() -> None:
    code = "class A:\n    def f(self, a): ...\n    @classmethod\n    def g(cls, a): ..."
    assert [count for *_, count in _parameter_counts(ast.parse(code))] == [1, 1]


def test_no_banned_word_is_used() -> None:
    _assert_none(
        f"{_name(path)}:{number}: {line.strip()}"
        for path in [*_modules(), *_pages()]
        if path != Path(__file__).resolve()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if _BANNED.search(line)
    )


@pytest.mark.parametrize("text", ["a glance at it", "one_look", "class Pursuit:", "def cheapest_pairs():"])
def test_banned_words_are_found_in_identifiers_and_sentences(text: str) -> None:
    assert _BANNED.search(text)


@pytest.mark.parametrize("text", ["a shown label", "follow the rows", "survey data"])
def test_ordinary_words_are_not_banned(text: str) -> None:
    assert not _BANNED.search(text)

"""Command-line options made of dataclasses, so that each default and its meaning stand in one place.

A field is an option when its metadata come from :func:`option`; a command that :func:`options_from` decorates
takes the dataclass alone.

>>> @dataclass(frozen=True)
... class Greeting:
...     times: int = field(default=1, metadata=option("How often.", at_least=1))
>>> @app.command()
... @options_from(Greeting)
... def greet(greeting: Greeting) -> None: ...
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

import typer

_KEY: Final = "option"
_FILE: Final = "config_file"
_CONTEXT: Final = "context"
_Config = TypeVar("_Config")


@dataclass(frozen=True, slots=True)
class Codec:
    """How a value is written on the command line: the type there, and the ways to it and back."""

    type: Any
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


COMMA_SEPARATED: Final = Codec(str, ",".join, lambda text: tuple(text.split(",")))
"""A tuple of texts in one."""


@dataclass(frozen=True, slots=True)
class _Option:
    help: str
    names: tuple[str, ...]
    aliases: tuple[str, ...]
    argument: bool
    at_least: float | None
    at_most: float | None
    codec: Codec | None


def option(
    help: str,  # noqa: A002  (as typer calls it)
    *names: str,
    aliases: tuple[str, ...] = (),
    argument: bool = False,
    at_least: float | None = None,
    at_most: float | None = None,
    codec: Codec | None = None,
) -> Mapping[str, Any]:
    """Metadata that make a field an option, or a positional argument.

    ``names`` are by default that of the field with dashes; a flag may be ``--this/--no-this``. ``aliases``
    are names of earlier releases: they work, are not shown, and of a flag mean the opposite of its default.
    """
    return {_KEY: _Option(help, names, aliases, argument, at_least, at_most, codec)}


def default_of(config: type[Any], name: str) -> Any:
    """The default of one field, for another dataclass that shares it."""
    return _default(next(field for field in fields(config) if field.name == name))


ReadSettings = Callable[[Path], Mapping[str, Any]]
"""Reads a file of settings: values by the names of fields, or of options without their dashes."""


def options_from(
    config: type[_Config], read_file: ReadSettings | None = None
) -> Callable[[Callable[[_Config], None]], Callable[..., None]]:
    """Let a command that takes one ``config`` have an option for each of its fields that is one.

    With ``read_file`` it has ``--config FILE`` too: the file may hold every field, also those without an
    option, and what is given on the command line comes before it.
    """

    def decorate(command: Callable[[_Config], None]) -> Callable[..., None]:
        described = list(_described(config))

        def call(**values: Any) -> None:
            context = values.pop(_CONTEXT, None)
            settings = {option.name: option.read(values) for option in described}
            for name, value in (context.meta[_FILE] if context and _FILE in context.meta else {}).items():
                if name not in settings or context.get_parameter_source(name).name != "COMMANDLINE":
                    settings[name] = value
            command(config(**settings))

        parameters = [parameter for option in described for parameter in option.parameters()]
        if read_file is not None:
            parameters += _file_parameters(config, described, read_file)
        call.__name__, call.__doc__ = command.__name__, command.__doc__
        call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return call

    return decorate


def _file_parameters(
    config: type[Any], described: list[_Described], read_file: ReadSettings
) -> Iterator[inspect.Parameter]:
    def take_up(context: typer.Context, path: Path | None) -> Path | None:
        """Make the values of the file the defaults; those that no option can say wait in ``meta``."""
        if path is None:
            return None
        hints = get_type_hints(config)
        options = {option.name: option for option in described}
        fields_by_name = {option.file_name: option.name for option in described} | {f: f for f in hints}
        defaults: dict[str, Any] = {}
        others: dict[str, Any] = {}
        for name, value in read_file(path).items():
            field_name = fields_by_name.get(name.replace("-", "_"))
            if field_name is None:
                raise typer.BadParameter(f"{path} says {name!r}, which is none of the settings.")
            if field_name in options and not isinstance(value, dict):
                if value is not None:
                    defaults[field_name] = options[field_name].as_given(value)
            else:
                others[field_name] = _typed(hints[field_name], value, f"{path}: {name}")
        context.default_map = defaults
        context.meta[_FILE] = others
        return path

    yield _parameter(_CONTEXT, typer.Context, inspect.Parameter.empty)
    help_text = "YAML or JSON file with these options; those given here come before it."
    info = typer.Option(
        None, "--config", help=help_text, callback=take_up, is_eager=True, parser=_path, metavar="<path>"
    )
    yield _parameter(_FILE, Path | None, info)


def _typed(kind: Any, value: Any, where: str) -> Any:
    """A value of a file as the type of its field."""
    try:
        if is_dataclass(kind):
            hints = get_type_hints(kind)
            return kind(**{name: _typed(hints[name], v, f"{where}: {name}") for name, v in value.items()})  # type: ignore[operator]
        return kind(value)
    except (AttributeError, LookupError, TypeError, ValueError):
        raise typer.BadParameter(f"{where}: {value!r} is not what is expected there.") from None


def _described(config: type[Any]) -> Iterator[_Described]:
    hints = get_type_hints(config)
    for field in fields(config):
        if _KEY in field.metadata:
            yield _Described(field.name, hints[field.name], _default(field), field.metadata[_KEY])


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


@dataclass(frozen=True, slots=True)
class _Described:
    """A field as an option: its name, type and default (or ``MISSING``)."""

    name: str
    type: Any
    default: Any
    option: _Option

    @property
    def is_list(self) -> bool:
        return get_origin(self.type) is tuple and self.option.codec is None

    @property
    def names(self) -> tuple[str, ...]:
        return self.option.names or (f"--{self.name.replace('_', '-')}",)

    @property
    def file_name(self) -> str:
        """What a file of settings may call it, beside the name of the field."""
        return self.names[0].split("/")[0].strip("-").replace("-", "_")

    def as_given(self, value: Any) -> Any:
        """A value of a file as the command line would give it."""
        if isinstance(value, list):
            return [str(one) for one in value] if self.is_list else ",".join(map(str, value))
        if isinstance(value, bool):
            return value
        return [str(value)] if self.is_list else str(value)

    def parameters(self) -> Iterator[inspect.Parameter]:
        """What typer is told of the option, then of its aliases."""
        codec = self.option.codec
        kind = _list_of(get_args(self.type)[0]) if self.is_list else codec.type if codec else self.type
        default = ... if self.default is MISSING else codec.encode(self.default) if codec else self.default
        parser = _path if Path in (kind, *get_args(kind)) else None
        if self.option.argument:
            info: Any = typer.Argument(default, help=self.option.help, parser=parser)
        else:
            info = typer.Option(
                None if default == () else default,
                *self.names,
                help=self.option.help,
                min=self.option.at_least,
                max=self.option.at_most,
                parser=parser,
                metavar=None if parser is None else "<path>",
            )
        yield _parameter(self.name, kind, info)
        for alias in self.option.aliases:
            no_value = False if self.type is bool else None
            low, high = self.option.at_least, self.option.at_most
            hidden = typer.Option(no_value, alias, hidden=True, min=low, max=high)
            yield _parameter(_alias_key(alias), kind if self.type is bool else kind | None, hidden)

    def read(self, values: Mapping[str, Any]) -> Any:
        """The field's value from those of all parameters."""
        value = values[self.name]
        for alias in self.option.aliases:
            given = values[_alias_key(alias)]
            if given is not None and given is not False and given != []:
                new_name = self.names[0].rpartition("/")[2]
                typer.echo(f"{alias} is now called {new_name}.", err=True)
                value = not self.default if self.type is bool else given
        if self.is_list:
            return tuple(value or ())
        return self.option.codec.decode(value) if self.option.codec else value


def _path(name: str | Path) -> Path:
    if not str(name):  # a variable of a script that was never set; as a path it is this folder
        raise typer.BadParameter("the name is empty.")
    return Path(name)


_path.__name__ = "path"  # what help shows of its values


def _list_of(kind: Any) -> Any:
    return list[kind]


def _alias_key(alias: str) -> str:
    return f"alias_{alias.strip('-').replace('-', '_')}"


def _parameter(name: str, kind: Any, info: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=info, annotation=kind)

"""Options: what commands have in common on the command line, each group one value."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, get_type_hints

import typer

from fastapi_chassis.config import ConfigSources

type Target = Annotated[
    str | None,
    typer.Argument(
        metavar="TARGET",
        help="The application, as module:Class; else `app` of [tool.chassis] in pyproject.toml.",
    ),
]
type ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Read this file instead of application.yaml.")
]
type Profile = Annotated[
    str | None, typer.Option(metavar="NAME", help="development, test, staging or production.")
]
type Settings = Annotated[
    list[str],
    typer.Option("--set", metavar="PATH=VALUE", help="Set one value, such as server.port=9000; repeatable."),
]
type Trace = Annotated[bool, typer.Option("--trace", help="Show the stack where something fails.")]
type AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
type DeadLetterId = Annotated[str | None, typer.Argument(metavar="ID", help="The dead letter.")]
type Group = Annotated[str | None, typer.Option(help="Only those of this consumer group.")]
type Type = Annotated[str | None, typer.Option(help="Only messages of this name.")]
type Error = Annotated[str | None, typer.Option(metavar="TEXT", help="Only those whose error has this text.")]
type Since = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Given up at this time or later: ISO 8601, or 90m, 2h, 7d ago."),
]
type Until = Annotated[str | None, typer.Option(metavar="TIME", help="Given up before this time.")]
type Host = Annotated[str | None, typer.Option(help="Listen at this address.")]
type Port = Annotated[int | None, typer.Option(help="Listen at this port.")]
type Workers = Annotated[int | None, typer.Option(help="Serve in so many processes.")]
type Reload = Annotated[bool, typer.Option("--reload", help="Start again whenever the source changes.")]


@dataclass(frozen=True, slots=True)
class Source:
    """Which application a command is about, and how it is configured."""

    target: Target = None
    config: ConfigFile = None
    profile: Profile = None
    settings: Settings = field(default_factory=list)
    trace: Trace = False

    def arguments(self) -> dict[str, object]:
        """The settings that the command line gives, by path.

        Raises:
            typer.BadParameter: one of them is no PATH=VALUE.
        """
        arguments: dict[str, object] = {}
        for text in self.settings:
            path, sign, value = text.partition("=")
            if not sign or not all(path.split(".")):
                raise typer.BadParameter(
                    f"{text} is no PATH=VALUE, such as server.port=9000", param_hint="--set"
                )
            arguments[path] = value
        return arguments

    def sources(self) -> ConfigSources:
        """Where configuration is looked for, as far as the command line says so."""
        sources = ConfigSources()
        if self.config is not None:
            sources["file"] = self.config
        if self.profile is not None:
            sources["profile"] = self.profile
        return sources


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which dead letters a command is about."""

    group: Group = None
    type: Type = None
    error: Error = None
    since: Since = None
    until: Until = None


@dataclass(frozen=True, slots=True)
class Serving:
    """Where and in how many processes to serve."""

    host: Host = None
    port: Port = None
    workers: Workers = None
    reload: Reload = False

    def arguments(self) -> dict[str, object]:
        """The settings that were given, by path."""
        given = {"host": self.host, "port": self.port, "workers": self.workers, "reload": self.reload or None}
        return {f"server.{name}": value for name, value in given.items() if value is not None}


def declared(command: Callable[..., None]) -> Callable[..., None]:
    """Spells the groups among a command's parameters out, so that each of their fields is an option."""
    hints = get_type_hints(command, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if isinstance(hint, type) and is_dataclass(hint)}

    @wraps(command)
    def spelled_out(**values: object) -> None:
        grouped = {
            name: group(**{one.name: values.pop(one.name) for one in fields(group)})
            for name, group in groups.items()
        }
        command(**grouped, **values)

    parameters: list[inspect.Parameter] = []
    for name, own in inspect.signature(command).parameters.items():
        parameters += _options(groups[name]) if name in groups else [_option(name, hints[name], own.default)]
    spelled_out.__dict__.clear()  # of what wraps() left for inspect to follow
    vars(spelled_out)["__signature__"] = inspect.Signature(parameters)
    spelled_out.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return spelled_out


def _options(group: type) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        _option(one.name, hints[one.name], [] if one.default is MISSING else one.default)
        for one in fields(group)
    ]


def _option(name: str, hint: object, default: object) -> inspect.Parameter:
    plain = getattr(hint, "__value__", hint)  # what stands behind a type alias
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=plain)

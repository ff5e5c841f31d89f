"""Target: which application a command is about, imported and built."""

import importlib
import sys
import tomllib
from pathlib import Path

from fastapi_chassis.app import ApplicationAbstract, Blueprint
from fastapi_chassis.cli.options import Source
from fastapi_chassis.cli.output import unexpected
from fastapi_chassis.domain import ChassisError, Finding


class TargetError(ChassisError):
    """The application that was named can't be had."""


def load_target(target: str | None) -> type[ApplicationAbstract]:
    """Imports the application's class.

    Args:
        target: `module:Class`; without one, `app` of `[tool.chassis]` in the pyproject.toml at hand.

    Raises:
        TargetError: nothing was named, or what was named can't be imported or is no application.
    """
    name = target or _configured()
    module_name, _, attribute = name.partition(":")
    found = vars(_imported(module_name))
    application = found.get(attribute)
    if isinstance(application, type) and issubclass(application, ApplicationAbstract):
        return application
    known = [
        f"{module_name}:{key}"
        for key, value in found.items()
        if isinstance(value, type)
        and issubclass(value, ApplicationAbstract)
        and value.__module__ == module_name
    ]
    remedy = f"there is {', '.join(known)}." if known else "derive a class from ApplicationAbstract."
    raise TargetError(Finding(f"{name} is no application", remedy=remedy))


def build_target(source: Source, **settings: object) -> ApplicationAbstract:
    """Imports an application and builds it; nothing is started.

    Args:
        source: which one, and how it is configured.
        settings: further settings, by path.

    Raises:
        ChassisError: with everything that is wired or configured wrongly.
    """
    return load_target(source.target)(blueprint_of(source, **settings))


def blueprint_of(source: Source, **settings: object) -> Blueprint:
    """What the command line adds to an application."""
    return Blueprint(arguments={**source.arguments(), **settings}, sources=source.sources())


def _imported(module: str) -> object:
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module(module)
    except ChassisError:
        raise
    except ModuleNotFoundError as fault:
        missing = fault.name or ""
        if module != missing and not module.startswith(f"{missing}."):
            raise TargetError(_missing(module, fault)) from fault
        remedy = "name it as module:Class, and run this beside it."
        raise TargetError(Finding(f"there is no module {missing} in {folder}", remedy=remedy)) from None
    except Exception as fault:
        found = unexpected(fault)
        raise TargetError(
            Finding(f"{module} can't be imported: {found.what}", found.where, found.remedy)
        ) from fault


def _missing(module: str, fault: ModuleNotFoundError) -> Finding:
    found = unexpected(fault)
    return Finding(
        f"{module} can't be imported: {fault.name} is not installed",
        found.where,
        "install it, or correct the name of the import.",
    )


def _configured() -> str:
    project = Path("pyproject.toml")
    if project.is_file():
        try:
            table = tomllib.loads(project.read_text(encoding="utf-8")).get("tool", {}).get("chassis", {})
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
            raise TargetError(
                Finding(f"it can't be read: {fault}", "pyproject.toml", "correct it.")
            ) from None
        if isinstance(table, dict) and isinstance(name := table.get("app"), str):
            return name
    raise TargetError(
        Finding(
            "it was not said which application",
            remedy="name it as module:Class, or set app under [tool.chassis] in pyproject.toml.",
        )
    )

"""Finds the configuration file, the profile, and the file that the profile lays over it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi_chassis.config.environment import EnvironmentEnum
from fastapi_chassis.config.expansion import Expansion, text_of
from fastapi_chassis.config.layers import file_layer
from fastapi_chassis.config.origins import DEFAULT, Layer, Origin
from fastapi_chassis.config.report import Report
from fastapi_chassis.config.sources import ConfigSources
from fastapi_chassis.config.surroundings import Surroundings
from fastapi_chassis.config.tree import Branch, Leaf, Node

FILE_NAME = "application.yaml"

_ENVIRONMENT_PATH = ("environment",)


@dataclass(frozen=True, slots=True)
class Files:
    """What the files say, and the environment that was found.

    Args:
        environment: the environment, which is also the profile.
        origin: where it was found.
        branches: the sections of the file and of the profile's file.
        is_complete: False where a file could not be read, so that nothing can be said about missing keys.
    """

    environment: EnvironmentEnum
    origin: Origin
    branches: tuple[Branch, ...]
    is_complete: bool


def read_files(sources: ConfigSources, arguments: Mapping[str, object], surroundings: Surroundings) -> Files:
    """Read the file and the file of its profile; what is wrong goes into the report."""
    file, is_named = _file(sources, surroundings)
    base = Branch({}, Origin(Layer.FILE))
    is_complete = True
    if file.is_file() or is_named:
        read = file_layer(file, surroundings, Layer.FILE)
        base, is_complete = read or base, read is not None
    environment, origin = _environment(
        sources.get("profile") or arguments.get("environment"), base, surroundings
    )
    overlay = file.with_name(f"{file.stem}.{environment}{file.suffix}")
    branches = [_without_environment(base)]
    if overlay.is_file():
        laid_over = file_layer(overlay, surroundings, Layer.PROFILE)
        is_complete = is_complete and laid_over is not None
        if laid_over is not None:
            _check_overlay(laid_over, environment, surroundings)
            branches.append(_without_environment(laid_over))
    return Files(environment, origin, tuple(branches), is_complete)


def _file(sources: ConfigSources, surroundings: Surroundings) -> tuple[Path, bool]:
    given = sources.get("file")
    named = surroundings.reserved("CHASSIS_CONFIG")
    if given is None and named is None:
        return surroundings.directory / FILE_NAME, False
    file = surroundings.directory / (given or (named.text if named else FILE_NAME))
    if not file.is_file():
        origin = named.origin if given is None and named else Origin(Layer.ARGUMENTS, "argument file")
        surroundings.report.add(f"there is no file {file}", origin, remedy="check the path, or leave it out")
        return surroundings.directory / FILE_NAME, False
    return file, True


def _environment(given: object, base: Branch, surroundings: Surroundings) -> tuple[EnvironmentEnum, Origin]:
    report = surroundings.report
    if given:
        origin = Origin(Layer.ARGUMENTS, "argument environment")
        return environment_named(str(given), origin, report), origin
    named = surroundings.reserved("CHASSIS_PROFILE") or surroundings.reserved("CHASSIS_ENVIRONMENT")
    if named is not None:
        return environment_named(named.text, named.origin, report), named.origin
    word, origin = _word(base.entries.get("environment"), surroundings)
    return (
        (environment_named(word, origin, report), origin) if word else (EnvironmentEnum.DEVELOPMENT, DEFAULT)
    )


def _word(node: Node | None, surroundings: Surroundings) -> tuple[str, Origin]:
    if node is None:
        return "", DEFAULT
    if not isinstance(node, Leaf):
        return "?", node.origin
    filled = Expansion(surroundings).filled(node, _ENVIRONMENT_PATH)
    return (str(text_of(filled, optional=True) or ""), filled.origin) if filled else ("", DEFAULT)


def _check_overlay(overlay: Branch, environment: EnvironmentEnum, surroundings: Surroundings) -> None:
    word, origin = _word(overlay.entries.get("environment"), surroundings)
    if word and environment_named(word, origin, surroundings.report) is not environment:
        what = f"this file is laid over by the profile {environment}, and can't name another environment"
        surroundings.report.add(what, origin, _ENVIRONMENT_PATH, "remove the line")


def _without_environment(branch: Branch) -> Branch:
    kept = {key: node for key, node in branch.entries.items() if key != "environment"}
    return Branch(kept, branch.origin)


def environment_named(name: str, origin: Origin, report: Report) -> EnvironmentEnum:
    """The environment of this name; a finding, and development, where there is none."""
    try:
        return EnvironmentEnum(name)
    except ValueError:
        report.add(
            f"unknown environment {name[:40]}",
            origin,
            _ENVIRONMENT_PATH,
            f"take {', '.join(EnvironmentEnum)}",
        )
        return EnvironmentEnum.DEVELOPMENT

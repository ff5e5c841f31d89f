"""Builds the layers; a variable is a branch of its own, so that several may meet in one section."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from fastapi_chassis.config.mounted import secret_of
from fastapi_chassis.config.nearest import nearest
from fastapi_chassis.config.origins import Layer, Origin
from fastapi_chassis.config.report import Report
from fastapi_chassis.config.surroundings import Surroundings
from fastapi_chassis.config.tree import Branch, Leaf, Style, at, tree_of
from fastapi_chassis.config.unreadable import UnreadableError, read_file
from fastapi_chassis.config.yaml_source import read_yaml

PREFIX = "CHASSIS_"
RESERVED = {"CONFIG", "PROFILE", "ENVIRONMENT", "SECRETS_DIR", "REQUIRE_BACKENDS"}
RESERVED_PREFIXES = ("TEST_", "BACKENDS_")


def shown(file: Path, directory: Path) -> str:
    """The file as findings show it: relative to the directory where it is below it."""
    return str(file.relative_to(directory)) if file.is_relative_to(directory) else str(file)


def file_layer(file: Path, surroundings: Surroundings, layer: Layer) -> Branch | None:
    """The layer of one YAML file; None, and a finding, where it can't be read."""
    source = shown(file, surroundings.directory)
    try:
        return read_yaml(read_file(file), source, layer, surroundings.report)
    except UnreadableError as error:
        origin = Origin(layer, source, error.line)
        place = f":{error.column}" if error.column is not None else ""
        placed = Origin(layer, f"{origin.place}{place}") if place else origin
        surroundings.report.add(error.what, placed, remedy=error.remedy)
        return None


def environment_layer(surroundings: Surroundings, known: Iterable[str]) -> list[Branch]:
    """The settings in the environment."""
    texts = {
        name: (text, Origin(Layer.ENVIRONMENT, f"environment variable {name}"))
        for name, text in surroundings.environ.items()
    }
    return _variables(texts, known, surroundings.report)


def dotenv_layer(surroundings: Surroundings, known: Iterable[str]) -> list[Branch]:
    """The settings in `.env`."""
    texts = {
        name: (entry.text, Origin(Layer.DOTENV, ".env", entry.line))
        for name, entry in surroundings.dotenv.items()
    }
    return _variables(texts, known, surroundings.report)


def _variables(texts: Mapping[str, tuple[str, Origin]], known: Iterable[str], report: Report) -> list[Branch]:
    tops = list(known)
    branches: list[Branch] = []
    for name, (text, origin) in sorted(texts.items(), key=lambda entry: (entry[0].count("__"), entry[0])):
        bare = name[len(PREFIX) :]
        if (
            not name.upper().startswith(PREFIX)
            or bare.upper() in RESERVED
            or bare.upper().startswith(RESERVED_PREFIXES)
        ):
            continue
        path = tuple(bare.lower().split("__"))
        if len(path) == 1 and path[0] not in tops:
            near = nearest(path[0], tops, cutoff=0.8)
            if near is not None:
                report.add("unknown variable", origin, remedy=f"Did you mean {PREFIX}{near.upper()}?")
            continue
        if not all(path):
            report.add("this name has an empty part", origin, remedy="write CHASSIS_SECTION__KEY")
            continue
        branches.append(at(path, Leaf(text, origin, Style.VARIABLE)))
    return branches


def secrets_layer(surroundings: Surroundings, known: Iterable[str]) -> list[Branch]:
    """The settings in mounted files: `plugins__redis__password` stands for `plugins.redis.password`."""
    tops = set(known)
    branches: list[Branch] = []
    for name, file in surroundings.secrets.files.items():
        path = tuple(name.lower().removeprefix(PREFIX.lower()).split("__"))
        if len(path) < 2 or path[0] not in tops or not all(path):
            continue
        text = secret_of(file, surroundings.report)
        branches.append(at(path, Leaf(text, Origin(Layer.SECRETS, str(file)), Style.VARIABLE)))
    return branches


def argument_layer(arguments: Mapping[str, object], layer: Layer = Layer.ARGUMENTS) -> list[Branch]:
    """The settings given to the loader; `{"server.port": 1}` and `{"server": {"port": 1}}` are the same."""
    word = "argument" if layer is Layer.ARGUMENTS else "application"
    return [at(key.split("."), tree_of(value, layer, f"{word} {key}")) for key, value in arguments.items()]

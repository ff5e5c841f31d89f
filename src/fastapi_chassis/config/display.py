"""Every setting with its value, masked, and its origin: what `chassis config show` prints."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from pydantic import BaseModel, Secret, SecretBytes, SecretStr

from fastapi_chassis.config.loaded import LoadedConfig
from fastapi_chassis.config.masking import MASK, masked
from fastapi_chassis.config.origins import DEFAULT, Origin, Path, dotted, last_key
from fastapi_chassis.config.root import RootConfig


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its dotted path, its value as it may be shown, and where that came from."""

    path: str
    value: object
    origin: Origin


def describe[C: RootConfig](loaded: LoadedConfig[C]) -> list[Setting]:
    """All settings, in the order of the models."""
    rows = list(_rows(loaded.config, (), loaded))
    for name, section in loaded.sections.items():
        rows.extend(_rows(section, (name,), loaded))
    return rows


def _rows(value: object, path: Path, loaded: LoadedConfig[RootConfig]) -> Iterator[Setting]:
    if isinstance(value, BaseModel):
        if path[:1] == ("plugins",) and len(path) == 2:
            yield _kind(path, loaded)
        for name in type(value).model_fields:
            yield from _rows(getattr(value, name), (*path, name), loaded)
    elif isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _rows(item, (*path, str(key)), loaded)
    else:
        origin = loaded.origin(dotted(path))
        is_marked = isinstance(value, SecretStr | SecretBytes | Secret)
        shown = MASK if origin.is_secret and value and not is_marked else _shown(value, last_key(path))
        yield Setting(dotted(path), shown, origin)


def _kind(path: Path, loaded: LoadedConfig[RootConfig]) -> Setting:
    at = f"{dotted(path)}.kind"
    return Setting(at, loaded.kinds.get(str(path[1]), str(path[1])), loaded.origins.get(at, DEFAULT))


def _shown_secret(value: SecretStr | SecretBytes | Secret[object]) -> str:
    if isinstance(value, Secret):
        return str(value)
    return MASK if value.get_secret_value() else ""


def _shown(value: object, name: str) -> object:
    match value:
        case SecretStr() | SecretBytes() | Secret():
            return _shown_secret(value)
        case list() | tuple() | set() | frozenset():
            return [_shown(item, name) for item in value]
        case BaseModel():
            return {field: _shown(getattr(value, field), field) for field in type(value).model_fields}
        case None | bool() | int() | float() | str():
            return masked(value, name)
        case _:
            return masked(str(value.value if isinstance(value, Enum) else value), name)

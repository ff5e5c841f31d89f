"""The JSON Schema of a service's configuration, for editors."""

from collections.abc import Mapping
from typing import cast

from pydantic import BaseModel

from fastapi_chassis.config.base import PluginConfig
from fastapi_chassis.config.root import RootConfig
from fastapi_chassis.config.sources import PluginProvider, model_of
from fastapi_chassis.domain import ChassisError

type JsonSchema = dict[str, object]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PLACEHOLDER: JsonSchema = {"type": "string", "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_.\-]*(:.*)?\}"}
_NO_TEXT = {"integer", "number", "boolean", "array"}
_ABOUT = ("title", "description", "default")


def config_schema(
    root: type[RootConfig],
    *,
    sections: Mapping[str, type[BaseModel]] | None = None,
    plugins: Mapping[str, PluginProvider] | None = None,
) -> JsonSchema:
    """The schema of `application.yaml`; wherever a value stands, a placeholder may stand too.

    Args:
        root: the service's root model.
        sections: further sections by name.
        plugins: the known plugins by name; those that are not installed are left open.
    """
    from pydantic.json_schema import models_json_schema  # only this needs it, and it is slow to import

    installed = {name: _installed(provider) for name, provider in (plugins or {}).items()}
    contributed = {name: model for name, model in (sections or {}).items() if name not in root.model_fields}
    models: list[type[BaseModel]] = [
        root,
        PluginConfig,
        *contributed.values(),
        *(model for model in installed.values() if model),
    ]
    references, whole = models_json_schema([(model, "validation") for model in dict.fromkeys(models)])
    own = {key[0]: cast("JsonSchema", value) for key, value in references.items()}
    definitions = {name: _opened(part) for name, part in _children(whole, "$defs").items()}
    top = cast("JsonSchema", definitions[str(own[root]["$ref"]).rpartition("/")[2]])
    properties = {
        **_children(top, "properties"),
        **{name: own[model] for name, model in contributed.items()},
        "plugins": _plugins({name: own[model] if model else {} for name, model in installed.items()}),
    }
    return {"$schema": _DIALECT, **top, "properties": properties, "$defs": definitions}


def _installed(provider: PluginProvider) -> type[PluginConfig] | None:
    try:
        return model_of(provider)
    except ChassisError:
        return None


def _plugins(known: Mapping[str, JsonSchema]) -> JsonSchema:
    """Each plugin by its name; a section of another name says by `kind` which plugin it means."""
    named: JsonSchema = {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": sorted(known)}},
    }
    sections = {
        name: {"anyOf": [schema, {"type": ["boolean", "null"]}, named]} for name, schema in known.items()
    }
    return {"type": "object", "properties": sections, "additionalProperties": named}


def _opened(schema: object) -> object:
    """The schema with placeholders allowed wherever text isn't."""
    if not isinstance(schema, dict):
        return schema
    opened = dict(schema)
    for key in ("properties", "$defs", "patternProperties"):
        if key in opened:
            opened[key] = {name: _opened(child) for name, child in opened[key].items()}
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        if key in opened:
            opened[key] = [_opened(child) for child in opened[key]]
    for key in ("items", "additionalProperties"):
        if key in opened:
            opened[key] = _opened(opened[key])
    if opened.get("type") not in _NO_TEXT and "enum" not in opened and "const" not in opened:
        return opened
    about = {key: opened.pop(key) for key in _ABOUT if key in opened}
    return {**about, "anyOf": [opened, _PLACEHOLDER]}


def _children(schema: Mapping[str, object], key: str) -> JsonSchema:
    return cast("JsonSchema", schema.get(key, {}))

"""Schemas of AsyncAPI: what an event's payload is in each codec, and the attributes that travel beside it."""

import json
from collections.abc import Iterable
from typing import Literal, cast

from pydantic import TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema

from fastapi_chassis.domain import IntegrationEvent
from fastapi_chassis.messaging.cloudevents import STRUCTURED

type Json = dict[str, object]
type Codecs = Literal["cloudevents", "cloudevents-structured", "event-data"]

_TEMPLATE = "#/components/schemas/{model}"
_CARRIED = ("event_id", "occurred_at")

ENVELOPE: dict[str, Json] = {
    "specversion": {"type": "string", "enum": ["1.0"]},
    "id": {"type": "string", "format": "uuid"},
    "source": {"type": "string", "description": "The service that sent it."},
    "type": {"type": "string"},
    "time": {"type": "string", "format": "date-time"},
    "dataversion": {"type": "string", "description": "The version of the payload's shape."},
    "correlationid": {"type": "string", "description": "The conversation that it belongs to."},
}


def content_type_of(codec: Codecs) -> str:
    """Names what a payload is."""
    return STRUCTURED if codec == "cloudevents-structured" else "application/json"


def payload_schemas(
    events: Iterable[tuple[str, type[IntegrationEvent], bool]], codec: Codecs
) -> tuple[dict[str, Json], dict[str, Json]]:
    """Writes the schema of each payload.

    Args:
        events: key, class, and whether it is sent: then every field is there.
        codec: how events are written.

    Returns:
        The schemas by key, and the parts that they refer to.
    """
    written: dict[str, Json] = {}
    data: dict[str, Json] = {}
    listed = [(key, event, is_sent, TypeAdapter(event)) for key, event, is_sent in events]
    known = [one for one in listed if _is_describable(one[3])]
    found, definitions = TypeAdapter.json_schemas(
        [(key, "serialization" if is_sent else "validation", adapter) for key, _, is_sent, adapter in known],
        ref_template=_TEMPLATE,
    )
    parts = cast("dict[str, Json]", definitions.get("$defs", {}))
    schemas = {key: cast("Json", schema) for (key, _), schema in found.items()}
    for key, event, is_sent, _ in listed:
        data[key] = _without_carried(schemas.get(key, {"type": "object"}), parts, is_sent=is_sent)
        written[key] = _in_codec(event, {"$ref": _TEMPLATE.format(model=key)}, codec)
    return written, {**data, **_used(parts, data)}


def _is_describable(adapter: TypeAdapter[IntegrationEvent]) -> bool:
    """Whether there is a schema: a field of one's own type may have none, and is written all the same."""
    try:
        adapter.json_schema()
    except PydanticInvalidForJsonSchema:
        return False
    return True


def _without_carried(schema: Json, parts: dict[str, Json], *, is_sent: bool) -> Json:
    """Takes out what the envelope carries; what is sent has every field, with a default or without."""
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    whole = dict(parts.get(name, schema))
    properties = cast("Json", whole.get("properties", {}))
    required = [*properties] if is_sent else cast("list[str]", whole.get("required", []))
    whole["properties"] = {key: one for key, one in properties.items() if key not in _CARRIED}
    whole["required"] = [key for key in required if key not in _CARRIED]
    whole.pop("description", None)
    return {key: one for key, one in whole.items() if one not in ({}, [])}


def _used(parts: dict[str, Json], data: dict[str, Json]) -> dict[str, Json]:
    """Keeps the parts that something refers to, also through others."""
    used: dict[str, Json] = {}
    open_ones = [json.dumps(one) for one in data.values()]
    while open_ones:
        text = open_ones.pop()
        for name, part in parts.items():
            if name not in used and json.dumps(_TEMPLATE.format(model=name)) in text:
                used[name] = part
                open_ones.append(json.dumps(part))
    return used


def _in_codec(event: type[IntegrationEvent], data: Json, codec: Codecs) -> Json:
    match codec:
        case "cloudevents":
            return data
        case "event-data":
            named = {"type": "string", "enum": [event.message_name]}
            return {
                "type": "object",
                "properties": {"event": named, "data": data},
                "required": ["event", "data"],
            }
        case "cloudevents-structured":
            version = {**ENVELOPE["dataversion"], "type": "integer"}
            properties: Json = {**ENVELOPE, "dataversion": version, "data": data}
            required = [name for name in properties if name != "correlationid"]
            return {"type": "object", "properties": properties, "required": required}

"""Operations: every route of the bookshop, as its OpenAPI document tells of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SNAPSHOT = Path(__file__).parents[1] / "openapi.json"
SOME_ID = "01a1fbcc-3787-7900-8d2c-c721dc191d91"


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    content_type: str | None
    example: dict[str, object] | None
    fields: tuple[str, ...]
    query: tuple[str, ...]

    @property
    def url(self) -> str:
        head, brace, _ = self.path.partition("{")
        return self.path if not brace else head + SOME_ID + self.path.partition("}")[2]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@cache
def document() -> dict:
    return json.loads(SNAPSHOT.read_text(encoding="utf-8"))


@cache
def operations() -> tuple[Operation, ...]:
    return tuple(_read())


def with_json() -> list[Operation]:
    return [one for one in operations() if one.content_type == "application/json"]


def _read() -> Iterator[Operation]:
    for path, methods in document()["paths"].items():
        for method, described in methods.items():
            content = described.get("requestBody", {}).get("content", {})
            kind = next(iter(content), None)
            schema = _resolved(content[kind]["schema"]) if kind else {}
            examples = schema.get("examples") or (content[kind].get("examples") if kind else None)
            query = [one["name"] for one in described.get("parameters", ()) if one["in"] == "query"]
            fields = [name for name, one in schema.get("properties", {}).items() if _is_text(one)]
            example = examples[0] if isinstance(examples, list) else None
            yield Operation(method.upper(), path, kind, example, tuple(fields), tuple(query))


def _resolved(schema: dict) -> dict:
    found = dict(schema)
    while "$ref" in found:
        found |= document()["components"]["schemas"][found.pop("$ref").rpartition("/")[2]]
    return found


def _is_text(schema: dict) -> bool:
    return any(_resolved(one).get("type") == "string" for one in schema.get("anyOf", [schema]))

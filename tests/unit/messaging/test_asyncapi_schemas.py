from typing import Annotated

import pytest
from annotated_types import MaxLen
from pydantic import InstanceOf

from fastapi_chassis.domain import IntegrationEvent, ValueObject
from fastapi_chassis.messaging.asyncapi_schemas import Codecs, content_type_of, payload_schemas


class Cover(ValueObject):
    colour: str


class Shelf(ValueObject):
    cover: Cover


class Opaque:
    pass


class BookShelved(IntegrationEvent):
    """Goes to a shelf."""

    title: Annotated[str, MaxLen(9)]
    shelf: Shelf | None = None


class BookHidden(IntegrationEvent):
    place: InstanceOf[Opaque]


def schemas(codec: Codecs = "cloudevents", *, is_sent: bool = True) -> tuple[dict, dict]:
    return payload_schemas([("book.v1", BookShelved, is_sent)], codec)


def test_data_is_what_the_codec_writes() -> None:
    payloads, parts = schemas()
    assert payloads == {"book.v1": {"$ref": "#/components/schemas/book.v1"}}
    data = parts["book.v1"]
    assert data["properties"].keys() == {"title", "shelf"}
    assert data["properties"]["title"]["maxLength"] == 9
    assert data["required"] == ["title", "shelf"]
    assert "additionalProperties" not in data
    assert parts.keys() == {"book.v1", "Shelf", "Cover"}


def test_what_is_only_taken_may_lack_what_has_a_default() -> None:
    _, parts = schemas(is_sent=False)
    assert parts["book.v1"]["required"] == ["title"]


def test_each_codec_says_what_stands_around_the_data() -> None:
    payload = schemas("event-data")[0]["book.v1"]
    assert payload["properties"]["event"] == {"type": "string", "enum": ["book_shelved"]}
    assert payload["required"] == ["event", "data"]
    payload = schemas("cloudevents-structured")[0]["book.v1"]
    assert payload["properties"]["data"] == {"$ref": "#/components/schemas/book.v1"}
    assert {"specversion", "id", "source", "type", "data"} <= set(payload["required"])


@pytest.mark.parametrize(
    ("codec", "content_type"),
    [
        ("cloudevents", "application/json"),
        ("event-data", "application/json"),
        ("cloudevents-structured", "application/cloudevents+json"),
    ],
)
def test_content_types(codec: Codecs, content_type: str) -> None:
    assert content_type_of(codec) == content_type


def test_what_has_no_schema_is_still_an_object() -> None:
    _, parts = payload_schemas(
        [("hidden.v1", BookHidden, False), ("b.v1", BookShelved, False)], "cloudevents"
    )
    assert parts["hidden.v1"] == {"type": "object"}
    assert "properties" in parts["b.v1"]

import json
import re
from collections.abc import Iterator
from uuid import UUID

import pytest

from fastapi_chassis.domain import IntegrationEvent
from fastapi_chassis.messaging import Carrier, DescribedConsumer, DescribedEvent, asyncapi_document, said_of


class BookSold(IntegrationEvent, name="shop/book sold"):
    """A book has gone.

    It will not come back.
    """

    book_id: UUID


class BookSold2(IntegrationEvent, name="shop/book sold", version=2):
    book_id: UUID
    price: int


TAKER = DescribedConsumer("shop.mail", "shop.mail.thank", "Thanks the buyer.")
SOLD = DescribedEvent(BookSold, "events.book_sold", is_sent=False, receivers=(TAKER,))
SOLD2 = DescribedEvent(BookSold2, "events.book_sold", is_sent=True, reads=(1,))
KAFKA = Carrier("kafka", "kafka", ("a:9092", "b:9092"), "ce_")
INFO = {"title": "Shop", "version": "1.0", "description": ""}


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


def resolved(document: dict, reference: str) -> object:
    found: object = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]  # type: ignore[index]  # a document is made of dictionaries
    return found


@pytest.mark.requirement("MSG-14")
@pytest.mark.parametrize("codec", ["cloudevents", "cloudevents-structured", "event-data"])
@pytest.mark.parametrize("carrier", [None, KAFKA])
def test_every_reference_leads_somewhere_and_every_key_may_stand_in_one(codec, carrier) -> None:
    document = asyncapi_document(INFO, [SOLD, SOLD2], codec=codec, carrier=carrier)
    found = list(references(document))
    assert found
    for reference in found:
        assert isinstance(resolved(document, reference), dict)
    parts = (document["channels"], document["operations"], *document["components"].values())
    assert all(re.fullmatch(r"[\w.\-]+", key) for part in parts for key in part)
    assert json.loads(json.dumps(document)) == document


@pytest.mark.requirement("MSG-14")
def test_versions_share_a_channel_and_each_says_who_sends_and_takes_it() -> None:
    document = asyncapi_document(INFO, [SOLD, SOLD2], carrier=KAFKA)
    assert document["asyncapi"] == "3.0.0"
    assert document["info"] == {"title": "Shop", "version": "1.0"}
    (channel,) = document["channels"].values()
    assert channel["address"] == "events.book_sold"
    assert channel["messages"].keys() == {"shop_book_sold.v1", "shop_book_sold.v2"}
    operations = document["operations"]
    assert {key: one["action"] for key, one in operations.items()} == {
        "receive.shop_book_sold.v1.shop.mail.thank": "receive",
        "send.shop_book_sold.v2": "send",
    }
    taken = operations["receive.shop_book_sold.v1.shop.mail.thank"]
    assert (taken["title"], taken["summary"]) == ("shop.mail.thank", "Thanks the buyer.")
    assert taken["bindings"]["kafka"]["groupId"]["enum"] == ["shop.mail"]


def test_messages_tell_name_summary_headers_and_what_else_is_read() -> None:
    document = asyncapi_document(INFO, [SOLD, SOLD2], carrier=KAFKA)
    first, second = document["components"]["messages"].values()
    assert (first["name"], first["summary"]) == ("shop/book sold", "A book has gone.")
    assert "summary" not in second
    assert second["description"] == "Also read in version 1."
    assert {"ce_id", "ce_type", "ce_specversion"} <= set(first["headers"]["required"])
    assert first["correlationId"] == {"location": "$message.header#/ce_correlationid"}


def test_headers_follow_the_codec() -> None:
    plain = asyncapi_document(INFO, [SOLD], codec="event-data")["components"]["messages"]
    assert "specversion" not in plain["shop_book_sold.v1"]["headers"]["properties"]
    whole = asyncapi_document(INFO, [SOLD], codec="cloudevents-structured")
    (message,) = whole["components"]["messages"].values()
    assert "headers" not in message
    assert message["contentType"] == whole["defaultContentType"] == "application/cloudevents+json"


def test_servers_are_the_brokers() -> None:
    assert asyncapi_document(INFO, [], carrier=KAFKA)["servers"] == {
        "kafka": {"host": "a:9092", "protocol": "kafka"},
        "kafka1": {"host": "b:9092", "protocol": "kafka"},
    }
    assert "servers" not in asyncapi_document(INFO, [])


def test_only_what_somebody_wrote_is_said() -> None:
    assert said_of(BookSold).startswith("A book has gone.")
    assert said_of(BookSold2) == ""

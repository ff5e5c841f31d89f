from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

import pytest
from annotated_types import MaxLen
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import from_json

from fastapi_chassis.domain import IntegrationEvent, ValidationException, ValueObject, new_id
from fastapi_chassis.messaging import (
    CloudEventsCodec,
    Codec,
    Envelope,
    EventDataCodec,
    EventRegistry,
    MessagingConfig,
    UnreadableMessage,
    codec_for,
)
from tests.unit.messaging.shop import ItemCreated, created

CODECS = [CloudEventsCodec(), EventDataCodec()]
both = pytest.mark.parametrize("codec", CODECS, ids=["cloudevents", "event-data"])


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Line(ValueObject):
    sku: str
    amount: int


class OrderPlaced(IntegrationEvent, version=2):
    order_id: UUID
    note: str | None
    total: Decimal
    weight: float
    day: date
    at: datetime
    wait: timedelta
    colour: Colour
    raw: bytes
    lines: tuple[Line, ...]
    labels: frozenset[str]
    meta: dict[str, int | str | None]


REGISTRY = EventRegistry([ItemCreated, OrderPlaced])

text = st.text(st.characters(exclude_categories=["Cs"]))
moments = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
orders = st.builds(
    OrderPlaced,
    order_id=st.uuids(),
    note=st.none() | text,
    total=st.decimals(allow_nan=False, allow_infinity=False),
    weight=st.floats(allow_nan=False, allow_infinity=False),
    day=st.dates(),
    at=moments,
    wait=st.timedeltas(timedelta(0), timedelta(days=9_999)),
    colour=st.sampled_from(Colour),
    raw=st.binary(),
    lines=st.lists(st.builds(Line, sku=text, amount=st.integers()), max_size=3).map(tuple),
    labels=st.frozensets(text, max_size=3),
    meta=st.dictionaries(text, st.none() | st.integers() | text, max_size=3),
    event_id=st.uuids(),
    occurred_at=moments,
)


def enveloped(codec: Codec, event: IntegrationEvent, **changes: object) -> Envelope:
    body = codec.write(event)
    plain = {
        "id": event.event_id,
        "type": event.message_name,
        "version": event.event_version,
        "time": event.occurred_at,
        "payload": body.payload,
        "headers": body.headers,
    }
    return created(**(plain | changes))


@both
@given(order=orders)
@settings(max_examples=60, deadline=None)
def test_any_event_is_read_as_it_was_written(codec: Codec, order: OrderPlaced) -> None:
    read = codec.read(enveloped(codec, order), REGISTRY)
    assert read == order
    assert (read.event_id, read.occurred_at) == (order.event_id, order.occurred_at)


def test_cloudevents_payload_is_the_data_and_nothing_besides() -> None:
    event = ItemCreated(item_id=new_id(), title="Dune")
    body = CloudEventsCodec().write(event)
    assert from_json(body.payload) == {"item_id": str(event.item_id), "title": "Dune"}
    assert (body.content_type, body.headers) == ("application/json", {"specversion": "1.0"})


def test_event_data_payload_names_the_event() -> None:
    event = ItemCreated(item_id=new_id(), title="Dune")
    body = EventDataCodec().write(event)
    data = {"item_id": str(event.item_id), "title": "Dune"}
    assert from_json(body.payload) == {"event": "item_created", "data": data}
    assert body.headers == {}


def test_event_data_of_a_partner_is_read_by_its_name_in_the_newest_version() -> None:
    payload = b'{"event": "item_created", "data": {"item_id": "%b", "title": "a"}}' % str(new_id()).encode()
    foreign = created(type="whatever", version=7, payload=payload, headers={})
    read = EventDataCodec().read(foreign, REGISTRY)
    assert isinstance(read, ItemCreated)
    assert (read.title, read.event_id) == ("a", foreign.id)


@both
def test_a_field_that_a_newer_writer_added_is_passed_over(codec: Codec) -> None:
    envelope = enveloped(codec, ItemCreated(item_id=new_id(), title="a"))
    payload = envelope.payload.replace(b'"title"', b'"isbn":"9","title"')
    read = codec.read(created(payload=payload), REGISTRY)
    assert isinstance(read, ItemCreated)
    assert read.title == "a"


class Shipped(IntegrationEvent):
    line: Line
    note: str = "none"


@both
def test_that_holds_inside_of_values_too_and_a_field_that_is_left_out_has_its_default(codec: Codec) -> None:
    envelope = enveloped(codec, Shipped(line=Line(sku="a", amount=1)))
    payload = envelope.payload.replace(b'"sku"', b'"colour":"red","sku"').replace(b',"note":"none"', b"")
    assert b"red" in payload
    assert b"note" not in payload
    newer = enveloped(codec, Shipped(line=Line(sku="b", amount=2)), payload=payload)
    read = codec.read(newer, EventRegistry([Shipped]))
    assert read == Shipped(line=Line(sku="a", amount=1), note="none")


class Moved(IntegrationEvent):
    place: str
    event_id: UUID  # without a default
    before: "Moved | None" = None


@both
def test_events_within_an_event_keep_an_identity_of_their_own(codec: Codec) -> None:
    moved = Moved(place="b", event_id=new_id(), before=Moved(place="a", event_id=new_id()))
    read = codec.read(enveloped(codec, moved), EventRegistry([Moved]))
    assert isinstance(read, Moved)
    assert read == moved
    assert read.event_id == moved.event_id
    assert read.before is not None
    assert moved.before is not None
    assert (read.before.event_id, read.before.occurred_at) == (
        moved.before.event_id,
        moved.before.occurred_at,
    )


class Stamped(IntegrationEvent):
    seen: ClassVar[list[object]] = []

    def __post_init__(self) -> None:
        self.seen.append((self.event_id, self.occurred_at))


@both
def test_an_event_that_looks_at_itself_has_all_its_fields(codec: Codec) -> None:
    stamped = Stamped()
    Stamped.seen.clear()
    codec.read(enveloped(codec, stamped), EventRegistry([Stamped]))
    assert (stamped.event_id, stamped.occurred_at) in Stamped.seen
    assert all(isinstance(part, UUID | datetime) for pair in Stamped.seen for part in pair)


@both
def test_the_envelope_decides_on_identity_and_time(codec: Codec) -> None:
    envelope = enveloped(codec, ItemCreated(item_id=new_id(), title="a"))
    payload = envelope.payload.replace(b'"title"', b'"event_id":"forged","occurred_at":1,"title"')
    payload = payload.replace(b'"forged"', b'"%b"' % str(new_id()).encode())
    time = datetime(2026, 5, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    forged = created(id=new_id(), time=time, payload=payload)
    read = codec.read(forged, REGISTRY)
    assert (read.event_id, read.occurred_at) == (forged.id, time)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "payload"),
        (b"\xff\xfe", "payload"),
        (b"[1]", "payload"),
        (b'{"title": "a"}', "item_id: Field required"),
        (b'{"title": 5, "item_id": "x"}', "title: Input should be a valid string"),
        (b"[" * 100_000, "payload"),
    ],
)
def test_a_wrong_payload_is_unreadable_and_the_reason_says_why(payload: bytes, reason: str) -> None:
    with pytest.raises(UnreadableMessage, match="is not item_created") as told:
        CloudEventsCodec().read(created(payload=payload), REGISTRY)
    assert reason in str(told.value)


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"{}", b'{"event": 1, "data": {}}', b'{"event": "item_created"}', b'{"data": {}}']
)
def test_a_wrong_form_of_event_data_is_unreadable(payload: bytes) -> None:
    with pytest.raises(UnreadableMessage):
        EventDataCodec().read(created(payload=payload), REGISTRY)


def test_the_reason_shows_nothing_of_the_content() -> None:
    payload = b'{"title": {"card": "4111-1111"}, "item_id": 1}'
    with pytest.raises(UnreadableMessage) as told:
        CloudEventsCodec().read(created(payload=payload), REGISTRY)
    assert "4111" not in str(told.value)
    assert told.value.__cause__ is None


@both
def test_unknown_types_and_versions_are_told_apart(codec: Codec) -> None:
    order = enveloped(codec, ItemCreated(item_id=new_id(), title="a"), version=9)
    with pytest.raises(UnreadableMessage, match="item_created version 9 is not known; known are: 1"):
        codec.read(order, REGISTRY)
    with pytest.raises(UnreadableMessage, match="no event has this name here"):
        codec.read(order, EventRegistry())


@both
def test_a_mebibyte_is_the_limit_both_ways(codec: Codec) -> None:
    with pytest.raises(ValidationException, match="1048576") as told:
        codec.write(ItemCreated(item_id=new_id(), title="x" * 1024 * 1024))
    assert told.value.error_code == "MESSAGE_TOO_LARGE"
    with pytest.raises(UnreadableMessage, match="1048577 bytes"):
        codec.read(created(payload=b" " * (1024 * 1024 + 1)), REGISTRY)


@pytest.mark.requirement("MSG-15")
@pytest.mark.parametrize("name", ["cloudevents", "event-data"])
def test_where_payloads_may_be_larger_they_are_both_ways(name: str) -> None:
    settings = {"codec": name, "claim_check": {"largest": 3 * 1024 * 1024}}
    larger = codec_for(MessagingConfig.model_validate(settings))
    event = ItemCreated(item_id=new_id(), title="x" * 2 * 1024 * 1024)
    assert larger.read(enveloped(larger, event), REGISTRY) == event
    with pytest.raises(ValidationException, match="3145728"):
        larger.write(ItemCreated(item_id=new_id(), title="x" * 3 * 1024 * 1024))


class Labelled(IntegrationEvent):
    label: Annotated[str, MaxLen(3)]
    weight: float = 0.0


@both
@pytest.mark.parametrize("wrong", [{"label": 5}, {"label": "long"}, {"label": "a", "weight": float("nan")}])
def test_what_no_reader_could_read_is_not_written(codec: Codec, wrong: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="labelled can't be sent"):
        codec.write(Labelled(**wrong))


def test_the_configuration_names_the_codec() -> None:
    assert isinstance(codec_for(MessagingConfig()), CloudEventsCodec)
    assert isinstance(codec_for(MessagingConfig(codec="event-data")), EventDataCodec)

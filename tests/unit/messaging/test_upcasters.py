from uuid import UUID

import pytest

from fastapi_chassis.domain import IntegrationEvent, new_id
from fastapi_chassis.messaging import (
    Ack,
    CloudEventsCodec,
    Codec,
    DeadLetter,
    Delivery,
    Envelope,
    EventDataCodec,
    EventRegistry,
    UnreadableMessage,
    Upcaster,
    Upcasters,
    sealed,
    upcaster,
)
from tests.unit.messaging.shop import Effect, Effects, ItemCreated, Shop, created, quick

type Data = dict[str, object]


class ItemCreated3(IntegrationEvent, name="item_created", version=3):
    """Version 1 had a title, version 2 called it name, version 3 has a language besides."""

    item_id: UUID
    name: str
    language: str
    cover: bytes = b""


@upcaster(ItemCreated3, from_version=1)
def name_for_title(data: Data) -> Data:
    title = data.pop("title")
    return {**data, "name": title}


@upcaster(ItemCreated3, from_version=2)
def with_language(data: Data) -> Data:
    return {**data, "language": "en"}


STEPS = (with_language, name_for_title)
REGISTRY = EventRegistry([ItemCreated3], STEPS)


def event_data(one: Envelope) -> Envelope:
    payload = b'{"event":"item_created","data":%b}' % one.payload
    return created(version=one.version, payload=payload, headers={})


def version(number: int, data: bytes) -> Envelope:
    return created(version=number, payload=data.replace(b"$", str(new_id()).encode()))


def test_a_step_is_a_value_and_can_still_be_called() -> None:
    assert name_for_title == Upcaster(ItemCreated3, 1, name_for_title.function, f"{__name__}.name_for_title")
    assert name_for_title({"title": "Dune"}) == {"name": "Dune"}
    assert with_language({"name": "Dune"}) == {"name": "Dune", "language": "en"}


@pytest.mark.requirement("MSG-6")
@pytest.mark.parametrize("codec", [CloudEventsCodec(), EventDataCodec()], ids=["cloudevents", "event-data"])
@pytest.mark.parametrize(
    ("number", "data"),
    [
        (1, b'{"item_id":"$","title":"Dune"}'),
        (2, b'{"item_id":"$","name":"Dune"}'),
        (3, b'{"item_id":"$","name":"Dune","language":"en"}'),
    ],
)
def test_every_version_becomes_the_newest(codec: Codec, number: int, data: bytes) -> None:
    sent = version(number, data.replace(b"}", b',"cover":"AAE=","later":[1]}'))
    read = codec.read(event_data(sent) if isinstance(codec, EventDataCodec) else sent, REGISTRY)
    assert isinstance(read, ItemCreated3)
    assert (read.name, read.language, read.cover) == ("Dune", "en", b"\x00\x01")
    if isinstance(codec, CloudEventsCodec):
        assert (read.event_id, read.occurred_at) == (sent.id, sent.time)


def test_a_class_of_that_version_goes_before_its_upcaster() -> None:
    registry = EventRegistry([ItemCreated, ItemCreated3], STEPS)
    assert isinstance(CloudEventsCodec().read(created("Dune"), registry), ItemCreated)


def test_the_steps_end_at_the_first_class_that_is_known() -> None:
    assert Upcasters(STEPS).chain("item_created", 1, (2, 3)) == (name_for_title,)
    assert Upcasters(STEPS).chain("item_created", 1, (3,)) == (name_for_title, with_language)
    assert Upcasters(STEPS).chain("item_created", 3, (3,)) == ()
    assert Upcasters(STEPS).chain("item_created", 1, (4,)) == ()
    assert Upcasters(STEPS).versions(ItemCreated3) == (1, 2)
    assert Upcasters((name_for_title,)).versions(ItemCreated3) == ()


@upcaster(ItemCreated3, from_version=1)
def clumsy(data: Data) -> Data:
    raise KeyError(f"4111-1111 {data}")


@upcaster(ItemCreated3, from_version=1)
def forgetful(data: Data) -> Data:
    data["name"] = "Dune"
    return None  # type: ignore[return-value]  # what a forgotten return does


@pytest.mark.parametrize(
    ("step", "reason"),
    [(clumsy, "clumsy failed on version 1: KeyError"), (forgetful, "forgetful failed on version 1")],
)
def test_a_step_that_fails_says_so_and_shows_nothing_of_the_content(step: Upcaster, reason: str) -> None:
    registry = EventRegistry([ItemCreated3], (step, with_language))
    with pytest.raises(UnreadableMessage, match=reason) as told:
        CloudEventsCodec().read(created("Dune"), registry)
    assert "4111" not in str(told.value)
    assert "Dune" not in str(told.value)


@pytest.mark.parametrize("payload", [b"[1]", b"{", b""])
def test_data_that_is_no_object_reaches_no_step(payload: bytes) -> None:
    with pytest.raises(UnreadableMessage, match="the payload is not item_created"):
        CloudEventsCodec().read(created(payload=payload), EventRegistry([ItemCreated3], STEPS))


@pytest.mark.requirement("MSG-6")
def test_a_newer_version_is_told_from_one_that_nobody_knows() -> None:
    with pytest.raises(UnreadableMessage, match="version 4 is not known; known are: 3; it is newer than"):
        CloudEventsCodec().read(version(4, b"{}"), REGISTRY)
    with pytest.raises(UnreadableMessage, match=r"version 1 is not known; known are: 3$"):
        CloudEventsCodec().read(version(1, b"{}"), EventRegistry([ItemCreated3]))


@upcaster(ItemCreated3, from_version=1)
def other(data: Data) -> Data:
    return data


@upcaster(ItemCreated3, from_version=3)
def too_late(data: Data) -> Data:
    return data


@upcaster(ItemCreated3, from_version=0)
def too_early(data: Data) -> Data:
    return data


@pytest.mark.parametrize(
    ("steps", "what"),
    [
        ((*STEPS, other), "item_created version 1 is read by"),
        ((name_for_title,), "item_created has no upcaster from version 2"),
        ((too_late,), "too_late reads version 3 of item_created, and ItemCreated3 is version 3"),
        ((too_early,), "too_early reads version 0"),
        ((test_the_steps_end_at_the_first_class_that_is_known,), "is no upcaster"),
    ],
)
def test_what_is_wrong_is_found_before_anything_runs(steps: tuple[object, ...], what: str) -> None:
    (finding,) = EventRegistry([ItemCreated3], steps).findings
    assert what in finding.what
    assert finding.remedy


def test_the_same_step_of_two_modules_is_one() -> None:
    assert EventRegistry([ItemCreated3], (*STEPS, *STEPS)).findings == ()


@pytest.mark.requirement("MSG-6")
async def test_a_consumer_takes_old_and_structured_ones_and_sets_newer_ones_aside() -> None:
    async def note(event: ItemCreated3, effects: Effects) -> None:
        await effects.add(Effect(id=event.event_id, title=f"{event.name} {event.language}"))

    for codec in ("cloudevents", "cloudevents-structured", "event-data"):
        shop = Shop()
        consumer = shop.consumer(note, config=quick(codec=codec), upcasters=STEPS)
        assert await consumer.receive(Delivery(created("Dune"))) == Ack()
        assert await consumer.receive(Delivery(sealed(created("Emma")))) == Ack()
        assert sorted(await shop.effects()) == ["Dune en", "Emma en"]
        newer = await consumer.receive(Delivery(created(version=4)))
        assert isinstance(newer, DeadLetter)
        assert "newer than this service" in newer.reason
        batch = created(content_type="application/cloudevents-batch+json")
        assert isinstance(await consumer.receive(Delivery(batch)), DeadLetter)

"""What type checkers know about messages, entities and their construction; checked, never run."""

from typing import Annotated, assert_type
from uuid import UUID

from annotated_types import Gt

from fastapi_chassis.application import Command, Mediator, Query
from fastapi_chassis.domain import (
    BaseAggregate,
    BaseEntity,
    DomainEvent,
    Event,
    IntegrationEvent,
    ValueObject,
)


class Money(ValueObject):
    amount: int
    currency: str = "EUR"


class Item(BaseAggregate):
    title: str
    price: Money | None = None


class Word(BaseEntity[str]):
    meaning: str = ""


class CreateItem(Command[UUID], requires=("items:write", "items:create")):
    title: str
    amount: Annotated[int, Gt(0)] = 1


class TitlesOf(Query[list[str]], public=True, name="items.titles"):
    owner_id: UUID | None = None


class Forget(Command[None], public=True):
    item_id: UUID


class ItemCreated(IntegrationEvent, name="shop.item_created", version=2):
    item_id: UUID


class Noted(DomainEvent):
    text: str


async def answers(mediator: Mediator) -> None:
    assert_type(await mediator.send(CreateItem(title="a")), UUID)
    assert_type(await mediator.send(TitlesOf()), list[str])
    await mediator.send(Forget(item_id=UUID(int=1)))
    await mediator.publish(Noted(text="a"))
    await mediator.send(Noted(text="a"))  # type: ignore[arg-type]  # an event is no request
    await mediator.publish(Forget(item_id=UUID(int=1)))  # type: ignore[arg-type]  # a request is no event


def construction() -> None:
    command = CreateItem(title="a", amount=2)
    assert_type(command.title, str)
    assert_type(command.amount, int)
    assert_type(command.replace(title="b"), CreateItem)
    CreateItem()  # type: ignore[call-arg]  # the title is missing
    CreateItem(title=1)  # type: ignore[arg-type]  # the title is text
    CreateItem(title="a", unknown=1)  # type: ignore[call-arg]  # no such field
    CreateItem("a")  # type: ignore[call-arg]  # named arguments only
    command.title = "b"  # type: ignore[misc]  # frozen


def entities() -> None:
    item, word = Item(title="a"), Word(id="a")
    assert_type(item.id, UUID)
    assert_type(item.version, int)
    assert_type(item.price, Money | None)
    assert_type(word.id, str)
    item.title = "b"
    item.record(ItemCreated(item_id=item.id))
    assert_type(item.recorded_events, tuple[Event, ...])
    item.record(CreateItem(title="a"))  # type: ignore[arg-type]  # a command never happened
    Word(meaning="a")  # type: ignore[call-arg]  # the identity is missing
    Word(id=1)  # type: ignore[arg-type]  # the identity is text


def events() -> None:
    event = ItemCreated(item_id=UUID(int=1))
    assert_type(event.event_id, UUID)
    assert_type(ItemCreated.event_version, int)
    assert_type(ItemCreated.message_name, str)
    ItemCreated(item_id="a")  # type: ignore[arg-type]  # the identity is a UUID

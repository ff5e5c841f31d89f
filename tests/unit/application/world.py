"""A mediator on a memory store, its messages, and single behaviours."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import fields
from typing import cast
from uuid import UUID

from fastapi_chassis.application import (
    AbstractRepository,
    AbstractUnitOfWork,
    BehaviorFactory,
    Command,
    Handler,
    HandlerRegistry,
    InMemoryUnitOfWork,
    Mediator,
    MemoryStore,
    Query,
    Resolver,
    Step,
    build_mediator,
    in_memory,
)
from fastapi_chassis.domain import (
    BaseAggregate,
    Message,
)


class Item(BaseAggregate):
    title: str


class AddItem(Command[str], public=True):
    title: str


class AddTwo(Command[str], public=True):
    title: str


class CountItems(Query[int], public=True):
    pass


class Guarded(Query[str], requires=("items:read", "items:list")):
    pass


class Unguarded(Query[str]):
    pass


Items = AbstractRepository[Item, UUID]


class Scope:
    """One unit of work per message, on one store for all."""

    def __init__(self, store: MemoryStore) -> None:
        self.unit_of_work = InMemoryUnitOfWork(store)

    async def get[T](self, wanted: type[T]) -> T:
        ports: Mapping[object, Callable[[], object]] = {
            AbstractUnitOfWork: lambda: self.unit_of_work,
            Items: lambda: in_memory(Items, self.unit_of_work),
        }
        return cast("T", ports[wanted]())


class World:
    """A mediator on a memory store."""

    def __init__(self, *behaviors: BehaviorFactory) -> None:
        self.store = MemoryStore()
        self.calls: list[str] = []
        self.registry = HandlerRegistry()
        self.behaviors = behaviors

    @asynccontextmanager
    async def scopes(self) -> AsyncIterator[Resolver]:
        yield Scope(self.store)

    def mediator(self, *functions: Callable[..., object]) -> Mediator:
        for function in functions:
            self.registry.add(function)
        return build_mediator(self.registry, scopes=self.scopes, behaviors=self.behaviors)

    async def titles(self) -> list[str]:
        items = in_memory(Items, InMemoryUnitOfWork(self.store))
        return [item.title for item in await items.find(order=("title",))]


class Codec:
    def encode(self, value: object) -> bytes:
        content = (
            {spec.name: getattr(value, spec.name) for spec in fields(value)}
            if isinstance(value, Message)
            else value
        )
        return json.dumps(content).encode()

    def decode(self, answer: bytes, handler: Handler) -> object:
        return json.loads(answer)


async def add_item(command: AddItem, items: Items) -> str:
    await items.add(Item(title=command.title))
    return f"added {command.title}"


async def run(factory: BehaviorFactory, message: Message, handle: Step | None = None) -> object:
    """Sends a message past one behaviour only."""

    async def done(message: Message) -> object:
        return "done"

    handler = Handler(done, type(message), {}, "test.done")
    behaviour = factory.behavior_for(handler)
    step = handle or done
    return await (behaviour(message, step) if behaviour else step(message))

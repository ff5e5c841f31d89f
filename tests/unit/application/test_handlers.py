from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import Annotated, Protocol
from uuid import UUID

import pytest

from fastapi_chassis.application import (
    AbstractRepository,
    Command,
    Handler,
    HandlerRegistry,
    Query,
    name_of,
    read_handler,
)
from fastapi_chassis.domain import BaseAggregate, DomainEvent, Event, Finding, IntegrationEvent, Message


class Item(BaseAggregate):
    title: str


class CreateItem(Command[UUID], public=True):
    title: str


class FindItem(Query[str], requires="items:read"):
    pass


class Unguarded(Command[None]):
    pass


class Renamed(DomainEvent):
    pass


class Published(IntegrationEvent):
    pass


class Bare(Message):
    pass


class Mailer(Protocol):
    def mail(self) -> None: ...


async def create_item(command: CreateItem, items: AbstractRepository[Item, UUID], mailer: Mailer) -> UUID:
    raise NotImplementedError


def find_item(
    query: Annotated[FindItem, "documented"], mailer: Annotated[Mailer, "here"], limit: int = 5
) -> str:
    raise NotImplementedError


class MoveItem:
    def __init__(self, mailer: Mailer, *, retries: int = 3) -> None:
        self.mailer = mailer

    async def __call__(self, command: CreateItem) -> None: ...


@dataclass
class NoteItem:
    mailer: Mailer

    def __call__(self, command: CreateItem) -> None: ...


class Simple:
    async def __call__(self, command: CreateItem) -> None: ...

    async def method(self, command: CreateItem, mailer: Mailer) -> None: ...


def read(function: Callable[..., object]) -> Handler:
    handler = read_handler(function)
    assert isinstance(handler, Handler), handler
    return handler


def test_a_function_says_what_it_handles_and_needs() -> None:
    handler = read(create_item)
    assert handler.message is CreateItem
    assert handler.dependencies == {"items": AbstractRepository[Item, UUID], "mailer": Mailer}
    assert handler.name.endswith("test_handlers.create_item")
    assert handler.is_async
    assert not handler.is_class


def test_a_parameter_with_a_default_is_no_need_and_metadata_is_taken_off() -> None:
    handler = read(find_item)
    assert handler.message is FindItem
    assert handler.dependencies == {"mailer": Mailer}
    assert not handler.is_async


@pytest.mark.parametrize(("function", "is_async"), [(MoveItem, True), (NoteItem, False), (Simple, True)])
def test_a_class_needs_what_its_constructor_asks_for(function: type, is_async: bool) -> None:
    handler = read(function)
    assert handler.message is CreateItem
    assert handler.dependencies == ({} if function is Simple else {"mailer": Mailer})
    assert handler.is_class
    assert handler.is_async is is_async


def test_objects_and_bound_methods_are_handlers_too() -> None:
    assert read(Simple()).dependencies == {}
    assert read(Simple()).is_async
    assert not read(Simple()).is_class
    method = read(Simple().method)
    assert (method.message, method.dependencies) == (CreateItem, {"mailer": Mailer})


def test_a_decorated_function_is_read_through() -> None:
    def traced[**P, R](function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            return function(*args, **kwargs)

        return call

    handler = read(traced(create_item))
    assert handler.message is CreateItem
    assert handler.is_async
    assert handler.name.endswith("create_item")


async def unannotated(command, mailer) -> None: ...


async def half(command: CreateItem, mailer) -> None: ...


async def nothing() -> None: ...


async def unknown_name(command: "CreateItem", mailer: "Nowhere") -> None: ...  # noqa: F821


async def no_message(text: str) -> None: ...


class Greedy:
    async def __call__(self, command: CreateItem, mailer: Mailer) -> None: ...


class Uncallable:
    pass


@pytest.mark.requirement("DOM-2")
@pytest.mark.parametrize(
    "function",
    [
        unannotated,
        half,
        nothing,
        unknown_name,
        no_message,
        Greedy,
        Uncallable,
        Uncallable(),
        "text",
        7,
        partial(create_item),
        lambda command: None,
        print,
    ],
    ids=lambda function: getattr(function, "__name__", type(function).__name__),
)
def test_what_can_not_be_read_is_a_finding(function: Callable[..., object]) -> None:
    finding = read_handler(function)
    assert isinstance(finding, Finding)
    assert name_of(function) in finding.what
    assert finding.remedy


def test_the_registry_sorts_by_kind() -> None:
    registry = HandlerRegistry()

    async def first(event: Renamed) -> None: ...

    async def second(event: Renamed) -> None: ...

    for function in (create_item, find_item, first, second):
        registry.add(function)
    assert registry.findings == ()
    assert [handler.message for handler in registry.requests] == [CreateItem, FindItem]
    assert [handler.function for handler in registry.events] == [first, second]


@pytest.mark.requirement("DOM-2")
def test_everything_that_is_wrong_is_found_at_once() -> None:
    registry = HandlerRegistry()

    async def again(command: CreateItem) -> None: ...

    async def published(event: Published) -> None: ...

    async def bare(message: Bare) -> None: ...

    async def unguarded(command: Unguarded) -> None: ...

    for function in (create_item, again, published, bare, unguarded, unannotated):
        registry.add(function)
    whats = "\n".join(finding.what for finding in registry.findings)
    assert len(registry.findings) == 5
    assert "CreateItem has 2 handlers: " in whats
    assert "test_handlers.create_item, " in whats
    assert "Published, an integration event, as a handler" in whats
    assert "Bare, which is neither request nor event" in whats
    assert "Unguarded says nothing about who may send it" in whats
    assert "unannotated can't be read" in whats
    assert all(finding.remedy for finding in registry.findings)


def test_a_policy_is_asked_of_requests_only() -> None:
    registry = HandlerRegistry()

    async def on_event(event: Event) -> None: ...

    registry.add(on_event)
    assert registry.findings == ()


def test_names_are_those_of_reports() -> None:
    assert name_of(create_item).endswith("test_handlers.create_item")
    assert name_of(Simple()).endswith("test_handlers.Simple")
    assert name_of(Simple().method).endswith("test_handlers.Simple.method")

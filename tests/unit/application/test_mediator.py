import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest

from fastapi_chassis.application import (
    Behavior,
    Command,
    Handler,
    HandlerRegistry,
    Mediator,
    Query,
    Resolver,
    Step,
    build_mediator,
    current_scope,
)
from fastapi_chassis.domain import DomainEvent, IntegrationEvent, Message, WiringError


class Add(Command[int], public=True):
    one: int
    other: int = 1


class Ask(Query[str], public=True):
    pass


class Unguarded(Command[None]):
    pass


class Added(DomainEvent):
    total: int


class Told(IntegrationEvent):
    pass


class Calculator:
    pass


class Scopes:
    def __init__(self) -> None:
        self.made: list[Resolver] = []

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Resolver]:
        scope = Scope()
        self.made.append(scope)
        yield scope


class Scope:
    def __init__(self) -> None:
        self._calculator = Calculator()

    async def get[T](self, wanted: type[T]) -> T:
        assert wanted is Calculator
        return cast("T", self._calculator)


class Noted:
    """A behaviour that writes down what passes; made once per handler."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self.name = name
        self.asked: Counter[str] = Counter()
        self._notes = notes

    def behavior_for(self, handler: Handler) -> Behavior | None:
        self.asked[handler.message.message_name] += 1
        if self.name == "commands" and not issubclass(handler.message, Command):
            return None
        return own(self.name, self._notes)


def own(name: str, notes: list[str]) -> Behavior:
    async def behaviour(message: Message, next: Step, /) -> object:  # noqa: A002
        notes.append(name)
        return await next(message)

    behaviour.__name__ = name
    return behaviour


async def add(command: Add) -> int:
    return command.one + command.other


async def ask(query: Ask) -> str:
    return "answer"


def registry_of(*functions: Callable[..., object]) -> HandlerRegistry:
    registry = HandlerRegistry()
    for function in functions:
        registry.add(function)
    return registry


@pytest.mark.requirement("DOM-2")
async def test_a_request_is_answered_by_its_handler() -> None:
    mediator = build_mediator(registry_of(add, ask))
    assert await mediator.send(Add(one=1, other=2)) == 3
    assert await mediator.send(Ask()) == "answer"


@pytest.mark.requirement("DOM-2")
async def test_what_nobody_handles_is_said() -> None:
    mediator = build_mediator(registry_of(ask))
    with pytest.raises(WiringError, match="nobody handles Add") as told:
        await mediator.send(Add(one=1))
    assert "first parameter is Add" in told.value.findings[0].remedy


async def test_a_derived_message_needs_a_handler_of_its_own() -> None:
    class AddMore(Add):
        pass

    with pytest.raises(WiringError, match="nobody handles AddMore"):
        await build_mediator(registry_of(add)).send(AddMore(one=1))


@pytest.mark.requirement("DOM-2")
def test_every_finding_is_reported_when_the_mediator_is_built() -> None:
    async def add_again(command: Add) -> int:
        return 0

    async def unguarded(command: Unguarded) -> None: ...

    async def told(event: Told) -> None: ...

    async def unreadable(command) -> None: ...

    with pytest.raises(WiringError) as error:
        build_mediator(registry_of(add, add_again, unguarded, told, unreadable))
    text = str(error.value)
    assert len(error.value.findings) == 4
    for part in (
        "Add has 2 handlers",
        "Unguarded says nothing",
        "Told, an integration event",
        "can't be read",
    ):
        assert part in text


@pytest.mark.requirement("DOM-2")
async def test_events_reach_every_handler_one_after_the_other() -> None:
    seen: list[str] = []

    async def first(event: Added) -> None:
        await asyncio.sleep(0)
        seen.append(f"first {event.total}")

    async def second(event: Added) -> None:
        seen.append(f"second {event.total}")

    await build_mediator(registry_of(first, second)).publish(Added(total=1))
    assert seen == ["first 1", "second 1"]


async def test_an_event_without_handlers_is_no_fault() -> None:
    await build_mediator(registry_of()).publish(Added(total=1))


async def test_a_failing_event_handler_stops_the_others() -> None:
    seen: list[str] = []

    async def first(event: Added) -> None:
        raise LookupError

    async def second(event: Added) -> None:
        seen.append("second")

    with pytest.raises(LookupError):
        await build_mediator(registry_of(first, second)).publish(Added(total=1))
    assert seen == []


@pytest.mark.requirement("DOM-3")
async def test_the_road_of_a_message_is_visible_and_walked_in_order() -> None:
    notes: list[str] = []
    factories = [Noted("trace", notes), Noted("commands", notes), Noted("log", notes)]
    mediator = build_mediator(registry_of(add, ask), behaviors=factories)
    roads = {road.handler.message: road.behaviors for road in mediator.roads}
    assert roads == {Add: ("trace", "commands", "log"), Ask: ("trace", "log")}
    await mediator.send(Add(one=1))
    assert notes == ["trace", "commands", "log"]


@pytest.mark.requirement("DOM-3")
async def test_a_pipeline_is_compiled_once() -> None:
    factory = Noted("trace", [])
    mediator = build_mediator(registry_of(add, ask), behaviors=[factory])
    for _ in range(3):
        await mediator.send(Add(one=1))
    assert factory.asked == {"add": 1, "ask": 1}


@pytest.mark.requirement("DOM-3")
@pytest.mark.parametrize(
    ("common", "expected"),
    [
        (("log", "transaction"), ("log", "retry", "limit", "transaction")),
        (("log", "idempotency", "transaction"), ("log", "retry", "limit", "idempotency", "transaction")),
        (("log", "transaction", "audit"), ("log", "retry", "limit", "transaction", "audit")),
        (("log",), ("log", "retry", "limit")),
        ((), ("retry", "limit")),
    ],
)
async def test_own_behaviours_stand_before_the_transaction_opens(
    common: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    notes: list[str] = []
    mediator = build_mediator(
        registry_of(add, ask),
        behaviors=[Noted(name, notes) for name in common],
        own_behaviors={Add: [own("retry", notes), own("limit", notes)]},
    )
    await mediator.send(Add(one=1))
    assert tuple(notes) == expected
    roads = {road.handler.message: road.behaviors for road in mediator.roads}
    assert roads == {Add: expected, Ask: common}


async def test_domain_events_pass_no_behaviours() -> None:
    async def on_added(event: Added) -> None: ...

    factory = Noted("trace", [])
    mediator = build_mediator(registry_of(on_added), behaviors=[factory])
    assert [road.behaviors for road in mediator.roads] == [()]
    assert factory.asked == {}


@pytest.mark.requirement("DOM-5")
async def test_a_message_opens_a_scope_and_what_it_causes_joins() -> None:
    seen: list[object] = []
    scopes = Scopes()

    async def outer(command: Add, calculator: Calculator) -> int:
        seen.append(calculator)
        await mediator.publish(Added(total=1))
        await mediator.send(Ask())
        return 1

    async def inner(query: Ask, calculator: Calculator) -> str:
        seen.append(calculator)
        return ""

    async def on_added(event: Added, calculator: Calculator) -> None:
        seen.append(calculator)

    mediator = build_mediator(registry_of(outer, inner, on_added), scopes=scopes)
    await mediator.send(Add(one=1))
    assert len(scopes.made) == 1
    assert len(seen) == 3
    assert len({id(one) for one in seen}) == 1
    assert current_scope() is None


@pytest.mark.requirement("DOM-5")
async def test_messages_of_child_tasks_do_not_share_the_scope() -> None:
    seen: list[Calculator] = []
    scopes = Scopes()

    async def outer(command: Add, calculator: Calculator) -> int:
        seen.append(calculator)
        await asyncio.gather(mediator.send(Ask()), mediator.send(Ask()))
        return 1

    async def inner(query: Ask, calculator: Calculator) -> str:
        seen.append(calculator)
        return ""

    mediator = build_mediator(registry_of(outer, inner), scopes=scopes)
    await mediator.send(Add(one=1))
    assert len(scopes.made) == len({id(one) for one in seen}) == 3


def test_a_mediator_without_roads() -> None:
    assert Mediator().roads == ()

import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import fields
from typing import cast
from uuid import UUID

import pytest

from fastapi_chassis.application import (
    AbstractRepository,
    AbstractUnitOfWork,
    AuthoriseBehavior,
    BehaviorFactory,
    Command,
    Handler,
    HandlerRegistry,
    IdempotencyBehavior,
    IdempotencyStore,
    InMemoryUnitOfWork,
    LogBehavior,
    Mediator,
    MemoryStore,
    MessageContext,
    Principal,
    Query,
    Resolver,
    Step,
    TraceBehavior,
    TransactionBehavior,
    ValidateBehavior,
    build_mediator,
    idempotency_for,
    in_memory,
    use_context,
)
from fastapi_chassis.domain import (
    BaseAggregate,
    ConflictException,
    ForbiddenException,
    Message,
    NotFoundException,
    UnauthenticatedException,
    ValidationException,
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
            IdempotencyStore: lambda: idempotency_for(self.unit_of_work.session),
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


@pytest.mark.requirement("DOM-5")
async def test_a_command_is_committed_before_its_answer_leaves() -> None:
    world = World(TransactionBehavior())
    mediator = world.mediator(add_item)
    assert await mediator.send(AddItem(title="a")) == "added a"
    assert await world.titles() == ["a"]


@pytest.mark.requirement("DOM-5")
async def test_an_exception_stores_nothing() -> None:
    async def fail(command: AddItem, items: Items) -> str:
        await items.add(Item(title=command.title))
        raise NotFoundException("later")

    world = World(TransactionBehavior())
    with pytest.raises(NotFoundException):
        await world.mediator(fail).send(AddItem(title="a"))
    assert await world.titles() == []


@pytest.mark.requirement("DOM-5")
async def test_a_command_within_a_command_shares_its_transaction() -> None:
    async def add_two(command: AddTwo, items: Items) -> str:
        await mediator.send(AddItem(title=f"{command.title}1"))
        assert f"{command.title}1" not in await world.titles()
        await mediator.send(AddItem(title=f"{command.title}2"))
        if command.title == "bad":
            raise LookupError
        return "two"

    world = World(TransactionBehavior())
    mediator = world.mediator(add_item, add_two)
    assert await mediator.send(AddTwo(title="a")) == "two"
    with pytest.raises(LookupError):
        await mediator.send(AddTwo(title="bad"))
    assert await world.titles() == ["a1", "a2"]


@pytest.mark.requirement("DOM-5")
async def test_a_query_gets_no_transaction() -> None:
    async def count(query: CountItems, items: Items, unit_of_work: AbstractUnitOfWork) -> int:
        assert not unit_of_work.is_active
        return await items.count()

    world = World(TransactionBehavior())
    mediator = world.mediator(count, add_item)
    await mediator.send(AddItem(title="a"))
    assert await mediator.send(CountItems()) == 1
    roads = {road.handler.message: road.behaviors for road in mediator.roads}
    assert roads == {CountItems: (), AddItem: ("transaction",)}


async def test_a_command_outside_of_any_scope_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="outside of a message scope"):
        await run(TransactionBehavior(), AddItem(title="a"))


@pytest.mark.requirement("DOM-3", "DOM-4")
@pytest.mark.parametrize(
    ("principal", "outcome"),
    [
        (None, UnauthenticatedException),
        (Principal("ada"), ForbiddenException),
        (Principal("ada", frozenset({"items:read"})), ForbiddenException),
        (Principal("ada", frozenset({"items:read", "items:list"})), None),
        (Principal("root", frozenset({"*"})), None),
    ],
)
async def test_a_policy_decides_who_passes(
    principal: Principal | None, outcome: type[Exception] | None
) -> None:
    with use_context(MessageContext(principal=principal)):
        if outcome is None:
            assert await run(AuthoriseBehavior(), Guarded()) == "done"
        else:
            with pytest.raises(outcome):
                await run(AuthoriseBehavior(), Guarded())


async def test_the_missing_permission_is_named() -> None:
    with (
        use_context(MessageContext(principal=Principal("ada", frozenset({"items:read"})))),
        pytest.raises(ForbiddenException) as told,
    ):
        await run(AuthoriseBehavior(), Guarded())
    assert told.value.details == {"permission": "items:list"}


async def test_a_public_message_passes_by_and_one_without_policy_is_for_the_almighty() -> None:
    assert await run(AuthoriseBehavior(), CountItems()) == "done"
    with pytest.raises(UnauthenticatedException):
        await run(AuthoriseBehavior(), Unguarded())
    with (
        use_context(MessageContext(principal=Principal("ada", frozenset({"items:read"})))),
        pytest.raises(ForbiddenException),
    ):
        await run(AuthoriseBehavior(), Unguarded())


@pytest.mark.requirement("DOM-3")
async def test_validation_comes_before_the_handler() -> None:
    made: list[type[Message]] = []

    def validator_for(message: type[Message]) -> Callable[[Message], None]:
        made.append(message)

        def check(message: Message) -> None:
            if getattr(message, "title", "") == "bad":
                raise ValidationException("bad title")

        return check

    world = World(ValidateBehavior(validator_for), TransactionBehavior())
    mediator = world.mediator(add_item)
    await mediator.send(AddItem(title="good"))
    with pytest.raises(ValidationException):
        await mediator.send(AddItem(title="bad"))
    assert made == [AddItem]
    assert await world.titles() == ["good"]


class Spans:
    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.ended = 0

    @contextmanager
    def span(self, name: str, attributes: dict[str, str]) -> Iterator[None]:
        self.seen.append((name, attributes))
        try:
            yield
        finally:
            self.ended += 1


@pytest.mark.requirement("DOM-3")
async def test_one_span_covers_the_handling() -> None:
    spans = Spans()

    async def handle(message: Message) -> object:
        assert (len(spans.seen), spans.ended) == (1, 0)
        raise LookupError

    with pytest.raises(LookupError):
        await run(TraceBehavior(spans), CountItems(), handle)
    assert spans.seen == [
        ("handle CountItems", {"chassis.message": "count_items", "chassis.handler": "test.done"})
    ]
    assert spans.ended == 1


def test_without_a_tracer_nothing_takes_part() -> None:
    assert TraceBehavior(None).behavior_for(Handler(add_item, AddItem, {}, "x")) is None


@pytest.mark.requirement("DOM-3")
@pytest.mark.parametrize(
    ("fault", "outcome"), [(None, "done"), (ConflictException("x"), "CONFLICT"), (LookupError("x"), "failed")]
)
async def test_one_line_is_logged_without_the_content(
    caplog: pytest.LogCaptureFixture, fault: Exception | None, outcome: str
) -> None:
    async def handle(message: Message) -> object:
        if fault:
            raise fault
        return "done"

    with caplog.at_level(logging.INFO, "fastapi_chassis.mediator"):
        if fault:
            with pytest.raises(type(fault)):
                await run(LogBehavior(), AddItem(title="canary"), handle)
        else:
            await run(LogBehavior(), AddItem(title="canary"), handle)
    (record,) = caplog.records
    assert record.getMessage() == f"add_item {outcome}"
    assert vars(record)["ms"] >= 0
    assert "canary" not in str(vars(record))


async def test_nothing_is_measured_that_nobody_reads(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "fastapi_chassis.mediator"):
        assert await run(LogBehavior(), AddItem(title="a")) == "done"
    assert caplog.records == []


class TestIdempotency:
    @pytest.fixture
    def world(self) -> World:
        return World(IdempotencyBehavior(Codec()), TransactionBehavior())

    @pytest.mark.requirement("DOM-7")
    async def test_a_repeated_command_gets_the_first_answer(self, world: World) -> None:
        mediator = world.mediator(add_item)
        with use_context(MessageContext(idempotency_key="k")):
            answers = [await mediator.send(AddItem(title="a")) for _ in range(3)]
        assert answers == ["added a"] * 3
        assert await world.titles() == ["a"]

    @pytest.mark.requirement("DOM-7")
    async def test_without_a_key_every_command_is_handled(self, world: World) -> None:
        mediator = world.mediator(add_item)
        for _ in range(2):
            await mediator.send(AddItem(title="a"))
        assert await world.titles() == ["a", "a"]

    @pytest.mark.requirement("DOM-7")
    async def test_another_content_with_the_key_is_refused(self, world: World) -> None:
        mediator = world.mediator(add_item)
        with use_context(MessageContext(idempotency_key="k")):
            await mediator.send(AddItem(title="a"))
            with pytest.raises(ValidationException) as told:
                await mediator.send(AddItem(title="b"))
        assert told.value.error_code == "IDEMPOTENCY_KEY_REUSED"
        assert await world.titles() == ["a"]

    @pytest.mark.requirement("DOM-7")
    async def test_a_key_is_kept_per_caller_and_command(self, world: World) -> None:
        async def add_two(command: AddTwo, items: Items) -> str:
            await items.add(Item(title=f"{command.title} too"))
            return "two"

        mediator = world.mediator(add_item, add_two)
        for subject in ("ada", "bob"):
            with use_context(MessageContext(idempotency_key="k", principal=Principal(subject))):
                await mediator.send(AddItem(title=subject))
                await mediator.send(AddTwo(title=subject))
        assert await world.titles() == ["ada", "ada too", "bob", "bob too"]

    @pytest.mark.requirement("DOM-7")
    async def test_a_failed_command_may_be_repeated(self, world: World) -> None:
        async def fail_first(command: AddItem, items: Items) -> str:
            await items.add(Item(title=command.title))
            world.calls.append(command.title)
            if len(world.calls) == 1:
                raise ConflictException("once")
            return "at last"

        mediator = world.mediator(fail_first)
        with use_context(MessageContext(idempotency_key="k")):
            with pytest.raises(ConflictException):
                await mediator.send(AddItem(title="a"))
            assert await mediator.send(AddItem(title="a")) == "at last"
            assert await mediator.send(AddItem(title="a")) == "at last"
        assert await world.titles() == ["a"]
        assert world.calls == ["a", "a"]

    @pytest.mark.requirement("DOM-7")
    async def test_the_key_names_the_outer_command_only(self, world: World) -> None:
        async def add_two(command: AddTwo) -> str:
            for title in "ab":
                await mediator.send(AddItem(title=title))
            return "two"

        mediator = world.mediator(add_item, add_two)
        with use_context(MessageContext(idempotency_key="k")):
            assert [await mediator.send(AddTwo(title="")) for _ in range(2)] == ["two", "two"]
        assert await world.titles() == ["a", "b"]

    async def test_a_query_needs_no_key(self, world: World) -> None:
        async def count(query: CountItems) -> int:
            world.calls.append("count")
            return len(world.calls)

        mediator = world.mediator(count)
        with use_context(MessageContext(idempotency_key="k")):
            assert [await mediator.send(CountItems()) for _ in range(2)] == [1, 2]

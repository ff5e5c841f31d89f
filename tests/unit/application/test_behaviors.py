import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from fastapi_chassis.application import (
    AuthoriseBehavior,
    Command,
    Handler,
    IdempotencyBehavior,
    LogBehavior,
    MessageContext,
    Principal,
    TraceBehavior,
    TransactionBehavior,
    ValidateBehavior,
    use_context,
)
from fastapi_chassis.domain import (
    ConflictException,
    ForbiddenException,
    Message,
    UnauthenticatedException,
    ValidationException,
)
from tests.unit.application.world import (
    AddItem,
    AddTwo,
    Codec,
    CountItems,
    Guarded,
    Item,
    Items,
    Unguarded,
    World,
    add_item,
    run,
)


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

    @pytest.mark.requirement("DOM-7")
    async def test_a_command_whose_answer_is_a_secret_is_not_remembered(self, world: World) -> None:
        class Enter(Command[str], public=True, remembered=False):
            title: str

        async def enter(command: Enter, items: Items) -> str:
            await items.add(Item(title=command.title))
            return await mediator.send(AddItem(title=f"{command.title} within"))

        mediator = world.mediator(add_item, enter)
        for _ in range(2):
            with use_context(MessageContext(idempotency_key="k")):
                await mediator.send(Enter(title="a"))
        assert await world.titles() == ["a", "a", "a within", "a within"]

import asyncio
import logging
from collections.abc import Callable

import pytest

from fastapi_chassis.application import (
    SYSTEM,
    Command,
    HandlerRegistry,
    Mediator,
    MessageContext,
    TransactionBehavior,
    build_mediator,
    current_context,
    use_context,
)
from fastapi_chassis.domain import (
    NotFoundException,
    TransientConflictException,
    UnavailableException,
    ValidationException,
    WiringError,
    new_id,
)
from fastapi_chassis.messaging import (
    Ack,
    CommandConsumer,
    CommandWriter,
    DeadLetter,
    Delivery,
    Envelope,
    InMemoryTransport,
    Outcome,
    Retry,
)
from tests.unit.messaging.shop import Effect, Effects, Shop, handlers, quick


class Pack(Command[str], public=True):
    title: str


class Send(Command[None], public=True):
    pass


async def pack(command: Pack, effects: Effects) -> str:
    await effects.add(Effect(id=new_id(), title=command.title))
    return command.title


class Warehouse(Shop):
    """A shop whose module `stock` takes commands."""

    def commands(self, *functions: Callable[..., object], **settings: object) -> CommandConsumer:
        registry = HandlerRegistry()
        for function in functions:
            registry.add(function)
        mediator = build_mediator(registry, scopes=self.scopes, behaviors=(TransactionBehavior(),))
        return CommandConsumer(
            "shop",
            "stock",
            handlers(*functions),
            mediator=mediator,
            scopes=self.scopes,
            config=quick(**settings),
        )


def written(command: Command[object] | None = None, order: str = "", **changes: object) -> Envelope:
    envelope = CommandWriter("shop", {Pack: "stock", Send: "mails"}).write(
        command or Pack(title="Dune"), order
    )
    fields = {name: getattr(envelope, name) for name in Envelope.__slots__}
    return Envelope(**(fields | changes))  # type: ignore[arg-type]  # its own fields


def failing(fault: BaseException) -> Callable[..., object]:
    async def fail(command: Pack, effects: Effects) -> str:
        await effects.add(Effect(id=new_id(), title=command.title))
        raise fault

    return fail


def test_a_command_goes_to_the_module_that_handles_it() -> None:
    one, other = written(), written(Send(), "order")
    assert (one.destination, one.type, one.key) == ("commands.shop.stock", "pack", str(one.id))
    assert (other.destination, other.key, other.source) == ("commands.shop.mails", "order", "shop")
    assert one.payload == b'{"title":"Dune"}'


def test_a_command_belongs_to_the_conversation_at_hand() -> None:
    with use_context(MessageContext(correlation_id="c", tenant="t", headers={"traceparent": "00"})):
        assert written().headers == {"correlationid": "c", "tenant": "t", "traceparent": "00"}


def test_a_command_that_nobody_handles_is_refused() -> None:
    with pytest.raises(WiringError, match="nobody handles Pack"):
        CommandWriter("shop", {}).write(Pack(title="Dune"))


def test_what_does_not_fit_is_refused_when_it_is_sent() -> None:
    with pytest.raises(TypeError, match="pack can't be sent"):
        written(Pack(title=7))  # type: ignore[arg-type]  # the fault
    with pytest.raises(ValidationException, match="a message may have"):
        written(Pack(title="x" * 1024 * 1024))


async def test_a_command_may_be_as_large_as_messages_are_here_and_no_larger() -> None:
    large, largest = Pack(title="x" * 2_000_000), 3_000_000
    envelope = CommandWriter("shop", {Pack: "stock"}, largest).write(large)
    warehouse = Warehouse()
    assert (
        await warehouse.commands(pack, claim_check={"largest": largest}).receive(Delivery(envelope)) == Ack()
    )
    refused = await warehouse.commands(pack).receive(Delivery(envelope))
    assert isinstance(refused, DeadLetter)
    assert "a message may have 1048576" in refused.reason


@pytest.mark.requirement("MSG-8")
async def test_a_command_is_handled_once_however_often_it_comes() -> None:
    shop, envelope = Warehouse(), written()
    consumer = shop.commands(pack)
    outcomes = await asyncio.gather(*(consumer.receive(Delivery(envelope, attempt)) for attempt in (1, 2, 3)))
    assert outcomes == [Ack()] * 3
    assert await shop.effects() == ["Dune"]


async def test_without_an_inbox_it_is_handled_whenever_it_comes() -> None:
    shop, envelope = Warehouse(), written()
    consumer = shop.commands(pack, enable_inbox=False)
    assert [await consumer.receive(Delivery(envelope)) for _ in range(2)] == [Ack()] * 2
    assert await shop.effects() == ["Dune"] * 2


async def test_it_is_handled_as_the_system_in_the_conversation_of_its_sender() -> None:
    seen = []

    async def look(command: Send) -> None:
        seen.append(current_context())

    with use_context(MessageContext(correlation_id="c", tenant="t")):
        envelope = written(Send())
    assert await Warehouse().commands(look).receive(Delivery(envelope)) == Ack()
    assert [(one.principal, one.correlation_id, one.tenant) for one in seen] == [(SYSTEM, "c", "t")]


@pytest.mark.parametrize(
    ("fault", "attempt", "outcome"),
    [
        (LookupError(), 1, Retry),
        (LookupError(), 5, DeadLetter),
        (NotFoundException("gone"), 1, DeadLetter),
        (UnavailableException("away"), 500, Retry),
        (TransientConflictException("met"), 500, Retry),
        (asyncio.CancelledError(), 1, Retry),
    ],
)
async def test_a_handler_that_fails_settles_the_command_and_leaves_nothing(
    fault: BaseException, attempt: int, outcome: type[Outcome]
) -> None:
    shop = Warehouse()
    said = await shop.commands(failing(fault)).receive(Delivery(written(), attempt))
    assert isinstance(said, outcome)
    assert await shop.effects() == []


async def test_a_handler_that_takes_too_long_is_cut_off() -> None:
    async def sleep(command: Send) -> None:
        await asyncio.Event().wait()

    consumer = Warehouse().commands(sleep, handler_timeout=0.01)
    assert isinstance(await consumer.receive(Delivery(written(Send()))), Retry)


async def test_a_consumer_that_is_stopped_settles_nothing() -> None:
    begun = asyncio.Event()

    async def sleep(command: Send) -> None:
        begun.set()
        await asyncio.Event().wait()

    receiving = asyncio.create_task(Warehouse().commands(sleep).receive(Delivery(written(Send()))))
    await begun.wait()
    receiving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await receiving


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": "unpack"}, "handles no command unpack"),
        ({"payload": b'{"title":7,"more":1}'}, "title: Input should be a valid string; more: Unexpected"),
        ({"payload": b"\xff"}, "payload: Invalid JSON"),
    ],
)
async def test_what_can_not_be_read_is_set_aside_with_the_reason(
    changes: dict[str, object], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        said = await Warehouse().commands(pack).receive(Delivery(written(**changes)))
    assert isinstance(said, DeadLetter)
    assert reason in said.reason
    assert reason in caplog.text


def test_two_commands_of_one_name_are_a_finding() -> None:
    class Other(Command[None], public=True, name="pack"):
        pass

    async def other(command: Other) -> None: ...

    with pytest.raises(WiringError, match="are both called pack"):
        CommandConsumer(
            "shop", "stock", handlers(pack, other), mediator=Mediator(), scopes=Warehouse().scopes
        )


async def test_commands_arrive_by_the_transport() -> None:
    shop, transport = Warehouse(), InMemoryTransport()
    subscribed = await shop.commands(pack).subscribe(transport)
    await transport.publish([written()])
    await subscribed.stop()
    assert await shop.effects() == ["Dune"]

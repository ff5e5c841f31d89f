import asyncio
import threading
from collections.abc import Callable

import pytest

from fastapi_chassis.application import SYSTEM, MessageContext, current_context
from fastapi_chassis.domain import (
    ConflictException,
    DomainEvent,
    IntegrationEvent,
    NotFoundException,
    UnavailableException,
    ValidationException,
    WiringError,
    new_id,
)
from fastapi_chassis.messaging import (
    Ack,
    Consumer,
    DeadLetter,
    Delivery,
    EventRegistry,
    InMemoryTransport,
    OutboxPublisher,
    Retry,
)
from fastapi_chassis.testing.contracts.outbox import claimed
from tests.unit.messaging.shop import (
    Effect,
    Effects,
    Item,
    ItemCreated,
    Items,
    Shop,
    created,
    handlers,
    quick,
    writer,
)


async def announce(event: ItemCreated, effects: Effects) -> None:
    await effects.add(Effect(id=new_id(), title=event.title))


async def count(event: ItemCreated, effects: Effects) -> None:
    await effects.add(Effect(id=new_id(), title=f"counted {event.title}"))


def failing(*faults: BaseException) -> Callable[..., object]:
    """A handler that writes, then fails in this way, one fault per call; then it succeeds."""
    left = list(faults)

    async def fail(event: ItemCreated, effects: Effects) -> None:
        await effects.add(Effect(id=new_id(), title=event.title))
        if left:
            raise left.pop(0)

    return fail


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.mark.requirement("MISTAKE-8", "MSG-10")
async def test_async_handler_is_awaited_within_its_transaction(shop: Shop) -> None:
    assert await shop.consumer(announce).receive(Delivery(created("Dune"))) == Ack()
    assert await shop.effects() == ["Dune"]


@pytest.mark.requirement("MISTAKE-8", "MSG-10")
async def test_sync_handler_runs_in_a_thread_of_its_own(shop: Shop) -> None:
    threads = []

    def handle(event: ItemCreated) -> None:
        threads.append((event.title, threading.current_thread() is threading.main_thread()))

    assert await shop.consumer(handle).receive(Delivery(created("Dune"))) == Ack()
    assert threads == [("Dune", False)]


async def test_class_handler_is_made_with_what_it_needs(shop: Shop) -> None:
    class Announcer:
        def __init__(self, effects: Effects) -> None:
            self.effects = effects

        async def __call__(self, event: ItemCreated) -> None:
            await self.effects.add(Effect(id=new_id(), title=event.title))

    assert await shop.consumer(Announcer).receive(Delivery(created("Dune"))) == Ack()
    assert await shop.effects() == ["Dune"]


@pytest.mark.requirement("MSG-5")
async def test_a_message_that_comes_again_has_no_second_effect(shop: Shop) -> None:
    consumer, message = shop.consumer(announce), created()
    assert await consumer.receive(Delivery(message)) == Ack()
    assert await consumer.receive(Delivery(message, 2)) == Ack()
    assert await shop.effects() == ["Dune"]


@pytest.mark.requirement("MSG-5", "MISTAKE-5")
async def test_concurrent_duplicates_run_once(shop: Shop) -> None:
    runs = 0

    async def slow(event: ItemCreated, effects: Effects) -> None:
        nonlocal runs
        runs += 1
        await asyncio.sleep(0.02)
        await effects.add(Effect(id=new_id(), title=event.title))

    first, second, message = shop.consumer(slow), shop.consumer(slow), created()
    outcomes = await asyncio.gather(
        *(one.receive(Delivery(message)) for one in (first, second, first, second))
    )
    assert outcomes == [Ack()] * 4
    assert (runs, await shop.effects()) == (1, ["Dune"])


async def test_without_an_inbox_a_message_that_comes_again_has_its_effect_again(shop: Shop) -> None:
    consumer, message = shop.consumer(announce, config=quick(enable_inbox=False)), created()
    await consumer.receive(Delivery(message))
    await consumer.receive(Delivery(message, 2))
    assert await shop.effects() == ["Dune", "Dune"]


@pytest.mark.requirement("MSG-6")
async def test_the_failure_of_one_handler_repeats_no_effect_of_another(shop: Shop) -> None:
    consumer, message = shop.consumer(announce, failing(RuntimeError("once")), count), created("Dune")
    assert isinstance(await consumer.receive(Delivery(message)), Retry)
    assert sorted(await shop.effects()) == ["Dune", "counted Dune"]
    assert await consumer.receive(Delivery(message, 2)) == Ack()
    assert sorted(await shop.effects()) == ["Dune", "Dune", "counted Dune"]


async def test_a_retry_of_one_handler_goes_before_the_dead_letter_of_another(shop: Shop) -> None:
    async def hopeless(event: ItemCreated) -> None:
        raise ValidationException("never")

    consumer, message = shop.consumer(hopeless, failing(RuntimeError("once"))), created()
    assert isinstance(await consumer.receive(Delivery(message)), Retry)
    assert isinstance(await consumer.receive(Delivery(message, 2)), DeadLetter)
    assert await shop.effects() == ["Dune"]


@pytest.mark.requirement("MSG-6")
async def test_a_failed_attempt_leaves_nothing_and_is_taken_again(shop: Shop) -> None:
    consumer, message = shop.consumer(failing(RuntimeError("first"))), created()
    outcome = await consumer.receive(Delivery(message))
    assert isinstance(outcome, Retry)
    assert outcome.reason == "RuntimeError: first"
    assert await shop.effects() == []
    assert await consumer.receive(Delivery(message, 2)) == Ack()
    assert await shop.effects() == ["Dune"]


@pytest.mark.requirement("MSG-6", "MISTAKE-5")
async def test_the_last_attempt_ends_in_a_dead_letter(shop: Shop) -> None:
    faults = [RuntimeError(f"no {number}") for number in range(1, 6)]
    consumer, message = shop.consumer(failing(*faults)), created()
    outcomes = [await consumer.receive(Delivery(message, attempt)) for attempt in range(1, 6)]
    assert [type(outcome) for outcome in outcomes] == [Retry] * 4 + [DeadLetter]
    assert outcomes[-1] == DeadLetter(
        "shop.notifications.fail: 5 attempts failed, the last with RuntimeError: no 5"
    )


@pytest.mark.requirement("MSG-6")
@pytest.mark.parametrize("fault", [ValidationException("bad"), NotFoundException("gone")])
async def test_what_can_not_get_better_is_set_aside_at_once(shop: Shop, fault: Exception) -> None:
    outcome = await shop.consumer(failing(fault)).receive(Delivery(created()))
    assert outcome == DeadLetter(f"shop.notifications.fail: {type(fault).__name__}: {fault}")


async def test_the_reasons_of_all_dead_handlers_are_told(shop: Shop) -> None:
    async def hopeless(event: ItemCreated) -> None:
        raise ValidationException("bad")

    outcome = await shop.consumer(failing(NotFoundException("gone")), hopeless).receive(Delivery(created()))
    assert isinstance(outcome, DeadLetter)
    assert outcome.reason.splitlines() == [
        "shop.notifications.fail: NotFoundException: gone",
        "shop.notifications.hopeless: ValidationException: bad",
    ]


async def test_a_store_that_is_away_is_a_retry_and_not_a_failed_handler(shop: Shop) -> None:
    class Away(Shop):
        def unit_of_work(self):
            work = super().unit_of_work()

            async def begin() -> None:
                raise UnavailableException("the database is away")

            work._begin = begin
            return work

    outcome = await Away().consumer(announce).receive(Delivery(created(), 100))
    assert isinstance(outcome, Retry)


@pytest.mark.requirement("MSG-6")
async def test_a_handler_that_takes_too_long_is_ended_and_taken_again(shop: Shop) -> None:
    async def stuck(event: ItemCreated, effects: Effects) -> None:
        await effects.add(Effect(id=new_id(), title=event.title))
        await asyncio.Event().wait()

    consumer = shop.consumer(stuck, config=quick(handler_timeout=0.02))
    outcome = await consumer.receive(Delivery(created()))
    assert isinstance(outcome, Retry)
    assert outcome.reason.startswith("TimeoutError")
    assert await shop.effects() == []


@pytest.mark.requirement("MSG-6")
async def test_a_handler_whose_own_work_was_cancelled_settles_the_message(shop: Shop) -> None:
    async def impatient(event: ItemCreated) -> None:
        work = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        work.cancel()
        await work

    outcome = await shop.consumer(impatient).receive(Delivery(created()))
    assert isinstance(outcome, Retry)
    assert outcome.reason == "CancelledError"


async def test_a_consumer_that_is_cancelled_says_nothing_of_the_message(shop: Shop) -> None:
    begun = asyncio.Event()

    async def stuck(event: ItemCreated, effects: Effects) -> None:
        await effects.add(Effect(id=new_id(), title=event.title))
        begun.set()
        await asyncio.Event().wait()

    receiving = asyncio.create_task(shop.consumer(stuck).receive(Delivery(created())))
    await begun.wait()
    receiving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await receiving
    assert await shop.effects() == []


@pytest.mark.requirement("MSG-6")
@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (created(payload=b"{"), "the payload is not item_created"),
        (created(type="item_lost"), "item_lost version 1 is not known"),
        (created(version=2), "item_created version 2 is not known; known are: 1"),
    ],
)
async def test_an_unreadable_message_is_a_dead_letter(shop: Shop, message: object, reason: str) -> None:
    outcome = await shop.consumer(announce).receive(Delivery(message))
    assert isinstance(outcome, DeadLetter)
    assert reason in outcome.reason


async def test_a_version_that_is_known_and_has_no_handler_here_is_a_dead_letter(shop: Shop) -> None:
    class NewerItemCreated(IntegrationEvent, name="item_created", version=2):
        isbn: str

    registry = EventRegistry([ItemCreated, NewerItemCreated])
    consumer = Consumer("shop.notifications", handlers(announce), scopes=shop.scopes, registry=registry)
    outcome = await consumer.receive(Delivery(created(version=2, payload=b'{"isbn": "9"}')))
    assert outcome == DeadLetter("shop.notifications has no handler for version 2 of item_created")


@pytest.mark.requirement("MSG-2")
async def test_the_senders_conversation_goes_on_and_the_system_acts(shop: Shop) -> None:
    seen: list[MessageContext] = []

    async def look(event: ItemCreated) -> None:
        seen.append(current_context())

    headers = {"correlationid": "c-1", "tenant": "acme", "traceparent": "00-a-b-01", "specversion": "1.0"}
    await shop.consumer(look).receive(Delivery(created(headers=headers)))
    await shop.consumer(look).receive(Delivery(first := created(headers={})))
    assert seen[0] == MessageContext(
        correlation_id="c-1", principal=SYSTEM, tenant="acme", headers={"traceparent": "00-a-b-01"}
    )
    assert seen[1] == MessageContext(correlation_id=str(first.id), principal=SYSTEM)
    assert current_context() == MessageContext()


async def test_what_a_handler_records_leaves_with_its_transaction() -> None:
    shop = Shop(OutboxPublisher(writer()))

    async def relist(event: ItemCreated, items: Items) -> None:
        await items.add(Item.create(f"{event.title} II"))

    await shop.consumer(relist).receive(Delivery(created(headers={"correlationid": "c-1"})))
    claim = await claimed(shop.outbox)
    (entry,) = claim.entries
    assert entry.envelope.headers["correlationid"] == "c-1"


async def test_a_handler_of_two_versions_is_two_handlers(shop: Shop) -> None:
    class NewerItemCreated(IntegrationEvent, name="item_created", version=2):
        isbn: str

    seen = []

    async def old(event: ItemCreated) -> None:
        seen.append(event.title)

    async def new(event: NewerItemCreated) -> None:
        seen.append(event.isbn)

    consumer = shop.consumer(old, new)
    await consumer.receive(Delivery(created(version=2, payload=b'{"isbn": "9"}')))
    await consumer.receive(Delivery(created("Dune")))
    assert seen == ["9", "Dune"]
    assert consumer.subscription.destinations == {"integration-events.item_created"}


@pytest.mark.requirement("MSG-11")
def test_a_consumer_subscribes_to_where_a_publisher_sends(shop: Shop) -> None:
    consumer = shop.consumer(announce, config=quick(concurrency=3, destination_prefix="events"))
    assert consumer.subscription.group == "shop.notifications"
    assert consumer.subscription.destinations == {"events.item_created"}
    assert consumer.subscription.concurrency == 3
    assert consumer.names == ("shop.notifications.announce",)


def test_what_is_wired_wrongly_is_found_at_once(shop: Shop) -> None:
    class Counted(DomainEvent):
        amount: int

    async def inside(event: Counted) -> None: ...

    def other() -> Callable[..., object]:
        async def announce(event: ItemCreated) -> None: ...

        return announce

    with pytest.raises(WiringError) as told:
        shop.consumer(announce, other(), inside)
    texts = [str(finding) for finding in told.value.findings]
    assert len(texts) == 2
    assert "would both be the consumer shop.notifications.announce" in texts[0]
    assert "which is no integration event" in texts[1]


async def test_running_takes_deliveries_for_the_length_of_a_block(shop: Shop) -> None:
    transport = InMemoryTransport()
    async with shop.consumer(announce).running(transport):
        await transport.publish([created("a")])
    sending = asyncio.create_task(transport.publish([created("b")]))
    await asyncio.sleep(0.02)
    assert await shop.effects() == ["a"]
    sending.cancel()


@pytest.mark.requirement("MSG-6", "MISTAKE-5")
async def test_on_the_road_a_poison_message_is_written_to_the_dead_letters_and_holds_up_nobody(
    shop: Shop,
) -> None:
    async def picky(event: ItemCreated, effects: Effects) -> None:
        if event.title == "poison":
            raise RuntimeError("can't take this")
        await effects.add(Effect(id=new_id(), title=event.title))

    transport = InMemoryTransport()
    async with shop.consumer(picky, config=quick(max_attempts=3)).running(transport):
        titles = ["a", "poison", "b", "c"]
        await transport.publish([created(title, key=title) for title in titles])
    assert sorted(await shop.effects()) == ["a", "b", "c"]
    (dead,) = transport.dead_letters
    assert (dead.attempts, dead.group) == (3, "shop.notifications")
    assert "RuntimeError: can't take this" in dead.reason


async def test_a_conflict_is_taken_again(shop: Shop) -> None:
    outcome = await shop.consumer(failing(ConflictException("moved on"))).receive(Delivery(created()))
    assert isinstance(outcome, Retry)
    assert outcome.reason == "ConflictException: moved on"

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

import pytest

from fastapi_chassis.application import InMemoryUnitOfWork, current_context
from fastapi_chassis.domain import UnavailableException, ValidationException, new_id
from fastapi_chassis.messaging import (
    Ack,
    Consumer,
    DeadLetter,
    Delivery,
    Envelope,
    InMemoryTransport,
    OutboxPublisher,
    Outcome,
    Retry,
)
from tests.unit.messaging.shop import Effect, Effects, Item, ItemCreated, Items, Shop, created, quick, writer


class CountingUnitOfWork(InMemoryUnitOfWork):
    """Tells its shop when it reaches the store, as a whole does and a part does not."""

    shop: "CountingShop"
    is_shareable = True

    @property
    def can_be_shared(self) -> bool:
        return self.is_shareable

    async def _commit(self) -> None:
        if self._whole is None:
            self.shop.commits += 1
            if self.shop.faults:
                raise self.shop.faults.pop(0)
        await super()._commit()


class CountingShop(Shop):
    commits = 0
    is_shareable = True

    def __init__(self, sink: OutboxPublisher | None = None) -> None:
        super().__init__(sink)
        self.faults: list[Exception] = []

    def unit_of_work(self) -> InMemoryUnitOfWork:
        work = CountingUnitOfWork(self.store, sink=self.sink)
        work.shop, work.is_shareable = self, self.is_shareable
        return work


@pytest.fixture
def shop() -> CountingShop:
    return CountingShop()


def sharing(shop: Shop, *functions: object, batch: int = 10, **settings: object) -> Consumer:
    return shop.consumer(*functions, config=quick(consumer={"batch": batch}, **settings))


async def announce(event: ItemCreated, effects: Effects) -> None:
    await effects.add(Effect(id=new_id(), title=event.title))


async def picky(event: ItemCreated, effects: Effects) -> None:
    await effects.add(Effect(id=new_id(), title=event.title))
    if event.title == "hopeless":
        raise ValidationException("never")
    if event.title == "poison":
        raise RuntimeError("not now")


async def received(consumer: Consumer, messages: Iterable[Envelope], attempt: int = 1) -> list[Outcome]:
    return await asyncio.gather(*(consumer.receive(Delivery(one, attempt)) for one in messages))


@pytest.mark.requirement("MSG-6")
async def test_messages_that_come_together_share_a_commit(shop: CountingShop) -> None:
    titles = [f"{number}" for number in range(10)]
    assert await received(sharing(shop, announce), map(created, titles)) == [Ack()] * 10
    assert await shop.effects() == titles
    assert shop.commits == 1


async def test_no_more_share_a_commit_than_the_configuration_says(shop: CountingShop) -> None:
    assert await received(sharing(shop, announce, batch=4), [created() for _ in range(10)]) == [Ack()] * 10
    assert shop.commits == 3
    assert sharing(shop, announce, batch=4).subscription.concurrency == 12


async def test_by_default_each_has_a_transaction_of_its_own(shop: CountingShop) -> None:
    consumer = shop.consumer(announce)
    assert await received(consumer, [created() for _ in range(5)]) == [Ack()] * 5
    assert shop.commits == 5
    assert consumer.subscription.concurrency == 10


async def test_a_lone_message_waits_for_nobody(shop: CountingShop) -> None:
    assert await sharing(shop, announce).receive(Delivery(created("Dune"))) == Ack()
    assert await shop.effects() == ["Dune"]


@pytest.mark.requirement("MSG-5", "MSG-6")
async def test_one_that_fails_spoils_nothing_for_the_others(shop: CountingShop) -> None:
    messages = [created(title) for title in ("a", "b", "poison", "c", "hopeless", "d")]
    outcomes = await received(sharing(shop, picky), messages)
    assert [type(one) for one in outcomes] == [Ack, Ack, Retry, Ack, DeadLetter, Ack]
    assert outcomes[4] == DeadLetter("shop.notifications.picky: ValidationException: never")
    assert sorted(await shop.effects()) == ["a", "b", "c", "d"]


async def test_where_many_fail_each_gets_its_own_verdict(shop: CountingShop) -> None:
    titles = ["poison", "a", "poison", "b", "poison", "hopeless", "poison", "c", "poison"]
    outcomes = await received(sharing(shop, picky), map(created, titles))
    wanted = {"poison": Retry, "hopeless": DeadLetter}
    assert [type(one) for one in outcomes] == [wanted.get(title, Ack) for title in titles]
    assert sorted(await shop.effects()) == ["a", "b", "c"]


async def test_a_message_that_comes_again_keeps_away_from_the_others(shop: CountingShop) -> None:
    assert await received(sharing(shop, announce), [created() for _ in range(3)], attempt=2) == [Ack()] * 3
    assert shop.commits == 3


@pytest.mark.requirement("MSG-5")
async def test_a_duplicate_among_others_has_no_second_effect(shop: CountingShop) -> None:
    consumer, again = sharing(shop, announce), created("again")
    assert await consumer.receive(Delivery(again)) == Ack()
    messages = [created("a"), again, created("b"), again]
    assert await received(consumer, messages) == [Ack()] * 4
    assert await shop.effects() == ["again", "a", "b"]


@pytest.mark.requirement("MSG-5")
async def test_the_same_message_twice_in_one_transaction_has_one_effect(shop: CountingShop) -> None:
    message = created("Dune")
    assert await received(sharing(shop, announce), [message, message, created("b")]) == [Ack()] * 3
    assert sorted(await shop.effects()) == ["Dune", "b"]


async def test_each_is_handled_in_its_own_conversation_and_scope(shop: CountingShop) -> None:
    seen = []

    async def look(event: ItemCreated, effects: Effects) -> None:
        seen.append((current_context().tenant, effects))

    tenants = ["acme", "other", "third"]
    await received(sharing(shop, look), [created(headers={"tenant": tenant}) for tenant in tenants])
    assert [tenant for tenant, _ in seen] == tenants
    assert len({id(effects) for _, effects in seen}) == 3
    assert shop.commits == 1


async def test_what_they_record_leaves_with_the_common_commit() -> None:
    shop = CountingShop(OutboxPublisher(writer()))

    async def relist(event: ItemCreated, items: Items) -> None:
        await items.add(Item.create(f"{event.title} II"))
        if event.title == "poison":
            raise RuntimeError("not now")

    messages = [created(title, headers={"correlationid": title}) for title in ("a", "poison", "b")]
    await received(sharing(shop, relist), messages)
    assert (await shop.outbox.backlog()).count == 2


async def test_a_commit_that_fails_is_tried_for_each_alone(shop: CountingShop) -> None:
    shop.faults = [UnavailableException("the database is away")]
    assert await received(sharing(shop, announce), map(created, "abc")) == [Ack()] * 3
    assert sorted(await shop.effects()) == ["a", "b", "c"]
    assert shop.commits == 4


async def test_a_commit_whose_answer_was_lost_has_no_second_effect(shop: CountingShop) -> None:
    class Ambiguous(CountingUnitOfWork):
        async def _commit(self) -> None:
            await super()._commit()
            if self._whole is None and not lost:
                lost.append(True)
                raise UnavailableException("no answer")

    lost: list[bool] = []

    class Away(CountingShop):
        def unit_of_work(self) -> InMemoryUnitOfWork:
            work = Ambiguous(self.store)
            work.shop = self
            return work

    away = Away()
    assert await received(sharing(away, announce), map(created, "abc")) == [Ack()] * 3
    assert lost
    assert sorted(await away.effects()) == ["a", "b", "c"]


async def test_where_the_store_cannot_share_each_is_handled_alone(shop: CountingShop) -> None:
    shop.is_shareable = False
    consumer = sharing(shop, announce)
    assert await received(consumer, map(created, "abc")) == [Ack()] * 3
    assert await received(consumer, map(created, "def")) == [Ack()] * 3
    assert shop.commits == 6


async def test_without_an_inbox_messages_share_as_well(shop: CountingShop) -> None:
    message = created("Dune")
    consumer = sharing(shop, announce, enable_inbox=False)
    assert await received(consumer, [message, message]) == [Ack()] * 2
    assert await shop.effects() == ["Dune", "Dune"]
    assert shop.commits == 1


@pytest.mark.requirement("MISTAKE-8", "MSG-10")
async def test_sync_handlers_share_as_well(shop: CountingShop) -> None:
    seen = []

    def look(event: ItemCreated) -> None:
        seen.append(event.title)

    assert await received(sharing(shop, look), map(created, "abc")) == [Ack()] * 3
    assert seen == ["a", "b", "c"]


async def test_a_message_that_is_given_up_takes_nobody_along(shop: CountingShop) -> None:
    begun = asyncio.Event()

    async def stuck(event: ItemCreated, effects: Effects) -> None:
        await effects.add(Effect(id=new_id(), title=event.title))
        if event.title == "stuck":
            begun.set()
            await asyncio.Event().wait()

    consumer = sharing(shop, stuck)
    receiving = [
        asyncio.create_task(consumer.receive(Delivery(created(title))))
        for title in ("a", "stuck", "b", "late")
    ]
    await begun.wait()
    receiving[1].cancel()
    receiving[3].cancel()
    outcomes = await asyncio.gather(*receiving, return_exceptions=True)
    assert [type(one) for one in outcomes] == [Ack, asyncio.CancelledError, Ack, asyncio.CancelledError]
    assert sorted(await shop.effects()) == ["a", "b"]


async def test_a_handler_that_hangs_holds_up_the_others_for_a_moment_only(
    shop: CountingShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastapi_chassis.messaging.group_commit._LONGEST", 0.05)

    async def hangs(event: ItemCreated, effects: Effects) -> None:
        await effects.add(Effect(id=new_id(), title=event.title))
        if event.title == "stuck":
            await asyncio.sleep(0.3)

    outcomes = await received(sharing(shop, hangs), map(created, ("a", "stuck", "b")))
    assert outcomes == [Ack()] * 3
    assert sorted(await shop.effects()) == ["a", "b", "stuck"]


async def test_slow_handlers_run_beside_each_other(shop: CountingShop) -> None:
    running = most = 0

    async def slow(event: ItemCreated) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.2)
        running -= 1

    consumer = sharing(shop, slow, concurrency=4)
    assert await consumer.receive(Delivery(created())) == Ack()
    assert await received(consumer, [created() for _ in range(8)]) == [Ack()] * 8
    assert most == 4


@pytest.mark.requirement("MSG-6")
async def test_on_the_road_order_holds_within_a_key(shop: CountingShop) -> None:
    seen: dict[UUID, list[str]] = {}

    async def note(event: ItemCreated) -> None:
        seen.setdefault(event.item_id, []).append(event.title)

    transport = InMemoryTransport(redelivery_delay=timedelta(0))
    keys = [new_id() for _ in range(5)]
    async with sharing(shop, note).running(transport):
        messages = [
            created(f"{number}", key=str(key), payload=_payload(key, number))
            for number in range(20)
            for key in keys
        ]
        await transport.publish(messages)
    assert list(seen.values()) == [[f"{number}" for number in range(20)]] * 5
    assert shop.commits < 100


def _payload(key: UUID, number: int) -> bytes:
    return b'{"item_id": "%s", "title": "%d"}' % (str(key).encode(), number)

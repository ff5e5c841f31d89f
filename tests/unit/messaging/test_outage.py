import asyncio
import logging
from collections.abc import Collection, Mapping
from datetime import timedelta

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import (
    Claim,
    Holding,
    InMemoryLeases,
    InMemoryOutbox,
    RelayStateEnum,
    RetryConfig,
)
from fastapi_chassis.messaging.outage import Outage
from fastapi_chassis.testing import eventually
from tests.unit.messaging.relays import Broker, relay
from tests.unit.messaging.shop import Shop, created

RETRY = RetryConfig(base=5, cap=20)


def outage() -> Outage:
    return Outage("the broker", RETRY)


def test_it_is_told_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    one = outage()
    one.healed()
    for _ in range(3):
        one.failed(UnavailableException("refused"))
        assert one.present
    one.healed()
    assert not one.present
    assert one.left == 0
    assert [record.message for record in caplog.records] == [
        "the broker is away and is tried again: refused",
        "the broker is back after 3 failed attempts",
    ]


def test_what_is_unexpected_is_told_with_its_trace_once(caplog: pytest.LogCaptureFixture) -> None:
    one = outage()
    one.failed(UnavailableException("refused"))
    one.failed(ZeroDivisionError())
    one.failed(ZeroDivisionError())
    assert one.unexpected
    assert [bool(record.exc_info) for record in caplog.records] == [False, True]
    one.failed(UnavailableException("refused"))
    assert not one.unexpected


def test_attempts_are_spaced_and_a_wish_is_kept_up_to_the_cap() -> None:
    one = outage()
    assert one.left == 0
    one.failed(UnavailableException("refused", retry_after=10))
    assert 9 < one.left <= 10
    one.failed(UnavailableException("refused", retry_after=10_000))
    assert 19 < one.left <= 20
    one.failed(RuntimeError())
    assert one.left <= 20


async def test_a_broker_that_is_away_is_told_once_and_heals(
    shop: Shop, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sent = [created(), created()]
    await shop.write(*sent)
    broker.faults = [UnavailableException("connection refused") for _ in range(5)]
    async with relay(shop.outbox, broker).running() as running:
        await eventually(lambda: running.state is RelayStateEnum.WAITING)
        await shop.emptied()
        await eventually(lambda: running.state is RelayStateEnum.RUNNING)
    assert broker.published == sent
    told = [record.message for record in caplog.records if "broker" in record.message]
    assert told == [
        "the broker is away and is tried again: connection refused",
        "the broker is back after 5 failed attempts",
    ]


async def test_attempts_are_not_counted_while_the_broker_is_away(shop: Shop, broker: Broker) -> None:
    await shop.write(created())
    broker.faults = [UnavailableException("away")] * 3
    seen = []
    outbox = shop.outbox

    class Watching(InMemoryOutbox):
        async def claim(
            self, tokens: Mapping[int, int], *, limit: int, without: Collection[str] = (), after: int = 0
        ) -> Claim:
            claim = await outbox.claim(tokens, limit=limit, without=without, after=after)
            seen.extend(entry.attempts for entry in claim.entries)
            return claim

    async with relay(Watching(outbox._session), broker).running():
        await shop.emptied()
    assert set(seen) == {0}


async def test_an_unexpected_error_kills_nothing_and_is_seen(
    shop: Shop, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    await shop.write(created())
    broker.faults = [ZeroDivisionError()] * 100_000
    async with relay(shop.outbox, broker).running() as running:
        await eventually(lambda: running.state is RelayStateEnum.FAILING)
        broker.faults.clear()
        await shop.emptied()
        await eventually(lambda: running.state is RelayStateEnum.RUNNING)
    assert [record.message for record in caplog.records if record.exc_info] == [
        "the broker failed unexpectedly; it is tried again"
    ]


class FlakyLeases(InMemoryLeases):
    faults: dict[str, list[Exception]]

    async def release(self, owner: str, partitions: Collection[int] | None = None) -> None:
        if self.faults.get("release"):
            raise self.faults["release"].pop(0)
        await super().release(owner, partitions)

    async def hold(self, owner: str, lease: timedelta) -> Holding:
        if self.faults.get("hold"):
            raise self.faults["hold"].pop(0)
        return await super().hold(owner, lease)


class FlakyOutbox(InMemoryOutbox):
    """Fails on calls by name."""

    faults: dict[str, list[Exception]]

    async def claim(
        self, tokens: Mapping[int, int], *, limit: int, without: Collection[str] = (), after: int = 0
    ) -> Claim:
        self._maybe_fail("claim")
        return await super().claim(tokens, limit=limit, without=without, after=after)

    async def settle(
        self, claim: Claim, *, published: Collection[int], failed: Mapping[int, tuple[timedelta, str]]
    ) -> frozenset[int]:
        self._maybe_fail("settle")
        return await super().settle(claim, published=published, failed=failed)

    def _maybe_fail(self, call: str) -> None:
        if self.faults.get(call):
            raise self.faults[call].pop(0)


def flaky(shop: Shop, **faults: list[Exception]) -> FlakyOutbox:
    outbox = FlakyOutbox(shop.outbox._session)
    outbox.leases = FlakyLeases(shop.outbox._session)
    outbox.faults = outbox.leases.faults = faults
    return outbox


@pytest.mark.parametrize("call", ["claim", "hold"])
async def test_a_store_that_is_away_is_tried_again(shop: Shop, broker: Broker, call: str) -> None:
    await shop.write(created())
    away: list[Exception] = [UnavailableException("away"), RuntimeError("odd")] * 10_000
    async with relay(flaky(shop, **{call: away}), broker, batches=1).running() as running:
        await eventually(lambda: running.state in {RelayStateEnum.WAITING, RelayStateEnum.FAILING})
        away.clear()
        await shop.emptied()
    assert len(broker.published) == 1


async def test_what_is_published_is_settled_however_often_that_takes(shop: Shop, broker: Broker) -> None:
    await shop.write(created())
    away = [UnavailableException("away"), RuntimeError("odd"), UnavailableException("away")]
    async with relay(flaky(shop, settle=away), broker).running():
        await shop.emptied()
    assert len(broker.published) == 1, "published again, because settling was forgotten"


async def test_a_lease_that_is_not_given_back_keeps_nobody_from_stopping(shop: Shop, broker: Broker) -> None:
    async with relay(flaky(shop, release=[UnavailableException("away")]), broker).running():
        await asyncio.sleep(0.01)

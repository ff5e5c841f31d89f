import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import (
    DATAREF,
    STRUCTURED,
    ClaimCheckConfig,
    ClaimCheckTransport,
    Envelope,
    InMemoryClaimCheckStore,
    InMemoryTransport,
    PublishFailed,
    Subscription,
    opened,
)
from fastapi_chassis.messaging.claim_check import check_of
from tests.unit.messaging.shop import created

CONFIG = ClaimCheckConfig(threshold=1_000, timeout=0.2)
LARGE = b'"%s"' % (b"x" * 2_000)


class Broker(InMemoryTransport):
    """Remembers what it got, and refuses keys."""

    def __init__(self, *refused: str) -> None:
        super().__init__()
        self.got: list[Envelope] = []
        self.refused = refused

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        self.got += [one for one in envelopes if one.key not in self.refused]
        reasons = {at: "refused" for at, one in enumerate(envelopes) if one.key in self.refused}
        if reasons:
            raise PublishFailed(reasons)


class Faulty(InMemoryClaimCheckStore):
    """Keeps nothing that holds a word."""

    def __init__(self, fault: BaseException, word: bytes = b"") -> None:
        super().__init__()
        self.fault, self.word = fault, word

    async def put(self, payload: bytes, keep: timedelta) -> str:
        if self.word in payload:
            raise self.fault
        return await super().put(payload, keep)


AWAY = UnavailableException("the store is away")


def large(key: str, word: bytes = b"") -> Envelope:
    return created(key=key, payload=LARGE + word)


@pytest.mark.requirement("MSG-15")
async def test_a_large_payload_is_in_the_store_and_its_reference_in_the_broker() -> None:
    broker, store = Broker(), InMemoryClaimCheckStore()
    small, big = created(), large("two")
    await ClaimCheckTransport(broker, store, CONFIG).publish([small, big])
    first, second = broker.got
    assert first == small
    assert (second.payload, second.id, second.key) == (b"", big.id, "two")
    assert await store.get(check_of(second.headers).name) == LARGE


async def test_small_ones_go_as_they_are() -> None:
    broker, store = Broker(), Faulty(AWAY)
    message = created(payload=b"x" * 1_000)
    await ClaimCheckTransport(broker, store, CONFIG).publish([message])
    assert broker.got == [message]


@pytest.mark.requirement("MSG-15")
async def test_nothing_is_sent_before_its_payload_is_kept() -> None:
    broker, kept = Broker(), asyncio.Event()

    class Slow(InMemoryClaimCheckStore):
        async def put(self, payload: bytes, keep: timedelta) -> str:
            await kept.wait()
            return await super().put(payload, keep)

    transport = ClaimCheckTransport(broker, Slow(), ClaimCheckConfig(threshold=1_000))
    publishing = asyncio.create_task(transport.publish([large("one")]))
    await asyncio.sleep(0.02)
    assert broker.got == []
    kept.set()
    await publishing
    assert len(broker.got) == 1


@pytest.mark.requirement("MSG-15")
@pytest.mark.parametrize("fault", [AWAY, TimeoutError(), RuntimeError("odd")])
async def test_without_the_store_its_key_waits_and_the_others_go_on(fault: Exception) -> None:
    broker = Broker("refused")
    batch = [
        *(large("before"), created(key="a"), large("b", b"odd"), created(key="a")),
        *(created(key="b"), created(key="refused"), large("b")),
    ]
    with pytest.raises(PublishFailed) as failed:
        await ClaimCheckTransport(broker, Faulty(fault, b"odd"), CONFIG).publish(batch)
    assert [one.key for one in broker.got] == ["before", "a", "a"]
    assert sorted(failed.value.reasons) == [2, 4, 5, 6]
    assert failed.value.unsent == {2, 4, 6}
    assert type(fault).__name__ in failed.value.reasons[2]
    assert failed.value.reasons[5] == "refused"


async def test_a_payload_that_the_store_does_not_take_holds_up_no_other_key() -> None:
    broker, store = Broker(), Faulty(RuntimeError("odd"), b"odd")
    with pytest.raises(PublishFailed):
        await ClaimCheckTransport(broker, store, CONFIG).publish([large("a", b"odd"), large("b")])
    assert [one.key for one in broker.got] == ["b"]


async def test_a_store_that_does_not_answer_is_waited_for_so_long() -> None:
    class Silent(InMemoryClaimCheckStore):
        async def put(self, payload: bytes, keep: timedelta) -> str:
            await asyncio.sleep(3_600)
            return ""

    broker = Broker()
    async with asyncio.timeout(30):
        with pytest.raises(PublishFailed):
            await ClaimCheckTransport(broker, Silent(), CONFIG).publish([large("one")])
    assert broker.got == []


async def test_of_a_store_that_is_away_the_rest_of_a_batch_is_not_waited_for() -> None:
    asked = list[int]()

    class Away(InMemoryClaimCheckStore):
        async def put(self, payload: bytes, keep: timedelta) -> str:
            asked.append(len(payload))
            await asyncio.sleep(0.01)
            raise AWAY

    batch = [large(str(number)) for number in range(100)]
    with pytest.raises(PublishFailed) as failed:
        await ClaimCheckTransport(Broker(), Away(), CONFIG).publish(batch)
    assert len(failed.value.unsent) == 100
    assert len(asked) < 10


async def test_a_broker_that_is_away_is_told_as_such() -> None:
    class Away(InMemoryTransport):
        async def publish(self, envelopes: Sequence[Envelope]) -> None:
            raise UnavailableException("the broker is away")

    with pytest.raises(UnavailableException):
        await ClaimCheckTransport(Away(), InMemoryClaimCheckStore(), CONFIG).publish([large("one")])


async def test_a_reference_goes_as_a_whole_event_where_all_do() -> None:
    broker = Broker()
    await ClaimCheckTransport(broker, InMemoryClaimCheckStore(), CONFIG, structured=True).publish(
        [large("one")]
    )
    (sent,) = broker.got
    assert (sent.content_type, len(sent.payload) < 1_000) == (STRUCTURED, True)
    assert DATAREF in opened(sent).headers


async def test_payloads_are_kept_as_long_as_configured() -> None:
    spans = list[timedelta]()

    class Noting(InMemoryClaimCheckStore):
        async def put(self, payload: bytes, keep: timedelta) -> str:
            spans.append(keep)
            return await super().put(payload, keep)

    config = ClaimCheckConfig(threshold=1_000, keep=3_600)
    await ClaimCheckTransport(Broker(), Noting(), config).publish([large("one")])
    assert spans == [timedelta(hours=1)]


async def test_subscribers_get_what_came() -> None:
    transport = InMemoryTransport()
    subscription = Subscription("group", frozenset({"topic"}))

    async def receive(delivery: object) -> None:
        raise NotImplementedError

    checking = ClaimCheckTransport(transport, InMemoryClaimCheckStore(), CONFIG)
    subscribed = await checking.subscribe(subscription, receive)  # type: ignore[arg-type]  # is not called
    await subscribed.stop()

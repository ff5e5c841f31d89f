"""The service records the caller's actions, in the transaction of the change."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from fastapi_chassis.application import (
    InMemoryUnitOfWork,
    MemoryStore,
    MessageContext,
    Principal,
    TransactionRequiredError,
    use_context,
)
from fastapi_chassis.audit import AuditEvent, AuditOutcomeEnum, AuditQuery, AuditService
from fastapi_chassis.domain import BaseAggregate, FrozenClock

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class BookOrder(BaseAggregate):
    title: str = ""


@pytest.fixture
def work() -> InMemoryUnitOfWork:
    return InMemoryUnitOfWork(MemoryStore())


async def recorded(work: InMemoryUnitOfWork, service: AuditService) -> list[AuditEvent]:
    async with work:
        return [record.event for record in await service.find(AuditQuery())]


async def test_a_record_says_who_what_where_when_and_why(work: InMemoryUnitOfWork) -> None:
    order = BookOrder(title="Dune")
    service = AuditService(work, FrozenClock(NOON), place="shop")
    context = MessageContext(correlation_id="c-1", principal=Principal("ann"), tenant="acme")
    async with work:
        with use_context(context):
            await service.record(
                "order.cancel",
                order,
                outcome=AuditOutcomeEnum.DENIED,
                reason="too late",
                details={"title": "Dune"},
            )
        await work.commit()
    (event,) = await recorded(work, service)
    assert event == AuditEvent(
        id=event.id,
        actor="ann",
        action="order.cancel",
        at=NOON,
        place="shop",
        entity="book_order",
        entity_id=str(order.id),
        outcome=AuditOutcomeEnum.DENIED,
        reason="too late",
        correlation_id="c-1",
        tenant="acme",
        details={"title": "Dune"},
    )


async def test_a_caller_who_is_not_known_is_anonymous(work: InMemoryUnitOfWork) -> None:
    service = AuditService(work, FrozenClock(NOON))
    async with work:
        await service.record("sign-up")
        await work.commit()
    (event,) = await recorded(work, service)
    assert (event.actor, event.entity, event.outcome) == ("anonymous", "", AuditOutcomeEnum.SUCCEEDED)


async def test_what_is_rolled_back_is_not_recorded(work: InMemoryUnitOfWork) -> None:
    service = AuditService(work, FrozenClock(NOON))
    async with work:
        await service.record("sign-up")
    assert await recorded(work, service) == []


async def test_outside_of_a_transaction_nothing_can_be_recorded(work: InMemoryUnitOfWork) -> None:
    with pytest.raises(TransactionRequiredError, match="sign-up was to be recorded"):
        await AuditService(work, FrozenClock(NOON)).record("sign-up")


async def test_details_hold_no_secrets(work: InMemoryUnitOfWork) -> None:
    service = AuditService(work, FrozenClock(NOON))
    async with work:
        await service.record("user.update", details={"after": {"password": "hunter2", "at": NOON}})
        await work.commit()
    (event,) = await recorded(work, service)
    assert event.details == {"after": {"password": "***", "at": str(NOON)}}


async def test_what_is_scrubbed_can_be_said(work: InMemoryUnitOfWork) -> None:
    def only_names(details: Mapping[str, object]) -> Mapping[str, object]:
        return dict.fromkeys(details, "")

    service = AuditService(work, FrozenClock(NOON), scrub=only_names)
    async with work:
        await service.record("user.update", details={"email": "ann@example.com"})
        await work.commit()
    assert [event.details for event in await recorded(work, service)] == [{"email": ""}]

"""The messages of a service that works with a session of its own."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine

from fastapi_chassis.application import idempotency_for
from fastapi_chassis.domain import WiringError, new_id
from fastapi_chassis.messaging import Envelope, inbox_for, outbox_for
from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyInbox, SqlAlchemyOutbox
from fastapi_chassis.testing.contracts.outbox import claimed
from tests.integration.plugins.sqlalchemy.accounts import accounts_at


def envelope() -> Envelope:
    return Envelope(
        id=new_id(),
        type="account_opened",
        source="bank",
        time=datetime.now(UTC),
        destination="integration-events.account_opened",
        key="1",
        payload=b"{}",
        headers={"traceparent": "00-1", "tenant": "a"},
    )


@pytest.fixture(params=[AsyncConnection, AsyncSession])
async def own(request, url):
    """A session on an engine that the library did not make, beside the library's store."""
    async with accounts_at(url) as store:
        engine = create_async_engine(store.database.config.target)
        async with engine.connect() if request.param is AsyncConnection else AsyncSession(engine) as session:
            yield store, session
        await engine.dispose()


@pytest.mark.requirement("MSG-2", "MSG-10")
async def test_messages_leave_with_the_transaction_of_a_session(own):
    store, session = own
    outbox = outbox_for(session)
    assert isinstance(outbox, SqlAlchemyOutbox)
    await outbox.add([envelope()])
    await session.rollback()
    assert (await store.outbox().backlog()).count == 0
    sent = [envelope(), envelope()]
    await outbox.add(sent)
    await session.commit()
    assert (await store.outbox().backlog()).count == 2


@pytest.mark.requirement("MSG-5")
async def test_a_message_is_accepted_with_the_transaction_of_a_session(own):
    _, session = own
    inbox = inbox_for(session)
    assert isinstance(inbox, SqlAlchemyInbox)
    message_id = new_id()
    assert await inbox.accept("mine", message_id)
    await session.rollback()
    assert await inbox.accept("mine", message_id)
    await session.commit()
    assert not await inbox.accept("mine", message_id)
    await session.rollback()


async def test_answers_need_a_unit_of_work(own):
    with pytest.raises(WiringError):
        idempotency_for(own[1])


@pytest.mark.requirement("MSG-2")
async def test_the_columns_have_the_names_that_a_change_data_capture_expects(url):
    message = envelope()
    async with accounts_at(url) as store:
        async with store.unit_of_work() as work:
            await outbox_for(work.session).add([message])
            await work.commit()
        async with store.database.engine.connect() as connection:
            names = "seq, aggregatetype, aggregateid, type, payload"
            row = (await connection.execute(text(f"SELECT {names} FROM chassis_outbox"))).one()
        assert tuple(row)[1:] == ("", "1", "account_opened", b"{}")
        assert row.seq >= 1


async def test_a_sequence_is_never_given_twice(url):
    async with accounts_at(url) as store:
        last = 0
        for _ in range(3):
            async with store.unit_of_work() as work:
                await outbox_for(work.session).add([envelope()])
                await work.commit()
            claim = await claimed(store.outbox(), "me", limit=10)
            (entry,) = claim.entries
            assert entry.sequence > last
            last = entry.sequence
            assert not await store.outbox().settle(claim, published=[last], failed={})


@pytest.mark.requirement("DOM-5")
async def test_the_engine_of_the_plugin_has_transactions(url):
    async with accounts_at(url) as store:
        engine = store.database.engine
        row = "'00000000000000000000000000000001', 1, 'a', 0"
        async with engine.connect() as connection:
            await connection.execute(text(f"INSERT INTO account VALUES ({row})"))
            await connection.rollback()
        async with AsyncSession(engine) as session:
            assert (await session.execute(text("SELECT count(*) FROM account"))).scalar() == 0
            await session.execute(text(f"INSERT INTO account VALUES ({row})"))
            await session.commit()
        async with engine.begin() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM account"))).scalar() == 1

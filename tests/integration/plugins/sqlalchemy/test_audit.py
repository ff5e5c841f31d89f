"""Audit records in SQL: as rows that others can read, and with a session of SQLAlchemy's own."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from fastapi_chassis.audit import AuditQuery, audit_store_for, verify_chain
from fastapi_chassis.plugins.sqlalchemy.base import AUDIT
from fastapi_chassis.testing.contracts.audit_store import event
from tests.integration.plugins.sqlalchemy.accounts import accounts_at

pytestmark = pytest.mark.requirement("SEC-7", "REP-6")


async def test_a_record_is_a_row_that_others_can_read(url):
    told = replace(event("price.change"), details={"before": 9.5, "names": ["a", "\u00e9"]})
    async with accounts_at(url) as store:
        async with store.unit_of_work() as work:
            await audit_store_for(work.session).append([told])
            await work.commit()
        async with store.database.engine.connect() as connection:
            row = (await connection.execute(select(AUDIT))).one()
    assert (row.sequence, row.previous, row.action, row.outcome) == (
        1,
        "",
        "price.change",
        told.outcome.value,
    )
    assert json.loads(row.details) == told.details


async def test_a_session_of_sqlalchemy_records_with_its_own_transaction(url):
    async with accounts_at(url) as store:
        async with AsyncSession(store.database.engine) as session:
            await audit_store_for(session).append([event("rolled back")])
            await session.rollback()
        async with AsyncSession(store.database.engine) as session, session.begin():
            await audit_store_for(session).append([event("kept"), event("kept too")])
        async with store.unit_of_work() as work:
            await audit_store_for(work.session).append([event("ours")])
            await work.commit()
        async with store.unit_of_work() as work:
            audit = audit_store_for(work.session)
            found = await audit.find(AuditQuery())
            report = await verify_chain(audit)
    assert [(one.sequence, one.event.action) for one in found] == [(1, "kept"), (2, "kept too"), (3, "ours")]
    assert report.is_intact


async def test_the_newest_are_found_first_and_no_more_than_wanted(url):
    async with accounts_at(url) as store:
        for number in range(5):
            async with store.unit_of_work() as work:
                await audit_store_for(work.session).append([event(str(number))])
                await work.commit()
        async with store.unit_of_work() as work:
            found = await audit_store_for(work.session).find(AuditQuery(newest_first=True, after=1, limit=2))
    assert [one.event.action for one in found] == ["4", "3"]

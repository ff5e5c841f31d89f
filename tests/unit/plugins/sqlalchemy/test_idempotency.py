import pytest

from fastapi_chassis.application import StoredAnswer, TransactionRequiredError, idempotency_for
from fastapi_chassis.domain import ConflictException
from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyIdempotencyStore
from fastapi_chassis.plugins.sqlalchemy.testing import sqlite_store


@pytest.mark.requirement("DOM-7")
async def test_a_second_request_is_told_at_once_and_not_after_the_first_ones_lock(tmp_path):
    async with sqlite_store(tmp_path) as store:
        async with store.unit_of_work() as first:
            answers = idempotency_for(first.session)
            assert isinstance(answers, SqlAlchemyIdempotencyStore)
            assert await answers.reserve("key", "print") is None
            async with store.unit_of_work() as second:
                with pytest.raises(ConflictException):
                    await idempotency_for(second.session).reserve("key", "print")
            await answers.keep("key", StoredAnswer("print", b"answer"))
            await first.commit()
        assert store.database.claims == {}


async def test_outside_of_a_transaction_nothing_is_reserved(tmp_path):
    async with sqlite_store(tmp_path) as store:
        answers = idempotency_for(store.unit_of_work().session)
        with pytest.raises(TransactionRequiredError):
            await answers.reserve("key", "print")
        assert store.database.claims == {}

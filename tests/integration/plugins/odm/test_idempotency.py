"""Answers lie in the document of the work, and are forgotten with the notes."""

from datetime import timedelta

import pytest

from fastapi_chassis.application import StoredAnswer, idempotency_for
from fastapi_chassis.domain import ConflictException
from fastapi_chassis.plugins.odm import ODMStore
from tests.integration.plugins.odm.orders import Order, OrderRepository

pytestmark = [pytest.mark.backends("ferretdb"), pytest.mark.requirement("REP-7")]

ANSWER = StoredAnswer("print", b"\x00answer")


async def answer(store: ODMStore, key: str, number: int) -> None:
    async with store.unit_of_work() as work:
        answers = idempotency_for(work.session)
        assert await answers.reserve(key, "print") is None
        await store.repository(OrderRepository)(work).add(Order(number=number))
        await answers.keep(key, ANSWER)
        await work.commit()


async def test_the_answer_is_in_the_document_of_the_work(store: ODMStore) -> None:
    await answer(store, "key", 1)
    (document,) = await store.documents.mongo["order"].find().to_list()
    assert [note["key"] for note in document["_notes"]] == ["answer/key"]
    async with store.unit_of_work() as work:
        assert await idempotency_for(work.session).reserve("key", "print") == ANSWER


async def test_a_key_in_use_is_told_within_the_process(store: ODMStore) -> None:
    async with store.unit_of_work() as first, store.unit_of_work() as second:
        assert await idempotency_for(first.session).reserve("key", "print") is None
        with pytest.raises(ConflictException) as told:
            await idempotency_for(second.session).reserve("key", "print")
    assert told.value.error_code == "IDEMPOTENCY_KEY_IN_USE"


async def test_answers_are_forgotten_when_the_inbox_is_purged(store: ODMStore) -> None:
    await answer(store, "key", 1)
    assert await store.inbox().purge(timedelta(0), limit=10) == 1
    async with store.unit_of_work() as work:
        assert await idempotency_for(work.session).reserve("key", "print") is None

"""What every store of answers promises: one answer per key, stored with the work that made it."""

# ruff: noqa: D102 - a test says what it checks by its name

import asyncio

import pytest

from fastapi_chassis.application import IdempotencyStore, StoredAnswer, idempotency_for
from fastapi_chassis.domain import ConflictException
from fastapi_chassis.testing.contracts.harness import RepositoryHarness, read
from fastapi_chassis.testing.contracts.samples import Sample, SampleRepository

ANSWER = StoredAnswer("f" * 64, b'{"made": "once", "bytes": "\x00\xff"}')
PATIENCE = 30.0  # seconds; a test that waits for longer hangs


async def answer_to(store: RepositoryHarness, key: str) -> StoredAnswer | None:
    """Returns what was answered, from a transaction that is rolled back."""
    async with store.unit_of_work() as work:
        return await idempotency_for(work.session).reserve(key, ANSWER.fingerprint)


async def keep_answer(store: RepositoryHarness, key: str, answer: StoredAnswer = ANSWER) -> None:
    """Handles a request with a key for the first time."""
    async with store.unit_of_work() as work:
        answers: IdempotencyStore = idempotency_for(work.session)
        assert await answers.reserve(key, answer.fingerprint) is None
        await answers.keep(key, answer)
        await work.commit()


class IdempotencyContract:
    """The memory of what repeated requests were answered."""

    async def test_the_first_request_finds_no_answer(self, store: RepositoryHarness) -> None:
        assert await answer_to(store, "key") is None

    async def test_a_repeated_request_finds_the_answer(self, store: RepositoryHarness) -> None:
        await keep_answer(store, "key")
        for _ in range(2):
            assert await answer_to(store, "key") == ANSWER
        assert await answer_to(store, "other") is None

    async def test_another_content_finds_the_first_fingerprint(self, store: RepositoryHarness) -> None:
        await keep_answer(store, "key")
        async with store.unit_of_work() as work:
            found = await idempotency_for(work.session).reserve("key", "another")
        assert found == ANSWER

    @pytest.mark.parametrize("key", ["a b", "Key", "key ", "\u00e9:\u0436:\U0001f511", "k" * 1_000, "';--"])
    async def test_keys_are_taken_literally(self, store: RepositoryHarness, key: str) -> None:
        await keep_answer(store, "key")
        await keep_answer(store, key, StoredAnswer("other", b""))
        assert await answer_to(store, key) == StoredAnswer("other", b"")
        assert await answer_to(store, "key") == ANSWER

    async def test_a_large_answer_is_kept(self, store: RepositoryHarness) -> None:
        large = StoredAnswer("large", bytes(range(256)) * 4_096)
        await keep_answer(store, "key", large)
        assert await answer_to(store, "key") == large

    async def test_answer_and_work_are_one_commit(self, store: RepositoryHarness) -> None:
        async with store.unit_of_work() as work:
            answers = idempotency_for(work.session)
            await answers.reserve("key", ANSWER.fingerprint)
            await store.repository(SampleRepository, work).add(Sample(code="a"))
            await answers.keep("key", ANSWER)
        assert await answer_to(store, "key") is None
        async with read(store) as samples:
            assert await samples.count() == 0

    async def test_a_failed_request_gives_its_key_back(self, store: RepositoryHarness) -> None:
        async def fail() -> None:
            async with store.unit_of_work() as work:
                await idempotency_for(work.session).reserve("key", ANSWER.fingerprint)
                raise LookupError

        with pytest.raises(LookupError):
            await fail()
        await keep_answer(store, "key")
        assert await answer_to(store, "key") == ANSWER

    async def test_an_unanswered_commit_gives_its_key_back(self, store: RepositoryHarness) -> None:
        async with store.unit_of_work() as work:
            await idempotency_for(work.session).reserve("key", ANSWER.fingerprint)
            await work.commit()
        await keep_answer(store, "key")

    async def test_a_cancelled_request_gives_its_key_back(self, store: RepositoryHarness) -> None:
        reserved = asyncio.Event()

        async def handle() -> None:
            async with store.unit_of_work() as work:
                await idempotency_for(work.session).reserve("key", ANSWER.fingerprint)
                reserved.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(handle())
        await reserved.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await keep_answer(store, "key")

    async def test_a_concurrent_request_with_the_key_conflicts(self, store: RepositoryHarness) -> None:
        async with asyncio.timeout(PATIENCE), store.unit_of_work() as first:
            answers = idempotency_for(first.session)
            await answers.reserve("key", ANSWER.fingerprint)
            async with store.unit_of_work() as second:
                with pytest.raises(ConflictException):
                    await idempotency_for(second.session).reserve("key", ANSWER.fingerprint)
            await answers.keep("key", ANSWER)
            await first.commit()
        assert await answer_to(store, "key") == ANSWER

    async def test_of_many_at_once_one_does_the_work(self, store: RepositoryHarness) -> None:
        async def handle() -> str:
            async with store.unit_of_work() as work:
                answers = idempotency_for(work.session)
                try:
                    if await answers.reserve("key", ANSWER.fingerprint) is not None:
                        return "repeated"
                except ConflictException:
                    return "conflict"
                samples = store.repository(SampleRepository, work)
                await samples.add(Sample(code=f"{await samples.count()}"))
                await asyncio.sleep(0.01)
                await answers.keep("key", ANSWER)
                await work.commit()
                return "done"

        async with asyncio.timeout(PATIENCE):
            outcomes = await asyncio.gather(*(handle() for _ in range(10)))
        assert outcomes.count("done") == 1
        async with read(store) as samples:
            assert await samples.count() == 1

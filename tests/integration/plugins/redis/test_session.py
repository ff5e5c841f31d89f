"""What a transaction does when others write the same rows before it commits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy

import pytest

from fastapi_chassis.application import AbstractRepository
from fastapi_chassis.domain import (
    AlreadyExistsException,
    BaseEntity,
    ConflictException,
    NotFoundException,
    UnavailableException,
)
from fastapi_chassis.plugins.redis import RedisClient, RedisStore
from fastapi_chassis.plugins.redis.session import RedisSession, TransactionTooLargeError
from fastapi_chassis.plugins.redis.testing import open_client
from fastapi_chassis.testing.backends import Backend
from fastapi_chassis.testing.contracts.samples import Sample, SampleRepository, Word, WordRepository

pytestmark = pytest.mark.backends("valkey")


class Seat(BaseEntity[str]):
    place: str | None = None


class SeatRepository(AbstractRepository[Seat, str]):
    """Seats have no version, and their place is unique."""

    unique = (("place",),)


class Stand:
    """Opens transactions on one store."""

    def __init__(self, client: RedisClient) -> None:
        store = RedisStore(client)
        self.client = client
        self.unit_of_work = store.unit_of_work
        self._filled = {
            one: store.repository(one) for one in (SampleRepository, WordRepository, SeatRepository)
        }

    @asynccontextmanager
    async def samples(self) -> AsyncIterator[SampleRepository]:
        async with self._written(SampleRepository) as samples:
            yield samples

    @asynccontextmanager
    async def words(self) -> AsyncIterator[WordRepository]:
        async with self._written(WordRepository) as words:
            yield words

    @asynccontextmanager
    async def seats(self) -> AsyncIterator[SeatRepository]:
        async with self._written(SeatRepository) as seats:
            yield seats

    @asynccontextmanager
    async def _written(self, repository: type) -> AsyncIterator:  # type: ignore[type-arg]  # a test's
        async with self.unit_of_work() as work:
            yield self._filled[repository](work)
            await work.commit()


@pytest.fixture
def stand(client: RedisClient) -> Stand:
    return Stand(client)


async def test_a_row_that_was_changed_meanwhile_conflicts_and_nothing_is_written(stand: Stand) -> None:
    sample = Sample(code="a")
    async with stand.samples() as samples:
        await samples.add(sample)

    async def change() -> None:
        async with stand.samples() as samples:
            mine = await samples.get(sample.id)
            mine.title = "mine"
            await samples.update(mine)
            await samples.add(Sample(code="b"))
            async with stand.samples() as others:
                await others.update(deepcopy(sample))

    with pytest.raises(ConflictException) as told:
        await change()
    assert told.value.details["current_version"] == 2
    async with stand.samples() as samples:
        assert [(one.code, one.title) for one in await samples.find()] == [("a", "")]


async def test_a_row_that_was_removed_meanwhile_is_not_found(stand: Stand) -> None:
    sample = Sample(code="a")
    async with stand.samples() as samples:
        await samples.add(sample)

    async def write_late(verb: str) -> None:
        async with stand.samples() as samples:
            await getattr(samples, verb)(deepcopy(sample))
            async with stand.samples() as others:
                await others.remove_where(code="a")

    for verb in ("update", "remove"):
        with pytest.raises(NotFoundException):
            await write_late(verb)
        async with stand.samples() as samples:
            await samples.upsert(sample)


@pytest.mark.parametrize("same", ["identity", "code"])
async def test_what_was_taken_meanwhile_exists_already(stand: Stand, same: str) -> None:
    theirs = Sample(code="a")
    mine = Sample(id=theirs.id, code="b") if same == "identity" else Sample(code="a")

    async def add_late() -> None:
        async with stand.samples() as samples:
            await samples.add_many([Sample(code="first"), mine])
            async with stand.samples() as others:
                await others.add(theirs)

    with pytest.raises(AlreadyExistsException, match=f"{'id' if same == 'identity' else 'code'}.* is taken"):
        await add_late()
    async with stand.samples() as samples:
        assert [one.code for one in await samples.find()] == ["a"]


async def test_without_a_version_the_last_writer_wins(stand: Stand) -> None:
    async with stand.words() as words:
        await words.add(Word(id="a", meaning="first"))
    async with stand.words() as words:
        await words.update(Word(id="a", meaning="mine"))
        async with stand.words() as others:
            await others.update(Word(id="a", meaning="theirs"))
    async with stand.words() as words:
        assert (await words.get("a")).meaning == "mine"


async def test_unique_values_follow_the_last_writer(stand: Stand) -> None:
    async with stand.seats() as seats:
        await seats.add(Seat(id="a", place="1"))
    async with stand.seats() as seats:
        await seats.update(Seat(id="a", place="2"))
        async with stand.seats() as others:
            await others.update(Seat(id="a", place="3"))
    async with stand.seats() as seats:
        await seats.add_many([Seat(id="b", place="1"), Seat(id="c", place="3"), Seat(id="d"), Seat(id="e")])
        with pytest.raises(AlreadyExistsException):
            await seats.add(Seat(id="f", place="2"))
        assert [one.id for one in await seats.find(place="2")] == ["a"]
        assert [one.id for one in await seats.find(place=None)] == ["d", "e"]


async def test_an_upsert_wins_over_a_change_and_a_removal(stand: Stand) -> None:
    sample = Sample(code="a")
    async with stand.samples() as samples:
        await samples.add(sample)
    async with stand.samples() as samples:
        await samples.upsert(Sample(id=sample.id, code="mine"))
        async with stand.samples() as others:
            sample.code = "theirs"
            await others.update(sample)
    async with stand.samples() as samples:
        found = await samples.get(sample.id)
        assert (found.code, found.version) == ("mine", 3)
        await samples.upsert(Sample(id=sample.id, code="again"))
        async with stand.samples() as others:
            await others.remove(found)
    async with stand.samples() as samples:
        assert [(one.code, one.version) for one in await samples.find()] == [("again", 1)]
        await samples.add_many([Sample(code="theirs"), Sample(code="mine")])


async def test_what_matches_no_more_is_not_removed(stand: Stand) -> None:
    batch = [Sample(code=code, amount=1) for code in "abc"]
    async with stand.samples() as samples:
        await samples.add_many(batch)
    async with stand.samples() as samples:
        assert await samples.remove_where(amount=1) == 3
        async with stand.samples() as others:
            batch[0].amount = 2
            batch[1].title = "changed, and still one"
            await others.update_many(batch[:2])
            await others.remove(batch[2])
    async with stand.samples() as samples:
        assert [one.code for one in await samples.find()] == ["a"]


async def test_who_can_not_hold_a_row_in_time_is_told(client: RedisClient) -> None:
    first, second = RedisSession(client, lock_timeout=60), RedisSession(client, lock_timeout=0.1)
    await first.hold("row")
    await first.hold("row")
    with pytest.raises(UnavailableException, match="still writing"):
        await second.hold("row")
    await first.end()
    await second.hold("row")
    await second.end()


async def test_what_is_held_is_given_back_by_its_holder_only(client: RedisClient) -> None:
    late, holder = RedisSession(client, lock_timeout=0.1), RedisSession(client, lock_timeout=60)
    await late.hold("row")
    await holder.hold("row")  # once the time of the late one is over
    await late.end()
    assert await client.exists("row")
    await holder.end()
    assert not await client.exists("row")


async def test_too_much_for_one_step_is_refused_with_a_sentence(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastapi_chassis.plugins.redis.session._MOST_WORDS", 100)

    async def add_fifty() -> None:
        async with stand.samples() as samples:
            await samples.add_many(Sample(code=f"{number}") for number in range(50))

    with pytest.raises(TransactionTooLargeError, match="changes 50 rows"):
        await add_fifty()
    async with stand.samples() as samples:
        assert await samples.count() == 0


@pytest.mark.requirement("REP-8")
async def test_killed_in_the_middle_the_server_keeps_what_it_acknowledged(server: Backend) -> None:
    acknowledged: list[str] = []
    async with open_client(server.url, command_timeout=1) as client:
        stand = Stand(client)

        async def write(worker: int) -> None:
            for number in range(10_000):
                sample = Sample(code=f"{worker}-{number}", title="written")
                try:
                    async with stand.samples() as samples:
                        await samples.add(sample)
                except UnavailableException:
                    return
                acknowledged.append(sample.code)

        workers = [asyncio.create_task(write(worker)) for worker in range(8)]
        while len(acknowledged) < 200:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(server.kill)
        await asyncio.gather(*workers)
        await asyncio.to_thread(server.start)
        async with stand.samples() as samples:
            stored = {one.code for one in await samples.find()}
            assert set(acknowledged) <= stored
            assert len(stored - set(acknowledged)) <= len(workers)
            # every row is found by its unique value too: all of a commit is there, or nothing
            for code in stored:
                assert await samples.exists(code=code)


async def test_a_server_that_is_away_hides_no_other_error(server: Backend) -> None:
    async with open_client(server.url, command_timeout=1) as client:
        stand = Stand(client)

        async def fail() -> None:
            async with stand.samples() as samples:
                await samples.upsert(Sample(code="a"))
                await asyncio.to_thread(server.kill)
                raise LookupError

        with pytest.raises(LookupError):
            await fail()
        await asyncio.to_thread(server.start)


@pytest.mark.requirement("REP-8")
async def test_a_server_that_stops_answering_is_given_up_in_time(server: Backend) -> None:
    async with open_client(server.url, command_timeout=0.3, retries=0) as client:
        stand = Stand(client)

        async def add() -> None:
            async with stand.samples() as samples:
                await samples.add(Sample(code="a"))
                server.pause()

        try:
            async with asyncio.timeout(3):
                with pytest.raises(UnavailableException):
                    await add()
        finally:
            server.resume()


async def test_a_transaction_on_a_cluster_lies_in_one_slot(cluster: RedisClient) -> None:
    stand = Stand(cluster)
    batch = [Sample(code=f"{number}", amount=number) for number in range(600)]
    async with stand.unit_of_work() as work:
        store = RedisStore(cluster)
        await store.repository(SampleRepository)(work).add_many(batch)
        await store.repository(WordRepository)(work).add(Word(id="{odd}"))
        await work.commit()
    async with stand.samples() as samples:
        batch[0].title = "changed"
        await samples.update(batch[0])
        assert await samples.remove_where(amount__gte=100) == 500
        await samples.upsert(Sample(id=batch[1].id, code="upserted"))
    async with stand.samples() as samples:
        assert await samples.count() == 100
        assert [one.title for one in await samples.find(code="0")] == ["changed"]
        assert [one.id async for one in samples.stream()] == [one.id for one in batch[:100]]
    async with stand.words() as words:
        assert await words.exists(id="{odd}")

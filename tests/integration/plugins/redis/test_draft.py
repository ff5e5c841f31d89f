"""A draft is seen by nobody until its transaction takes it."""

import pytest

from fastapi_chassis.domain import AlreadyExistsException
from fastapi_chassis.plugins.redis import RedisClient
from fastapi_chassis.plugins.redis.change import Change
from fastapi_chassis.plugins.redis.collection import Collection
from fastapi_chassis.plugins.redis.draft import Draft
from fastapi_chassis.plugins.redis.rows import Row, RowCodec
from fastapi_chassis.plugins.redis.session import RedisSession
from fastapi_chassis.testing.contracts.samples import Sample

pytestmark = pytest.mark.backends("valkey")


def taken(names: tuple[str, ...]) -> AlreadyExistsException:
    return AlreadyExistsException(", ".join(names))


def remake(change: Change, stored: Row | None) -> Change:
    raise AssertionError((change, stored))


@pytest.fixture
def samples(client: RedisClient) -> Collection[Sample]:
    return Collection(client, "sample", RowCodec(Sample, "id"), (("code",),))


async def drafted(session: RedisSession, samples: Collection[Sample], *batch: Sample) -> Draft[Sample]:
    draft = Draft(session, samples)
    await draft.load(batch, [str(one.id) for one in batch])
    for one in batch:
        row = samples.codec.encode(one, 1)
        draft.put(str(one.id), row, samples.claims(one), remake=remake, taken=taken)
    return draft


async def test_its_changes_are_seen_once_they_were_taken(
    client: RedisClient, samples: Collection[Sample]
) -> None:
    session, sample = RedisSession(client), Sample(code="a")
    draft = await drafted(session, samples, sample)
    assert draft.row(str(sample.id)) == samples.codec.encode(sample, 1)
    assert session.changes("sample") == {}
    session.apply(draft.changes.values(), draft.owners)
    assert session.changes("sample").keys() == {str(sample.id)}
    with pytest.raises(AlreadyExistsException, match="code"):
        await drafted(session, samples, Sample(code="a"))
    await session.commit()
    assert session.changes("sample") == {}
    assert await samples.read([str(sample.id)]) == [samples.codec.encode(sample, 1)]


async def test_two_of_one_draft_do_not_share_a_unique_value(
    client: RedisClient, samples: Collection[Sample]
) -> None:
    with pytest.raises(AlreadyExistsException, match="code"):
        await drafted(RedisSession(client), samples, Sample(code="a"), Sample(code="a"))


async def test_a_value_that_was_freed_may_be_taken(client: RedisClient, samples: Collection[Sample]) -> None:
    first, second = Sample(code="a"), Sample(code="a")
    session = RedisSession(client)
    stored = await drafted(session, samples, first)
    session.apply(stored.changes.values(), stored.owners)
    await session.commit()

    draft = Draft(session, samples)
    await draft.load([first, second], [str(first.id), str(second.id)])
    draft.put(str(first.id), None, {}, remake=remake, taken=taken)
    row = samples.codec.encode(second, 1)
    draft.put(str(second.id), row, samples.claims(second), remake=remake, taken=taken)
    session.apply(draft.changes.values(), draft.owners)
    await session.commit()
    assert await samples.read([str(first.id), str(second.id)]) == [None, row]

"""Where rows lie: below the prefix, and in a cluster all in one slot."""

import pytest

from fastapi_chassis.plugins.redis import RedisClient
from fastapi_chassis.plugins.redis.collection import Collection
from fastapi_chassis.plugins.redis.rows import RowCodec
from fastapi_chassis.testing.contracts.samples import Sample, Word

pytestmark = pytest.mark.backends("valkey")


def words_of(client: RedisClient) -> Collection[Word]:
    return Collection(client, "word", RowCodec(Word, "id"), (("meaning",),))


def test_every_key_has_one_part_in_braces_that_comes_first(client: RedisClient) -> None:
    words = words_of(client)
    claims = words.claims(Word(id="{b}", meaning="{c}"))
    for key in (words.all, words.ends, words.row("{a}"), words.lock("{a}"), *claims):
        whole = client.key(key).decode()
        assert whole.startswith(client.prefix)
        assert whole.partition("{")[2].partition("}")[0] == client.prefix.rstrip(":")


def test_a_prefix_that_becomes_known_later_counts(client: RedisClient) -> None:
    words = words_of(client)
    client.prefix = "shop:"
    assert client.key(words.row("a")) == b"shop:{shop}:word:row:a"
    client.prefix = "{}:"
    assert client.key(words.row("a")).startswith(b"{}:{store}:")


def test_entities_claim_their_unique_values_and_no_nulls(client: RedisClient) -> None:
    words = words_of(client)
    assert list(words.claims(Word(id="a", meaning="x")).values()) == [("meaning",)]
    assert words.claims(Word(id="a", meaning="x")) == words.claims(Word(id="b", meaning="x"))
    assert words.claims(Word(id="a")) == {}


async def test_members_come_in_order_from_both_ends(client: RedisClient) -> None:
    words = words_of(client)
    for member in ("b", "a", "", "c"):
        await client.connection.run("ZADD", client.key(words.all), 0, member)
    assert await words.members(None) == ["", "a", "b", "c"]
    assert await words.members("", limit=2) == ["a", "b"]
    assert await words.members("b", falling=True) == ["a", ""]
    assert await words.members("c") == []


async def test_what_is_not_there_reads_as_nothing(client: RedisClient) -> None:
    samples: Collection[Sample] = Collection(client, "sample", RowCodec(Sample, "id"))
    assert await samples.read([]) == []
    assert await samples.read(["a"] * 1_001) == [None] * 1_001
    assert await samples.count() == 0

"""There are as many streams as who came first said, and what is old and settled is removed."""

import pytest

from fastapi_chassis.plugins.redis import RedisCommandError
from fastapi_chassis.plugins.redis.message import entries_in
from fastapi_chassis.plugins.redis.topology import Streams, partition_in
from tests.integration.plugins.redis.road import travel

pytestmark = [pytest.mark.backends("valkey"), pytest.mark.requirement("MSG-13")]


async def test_the_number_of_streams_is_that_of_who_came_first(valkey_url: str) -> None:
    async with travel(valkey_url, partitions=3) as road:
        assert await road.broker.streams.count() == 3
        async with travel(valkey_url, road, partitions=9) as other:
            assert await other.broker.streams.count() == 3


async def test_messages_that_nobody_has_asked_for_go_when_they_are_old(valkey_url: str) -> None:
    async with travel(valkey_url, partitions=1, keep=0) as road:
        await road.transport.publish(road.batch(0, 500))
        await road.broker.streams.trim([0])
        assert await road.broker.length() < 200


async def test_messages_are_kept_for_groups_that_come_later(valkey_url: str) -> None:
    async with travel(valkey_url, partitions=1, keep=600) as road:
        await road.transport.publish(road.batch(0, 500))
        await road.broker.streams.trim([0])
        assert await road.broker.length() == 500


async def test_what_one_group_has_not_settled_stays(valkey_url: str) -> None:
    async with travel(valkey_url, partitions=1, keep=0) as road:
        streams, connection = road.broker.streams, road.broker.publishing
        await road.transport.publish(road.batch(0, 500))
        name = streams.stream(0)
        found = [one.id for one in entries_in(await connection.run("XRANGE", name, "-", "+"))]
        for group, settled in (("quick", found), ("slow", found[:250])):
            await streams.join(group, 1, ["a"])
            await connection.run("XREADGROUP", "GROUP", group, "owner", "COUNT", 500, "STREAMS", name, ">")
            await connection.run("XACK", name, group, *settled)
        await streams.trim([0])
        left = entries_in(await connection.run("XRANGE", name, "-", "+", "COUNT", 1))
        assert found[100] < left[0].id <= found[250]


async def test_something_else_in_their_place_is_told(valkey_url: str) -> None:
    async with travel(valkey_url, partitions=1) as road:
        await road.broker.publishing.run("SET", road.broker.streams.stream(0), "x")
        with pytest.raises(RedisCommandError):
            await Streams(road.broker.publishing).join("group", 1, [])


def test_a_key_has_one_stream() -> None:
    assert {partition_in(b"a", 6) for _ in range(3)} == {partition_in(b"a", 6)}
    assert len({partition_in(b"%d" % number, 6) for number in range(100)}) == 6

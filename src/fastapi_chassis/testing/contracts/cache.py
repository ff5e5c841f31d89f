"""What every cache promises: exact values, times to live, tags, and copies that nobody else can change."""

# ruff: noqa: D102 - a test says what it checks by its name

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import cast
from uuid import UUID

import pytest

from fastapi_chassis.caching import Cache
from fastapi_chassis.domain import new_id

type Pass = Callable[[timedelta], Awaitable[None]]

TTL = timedelta(seconds=1)
IDENTITY = UUID("01980000-0000-7000-8000-000000000001")
VALUES: tuple[object, ...] = (
    *("", "text", "123", "true", "null", "\N{SNOWMAN} \x00 \ud800", '{"$UUID": "x"}'),
    *(0, 1, -1, 123, 2**80, 0.5, 1.0, -0.0, 1e300, float("inf"), True, False, None),
    *(
        b"",
        b"\x00\xff",
        b"123",
        IDENTITY,
        Decimal("1.10"),
        date(2026, 2, 28),
        timedelta(days=-1, microseconds=1),
    ),
    datetime(2026, 2, 28, 1, 2, 3, 4),  # noqa: DTZ001 - a time without zone stays one
    datetime(2026, 2, 28, 1, 2, 3, 4, UTC),
    datetime(2026, 2, 28, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
    *([], {}, [[]], [1, "1", None, b"1"], {"a": {"b": [IDENTITY]}}, {"$UUID": "x", "b": 1}, {"": 0}),
)


class ColourEnum(StrEnum):
    """A text that is more than a text."""

    RED = "red"


def unknown_key() -> str:
    """Returns a key that no test used before."""
    return f"contract:{new_id()}"


class CacheContract:
    """Derive, and supply the fixtures `cache` and `time_passes`: a coroutine function of a timedelta."""

    async def test_what_is_not_there_is_the_default(self, cache: Cache) -> None:
        assert await cache.get(unknown_key()) is None
        assert await cache.get(unknown_key(), "default") == "default"

    @pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
    async def test_a_value_comes_back_as_what_it_was(self, cache: Cache, value: object) -> None:
        key = unknown_key()
        await cache.set(key, value, ttl=timedelta(minutes=1))
        found = await cache.get(key, "missing")
        assert (found, type(found), repr(found)) == (value, type(value), repr(value))

    @pytest.mark.parametrize(
        "value",
        [object(), (1, 2), {1: 2}, {1, 2}, ColourEnum.RED, [object()]],
        ids=lambda value: type(value).__name__,
    )
    async def test_what_would_not_come_back_is_refused(self, cache: Cache, value: object) -> None:
        key = unknown_key()
        await cache.set(key, "before")
        with pytest.raises(TypeError):
            await cache.set(key, value)
        assert await cache.get(key) == "before"

    async def test_a_later_value_replaces_the_first(self, cache: Cache) -> None:
        key = unknown_key()
        await cache.set(key, 1)
        await cache.set(key, 2)
        assert await cache.get(key) == 2

    async def test_changing_what_was_given_or_got_changes_nothing(self, cache: Cache) -> None:
        key, value = unknown_key(), [1]
        await cache.set(key, value)
        value.append(2)
        cast("list[int]", await cache.get(key)).append(3)
        assert await cache.get(key) == [1]

    async def test_deleting_tells_how_many_there_were(self, cache: Cache) -> None:
        first, second, third = unknown_key(), unknown_key(), unknown_key()
        await cache.set(first, 1)
        await cache.set(second, None)
        assert await cache.delete(first, second, third, first) == 2
        assert await cache.get(first) is None
        assert await cache.delete(first) == 0
        assert await cache.delete() == 0

    async def test_a_value_ends_with_its_time(self, cache: Cache, time_passes: Pass) -> None:
        short, long, endless = unknown_key(), unknown_key(), unknown_key()
        await cache.set(short, 1, ttl=TTL)
        await cache.set(long, 1, ttl=TTL * 100)
        await cache.set(endless, 1)
        assert await cache.get(short) == 1
        await time_passes(TTL)
        assert [await cache.get(key) for key in (short, long, endless)] == [None, 1, 1]
        assert await cache.delete(short) == 0

    async def test_setting_again_begins_a_new_time(self, cache: Cache, time_passes: Pass) -> None:
        longer, endless = unknown_key(), unknown_key()
        for key in (longer, endless):
            await cache.set(key, 1, ttl=TTL)
        await cache.set(longer, 2, ttl=TTL * 100)
        await cache.set(endless, 2)
        await time_passes(TTL)
        assert [await cache.get(key) for key in (longer, endless)] == [2, 2]

    @pytest.mark.parametrize("ttl", [timedelta(0), timedelta(seconds=-1)])
    async def test_no_time_is_refused(self, cache: Cache, ttl: timedelta) -> None:
        with pytest.raises(ValueError, match="more than no time"):
            await cache.set(unknown_key(), 1, ttl=ttl)

    async def test_a_tag_forgets_what_was_kept_with_it(self, cache: Cache) -> None:
        red, both, blue, plain = (unknown_key() for _ in range(4))
        red_tag, blue_tag = unknown_key(), unknown_key()
        await cache.set(red, 1, tags=[red_tag])
        await cache.set(both, 1, tags={red_tag, blue_tag})
        await cache.set(blue, 1, tags=(blue_tag,))
        await cache.set(plain, 1)
        await cache.invalidate(red_tag, unknown_key())
        assert [await cache.get(key) for key in (red, both, blue, plain)] == [None, None, 1, 1]

    async def test_what_is_kept_after_a_tag_was_forgotten_stays(self, cache: Cache) -> None:
        key, tag = unknown_key(), unknown_key()
        await cache.set(key, 1, tags=[tag])
        await cache.invalidate(tag)
        await cache.set(key, 2, tags=[tag])
        assert await cache.get(key) == 2
        await cache.invalidate(tag)
        assert await cache.get(key) is None

    async def test_a_value_that_lost_its_tag_stays(self, cache: Cache) -> None:
        key, tag = unknown_key(), unknown_key()
        await cache.set(key, 1, tags=[tag])
        await cache.set(key, 2)
        await cache.invalidate(tag)
        assert await cache.get(key) == 2

    async def test_many_at_once_each_get_their_own(self, cache: Cache) -> None:
        keys = [unknown_key() for _ in range(100)]
        await asyncio.gather(*(cache.set(key, number) for number, key in enumerate(keys)))
        assert await asyncio.gather(*(cache.get(key) for key in keys)) == list(range(100))

    async def test_telling_the_tags_changes_no_answer(self, cache: Cache) -> None:
        key, plain, tag, other = (unknown_key() for _ in range(4))
        await cache.set(key, 1, tags=[tag, other])
        await cache.set(plain, 1)
        for tags in ([tag, other], [other, tag], [tag], [unknown_key()], []):
            assert await cache.get(key, tags=tags) == 1
            assert await cache.get(plain, tags=tags) == 1
            assert await cache.get(unknown_key(), "default", tags=tags) == "default"
        await cache.invalidate(other)
        for tags in ([tag, other], [other, tag], [tag], [unknown_key()], []):
            assert await cache.get(key, "default", tags=tags) == "default"

    async def test_what_a_tag_forgot_is_not_there_to_delete(self, cache: Cache) -> None:
        key, tag = unknown_key(), unknown_key()
        await cache.set(key, 1, tags=[tag])
        await cache.invalidate(tag)
        assert await cache.delete(key) == 0

    async def test_a_computed_value_is_kept_with_the_tags_of_its_lease(self, cache: Cache) -> None:
        key, tag = unknown_key(), unknown_key()
        lease = await cache.lease(key, tags=[tag])
        assert await cache.get(key, "default") == "default"
        assert await cache.set(key, [1], ttl=TTL * 100, lease=lease)
        assert await cache.get(key) == [1]
        await cache.invalidate(tag)
        assert await cache.get(key, "default") == "default"

    async def test_what_was_computed_before_a_delete_does_not_come_back(self, cache: Cache) -> None:
        key = unknown_key()
        lease = await cache.lease(key)
        await cache.delete(key)
        assert not await cache.set(key, "old", lease=lease)
        assert await cache.get(key) is None
        assert await cache.set(key, "new", lease=await cache.lease(key))
        assert await cache.get(key) == "new"

    async def test_what_was_computed_before_an_invalidation_does_not_come_back(self, cache: Cache) -> None:
        key, tag, other = unknown_key(), unknown_key(), unknown_key()
        lease = await cache.lease(key, tags=[tag, other])
        await cache.invalidate(other)
        later = await cache.lease(key, tags=[tag, other])
        assert not await cache.set(key, "old", lease=lease)
        assert await cache.get(key) is None
        assert await cache.set(key, "new", lease=later)
        assert await cache.get(key) == "new"

    async def test_a_value_that_was_set_meanwhile_stays(self, cache: Cache) -> None:
        key = unknown_key()
        lease = await cache.lease(key)
        await cache.set(key, "set")
        assert not await cache.set(key, "computed", lease=lease)
        assert await cache.get(key) == "set"

    async def test_of_two_that_compute_the_first_is_kept(self, cache: Cache) -> None:
        key = unknown_key()
        first, second = await cache.lease(key), await cache.lease(key)
        assert await cache.set(key, 1, lease=first)
        assert not await cache.set(key, 2, lease=second)
        assert await cache.get(key) == 1

"""Collection: where the rows of one entity lie on the server, and how they are read."""

from collections.abc import Sequence
from itertools import batched
from typing import cast

from fastapi_chassis.plugins.redis.client import RedisClient
from fastapi_chassis.plugins.redis.rows import Row, RowCodec
from fastapi_chassis.plugins.redis.script import shipped_script

BATCH = 500


class Keys:
    """The keys of one kind of rows: one each, and two sorted sets of all.

    Keys have a part in braces, so that in a cluster everything of one store lies in one slot.

    Args:
        client: where they lie.
        name: of the kind.
    """

    def __init__(self, client: RedisClient, name: str) -> None:
        self.name = name
        self._client = client

    @property
    def all(self) -> str:
        """The sorted set of every member."""
        return self._key("all")

    @property
    def ends(self) -> str:
        """The sorted set of those that end by themselves, and when."""
        return self._key("ends")

    def row(self, member: str) -> str:
        """Returns the key of a row."""
        return self._key(f"row:{member}")

    def lock(self, member: str) -> str:
        """Returns the key of a row's lock."""
        return self._key(f"lock:{member}")

    async def read(self, members: Sequence[str]) -> list[Row | None]:
        """Reads rows; None for each that is not there."""
        found = await self.values([self.row(member) for member in members])
        return [None if raw is None else Row.of(raw) for raw in found]

    async def values(self, names: Sequence[str]) -> list[bytes | None]:
        """Reads keys as they are."""
        found: list[bytes | None] = []
        for part in batched(names, BATCH):
            reply = await self._client.connection.run("MGET", *map(self._client.key, part), again=True)
            found += cast("list[bytes | None]", reply)
        return found

    def _key(self, name: str) -> str:
        # the prefix is known when the service starts, which is later
        tag = self._client.prefix.rstrip(":").replace("{", "").replace("}", "") or "store"
        return f"{{{tag}}}:{self.name}:{name}"


class Collection[Entity](Keys):
    """The rows of one entity, and a key for each of its unique values.

    Args:
        client: where they lie.
        name: of the collection.
        codec: writes and reads the rows.
        unique: the groups of fields whose values are unique.
    """

    def __init__(
        self,
        client: RedisClient,
        name: str,
        codec: RowCodec[Entity],
        unique: Sequence[tuple[str, ...]] = (),
    ) -> None:
        super().__init__(client, name)
        self.codec = codec
        self.unique = tuple(unique)
        self._count = shipped_script("store_count")

    def claims(self, entity: Entity) -> dict[str, tuple[str, ...]]:
        """Returns the keys of an entity's unique values, and the fields of each."""
        return {
            claim: names
            for names in self.unique
            if (claim := self.claim(names, [getattr(entity, name) for name in names])) is not None
        }

    def claim(self, names: Sequence[str], values: Sequence[object]) -> str | None:
        """Returns the key of a unique value; None where a part of it is null."""
        digest = self.codec.digest(names, values)
        return None if digest is None else self._key(f"unique:{','.join(names)}:{digest}")

    async def members(self, after: str | None, *, falling: bool = False, limit: int = BATCH) -> list[str]:
        """Reads the next members in the order of their text."""
        begin = b"(" + after.encode() if after is not None else b"+" if falling else b"-"
        end = (b"-", "BYLEX", "REV") if falling else (b"+", "BYLEX")
        words = ("ZRANGE", self._client.key(self.all), begin, *end, "LIMIT", 0, limit)
        found = cast("list[bytes]", await self._client.connection.run(*words, again=True))
        return [member.decode() for member in found]

    async def count(self) -> int:
        """Counts the rows, and forgets some that have ended."""
        return cast("int", await self._client.run(self._count, keys=(self.all, self.ends)))

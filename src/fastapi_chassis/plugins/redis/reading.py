"""Reading: the questions of a repository, answered from rows on the server and changes of the transaction."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from itertools import batched
from types import SimpleNamespace
from typing import cast

from fastapi_chassis.application import Selection, arranged, behind, matches
from fastapi_chassis.domain import Criterion, Lookup, Order
from fastapi_chassis.plugins.redis.collection import BATCH, Collection
from fastapi_chassis.plugins.redis.rows import Row
from fastapi_chassis.plugins.redis.session import RedisSession

type Found[Entity] = AsyncGenerator[tuple[str, Row, Entity], None]


class Reading[Entity]:
    """Reads one collection as one transaction sees it.

    Args:
        session: the transaction.
        collection: where the rows lie.
        identity: the field that tells entities apart.
    """

    def __init__(self, session: RedisSession, collection: Collection[Entity], identity: str) -> None:
        self._session = session
        self._collection = collection
        self._identity = identity

    async def one(self, member: str) -> Entity | None:
        """Reads one."""
        async for _, _, entity in self._named([member]):
            return entity
        return None

    async def select(self, selection: Selection) -> list[Entity]:
        """Reads the matches; of those that go beyond the selection, never more than a batch at a time."""
        most = None if selection.limit is None else selection.offset + selection.limit
        found: list[Entity] = []
        if most == 0:
            return found
        is_arranged = self._is_arranged(selection.orders)
        async with aclosing(self._walk(selection)) as matching:
            async for _, _, entity in matching:
                found.append(entity)
                if most is not None and is_arranged and len(found) == most:
                    break
                if most is not None and len(found) >= most + BATCH:
                    found = self._arranged(found, selection.orders)[:most]
        return self._arranged(found, selection.orders)[selection.offset : most]

    async def stream(self, selection: Selection) -> AsyncGenerator[Entity, None]:
        """Reads the matches bit by bit; in any other order than that of the identity, each of them twice."""
        if self._is_arranged(selection.orders):
            async with aclosing(self._walk(selection)) as matching:
                async for _, _, entity in matching:
                    yield entity
            return
        terms = [order.field for order in selection.orders]
        places: list[SimpleNamespace] = []
        async with aclosing(self._walk(selection)) as matching:
            async for _, _, entity in matching:
                places.append(SimpleNamespace(**{name: getattr(entity, name) for name in terms}))
        for part in batched(arranged(places, selection.orders), BATCH):
            members = [self._collection.codec.member(getattr(place, self._identity)) for place in part]
            async with aclosing(self._named(members)) as found:
                async for _, _, entity in found:
                    if matches(entity, selection.criteria):
                        yield entity

    async def count(self, criteria: Sequence[Criterion]) -> int:
        """Counts the matches."""
        if criteria:
            return len([None async for _ in self.matching(criteria)])
        changes = self._session.changes(self._collection.name).values()
        change = sum((one.row is not None) - (one.stored is not None) for one in changes)
        return change + await self._collection.count()

    async def matching(self, criteria: Sequence[Criterion]) -> Found[Entity]:
        """Reads the matches, in no order that counts."""
        async with aclosing(self._walk(Selection(tuple(criteria)))) as found:
            async for one in found:
                yield one

    async def _walk(self, selection: Selection) -> Found[Entity]:
        """Reads the matches behind a place; in the order of the identity, where that is asked for."""
        members = await self._narrowed(selection.criteria)
        is_arranged = bool(selection.orders) and self._is_arranged(selection.orders)
        falling = is_arranged and selection.orders[0].descending
        if members is not None:
            rows = self._named(sorted(members, reverse=falling))
        else:
            after = selection.after[0] if is_arranged and selection.after else None
            rows = self._batches(None if after is None else self._collection.codec.member(after), falling)
        async with aclosing(rows) as found:
            async for member, row, entity in found:
                if matches(entity, selection.criteria) and _is_behind(entity, selection):
                    yield member, row, entity

    async def _narrowed(self, criteria: Sequence[Criterion]) -> set[str] | None:
        """Finds the only members that may match, by a key or a unique value; None where all may."""
        equal: dict[str, object] = {}
        for one in criteria:
            if one.field == self._identity and one.lookup is Lookup.IN:
                return {self._collection.codec.member(key) for key in cast("tuple[object, ...]", one.value)}
            if one.lookup is Lookup.EQ and not one.path and one.value is not None:
                equal[one.field] = one.value
        if self._identity in equal:
            return {self._collection.codec.member(equal[self._identity])}
        for names in self._collection.unique:
            if equal.keys() >= set(names):
                return await self._owners(names, equal)
        return None

    async def _owners(self, names: tuple[str, ...], values: dict[str, object]) -> set[str]:
        claim = self._collection.claim(names, [values[name] for name in names]) or ""
        if self._session.owns(claim):
            owner = self._session.owner(claim)
        else:
            (raw,) = await self._collection.values([claim])
            owner = None if raw is None else raw.decode()
        return set() if owner is None else {owner}

    async def _named(self, members: Sequence[str]) -> Found[Entity]:
        decode = self._collection.codec.decode
        for part in batched(members, BATCH):
            changes = self._session.changes(self._collection.name)
            open_ones = [member for member in part if member not in changes]
            read = dict(zip(open_ones, await self._collection.read(open_ones), strict=True))
            for member in part:
                row = changes[member].row if member in changes else read[member]
                if row is not None:
                    yield member, row, decode(row)

    async def _batches(self, after: str | None, falling: bool) -> Found[Entity]:
        """Walks through all members in the order of their text, those of the transaction among them."""
        while True:
            members = await self._collection.members(after, falling=falling)
            last = members[-1] if len(members) == BATCH else None
            added = self._added(after, last, falling=falling)
            together = sorted({*members, *added}, reverse=falling) if added else members
            async with aclosing(self._named(together)) as found:
                async for one in found:
                    yield one
            if last is None:
                return
            after = last

    def _added(self, after: str | None, last: str | None, *, falling: bool) -> list[str]:
        """Returns the members that the transaction has added behind one and up to another."""
        added = [
            member
            for member, change in self._session.changes(self._collection.name).items()
            if change.row is not None and change.stored is None
        ]
        if falling:
            return [one for one in added if (after is None or one < after) and (last is None or one >= last)]
        return [one for one in added if (after is None or one > after) and (last is None or one <= last)]

    def _is_arranged(self, orders: Sequence[Order]) -> bool:
        """Whether rows come in this order by themselves."""
        if not orders:
            return True
        return self._collection.codec.is_ordered and orders[0].field == self._identity

    def _arranged(self, found: list[Entity], orders: Sequence[Order]) -> list[Entity]:
        return found if not orders else arranged(found, orders)


def _is_behind(entity: object, selection: Selection) -> bool:
    return selection.after is None or bool(behind((entity,), selection.after, selection.orders))

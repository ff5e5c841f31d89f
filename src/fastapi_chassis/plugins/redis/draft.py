"""Draft: what one call changes, which the transaction takes when all of it can be done."""

from collections.abc import Iterable, Mapping
from itertools import chain

from fastapi_chassis.plugins.redis.change import Change, Claims, Remake, Taken
from fastapi_chassis.plugins.redis.collection import Collection
from fastapi_chassis.plugins.redis.rows import Row
from fastapi_chassis.plugins.redis.session import RedisSession


class Draft[Entity]:
    """Sees rows and unique values as the transaction does, and its own changes before that.

    Args:
        session: the transaction.
        collection: where the rows lie.
    """

    def __init__(self, session: RedisSession, collection: Collection[Entity]) -> None:
        self._session = session
        self._collection = collection
        self._stored: dict[str, Row | None] = {}
        self._owners: dict[str, str | None] = {}
        self.changes: dict[str, Change] = {}
        self.owners: dict[str, str | None] = {}

    async def load(self, entities: Iterable[Entity], members: Iterable[str]) -> None:
        """Reads what the transaction has not changed: rows, and who has the unique values of entities."""
        changed = self._session.changes(self._collection.name)
        rows = [member for member in dict.fromkeys(members) if member not in changed]
        claims = dict.fromkeys(chain.from_iterable(map(self._collection.claims, entities)))
        open_claims = [claim for claim in claims if not self._session.owns(claim)]
        found = await self._collection.values([*map(self._collection.row, rows), *open_claims])
        for member, raw in zip(rows, found[: len(rows)], strict=True):
            self._stored[member] = None if raw is None else Row.of(raw)
        for claim, owner in zip(open_claims, found[len(rows) :], strict=True):
            self._owners[claim] = None if owner is None else owner.decode()

    def know(self, rows: Mapping[str, Row]) -> None:
        """Takes rows that were read already."""
        self._stored |= rows

    def row(self, member: str) -> Row | None:
        """Returns a row as it is now."""
        before = self._before(member)
        return before.row if before else self._stored[member]

    def put(
        self,
        member: str,
        row: Row | None,
        claims: Claims,
        *,
        life: int | None = None,
        remake: Remake,
        taken: Taken,
    ) -> None:
        """Changes a row.

        Args:
            member: its name.
            row: what it is from now on; None removes it.
            claims: its unique values from now on.
            life: milliseconds until it ends; 0 for never, None for as before.
            remake: called at the commit when the row has moved; of several changes, that of the first.
            taken: called when a unique value belongs to somebody else.

        Raises:
            AlreadyExistsException: a unique value does.
        """
        before = self._before(member)
        stored = before.stored if before else self._stored[member]
        had = before.claims if before else self._claims_of(stored)
        for claim in had:
            self.owners[claim] = None
        for claim, names in claims.items():
            if self._owner(claim) not in {None, member}:
                raise taken(names)
            self.owners[claim] = member
        self.changes[member] = Change(
            place=self._collection,
            member=member,
            stored=stored,
            row=row,
            claims=claims,
            frees=before.frees if before else tuple(had),
            life=before.life if before and life is None else life,
            remake=before.remake if before and before.verb != "touch" else remake,
            taken=taken,
        )

    def _before(self, member: str) -> Change | None:
        change = self.changes.get(member)
        return change or self._session.changes(self._collection.name).get(member)

    def _claims_of(self, stored: Row | None) -> Claims:
        if stored is None or not self._collection.unique:
            return {}
        return self._collection.claims(self._collection.codec.decode(stored))

    def _owner(self, claim: str) -> str | None:
        if claim in self.owners:
            return self.owners[claim]
        if self._session.owns(claim):
            return self._session.owner(claim)
        return self._owners[claim]

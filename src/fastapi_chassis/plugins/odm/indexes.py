"""Indexes: those that unique values, messages and notes need; made, or found missing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pymongo
from pymongo.errors import OperationFailure

from fastapi_chassis.domain import ChassisError, Finding
from fastapi_chassis.plugins.odm.codec import AUDIT, EVENTS, ID, NOTES, SCHEDULE, Document
from fastapi_chassis.plugins.odm.connection import DocumentDatabase, Mongo, open_odm, translate_errors
from fastapi_chassis.plugins.odm.errors import unique_values_stand_against
from fastapi_chassis.plugins.odm.layout import CHAIN, DEAD_LETTERS, EVENTS_INDEX, NOTES_INDEX, Layout

_TOLD = ("unique", "sparse", "partialFilterExpression", "expireAfterSeconds")


class IndexesMissingError(ChassisError):
    """The database lacks an index that the service relies on."""


@dataclass(frozen=True, slots=True)
class Index:
    """An index as it should be.

    Args:
        collection: where it is.
        name: how it is called.
        keys: the paths that it covers.
        options: whether it is unique, and of which documents.
    """

    collection: str
    name: str
    keys: tuple[str, ...]
    options: Document

    def is_like(self, found: Document) -> bool:
        """Whether an index of this name is as it should be."""
        told = {name: found[name] for name in _TOLD if found.get(name)}
        return list(found["key"].items()) == [(key, 1) for key in self.keys] and told == self.options

    def __str__(self) -> str:
        return f"{self.collection}.{self.name}"


_OF_THE_CHASSIS = (
    Index(DEAD_LETTERS, "chassis_message", ("envelope.id", "group"), {"unique": True}),
    Index(DEAD_LETTERS, "chassis_state", ("state", ID), {}),
    Index(DEAD_LETTERS, "chassis_age", ("at",), {}),
    Index(CHAIN, "chassis_link", ("link",), {"unique": True}),
    Index(CHAIN, "chassis_entity", ("entity", "entity_id"), {}),
    Index(CHAIN, "chassis_time", ("at",), {}),
)


class ODMIndexes:
    """Makes the indexes of a database, as migrations bring another one up to date.

    Args:
        documents: the database; opened for the time of a call, where it isn't open.
    """

    def __init__(self, documents: DocumentDatabase) -> None:
        self._documents = documents

    async def migrate(self) -> list[str]:
        """Makes what is missing and makes anew what is different.

        Returns:
            The indexes that were made.
        """
        if not self._documents.is_open:
            async with open_odm(self._documents):
                return await self.migrate()
        made = []
        with pymongo.timeout(self._documents.config.index_timeout), translate_errors():
            for index, found in await self._lacking():
                await _make(self._documents.mongo, index, found)
                made.append(f"index {index}")
        return made

    async def pending(self) -> list[Finding]:
        """Names what is missing or different."""
        if not self._documents.is_open:
            async with open_odm(self._documents):
                return await self.pending()
        with translate_errors():
            lacking = await self._lacking()
        remedy = "run chassis migrate, or set plugins.odm.create_indexes: true."
        return [
            Finding(
                f"the index {index} is {'missing' if found is None else 'not as it should be'}", remedy=remedy
            )
            for index, found in lacking
        ]

    async def downgrade(self, revision: str) -> list[str]:
        """Refuses: indexes have no revisions.

        Raises:
            IndexesMissingError: always.
        """
        raise IndexesMissingError(
            Finding(f"indexes have no revision {revision}", remedy="drop an index by hand, by its name.")
        )

    async def _lacking(self) -> list[tuple[Index, Document | None]]:
        lacking: list[tuple[Index, Document | None]] = []
        known: dict[str, dict[str, Document]] = {}
        for index in wanted_indexes(self._documents.layout):
            if index.collection not in known:
                known[index.collection] = await _existing(self._documents.mongo, index.collection)
            found = known[index.collection].get(index.name)
            if found is None or not index.is_like(found):
                lacking.append((index, found))
        return lacking


def wanted_indexes(layout: Layout) -> Iterable[Index]:
    """Returns the indexes that a service needs: of unique values, of messages and notes, of records."""
    wanted: dict[tuple[str, str], Index] = {}
    for place in layout.entities:
        for name, names in place.unique.items():
            options = {"unique": True, "partialFilterExpression": place.index_filter(names)}
            keys = tuple(place.index_keys(names))
            wanted[place.collection, name] = Index(place.collection, name, keys, options)
    for collection in layout.carrying:
        for index in (_events_index(collection), _notes_index(collection), *_waiting_indexes(collection)):
            wanted[collection, index.name] = index
    for index in _OF_THE_CHASSIS:
        wanted[index.collection, index.name] = index
    return wanted.values()


def _events_index(collection: str) -> Index:
    return Index(collection, EVENTS_INDEX, (f"{EVENTS}.id",), {"sparse": True})


def _notes_index(collection: str) -> Index:
    key = f"{NOTES}.key"
    return Index(
        collection,
        NOTES_INDEX,
        (key,),
        {"unique": True, "partialFilterExpression": {key: {"$exists": True}}},
    )


def _waiting_indexes(collection: str) -> tuple[Index, ...]:
    paths = {
        "schedule_due": f"{SCHEDULE}.due",
        "schedule_key": f"{SCHEDULE}.key",
        "audit": f"{AUDIT}.link",
    }
    return tuple(
        Index(collection, f"chassis_{name}", (path,), {"sparse": True}) for name, path in paths.items()
    )


async def _existing(mongo: Mongo, collection: str) -> dict[str, Document]:
    found: dict[str, Document] = {}
    async for index in await mongo[collection].list_indexes():
        found[index["name"]] = {name: _plain(value) for name, value in index.items()}
    return found


def _plain(value: Any) -> Any:
    return {name: _plain(inner) for name, inner in value.items()} if isinstance(value, dict) else value


async def _make(mongo: Mongo, index: Index, found: Document | None) -> None:
    collection = mongo[index.collection]
    if found is not None:
        await collection.drop_index(index.name)
    try:
        await collection.create_index([(key, 1) for key in index.keys], name=index.name, **index.options)
    except OperationFailure as error:
        if unique_values_stand_against(error):
            raise IndexesMissingError(
                Finding(
                    f"the index {index} can't be made: documents have the same values already",
                    remedy="make them different, or take the group out of the repository's `unique`.",
                )
            ) from None
        raise

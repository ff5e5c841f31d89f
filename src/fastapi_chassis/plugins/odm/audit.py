"""ODMAuditStore: records that are only ever added, written with the work and then put into one chain."""

import asyncio
import json
import logging
import random
import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from bson.int64 import Int64
from pymongo import ASCENDING, DESCENDING
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError

from fastapi_chassis.audit import (
    Anchor,
    AuditEvent,
    AuditOutcomeEnum,
    AuditQuery,
    AuditRecord,
    audit_store_for,
    chained,
)
from fastapi_chassis.domain import AppException, ChassisError, UnavailableException, new_id
from fastapi_chassis.plugins.odm.codec import AUDIT, ID, Document
from fastapi_chassis.plugins.odm.connection import DocumentDatabase, translate_errors
from fastapi_chassis.plugins.odm.errors import violated
from fastapi_chassis.plugins.odm.layout import CHAIN, left_behind
from fastapi_chassis.plugins.odm.notes import micros, moment_of
from fastapi_chassis.plugins.odm.session import ODMSession

_ATTEMPTS = 50  # while other processes add to the chain
_BATCH = 500
_WAITING: Document = {f"{AUDIT}.link": {"$gte": UUID(int=0)}}
_EQUAL = ("actor", "action", "entity", "entity_id", "correlation_id")
_log = logging.getLogger("fastapi_chassis.odm")


class ODMAuditStore:
    """Records in the document of the work, and from its commit on in the chain.

    Whoever commits or reads puts what waits into the chain, each record once, in the order of its time.

    Args:
        session: the unit of work that is told of.
    """

    def __init__(self, session: ODMSession) -> None:
        self._session = session
        self._chain = _Chain(session.documents)

    async def append(self, events: Sequence[AuditEvent]) -> None:
        """Adds events with the work of the unit."""
        self._session.carry("_audit", [_element(event) for event in events])
        if events and not any(isinstance(loan, _Chain) for loan in self._session.loans):
            self._session.loans.append(self._chain)

    async def find(self, query: AuditQuery) -> Sequence[AuditRecord]:
        """Returns the records that are wanted, with those that the unit will add."""
        with translate_errors():
            await self._chain.link()
            found = await self._chain.find(query)
            own = [_event(one) for one in self._session.carried("_audit")] if self._session.is_open else []
            added = [one for one in chained(own, await self._chain.head()) if query.matches(one)]
        records = [*reversed(added), *found] if query.newest_first else [*found, *added]
        return records[: query.limit]


class _Chain:
    """The chain of all records; as a loan, it is told of commits."""

    def __init__(self, documents: DocumentDatabase) -> None:
        self._documents = documents

    async def renew(self) -> None:
        """Needs nothing before a commit."""

    async def end(self, *, is_done: bool) -> None:
        """Puts into the chain what was committed; what can't be now is by whoever commits or reads next."""
        try:
            if is_done:
                with translate_errors():
                    await self.link()
        except (AppException, ChassisError) as error:
            _log.warning("records wait for their place in the audit chain: %s", error)

    async def find(self, query: AuditQuery) -> list[AuditRecord]:
        """Returns the records of the chain that are wanted."""
        order = DESCENDING if query.newest_first else ASCENDING
        cursor = self._place.find(_wanted(query)).sort(ID, order).limit(query.limit)
        return [_record(one) for one in await cursor.to_list()]

    async def head(self) -> Anchor:
        """Returns the last place."""
        last = await self._place.find_one({}, {"digest": 1}, sort=[(ID, DESCENDING)])
        return Anchor(int(last[ID]), last["digest"]) if last else Anchor()

    async def link(self) -> None:
        """Puts what waits into the chain, and removes it from where it waited."""
        for name in self._documents.layout.carrying:
            while waiting := await self._waiting(name):
                elements = [one for document in waiting for one in document[AUDIT]]
                await self._add(sorted(elements, key=lambda one: int(one["place"])))
                there = {ID: {"$in": [document[ID] for document in waiting]}}
                gone = {"link": {"$in": [one["link"] for one in elements]}}
                await self._documents.mongo[name].update_many(there, {"$pull": {AUDIT: gone}})
                await self._documents.mongo[name].delete_many({**left_behind(name), **there})

    async def _waiting(self, name: str) -> list[Document]:
        return await self._documents.mongo[name].find(_WAITING, {AUDIT: 1}).limit(_BATCH).to_list()

    async def _add(self, elements: Sequence[Document]) -> None:
        """Adds what is not there; a place that somebody else has taken is looked for again."""
        links = {"link": {"$in": [one["link"] for one in elements]}}
        for _ in range(_ATTEMPTS):
            head = await self.head()
            known = {one["link"] async for one in self._place.find(links, {"link": 1})}
            new = [one for one in elements if one["link"] not in known]
            if not new:
                return
            try:
                await self._place.insert_many(
                    [_document(one, record) for one, record in _places(new, head)], ordered=True
                )
            except BulkWriteError as error:
                if violated(error) is None:
                    raise
                await asyncio.sleep(random.uniform(0, 0.05))  # noqa: S311 - spreads attempts, hides nothing
        raise UnavailableException("others keep adding to the audit chain", retry_after=1)

    @property
    def _place(self) -> AsyncCollection[Document]:
        return self._documents.mongo[CHAIN]


def _places(elements: Sequence[Document], head: Anchor) -> list[tuple[Document, AuditRecord]]:
    records = chained([_event(one) for one in elements], head)
    return list(zip(elements, records, strict=True))


def _wanted(query: AuditQuery) -> Document:
    wanted: Document = {name: want for name in _EQUAL if (want := getattr(query, name)) is not None}
    times: Document = {}
    if query.since is not None:
        times["$gte"] = micros(query.since)
    if query.until is not None:
        times["$lt"] = micros(query.until)
    if times:
        wanted["at"] = times
    return {**wanted, ID: {"$gt": Int64(query.after)}}


def _element(event: AuditEvent) -> Document:
    return {
        "link": new_id(),
        "place": Int64(time.time_ns()),
        "id": event.id,
        "actor": event.actor,
        "action": event.action,
        "at": micros(event.at),
        "where": event.place,
        "entity": event.entity,
        "entity_id": event.entity_id,
        "outcome": event.outcome.value,
        "reason": event.reason,
        "correlation_id": event.correlation_id,
        "tenant": event.tenant,
        "details": json.dumps(dict(event.details)),
    }


def _document(element: Document, record: AuditRecord) -> Document:
    place = {ID: Int64(record.sequence), "previous": record.previous, "digest": record.digest}
    return {**place, **{name: value for name, value in element.items() if name != "place"}}


def _event(document: Mapping[str, Any]) -> AuditEvent:
    return AuditEvent(
        id=document["id"],
        actor=document["actor"],
        action=document["action"],
        at=moment_of(int(document["at"])),
        place=document["where"],
        entity=document["entity"],
        entity_id=document["entity_id"],
        outcome=AuditOutcomeEnum(document["outcome"]),
        reason=document["reason"],
        correlation_id=document["correlation_id"],
        tenant=document["tenant"],
        details=json.loads(document["details"]),
    )


def _record(document: Mapping[str, Any]) -> AuditRecord:
    return AuditRecord(int(document[ID]), _event(document), document["previous"], document["digest"])


@audit_store_for.register
def _(session: ODMSession) -> ODMAuditStore:
    return ODMAuditStore(session)

"""ODMLeases: which relay takes which partition of the outbox, in one document on the server's clock."""

import asyncio
import random
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from bson.int64 import Int64
from pymongo import ReturnDocument

from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import PARTITIONS, Holding, Lease, to_take
from fastapi_chassis.plugins.odm.codec import ID, Document
from fastapi_chassis.plugins.odm.connection import DocumentDatabase, translate_errors
from fastapi_chassis.plugins.odm.notes import micros

LEASES, OUTBOX = "chassis_relay_lease", "partitions"
_ATTEMPTS = 50  # while other relays change the document


class ODMLeases:
    """The document of partitions and relays; every change names the revision that it was made from.

    Args:
        documents: the database.
    """

    def __init__(self, documents: DocumentDatabase) -> None:
        self._documents = documents

    async def hold(self, owner: str, lease: timedelta) -> Holding:
        """Renews what an owner has and takes what is free, up to its share."""
        for _ in range(_ATTEMPTS):
            with translate_errors():
                now = await self.now()
                found = await self._found()
                relays = [one for one in found["relays"] if one["until"] >= micros(now)]
                alive = [one for one in relays if one["owner"] != owner]
                holding, _ = to_take(_leases(found, now), owner, len(alive) + 1)
                until = micros(now + lease)
                found["relays"] = [*alive, {"owner": owner, "until": until}]
                for partition, token in holding.tokens.items():
                    found["partitions"][partition] = _row(owner, token, until)
                if await self._changed(found):
                    return holding
            await asyncio.sleep(random.uniform(0, 0.05))  # noqa: S311 - spreads attempts, hides nothing
        raise UnavailableException("other relays keep changing the leases", retry_after=1)

    async def release(self, owner: str, partitions: Collection[int] | None = None) -> None:
        """Gives partitions back, or all of them."""
        for _ in range(_ATTEMPTS):
            with translate_errors():
                found = await self._found()
                if partitions is None:
                    found["relays"] = [one for one in found["relays"] if one["owner"] != owner]
                for partition, row in enumerate(found["partitions"]):
                    if row["owner"] == owner and (partitions is None or partition in partitions):
                        row["owner"] = None
                if await self._changed(found):
                    return
            await asyncio.sleep(random.uniform(0, 0.05))  # noqa: S311 - spreads attempts, hides nothing
        raise UnavailableException("other relays keep changing the leases", retry_after=1)

    async def lost(self, tokens: Mapping[int, int]) -> frozenset[int]:
        """Returns the partitions that have another owner by now."""
        rows = (await self._found())["partitions"]
        return frozenset(one for one, token in tokens.items() if rows[one]["token"] != token)

    async def now(self) -> datetime:
        """Returns the server's time: relays on machines whose clocks differ agree on it."""
        return await self._documents.now()

    async def _found(self) -> Document:
        leases = self._documents.mongo[LEASES]
        found: Document | None = await leases.find_one({ID: OUTBOX, "partitions": {"$exists": True}})
        if found is None:
            rows = [_row(None, 0, Int64(0)) for _ in range(PARTITIONS)]
            fresh: Document = {"revision": Int64(0), "partitions": rows, "relays": []}
            found = await leases.find_one_and_update(
                {ID: OUTBOX}, {"$setOnInsert": fresh}, upsert=True, return_document=ReturnDocument.AFTER
            )
        assert found is not None
        return found

    async def _changed(self, found: Document) -> bool:
        """Writes the document, unless somebody else has meanwhile."""
        revision = found["revision"]
        changed = {name: found[name] for name in ("partitions", "relays")}
        result = await self._documents.mongo[LEASES].update_one(
            {ID: OUTBOX, "revision": revision}, {"$set": changed, "$inc": {"revision": 1}}
        )
        return result.matched_count == 1


def _row(owner: str | None, token: int, until: Int64) -> Document:
    return {"owner": owner, "token": Int64(token), "until": until}


def _leases(found: Document, now: datetime) -> list[Lease]:
    return [
        Lease(partition, row["owner"], int(row["token"]), row["until"] < micros(now))
        for partition, row in enumerate(found["partitions"])
    ]

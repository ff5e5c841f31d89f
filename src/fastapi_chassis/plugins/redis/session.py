"""RedisSession: what one transaction has changed, and how all of it is written in one step."""

import asyncio
import logging
import os
import random
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import cast

import orjson

from fastapi_chassis.caching import encode_value
from fastapi_chassis.domain import ChassisError, Finding, UnavailableException
from fastapi_chassis.plugins.redis.change import Change
from fastapi_chassis.plugins.redis.client import RedisClient
from fastapi_chassis.plugins.redis.script import shipped_script

_log = logging.getLogger("fastapi_chassis.redis")

_ATTEMPTS = 100
_MOST_WORDS = 1_000_000  # what the server takes in one command
_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.05
_TOKEN = 12  # bytes


class TransactionTooLargeError(ChassisError):
    """A transaction has changed more than the server takes in one step."""


class RedisSession:
    """The changes of a transaction, seen by its own reads; others see them after the commit.

    Args:
        client: where they are written.
        lock_timeout: seconds that a row may be held, and waited for.
    """

    def __init__(self, client: RedisClient, *, lock_timeout: float = 5.0) -> None:
        self.client = client
        self.writing = asyncio.Lock()
        self._commit = shipped_script("store_commit")
        self._release = shipped_script("lock_release")
        self._changes: dict[str, dict[str, Change]] = {}
        self._owners: dict[str, str | None] = {}
        self._held: dict[str, bytes] = {}
        self._lock_timeout = lock_timeout

    def changes(self, place: str) -> Mapping[str, Change]:
        """Returns what was changed in a collection, by member."""
        return self._changes.get(place, {})

    def owns(self, claim: str) -> bool:
        """Whether this transaction has taken or freed a unique value."""
        return claim in self._owners

    def owner(self, claim: str) -> str | None:
        """Returns who has a unique value that this transaction has taken or freed."""
        return self._owners[claim]

    def apply(self, changes: Iterable[Change], owners: Mapping[str, str | None]) -> None:
        """Takes the changes of one call."""
        for change in changes:
            self._changes.setdefault(change.place.name, {})[change.member] = change
        self._owners.update(owners)

    async def hold(self, name: str) -> None:
        """Holds a name until this transaction ends, so that writers who all win come one after another.

        Raises:
            UnavailableException: another transaction held it for too long.
        """
        loop, pause = asyncio.get_running_loop(), _FIRST_PAUSE
        until = loop.time() + self._lock_timeout
        while not await self.claim(name, timedelta(seconds=self._lock_timeout)):
            if loop.time() > until:
                raise UnavailableException("another transaction is still writing", retry_after=1)
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - spreads attempts
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def claim(self, name: str, ttl: timedelta) -> bool:
        """Holds a name until this transaction ends, or the time does; False if another one has it."""
        if name in self._held:
            return True
        token = os.urandom(_TOKEN)
        if not await self.client.set(name, token, ttl=ttl, only="absent"):
            return False
        self._held[name] = encode_value(token)
        return True

    async def begin(self) -> None:
        """Nothing is sent before the commit, but what holds names."""

    async def commit(self) -> None:
        """Writes everything in one step, once every row is as it was read.

        Raises:
            NotFoundException: a row is not there any more.
            ConflictException: a row was changed.
            AlreadyExistsException: an identity or a unique value was taken.
            UnavailableException: the server is away; whether it wrote is then unknown.
        """
        for _ in range(_ATTEMPTS):
            changes = [
                one for place in self._changes.values() for one in place.values() if not one.is_nothing
            ]
            if not changes or await self._written(changes):
                self._forget()
                await self.end()
                return
        raise UnavailableException("other transactions write the same rows", retry_after=1)

    async def end(self) -> None:
        """Forgets the changes and lets go what is held."""
        self._forget()
        held, self._held = self._held, {}
        for name, token in held.items():
            try:
                await self.client.run(self._release, keys=(name,), args=(token,))
            except UnavailableException:  # what the transaction did counts, and the name is free in time
                _log.warning("a row stays held for at most %g s: redis is away", self._lock_timeout)

    def _forget(self) -> None:
        self._changes, self._owners = {}, {}

    async def _written(self, changes: list[Change]) -> bool:
        keys, args = _planned(changes)
        reply = await self.client.run(self._commit, keys=tuple(keys), args=tuple(args))
        if reply is None:
            return True
        word, numbers = cast("tuple[bytes, list[int]]", reply)
        if word == b"taken":
            number, place = numbers
            change = changes[number]
            raise change.taken(list(change.claims.values())[place])
        await self._again([changes[number] for number in numbers])
        return False

    async def _again(self, moved: list[Change]) -> None:
        """Has changes of rows that have moved made anew, where they may be."""
        for change in moved:
            (stored,) = await change.place.read([change.member])
            made = change.remake(change, stored)
            if made is None:
                del self._changes[change.place.name][change.member]
            else:
                self._changes[change.place.name][change.member] = made


def _planned(changes: list[Change]) -> tuple[list[str], list[bytes]]:
    """Writes changes down for the script: all keys, and a plan and a row for each change.

    Raises:
        TransactionTooLargeError: it is more than the server takes.
    """
    places: dict[str, int] = {}
    args: list[bytes] = []

    def at(key: str) -> int:
        return places.setdefault(key, len(places) + 1)

    for change in changes:
        plan = {
            "row": at(change.place.row(change.member)),
            "all": at(change.place.all),
            "ends": at(change.place.ends),
            "member": change.member,
            "revision": change.stored.revision if change.stored else 0,
            "verb": change.verb,
            "life": change.life,
            "claims": [at(claim) for claim in change.claims],
            "frees": [at(claim) for claim in change.frees if claim not in change.claims],
        }
        row = change.row
        args += [orjson.dumps(plan), b"%d\n%b" % (row.revision, row.data) if row else b""]
    if len(places) + len(args) > _MOST_WORDS:
        raise TransactionTooLargeError(
            Finding(
                f"a transaction changes {len(changes)} rows, more than Redis writes in one step",
                remedy="commit after every 100,000 of them.",
            )
        )
    return list(places), args

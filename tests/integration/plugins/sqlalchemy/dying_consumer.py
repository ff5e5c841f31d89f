"""A consumer in a process of its own, which may kill itself, as by kill -9, at a point of a shared commit."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import override
from uuid import UUID

from sqlalchemy import text

from fastapi_chassis.application import AbstractUnitOfWork, read_handler
from fastapi_chassis.domain import IntegrationEvent
from fastapi_chassis.messaging import (
    Ack,
    CloudEventsCodec,
    Consumer,
    DeadLetter,
    Deliveries,
    Delivery,
    Envelope,
    Held,
    MessagingConfig,
    Outcome,
)
from fastapi_chassis.plugins.sqlalchemy import SqlAlchemyConfig, SqlAlchemyStore, SqlAlchemyUnitOfWork
from fastapi_chassis.plugins.sqlalchemy.testing import open_store

MESSAGES = 120
# K1 to K7 of the crash points of a consumer
POINTS = (
    "after delivery",
    "after the inbox row",
    "before the commit",
    "within the commit",
    "after the commit",
    "before the acknowledgement",
    "after the acknowledgement",
)


class Numbered(IntegrationEvent):
    number: int


class Fuse:
    """Kills the process when it passes a point for the n-th time."""

    def __init__(self, point: str, left: int) -> None:
        self.point, self._left = point, left

    def passes(self, point: str) -> None:
        if point == self.point:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


class DyingUnitOfWork(SqlAlchemyUnitOfWork):
    fuse: Fuse

    @override
    async def _commit(self) -> None:
        if self._whole is not None:
            return
        self.fuse.passes("before the commit")
        committing = asyncio.ensure_future(super()._commit())
        await asyncio.sleep(0)  # COMMIT is on its way
        self.fuse.passes("within the commit")
        await committing
        self.fuse.passes("after the commit")


class Scope:
    def __init__(self, work: AbstractUnitOfWork) -> None:
        self._work = work

    async def get[T](self, wanted: type[T]) -> T:
        assert isinstance(self._work, wanted)
        return self._work


class Broker:
    """Gives what a file does not list as settled, as a broker would after a crash.

    Args:
        store: where effects go.
        acknowledged: the file.
        fuse: when to die.
    """

    def __init__(self, store: SqlAlchemyStore, acknowledged: Path, fuse: Fuse) -> None:
        self._store, self._acknowledged, self._fuse = store, acknowledged, fuse
        config = MessagingConfig.model_validate({"consumer": {"batch": 20}})
        handler = read_handler(self.note)
        self._consumer = Consumer("shop.test", [handler], scopes=self.scopes, config=config)

    @asynccontextmanager
    async def scopes(self) -> AsyncIterator[Scope]:
        work = DyingUnitOfWork(self._store.database)
        work.fuse = self._fuse
        yield Scope(work)

    async def note(self, event: Numbered, unit_of_work: AbstractUnitOfWork) -> None:
        self._fuse.passes("after the inbox row")
        insert = text("INSERT INTO effects VALUES (:number)")
        await unit_of_work.session.write(lambda one: one.execute(insert, {"number": event.number}))

    async def receive(self, delivery: Delivery) -> Outcome:
        self._fuse.passes("after delivery")
        return await self._consumer.receive(delivery)

    async def settle(self, held: Held[int], outcome: Ack | DeadLetter) -> None:
        assert outcome == Ack()
        self._fuse.passes("before the acknowledgement")
        with self._acknowledged.open("a") as file:
            file.write(f"{held.handle}\n")
        self._fuse.passes("after the acknowledgement")

    async def run(self) -> None:
        settled = {int(line) for line in self._acknowledged.read_text().split()}
        deliveries = Deliveries[int](self.receive, self.settle, concurrency=60)
        for number in sorted(set(range(MESSAGES)) - settled):
            deliveries.put(Held(_envelope(number), number))
        await deliveries.finished()


def _envelope(number: int) -> Envelope:
    body = CloudEventsCodec().write(Numbered(number=number))
    return Envelope(
        id=UUID(int=number),
        type="numbered",
        source="test",
        time=datetime.now(UTC),
        destination="integration-events.numbered",
        key=f"key {number}",
        payload=body.payload,
    )


async def main(url: str, acknowledged: Path, fuse: Fuse) -> None:
    """Handles what is left."""
    async with open_store(SqlAlchemyConfig.model_validate({"url": url})) as store:
        await Broker(store, acknowledged, fuse).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Fuse(sys.argv[3], int(sys.argv[4]))))

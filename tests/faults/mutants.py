"""Eight wrong implementations that the rig must catch, each a known mistake of real systems."""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, override

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from fastapi_chassis.application import AbstractUnitOfWork
from fastapi_chassis.domain import UnavailableException
from fastapi_chassis.messaging import (
    Ack,
    DeadLetterRecord,
    DeadLetterStore,
    Delivery,
    Envelope,
    Outcome,
    PublishFailed,
    Receive,
    Scheduler,
    SchedulerConfig,
    Subscribed,
    Subscription,
    Transport,
    outbox_for,
    schedule_for,
)
from tests.faults.points import Points

CURSOR, MARK_FIRST, SKIP_LOCKED = "cursor", "mark-first", "skip-locked"
ACK_BEFORE_COMMIT, NO_INBOX = "ack-before-commit", "no-inbox"
KEPT_AFTER_ACK, REMOVE_FIRST, OWN_CLOCK = "kept-after-ack", "remove-first", "own-clock"
BATCH = 50
log = logging.getLogger("rig.mutants")
_WHOLE = (
    "seq, id, aggregatetype, aggregateid, type, payload, headers, destination, version, source, "
    "content_type, occurred_at"
)


class WrongRelay(Protocol):
    """A loop that takes messages out of the outbox."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Works until it is told to stop."""
        ...


class Loop:
    """Steps that come again until the process is stopped.

    Args:
        engine: the database.
        transport: where the messages go.
        points: where it may be held up or killed.
    """

    def __init__(self, engine: AsyncEngine, transport: Transport, points: Points) -> None:
        self._engine, self._transport, self._points = engine, transport, points

    async def run(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            try:
                if not await self.step():
                    await asyncio.sleep(0.02)
            except (UnavailableException, PublishFailed, OSError) as fault:
                log.warning("again: %r", fault)
                await asyncio.sleep(0.1)

    async def step(self) -> bool:
        raise NotImplementedError

    async def _ask(self, statement: str, **values: object) -> list[tuple[int, Envelope]]:
        async with self._engine.begin() as connection:
            result = await connection.execute(text(statement), values)
            rows = result.all() if result.returns_rows else []
        return sorted(((row.seq, _envelope(row)) for row in rows), key=lambda one: one[0])


class CursorPoller(Loop):
    """Remembers the last number that it saw; what commits late with a smaller one is never seen."""

    def __init__(self, engine: AsyncEngine, transport: Transport, points: Points) -> None:
        super().__init__(engine, transport, points)
        self._cursor = 0

    async def step(self) -> bool:
        rows = await self._ask(
            f"SELECT {_WHOLE} FROM chassis_outbox WHERE seq > :cursor ORDER BY seq LIMIT :batch",
            cursor=self._cursor,
            batch=BATCH,
        )
        if rows:
            await self._transport.publish([envelope for _, envelope in rows])
            await self._ask("DELETE FROM chassis_outbox WHERE seq = ANY(:gone)", gone=_numbers(rows))
            self._cursor = rows[-1][0]
        return bool(rows)


class MarkFirst(Loop):
    """Takes rows out, then publishes them: a crash in between has lost them."""

    async def step(self) -> bool:
        rows = await self._ask(
            "DELETE FROM chassis_outbox WHERE seq IN (SELECT seq FROM chassis_outbox ORDER BY seq "
            f"LIMIT :batch FOR UPDATE) RETURNING {_WHOLE}",
            batch=BATCH,
        )
        if rows:
            await self._transport.publish([envelope for _, envelope in rows])
        return bool(rows)


class SkipLocked(Loop):
    """Leases rows, not keys: two relays have messages of one key at once, and the slower one comes last."""

    async def step(self) -> bool:
        rows = await self._ask(
            "UPDATE chassis_outbox SET available_at = now() + make_interval(secs => 10) WHERE seq IN "
            "(SELECT seq FROM chassis_outbox WHERE available_at <= now() ORDER BY seq LIMIT :batch "
            f"FOR UPDATE SKIP LOCKED) RETURNING {_WHOLE}",
            batch=BATCH,
        )
        if rows:
            await self._points.pass_by("leased")
            await self._transport.publish([envelope for _, envelope in rows])
            await self._ask("DELETE FROM chassis_outbox WHERE seq = ANY(:gone)", gone=_numbers(rows))
        return bool(rows)


class HastyTransport:
    """Acknowledges what it has handed over, before anything is committed."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._handling: set[asyncio.Future[Outcome]] = set()

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        await self._transport.publish(envelopes)

    async def subscribe(self, subscription: Subscription, receive: Receive) -> Subscribed:
        async def hasty(delivery: Delivery) -> Outcome:
            handling = asyncio.ensure_future(receive(delivery))
            self._handling.add(handling)
            handling.add_done_callback(self._handling.discard)
            return Ack()

        return await self._transport.subscribe(subscription, hasty)


class HastyDeadLetters:
    """Says that a dead letter is kept, and keeps it then."""

    def __init__(self, dead_letters: DeadLetterStore) -> None:
        self._dead_letters = dead_letters
        self._keeping: set[asyncio.Task[DeadLetterRecord | None]] = set()

    async def add(self, record: DeadLetterRecord) -> DeadLetterRecord:
        keeping = asyncio.create_task(self._add(record))
        self._keeping.add(keeping)
        keeping.add_done_callback(self._keeping.discard)
        return record

    async def _add(self, record: DeadLetterRecord) -> DeadLetterRecord | None:
        return await self._dead_letters.add(record)


class RemoveFirst(Scheduler):
    """Takes out what is due with one transaction and writes it with another: a crash in between loses it."""

    @override
    async def _move_batch(self) -> tuple[int, timedelta | None]:
        async with self._open_unit() as removing:
            due = await schedule_for(removing.session).take(limit=BATCH)
            if due.envelopes:
                await removing.commit()
        if due.envelopes:
            async with self._open_unit() as writing:
                await outbox_for(writing.session).add(due.envelopes)
                await writing.commit()
        return len(due.envelopes), due.next_in


class OwnClock:
    """The clock of the process: one whose hand is ahead finds everything due."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def scheduler(mutant: str, open_unit: Callable[[], AbstractUnitOfWork], config: SchedulerConfig) -> Scheduler:
    """Makes the scheduler of a run: the right one, unless a mutant takes its place."""
    kind = RemoveFirst if mutant == REMOVE_FIRST else Scheduler
    clock = OwnClock() if mutant == OWN_CLOCK else None
    return kind(open_unit, config, clock=clock, wake=lambda: None)


RELAYS: dict[str, type[Loop]] = {CURSOR: CursorPoller, MARK_FIRST: MarkFirst, SKIP_LOCKED: SkipLocked}


def _numbers(rows: list[tuple[int, Envelope]]) -> list[int]:
    return [number for number, _ in rows]


def _envelope(row: Any) -> Envelope:
    return Envelope(
        id=row.id,
        type=row.type,
        version=row.version,
        source=row.source,
        time=row.occurred_at,
        destination=row.destination,
        key=row.aggregateid,
        aggregate_type=row.aggregatetype,
        payload=row.payload,
        content_type=row.content_type,
        headers=json.loads(row.headers) if isinstance(row.headers, str) else row.headers,
    )

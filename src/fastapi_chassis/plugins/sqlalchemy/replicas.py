"""Replicas: reads from servers that follow the primary, as soon as they have what this process wrote."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from itertools import count
from typing import override

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine

from fastapi_chassis.domain import AppException, TransientConflictException, UnavailableException
from fastapi_chassis.plugins.sqlalchemy.compiled import Row, Statement
from fastapi_chassis.plugins.sqlalchemy.errors import sqlstate_of, told
from fastapi_chassis.plugins.sqlalchemy.executor import Reader, Work

SOON, LATER = 0.05, 1.0  # seconds between two looks: while a replica is behind, and while nothing may change
NEVER = float("-inf")
_REMEMBERED = 64  # positions of the primary
_WRITTEN = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
_REPLAYED = "SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint"
_ELSEWHERE = ("08", "25006", "40", "53", "57P", "58")  # what another server may well answer
_log = logging.getLogger("fastapi_chassis.sqlalchemy")


@dataclass(slots=True)
class Replica:
    """A server that follows the primary.

    Args:
        place: its address, without user and password.
        reader: asks it.
        engine: its connections.
        current_at: it has everything that was written before; on the reader's clock.
        looked_at: when it was asked last how far it is.
        is_away: whether it did not answer last.
    """

    place: str
    reader: Reader
    engine: AsyncEngine
    current_at: float = NEVER
    looked_at: float = NEVER
    is_away: bool = False

    def leave_out(self, why: str) -> None:
        """Notes that it is of no use now."""
        if not self.is_away:
            _log.warning("the replica %s is left out: %s", self.place, why)
        self.is_away = True

    def take_back(self) -> None:
        """Notes that it answers."""
        if self.is_away:
            _log.info("the replica %s is back", self.place)
        self.is_away = False


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far behind a replica may be.

    Args:
        lag: seconds.
        own_writes: whether it must have all that this process wrote.
        answer: seconds within which it must say how far it is.
    """

    lag: float
    own_writes: bool = True
    answer: float = 3.0


class ReplicaReader(Reader):
    """Reads from replicas in turn, and from the primary while none of them is fit for it.

    Writing costs nothing: whether a replica has what was written is found out beside the reads that follow,
    which go to the primary until then.

    Args:
        primary: asks the server that is written to.
        replicas: the others.
        tolerance: how far behind they may be.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        primary: Reader,
        replicas: Sequence[Replica],
        tolerance: Tolerance,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._primary, self.replicas = primary, replicas
        self._tolerance, self._clock = tolerance, clock
        self._wrote_at = NEVER
        self._looked_at = NEVER
        self._looking: asyncio.Task[None] | None = None
        self._positions: deque[tuple[float, int]] = deque(maxlen=_REMEMBERED)
        self._turns = count()

    @override
    async def fetch(self, statement: Statement, parameters: Mapping[str, object]) -> Sequence[Row]:
        return await self._ask(lambda reader: reader.fetch(statement, parameters))

    @override
    async def run[Result](self, work: Work[Result]) -> Result:
        return await self._ask(lambda reader: reader.run(work))

    def wrote(self) -> None:
        """Notes that something was written, which this process reads from now on."""
        self._wrote_at = self._clock()

    def choose(self) -> Replica | None:
        """Returns the replica whose turn it is; None if the primary must be asked."""
        now = self._clock()
        fit = [replica for replica in self.replicas if self._is_fit(replica, now)]
        behind = any(replica not in fit and not replica.is_away for replica in self.replicas)
        if now - self._looked_at >= min(SOON if behind else LATER, self._tolerance.lag / 4):
            self._look()
        return fit[next(self._turns) % len(fit)] if fit else None

    async def look(self) -> list[str]:
        """Asks how far each replica is, and returns the places of those that don't answer."""
        await asyncio.shield(self._look())
        return [replica.place for replica in self.replicas if replica.is_away]

    async def close(self) -> None:
        """Ends what goes on beside the reads, and closes every connection to a replica."""
        if self._looking is not None and not self._looking.done():
            self._looking.cancel()
            await asyncio.wait([self._looking])
        for replica in self.replicas:
            await replica.engine.dispose()

    def _is_fit(self, replica: Replica, now: float) -> bool:
        if replica.is_away or now - replica.current_at > self._tolerance.lag:
            return False
        return replica.current_at > self._wrote_at or not self._tolerance.own_writes

    async def _ask[Result](self, question: Callable[[Reader], Awaitable[Result]]) -> Result:
        replica = self.choose()
        if replica is None:
            return await question(self._primary)
        try:
            return await question(replica.reader)
        except TimeoutError:
            replica.leave_out("it did not answer in time")
            raise  # the caller has waited long enough
        except Exception as error:
            why = _of_this_server(error)
            if why is None:
                raise
            if isinstance(why, UnavailableException):
                replica.leave_out(why.message)
            return await question(self._primary)

    def _look(self) -> asyncio.Task[None]:
        if self._looking is None or self._looking.done():
            self._looked_at = self._clock()
            # in a context of its own: it belongs to no request
            self._looking = asyncio.create_task(self._look_around(), context=Context())
        return self._looking

    async def _look_around(self) -> None:
        now = self._clock()
        try:
            self._positions.append((now, await self._number(self._primary, _WRITTEN)))
        except Exception as error:  # noqa: BLE001 - replicas serve until they are too old
            _log.debug("the primary did not say how far it is: %s", type(error).__name__)
        due = [one for one in self.replicas if not one.is_away or now - one.looked_at >= LATER]
        async with asyncio.TaskGroup() as group:
            for replica in due:
                replica.looked_at = now
                group.create_task(self._look_at(replica))

    async def _look_at(self, replica: Replica) -> None:
        try:
            replayed = await self._number(replica.reader, _REPLAYED)
        except Exception as error:  # noqa: BLE001 - whatever it is, this server is of no use now
            replica.leave_out(str(error) if isinstance(error, AppException) else type(error).__name__)
            return
        replica.take_back()
        past = [asked_at for asked_at, position in self._positions if position <= replayed]
        replica.current_at = max([replica.current_at, *past])

    async def _number(self, reader: Reader, question: str) -> int:
        async with asyncio.timeout(self._tolerance.answer):
            answer = await reader.run(lambda connection: connection.execute(text(question)).scalar())
        if answer is None:
            raise UnavailableException("it follows nobody")
        return int(answer)


def _of_this_server(error: Exception) -> AppException | None:
    """Returns what is wrong with the server or with this moment; None where the question is to blame."""
    if isinstance(error, PoolTimeoutError):
        return None
    state = sqlstate_of(error.orig or error) if isinstance(error, DBAPIError) else sqlstate_of(error)
    if state is not None and not state.startswith(_ELSEWHERE):
        return None
    meaning = told(error)
    return meaning if isinstance(meaning, UnavailableException | TransientConflictException) else None

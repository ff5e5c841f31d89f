"""GroupCommit: messages of one handler that share a transaction, each handled in its own task, in turn."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from uuid import UUID

from fastapi_chassis.application import AbstractUnitOfWork, ScopeFactory, open_scope
from fastapi_chassis.messaging.inbox import inbox_for
from fastapi_chassis.messaging.road_meter import RoadMeter

_log = logging.getLogger("fastapi_chassis.messaging.group_commit")

TOGETHER = 2  # transactions at once: while the database works for one, this process works for the other
_TRIES = 3  # how often those begin anew together whose neighbour failed
_LONGEST = 1.0  # seconds that the handlers of one transaction may take
_SLOW = 0.01  # seconds; a handler that takes longer gains nothing from a common commit
_MEMORY = 16  # how many turns count for the pace

type Part = Callable[[AbstractUnitOfWork], Awaitable[None]]


class _Seat:
    """A message that waits for its turn, and then for the commit.

    Args:
        message_id: its id.
    """

    def __init__(self, message_id: UUID) -> None:
        self.message_id = message_id
        self.called: asyncio.Future[_Turns | bool] = asyncio.get_running_loop().create_future()
        self._task = asyncio.current_task()
        self._is_interrupted = False

    def call(self, what: "_Turns | bool") -> bool:
        """Calls the message to its turn, or to the end: True if its work stands; False if nobody is there."""
        if self.called.done():
            return False
        self.called.set_result(what)
        return True

    def stay(self, turns: "_Turns") -> None:
        """Says that the work is done, and waits to be called for the end, or anew."""
        self.called = asyncio.get_running_loop().create_future()
        turns.go_on()

    def interrupt(self) -> None:
        """Ends a turn that takes too long."""
        if self._task is not None:
            self._is_interrupted = self._task.cancel()

    def was_interrupted(self) -> bool:
        """Whether a cancellation came from here, and from nobody else."""
        return self._is_interrupted and self._task is not None and self._task.cancelling() == 1

    def leave(self) -> None:
        """Says that there will be no more work."""
        if self._is_interrupted and self._task is not None:
            self._task.uncancel()
        if self.called.cancelled() or not self.called.done():
            self.called.cancel()
        elif not isinstance(turns := self.called.result(), bool):
            turns.end(self)


class _Turns:
    """The messages of one transaction, which call each other.

    Args:
        whole: the transaction.
        seats: who takes part, in this order.
    """

    def __init__(self, whole: AbstractUnitOfWork, seats: Iterable[_Seat]) -> None:
        self.whole = whole
        self._left = iter(seats)
        self._present: _Seat | None = None
        self._failed: asyncio.Future[_Seat | None] = asyncio.get_running_loop().create_future()

    async def run(self) -> _Seat | None:
        """Has everybody take a turn; returns who failed, where somebody did."""
        self.go_on()
        await asyncio.wait((self._failed,), timeout=_LONGEST)
        if not self._failed.done() and self._present is not None:
            self._present.interrupt()
        return await self._failed

    def go_on(self) -> None:
        """Calls the next one."""
        self._present = next(self._left, None)
        if self._present is None:
            self.end(None)
        elif not self._present.call(self):
            self.end(self._present)

    def end(self, failed: _Seat | None) -> None:
        """Ends the turns, of all or at one that failed."""
        if not self._failed.done():
            self._failed.set_result(failed)


class GroupCommit:
    """Lets messages of one handler share a transaction: one statement for the inbox, and one commit.

    A transaction begins as soon as a message is there, unless two are running; those that come meanwhile form
    the next one. So a lone message waits for nobody, and the more come, the more share. If one fails, all of
    it is undone: that one is handled alone, the others begin anew.

    Args:
        consumer: the name by which the inbox knows the handler.
        unit_of_work: the type under which a scope finds the transaction.
        scopes: opens the scope of a transaction.
        batch: how many messages share one at most.
        with_inbox: whether what was had before is left out.
    """

    def __init__(
        self,
        consumer: str,
        unit_of_work: type[AbstractUnitOfWork],
        scopes: ScopeFactory,
        *,
        batch: int,
        with_inbox: bool,
    ) -> None:
        self._consumer = consumer
        self._unit_of_work = unit_of_work
        self._scopes = scopes
        self._batch = batch
        self._with_inbox = with_inbox
        self._meter = RoadMeter()
        self._waiting: deque[_Seat] = deque()
        self._leading: set[asyncio.Task[None]] = set()
        self._pace = 0.0
        self._is_possible = batch > 1

    async def handle(self, message_id: UUID, part: Part) -> bool:
        """Handles a message together with others; False if it is to be handled alone, and nothing is done.

        Args:
            message_id: its id.
            part: does the work within the transaction that it is given; maybe more than once.
        """
        if not self._is_worthwhile:
            return False
        seat = _Seat(message_id)
        self._waiting.append(seat)
        self._go_on()
        try:
            while isinstance(called := await seat.called, _Turns):
                await part(called.whole)
                seat.stay(called)
        except asyncio.CancelledError:
            if not seat.was_interrupted():
                raise
            return False
        except Exception as fault:  # noqa: BLE001 - what is wrong shows again when it is handled alone
            _log.info("%s takes %s alone: %r", self._consumer, message_id, fault)
            return False
        finally:
            seat.leave()
        return called

    def note_pace(self, seconds: float) -> None:
        """Notes how long the handler took, here or alone: slow ones run beside each other, not in turn."""
        self._pace += (seconds - self._pace) / _MEMORY

    @property
    def _is_worthwhile(self) -> bool:
        return self._is_possible and self._pace < _SLOW

    def _go_on(self) -> None:
        if self._waiting and len(self._leading) < TOGETHER:
            task = asyncio.create_task(self._lead(), name=f"transaction of {self._consumer}")
            self._leading.add(task)
            task.add_done_callback(self._led)

    def _led(self, task: asyncio.Task[None]) -> None:
        self._leading.discard(task)
        self._go_on()

    async def _lead(self) -> None:
        seats = self._seated()
        left, stands = list(seats), False
        try:
            for _ in range(_TRIES):
                if left and (failed := await self._share(left)) is not None:
                    left.remove(failed)
                else:
                    stands = True
                    break
                if not self._is_worthwhile:
                    break
        except Exception as fault:  # noqa: BLE001 - what is wrong shows again when each is handled alone
            _log.info("%d messages of %s are taken one by one: %r", len(seats), self._consumer, fault)
        finally:
            for seat in seats:
                seat.call(stands)

    def _seated(self) -> list[_Seat]:
        most = min(self._batch, int(_LONGEST / 2 / self._pace) if self._pace else self._batch)
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    async def _share(self, seats: Sequence[_Seat]) -> _Seat | None:
        """Has everybody take a turn, and commits; returns who failed, where somebody did."""
        async with open_scope(self._scopes) as scope:
            whole = await scope.get(self._unit_of_work)
            if not whole.can_be_shared:
                self._is_possible = False
                return next(iter(seats), None)
            async with whole:
                new = await self._new(seats, whole)
                failed = await _Turns(whole, new).run()
                if failed is None:
                    await whole.commit()
                    self._meter.had_before(self._consumer.rpartition(".")[0], len(seats) - len(new))
        return failed

    async def _new(self, seats: Sequence[_Seat], whole: AbstractUnitOfWork) -> Sequence[_Seat]:
        if not self._with_inbox:
            return seats
        by_id = {seat.message_id: seat for seat in reversed(seats)}
        new = await inbox_for(whole.session).accept_many(self._consumer, by_id)
        return [seat for message_id, seat in reversed(by_id.items()) if message_id in new]

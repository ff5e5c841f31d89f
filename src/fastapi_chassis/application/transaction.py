"""The transaction of a command: one unit of work on one store, committed before the answer leaves."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from fastapi_chassis.application.handlers import Handler
from fastapi_chassis.application.messages import Command
from fastapi_chassis.application.pipeline import Behavior, Step
from fastapi_chassis.application.scope import Resolver, current_scope
from fastapi_chassis.application.unit_of_work import AbstractUnitOfWork
from fastapi_chassis.domain import ChassisError, Finding, Message, TransientConflictException

type Work = Callable[[AbstractUnitOfWork], Awaitable[object]]

TRIES = 3
PAUSE = 0.05  # seconds at most before the second try, and as much more before each further one
_log = logging.getLogger("fastapi_chassis.transaction")
_OPEN: ContextVar[tuple[AbstractUnitOfWork, Resolver] | None] = ContextVar("open", default=None)


class TwoStoresError(ChassisError):
    """A command was sent within the transaction of another store, and there is no common commit."""


class TransactionBehavior:
    """One unit of work per command, committed before the answer leaves; a query gets none."""

    name = "transaction"

    def behavior_for(self, handler: Handler) -> Behavior | None:
        """Takes part in commands."""
        if not issubclass(handler.message, Command):
            return None

        async def transaction(message: Message, next: Step, /) -> object:  # noqa: A002
            return await in_transaction(handler, lambda _: next(message))

        return transaction


async def in_transaction(handler: Handler, work: Work) -> object:
    """Does work in the transaction of a handler's store: the one that is open, or one of its own.

    Work in a transaction of its own is begun anew where the store gave that up for another one.

    Raises:
        TwoStoresError: the transaction of another store is open.
        TransientConflictException: the store gave every try up.
    """
    scope = _scope()
    unit_of_work = await scope.get(handler.unit_of_work)
    if unit_of_work.is_active:
        return await work(unit_of_work)
    outer = _OPEN.get()
    if outer is not None and outer[0].is_active and outer[1] is scope:
        raise _two_stores(handler)
    token = _OPEN.set((unit_of_work, scope))
    try:
        return await _committed(unit_of_work, work, handler.name)
    finally:
        _OPEN.reset(token)


async def _committed(unit_of_work: AbstractUnitOfWork, work: Work, name: str) -> object:
    for past in range(1, TRIES):
        try:
            return await _once(unit_of_work, work)
        except TransientConflictException as given_up:
            _log.info("%s begins anew after try %d: %s", name, past, given_up.message)
        await asyncio.sleep(random.uniform(0, past * PAUSE))  # noqa: S311 - rivals must not meet again
    return await _once(unit_of_work, work)


async def _once(unit_of_work: AbstractUnitOfWork, work: Work) -> object:
    async with unit_of_work:
        result = await work(unit_of_work)
        await unit_of_work.commit()
    return result


def _two_stores(handler: Handler) -> TwoStoresError:
    return TwoStoresError(
        Finding(
            f"{handler.message.__name__} was sent within the transaction of another store",
            handler.name,
            "record an integration event instead: it is handled in a transaction of its own.",
        )
    )


def _scope() -> Resolver:
    scope = current_scope()
    if scope is None:
        raise RuntimeError("a command was handled outside of a message scope")
    return scope

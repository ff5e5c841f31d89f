"""The transaction of a command: one unit of work on one store, committed before the answer leaves."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from fastapi_chassis.application.handlers import Handler
from fastapi_chassis.application.messages import Command
from fastapi_chassis.application.pipeline import Behavior, Step
from fastapi_chassis.application.scope import Resolver, current_scope
from fastapi_chassis.application.unit_of_work import AbstractUnitOfWork
from fastapi_chassis.domain import ChassisError, Finding, Message

type Work = Callable[[AbstractUnitOfWork], Awaitable[object]]

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

    Raises:
        TwoStoresError: the transaction of another store is open.
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
        async with unit_of_work:
            result = await work(unit_of_work)
            await unit_of_work.commit()
    finally:
        _OPEN.reset(token)
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

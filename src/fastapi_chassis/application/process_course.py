"""process_handlers(): the course of a process, as the functions by which messages reach its manager."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import new_class
from typing import cast
from uuid import UUID

from fastapi_chassis.application.messages import Command
from fastapi_chassis.application.process_manager import (
    Completed,
    Decision,
    Messages,
    ProcessManager,
    Sent,
    Timeout,
    TimeoutCancelled,
    TimeoutSet,
)
from fastapi_chassis.application.process_reading import ProcessForm
from fastapi_chassis.application.repository import AbstractRepository
from fastapi_chassis.application.schedule import Schedule
from fastapi_chassis.domain import (
    AlreadyExistsException,
    ConflictException,
    Event,
    IntegrationEvent,
    Message,
    TransientConflictException,
)

_log = logging.getLogger("fastapi_chassis.processes")

type Processes = AbstractRepository[ProcessManager, UUID]
type Function = Callable[..., object]


class ProcessTimeout(Command[None], requires="chassis:timeouts"):
    """Tells a process that it has waited for long enough; sent by the chassis alone.

    Args:
        process_id: the process.
    """

    process_id: UUID


@dataclass(frozen=True, slots=True)
class ProcessHandlers:
    """What a module lists for a process manager.

    Args:
        handlers: take time-outs, and domain events within their transaction.
        consumers: take integration events.
        repository: keeps the state.
    """

    handlers: tuple[Function, ...]
    consumers: tuple[Function, ...]
    repository: type


def process_handlers(form: ProcessForm) -> ProcessHandlers:
    """Makes the handlers of a process manager that was read without findings."""
    course = _Course(form)
    consumers = [course.handler_of(event) for event in form.events if issubclass(event, IntegrationEvent)]
    inside = [course.handler_of(event) for event in form.events if not issubclass(event, IntegrationEvent)]
    late = [course.handler_of_timeout(timeout) for timeout in form.timeouts]
    return ProcessHandlers((*inside, *late), tuple(consumers), course.repository)


class _Course:
    """How the messages of one process manager are handled."""

    def __init__(self, form: ProcessForm) -> None:
        self._form = form
        self._commands = {timeout: _command_of(form.manager, timeout) for timeout in form.timeouts}
        self.repository = cast("type", AbstractRepository[form.manager, UUID])  # type: ignore[name-defined]  # chosen at run time

    def handler_of(self, kind: type[Event]) -> Function:
        """Makes the function that takes an event."""
        manager, method = self._form.manager, self._form.methods[kind]

        async def take(event: Event, processes: Processes, schedule: Schedule) -> None:
            key = getattr(event, manager.process_key)
            process = await processes.get_or_none(manager.id_of(key))
            if process is None and self._form.may_begin(kind):
                process = manager(id=manager.id_of(key), **{manager.process_key: key})
            await self._move_on(process, method, event, processes, schedule)

        return self._named(take, method, {"event": kind})

    def handler_of_timeout(self, timeout: type[Timeout]) -> Function:
        """Makes the function that takes the command of a time-out."""
        method = self._form.methods[timeout]

        async def take(command: ProcessTimeout, processes: Processes, schedule: Schedule) -> None:
            process = await processes.get_or_none(command.process_id)
            await self._move_on(process, method, getattr(command, "timeout"), processes, schedule)  # noqa: B009 - a field of each subclass

        return self._named(take, method, {"command": self._commands[timeout]})

    def _named(self, take: Function, method: str, first: dict[str, object]) -> Function:
        """Says by annotations what is asked for, and by its name whose method it is."""
        take.__annotations__ = {**first, "processes": self.repository, "schedule": Schedule, "return": None}
        take.__module__ = self._form.manager.__module__
        take.__qualname__ = take.__name__ = f"{self._form.manager.process_name}_{method}"
        return take

    async def _move_on(
        self,
        process: ProcessManager | None,
        method: str,
        message: Message,
        processes: Processes,
        schedule: Schedule,
    ) -> None:
        name = self._form.manager.__name__
        if process is None:
            _log.info("%s ignores %s: there is no such process", name, message.message_name)
            return
        if process.is_complete:
            _log.info("%s %s is complete and ignores %s", name, process.id, message.message_name)
            return
        decisions = _several(await getattr(process, method)(message))
        if any(isinstance(one, Completed) for one in decisions):
            process.completed_at = processes.clock.now()
        await _save(process, processes)
        for decision in decisions:
            await self._carry_out(decision, process, schedule)

    async def _carry_out(self, decision: Decision, process: ProcessManager, schedule: Schedule) -> None:
        match decision:
            case Sent(message):
                await schedule.send(message, order=str(process.id))
            case TimeoutSet(message, after):
                if process.is_complete:
                    return
                command = self._commands[type(message)](process_id=process.id, timeout=message)  # type: ignore[call-arg]  # a field of each subclass
                await schedule.send(
                    command, in_=after, key=_key(process, type(message)), order=str(process.id)
                )
            case TimeoutCancelled(timeout):
                await schedule.cancel(_key(process, timeout))
            case Completed():
                for timeout in self._form.timeouts:
                    await schedule.cancel(_key(process, timeout))


def _several(said: Messages) -> tuple[Decision, ...]:
    if said is None:
        return ()
    return tuple(said) if isinstance(said, Iterable) else (said,)


async def _save(process: ProcessManager, processes: Processes) -> None:
    try:
        if process.version:
            await processes.update(process)
        else:
            await processes.add(process)
    except (AlreadyExistsException, ConflictException):
        # nobody's fault: the message is handled anew, and finds the state that the other one left
        what = f"{type(process).__name__} {process.id} was moved on by another message at the same moment"
        raise TransientConflictException(what) from None


def _key(process: ProcessManager, timeout: type[Timeout]) -> str:
    return f"{process.process_name}/{process.id}/{timeout.message_name}"


def _command_of(manager: type[ProcessManager], timeout: type[Timeout]) -> type[ProcessTimeout]:
    def fill(body: dict[str, object]) -> None:
        body["__annotations__"] = {"timeout": timeout}
        body["__module__"] = manager.__module__
        body["__doc__"] = f"{timeout.__name__} of {manager.__name__}."

    name = f"{manager.process_name}.{timeout.message_name}"
    made = new_class(f"{manager.__name__}{timeout.__name__}", (ProcessTimeout,), {"name": name}, fill)
    return cast("type[ProcessTimeout]", made)

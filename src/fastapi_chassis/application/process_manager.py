"""ProcessManager: a process over many messages: its state, and what it sends, awaits and gives up."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID, uuid5

from fastapi_chassis.application.messages import Command
from fastapi_chassis.domain import BaseAggregate, Event, IntegrationEvent, Message, snake_case

_NAMESPACE = UUID("0f5d3c58-6a0c-5b7e-9d55-6c1f0b0a7f1e")  # of the ids that are made of keys


class Timeout(Message):
    """What a process tells itself when it has waited for long enough."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message leaves with the transaction.

    Args:
        message: an integration event, or a command of this service.
    """

    message: IntegrationEvent | Command[object]


@dataclass(frozen=True, slots=True)
class TimeoutSet:
    """The process wants to be told, unless it is complete by then.

    Args:
        message: what it is told.
        after: how long it waits.
    """

    message: Timeout
    after: timedelta


@dataclass(frozen=True, slots=True)
class TimeoutCancelled:
    """The process awaits a time-out no longer.

    Args:
        timeout: its type.
    """

    timeout: type[Timeout]


@dataclass(frozen=True, slots=True)
class Completed:
    """The process is over: its time-outs are cancelled, and what still arrives is ignored."""


type Decision = Sent | TimeoutSet | TimeoutCancelled | Completed
type Messages = Decision | Iterable[Decision] | None


class ProcessManager(BaseAggregate):
    """A process that many messages move on; derive from it, and list it in a module.

    Its fields are its state; all but the key need a default. Each method `on_...` takes one message, changes
    the state and returns what follows; what is not returned does not happen. State, inbox and everything that
    is sent are one transaction.

    Args:
        completed_at: when it was over; None while it is under way.
        key: the field that every event of the process has too; events of one key are one process.
        starts: the events that may begin a process; any of its events, where nothing is said.
        name: what its state and time-outs are known by; the class name in snake case by default.
    """

    completed_at: datetime | None = None

    process_name: ClassVar[str] = ""
    process_key: ClassVar[str] = ""
    process_starts: ClassVar[tuple[type[Event], ...]] = ()

    def __init_subclass__(
        cls, *, key: str = "", starts: Iterable[type[Event]] = (), name: str = "", **options: object
    ) -> None:
        super().__init_subclass__(**options)
        cls.process_key = key or cls.process_key
        cls.process_starts = tuple(starts) or cls.process_starts
        cls.process_name = name or snake_case(cls.__name__)

    @classmethod
    def id_of(cls, key: object) -> UUID:
        """Returns the identity of the process of a key; the same wherever it is asked."""
        return uuid5(_NAMESPACE, f"{cls.process_name}/{key}")

    @property
    def is_complete(self) -> bool:
        """Whether it is over."""
        return self.completed_at is not None

    def send(self, message: IntegrationEvent | Command[object]) -> Sent:
        """Sends an event, or a command of this service; those of one process arrive in order."""
        return Sent(message)

    def timeout(self, message: Timeout, *, after: timedelta) -> TimeoutSet:
        """Tells the process something later; another time-out of the same type takes its place."""
        return TimeoutSet(message, after)

    def cancel(self, timeout: type[Timeout]) -> TimeoutCancelled:
        """Takes a time-out back, unless it has left already."""
        return TimeoutCancelled(timeout)

    def complete(self) -> Completed:
        """Ends the process."""
        return Completed()

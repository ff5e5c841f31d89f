"""EventMapper: which integration events a domain event becomes."""

from collections.abc import Callable, Iterable
from typing import Self, cast

from fastapi_chassis.application import RecordedEvent
from fastapi_chassis.domain import DomainEvent, IntegrationEvent

type Made = IntegrationEvent | Iterable[IntegrationEvent] | None


class EventMapper:
    """Maps what happened inside to what others are told; a domain event without a rule stays inside."""

    def __init__(self) -> None:
        self._rules: dict[type[DomainEvent], list[Callable[[DomainEvent], Iterable[RecordedEvent]]]] = {}

    def add[E: DomainEvent](
        self,
        event: type[E],
        make: Callable[[E], Made],
        *,
        key: Callable[[E], object] = lambda event: event.event_id,
    ) -> Self:
        """Adds a rule.

        Args:
            event: the domain event.
            make: makes one integration event of it, several, or None.
            key: what keeps the order, usually the id of the aggregate.
        """

        def rule(one: DomainEvent) -> Iterable[RecordedEvent]:
            happened = cast("E", one)
            made = make(happened)
            several = (made,) if isinstance(made, IntegrationEvent) else made or ()
            return [RecordedEvent(each, "", str(key(happened))) for each in several]

        self._rules.setdefault(event, []).append(rule)
        return self

    def map(self, event: DomainEvent) -> list[RecordedEvent]:
        """Makes the integration events of a domain event, each with its key."""
        return [recorded for rule in self._rules.get(type(event), ()) for recorded in rule(event)]

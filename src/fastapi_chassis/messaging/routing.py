"""Routing: where an event goes and what keeps its order; publisher and consumer ask the same rule."""

from dataclasses import dataclass

from fastapi_chassis.application import RecordedEvent
from fastapi_chassis.domain import IntegrationEvent


@dataclass(frozen=True, slots=True)
class Routing:
    """The rule.

    Args:
        prefix: what each destination begins with.
    """

    prefix: str = "integration-events"

    def destination_of(self, event: type[IntegrationEvent]) -> str:
        """Names the topic of an event: the prefix and the event's name, whatever its version."""
        return f"{self.prefix}.{event.message_name}"

    def key_of(self, recorded: RecordedEvent) -> str:
        """Names what keeps the order: the aggregate; an event of none is an order of its own."""
        return recorded.aggregate_id or str(recorded.event.event_id)
